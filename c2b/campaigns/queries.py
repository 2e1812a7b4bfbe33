"""Reading campaigns: for everybody, for the organizer, for admins."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.plans import FULL
from c2b.campaigns.reach import reach_of, to_count_on
from c2b.campaigns.rules import SHOWN, PriceTier, entry_price, price_tiers
from c2b.campaigns.votes import OpenVote, possible_batches
from c2b.catalog.queries import PinnedSchema, pinned_schema
from c2b.kit import db
from c2b.kit.errors import NotFound

_CAMPAIGN = (
    "SELECT c.*, p.slug AS product_slug, p.family, p.name AS product_name, p.manufacturer_id, p.timeline, "
    "m.name AS manufacturer_name, u.name AS organizer_name "
    "FROM campaign c JOIN product p ON p.id = c.product_id JOIN manufacturer m ON m.id = p.manufacturer_id "
    "JOIN user_account u ON u.id = c.organizer_id "
)
_JSON = ("batch_answers", "tiers", "conditional_at", "product_name", "manufacturer_name")
_INSTANTS = ("deadline", "created_at", "opened_at", "threshold_reached_at", "locked_at", "ended_at")


@dataclass(frozen=True)
class JoinOffer:
    """What joining needs to know, kept per process.

    Only the outcome of a vote and a move to another schema version change it; both raise ``terms_version``, and a join
    that was judged by an older one is judged again. ``votes`` are those still open; ``batch_answers`` lack them.
    """

    campaign_id: str
    schema: PinnedSchema
    batch_answers: dict[str, Any]
    tiers: tuple[PriceTier, ...]
    currency: str
    deadline: datetime
    closes: str = "at_deadline"
    threshold: int = 0
    terms_version: int = 1
    votes: tuple[OpenVote, ...] = ()
    objection_hours: int = 24
    payment_plan: str = FULL
    deposit_percent: int = 0

    @cached_property
    def batches(self) -> tuple[dict[str, Any], ...]:
        """Every set of complete batch answers that is still possible; exactly one when no vote is open."""
        return possible_batches(self.schema.parsed, self.batch_answers, self.votes)

    @property
    def promised(self) -> tuple[PriceTier, ...]:
        """The tiers that can be counted on."""
        return to_count_on(self.tiers, closes=self.closes, threshold=self.threshold)

    @property
    def entry_price_minor(self) -> int:
        return entry_price(self.tiers)


_offers: OrderedDict[str, JoinOffer] = OrderedDict()


async def join_offer(slug_or_id: str, *, fresh: bool = False) -> JoinOffer:
    """The offer of an opened campaign by slug or id; ``fresh``: as it stands now. Raises ``NotFound``."""
    kept = None if fresh else _offers.get(slug_or_id)
    if kept:
        return kept
    row = await db.fetch_one(
        "SELECT id, schema_id, batch_answers, tiers, currency, deadline, closes, threshold, terms_version, "
        "objection_hours, payment_plan, deposit_percent FROM campaign "
        "WHERE (slug = ? OR id = ?) AND opened_at IS NOT NULL",
        slug_or_id,
        slug_or_id,
    )
    if row is None:
        raise NotFound
    offer = JoinOffer(
        row["id"],
        await pinned_schema(row["schema_id"]),
        _json(row["batch_answers"]),
        price_tiers(_json(row["tiers"])),
        row["currency"],
        _instant(row["deadline"]),
        row["closes"],
        row["threshold"],
        row["terms_version"],
        await open_votes(row["id"]),
        row["objection_hours"],
        row["payment_plan"],
        row["deposit_percent"],
    )
    _offers[slug_or_id] = offer
    if len(_offers) > 1000:
        _offers.popitem(last=False)
    return offer


async def present_offer(campaign: dict[str, Any]) -> JoinOffer:
    """The offer of an opened campaign whose row was just read: not one from before a vote closed."""
    offer = await join_offer(campaign["id"])
    if offer.terms_version == campaign["terms_version"]:
        return offer
    return await join_offer(campaign["id"], fresh=True)


async def open_votes(campaign_id: str) -> tuple[OpenVote, ...]:
    """The batch attributes that members still decide, in the order in which they close."""
    rows = await db.fetch(
        "SELECT attribute, choices, closes_at, tie_rule FROM batch_vote WHERE campaign_id = ? AND state = 'open' "
        "ORDER BY closes_at, attribute",
        campaign_id,
    )
    return tuple(
        OpenVote(row["attribute"], tuple(_json(row["choices"])), _instant(row["closes_at"]), row["tie_rule"])
        for row in rows
    )


async def votes_of(campaign_id: str) -> list[dict[str, Any]]:
    """All votes of a campaign, closed ones with what came out and the rounds of the count."""
    rows = await db.fetch(
        "SELECT * FROM batch_vote WHERE campaign_id = ? ORDER BY closes_at, attribute", campaign_id
    )
    return [
        {
            **row,
            **{key: _json(row[key]) for key in ("choices", "outcome", "tally")},
            **{key: db.instant(row[key]) for key in ("closes_at", "closed_at")},
        }
        for row in rows
    ]


def forget_offers() -> None:
    """For tests that change databases within one process."""
    _offers.clear()


async def campaign_for(actor: Actor | None, slug_or_id: str) -> dict[str, Any]:
    """One campaign, if this reader may see it: opened ones by their address, others by organizer and admin."""
    row = await db.fetch_one(_CAMPAIGN + "WHERE c.slug = ? OR c.id = ?", slug_or_id, slug_or_id)
    if row is None:
        raise NotFound
    campaign = read(row)
    own = actor is not None and (actor.is_admin or actor.id == campaign["organizer_id"])
    if not own and campaign["opened_at"] is None:
        raise NotFound
    return campaign


async def discover(
    *, limit: int = 24, before: str | None = None, family: str | None = None
) -> list[dict[str, Any]]:
    """Public campaigns that people can join or follow, newest first; ``before`` is the id of the last one seen."""
    where, args = ["c.visibility = 'public'", "c.opened_at IS NOT NULL", _among("c.state", SHOWN)], []
    if before:
        where.append("c.id < ?")
        args.append(before)
    if family:
        where.append("p.family = ?")
        args.append(family)
    sql = _CAMPAIGN + f"WHERE {' AND '.join(where)} ORDER BY c.id DESC LIMIT {int(limit)}"
    return [read(row) for row in await db.fetch(sql, *args)]


async def organized_by(actor: Actor, *, limit: int = 50, before: str | None = None) -> list[dict[str, Any]]:
    """The reader's own campaigns, newest first."""
    more, args = (" AND c.id < ?", [before]) if before else ("", [])
    sql = _CAMPAIGN + f"WHERE c.organizer_id = ?{more} ORDER BY c.id DESC LIMIT {int(limit)}"
    return [read(row) for row in await db.fetch(sql, actor.id, *args)]


async def all_campaigns(
    actor: Actor, *, state: str | None = None, limit: int = 50, before: str | None = None
) -> list[dict[str, Any]]:
    """For admins: every campaign, newest first."""
    if not actor.is_admin:
        raise NotFound
    where, args = ["1 = 1"], []
    if state:
        where.append("c.state = ?")
        args.append(state)
    if before:
        where.append("c.id < ?")
        args.append(before)
    sql = _CAMPAIGN + f"WHERE {' AND '.join(where)} ORDER BY c.id DESC LIMIT {int(limit)}"
    return [read(row) for row in await db.fetch(sql, *args)]


async def transitions(campaign_id: str) -> list[dict[str, Any]]:
    """The life of a campaign so far, oldest first."""
    rows = await db.fetch(
        "SELECT seq, from_state, to_state, reason, at FROM campaign_transition WHERE campaign_id = ? ORDER BY seq",
        campaign_id,
    )
    return [{**row, "at": db.instant(row["at"])} for row in rows]


async def progress(campaign_id: str) -> dict[str, Any]:
    """The few numbers that move while people join: for live pages, read a few times a second at most."""
    row = await db.fetch_one(
        "SELECT id, slug, state, paid, conditional_at, reserved, threshold, cap, tiers, deadline, version "
        "FROM campaign WHERE id = ?",
        campaign_id,
    )
    if row is None:
        raise NotFound
    kept = ("id", "slug", "state", "paid", "reserved", "threshold", "cap", "version")
    return {
        **{key: row[key] for key in kept},
        "conditional_at": _json(row["conditional_at"]),
        "deadline": db.instant(row["deadline"]),
        **standing_of(row),
    }


def standing_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """How far a campaign (its row) has come, in numbers: `reach.py`. ``conditional``: paid units that count only at a
    lower price; ``missing`` on a tier: units that still bring it."""
    found = reach_of(row)
    return {
        "counted": found.counted,
        "conditional": found.waiting,
        "missing": found.missing_for(row["threshold"]),
        "price_minor": found.unit_price_minor,
        "tiers": [
            {
                "from_quantity": each.from_quantity,
                "unit_price_minor": each.unit_price_minor,
                "missing": each.missing,
            }
            for each in found.rungs
        ],
    }


async def basis_of(campaign_id: str) -> dict[str, Any]:
    """What the numbers of ``progress`` are shown with: schema, batch answers, currency, how it closes, how it is
    paid, and whether there are ``votes``. Raises ``NotFound``."""
    row = await db.fetch_one(
        "SELECT id, schema_id, batch_answers, currency, closes, payment_plan, opened_at, terms_version, "
        "(SELECT COUNT(*) FROM batch_vote v WHERE v.campaign_id = campaign.id) AS votes FROM campaign WHERE id = ?",
        campaign_id,
    )
    if row is None:
        raise NotFound
    return read(row)


def read(row: dict[str, Any]) -> dict[str, Any]:
    """A row with JSON parsed and instants as instants."""
    parsed = {**row}
    for key in _JSON:
        if key in parsed:
            parsed[key] = _json(parsed[key])
    for key in _INSTANTS:
        if key in parsed:
            parsed[key] = db.instant(parsed[key])
    return parsed


def _instant(value: Any) -> datetime:
    found = db.instant(value)
    assert found
    return found


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
