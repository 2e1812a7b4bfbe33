"""What an allocation is computed from, as plain JSON: the campaign's terms and its paid members in order of payment.

Its digest says whether anything has changed since: the lock compares it, so that what becomes the batch is what was
proposed.
"""

from __future__ import annotations

import json
from typing import Any

from c2b.catalog.queries import pinned_schema
from c2b.kit import db
from c2b.kit.canonical import digest

Json = dict[str, Any]


async def collect(campaign: Json) -> Json:
    """The inputs of a campaign's allocation, from its row. Read in a transaction that holds it, they cannot change."""
    schema = await pinned_schema(campaign["schema_id"])
    rows = await db.fetch(
        "SELECT id, quantity, answers, preferences, quote, total_minor, schema_version FROM participation "
        "WHERE campaign_id = ? AND state IN ('joined', 'needs_attention') ORDER BY paid_at, id",
        campaign["id"],
    )
    return {
        "campaign": {
            **{name: campaign[name] for name in ("id", "schema_id", "threshold", "cap", "currency", "terms_version")},
            "schema_version": schema.version,
            "schema_digest": schema.digest,
            "batch_answers": _json(campaign["batch_answers"]),
            "tiers": _json(campaign["tiers"]),
            "votes": await _decided(campaign["id"]),
            "payment_plan": campaign["payment_plan"],
        },
        "members": [
            {
                "id": row["id"],
                "units": row["quantity"],
                "answers": _json(row["answers"]),
                "preferences": _json(row["preferences"]),
                "paid_minor": row["total_minor"],
                **_promised(_json(row["quote"])),
                "schema_version": row["schema_version"],
            }
            for row in rows
        ],
    }  # fmt: skip


async def captured_of(campaign_id: str) -> dict[str, int]:
    """What has been captured of each paid member, in minor units. It never falls, so it is no input of a proposal."""
    rows = await db.fetch(
        "SELECT id, captured_minor FROM participation WHERE campaign_id = ? "
        "AND state IN ('joined', 'needs_attention')",
        campaign_id,
    )
    return {row["id"]: row["captured_minor"] for row in rows}


def _promised(quote: Json) -> Json:
    """What the first choice was promised at: for all units, and what its options add to a unit."""
    return {
        "promised_minor": quote["total_minor"],
        "promised_extra_minor": quote["unit_price_minor"] - quote["base_minor"],
    }


async def _decided(campaign_id: str) -> list[Json]:
    """The votes that have been counted: what could have come out, and what did."""
    rows = await db.fetch(
        "SELECT attribute, choices, outcome FROM batch_vote WHERE campaign_id = ? AND state = 'closed' "
        "ORDER BY attribute",
        campaign_id,
    )
    return [
        {"attribute": row["attribute"], "choices": _json(row["choices"]), "outcome": _json(row["outcome"])}
        for row in rows
    ]


def digest_of(inputs: Json) -> str:
    """Equal for equal inputs, whatever they were read from."""
    return digest(inputs)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
