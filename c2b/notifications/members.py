"""What a mail says to one member alone: their units, their money, their specification in their language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from c2b.campaigns.reach import reach_of
from c2b.catalog.describing import describe_answers
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit import db
from c2b.kit.i18n import use_locale
from c2b.notifications import links
from c2b.notifications.happened import Facts, Happened, Recipient
from c2b.notifications.reading import label, one
from c2b.participations.explanations.explaining import explain
from c2b.participations.explanations.outcomes import read_outcome

#: The own facts of a page of recipients, by their key.
Personal = Callable[[Happened, Sequence[Recipient]], Awaitable[dict[str, Facts]]]


_PARTICIPATIONS = (
    "SELECT p.*, CAST((SELECT COALESCE(SUM(y.amount_minor), 0) FROM payment y WHERE y.participation_id = p.id "
    "AND y.state = 'succeeded') AS BIGINT) AS captured_minor, CAST((SELECT COALESCE(SUM(r.amount_minor), 0) "
    "FROM refund r JOIN payment y ON y.id = r.payment_id WHERE y.participation_id = p.id "
    "AND r.reason = 'price_difference') AS BIGINT) AS price_difference_minor FROM participation p"
)


async def nothing(_: Happened, __: Sequence[Recipient]) -> dict[str, Facts]:
    """Everybody reads the same."""
    return {}


async def own(_: Happened, recipients: Sequence[Recipient]) -> dict[str, Facts]:
    """Units, price and money of each member's participation."""
    rows = await _participations(recipients)
    return {each.key: _own(rows[each.participation_id]) for each in recipients if each.participation_id}


async def specification(happened: Happened, recipients: Sequence[Recipient]) -> dict[str, Facts]:
    """The same, with all that was fixed for each member, attribute by attribute, in words of their language, and the
    ``sentence`` that says why (empty where no outcome was kept). ``waits``: their place does not count before a lower
    price is reached."""
    rows = await _participations(recipients)
    campaign = await one(
        "SELECT schema_id, batch_answers, tiers, paid, conditional_at FROM campaign WHERE id = ?",
        happened.campaign,
    )
    reached = reach_of(campaign)
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    batch = label(campaign["batch_answers"])
    found = {}
    for each in recipients:
        if each.participation_id:
            row = rows[each.participation_id]
            described = describe_answers(schema, {**label(row["answers"]), **batch}, each.locale)
            answers = [[line.label, line.value] for line in described]
            sentence = _sentence(schema, label(row["outcome"]), row["currency"], each.locale)
            below = row["commit_below_minor"]
            waits = below is not None and reached.missing_at(below) > 0
            found[each.key] = {**_own(row), "answers": answers, "sentence": sentence, "waits": waits}
    return found


async def explained(happened: Happened, recipients: Sequence[Recipient]) -> dict[str, Facts]:
    """Units and money, and the sentence that says why a member gets what they get: as proposed, or as it was kept."""
    rows = await _participations(recipients)
    campaign = await one("SELECT schema_id FROM campaign WHERE id = ?", happened.campaign)
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    found = {}
    for each in recipients:
        if each.participation_id:
            row = rows[each.participation_id]
            outcome = happened.payload.get("outcome") or label(row["outcome"])
            sentence = _sentence(schema, outcome, row["currency"], each.locale)
            found[each.key] = {**_own(row), "sentence": sentence}
    return found


def _sentence(schema: ProductSchema, outcome: Facts | None, currency: str, locale: str) -> str:
    with use_locale(locale):
        return explain(schema, read_outcome(outcome), currency) if outcome else ""


def _own(row: dict[str, Any]) -> Facts:
    settled = row["settled_minor"] or row["total_minor"]
    return {
        "quantity": row["quantity"],
        "currency": row["currency"],
        "total_minor": row["total_minor"],
        "due_minor": row["due_minor"],
        "settled_minor": settled,
        "difference_minor": row["total_minor"] - settled,
        "captured_minor": row["captured_minor"],
        "returning_minor": row["captured_minor"] - row["price_difference_minor"],
        "paid_at": db.instant(row["paid_at"]),
        "own_url": links.participation(row["id"]),
    }


async def _participations(recipients: Sequence[Recipient]) -> dict[str, dict[str, Any]]:
    ids = [each.participation_id for each in recipients if each.participation_id]
    if not ids:
        return {}
    places = ", ".join("?" for _ in ids)
    rows = await db.fetch(f"{_PARTICIPATIONS} WHERE p.id IN ({places})", *ids)
    return {row["id"]: row for row in rows}
