"""What mails say when the members have decided something: what came out, with how many votes, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from c2b.campaigns.votes import terms_of, word_of
from c2b.catalog.queries import pinned_schema
from c2b.catalog.schema import Attribute, same
from c2b.notifications import facts, members
from c2b.notifications.happened import Facts, Happened, Recipient
from c2b.notifications.reading import label, one


async def closed(happened: Happened) -> Facts:
    """The vote with its outcome: ``first`` are the first choices, (label, units); ``left`` and ``asked`` count members.

    ``surcharge_minor`` is what the outcome adds to every unit.
    """
    attribute, told = await _attribute(happened), happened.payload
    row = await one("SELECT tally FROM batch_vote WHERE id = ?", happened.subject_id)
    first = label(row["tally"])["rounds"][0]["units"]
    return {
        **await facts.campaign(happened),
        "attribute": dict(attribute.title),
        "outcome": dict(word_of(attribute, told["outcome"])),
        "surcharge_minor": terms_of(attribute, told["outcome"]).surcharge_minor,
        "voted": told["voted"],
        "first": [[dict(word_of(attribute, code)), units] for code, units in first],
        "by_tie_rule": told["by_tie_rule"],
        "left": told["left"],
        "asked": told["asked"],
    }


async def meaning(happened: Happened, recipients: Sequence[Recipient]) -> dict[str, Facts]:
    """What the outcome means for each: where they ranked it, what their units cost at most, whether they are asked.

    ``place``: 1 for their first choice, 0 where they did not rank it, ``None`` where they did not vote.
    """
    own = await members.own(happened, recipients)
    for each in recipients:
        if each.participation_id:
            row = await one(
                "SELECT preferences, quote, state FROM participation WHERE id = ?", each.participation_id
            )
            own[each.key] = {
                **own[each.key],
                "place": _place(label(row["preferences"]), happened.payload),
                "promised_minor": label(row["quote"])["total_minor"],
                "questioned": row["state"] == "needs_attention",
            }
    return own


def _place(preferences: dict[str, Any], told: dict[str, Any]) -> int | None:
    ranking = preferences.get("votes", {}).get(told["attribute"], {}).get("ranking")
    if not ranking:
        return None
    return next((n for n, code in enumerate(ranking, start=1) if same(code, told["outcome"])), 0)


async def _attribute(happened: Happened) -> Attribute:
    row = await one("SELECT schema_id FROM campaign WHERE id = ?", happened.campaign)
    schema = (await pinned_schema(row["schema_id"])).parsed
    return schema.attribute(happened.payload["attribute"])
