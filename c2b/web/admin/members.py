"""The members of a campaign for admins: first names, what each asked for in words, and who was left out why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.votes import word_of
from c2b.catalog.describing import Described, describe_answers
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit.http.paging import Window, slice_of
from c2b.kit.i18n import current_locale, ngettext, pick
from c2b.participations.explanations.outcomes import Outcome, read_outcome
from c2b.participations.queries import members_of
from c2b.web.consumer.words import State, attention, participation_state
from c2b.web.outcomes import reason_words


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One participation. ``attention`` says in words what keeps it from being made."""

    id: str
    name: str
    quantity: int
    state: State
    total_minor: int
    currency: str
    joined_at: datetime
    invited: bool
    described: list[Described]
    attention: str


async def members_view(actor: Actor, campaign: dict[str, Any], window: Window) -> dict[str, Any]:
    """One slice of the members, newest first."""
    schema = (await pinned_schema(campaign["schema_id"])).parsed
    before = str(window.after[0]) if window.after else None
    rows = await members_of(actor, campaign, limit=window.limit + 1, before=before)
    found = slice_of([_line(row, schema) for row in rows], window, lambda line: (line.id,))
    return {"members": found.items, "next_cursor": found.next_cursor, "first": window.after is None}


def decided(schema: ProductSchema, *, attribute: str, outcome: Any, voted: int) -> str:
    """What came out of a vote: the attribute, the choice, and how many paid units voted."""
    found = schema.find(attribute)
    return ngettext("{label}: {choice} ({n} unit voted)", "{label}: {choice} ({n} units voted)", voted,
                    label=pick(found.title) if found else attribute,
                    choice=pick(word_of(found, outcome)) if found else str(outcome))  # fmt: skip


def missed_minimum(schema: ProductSchema, *, attribute: str, option: str, count: int, minimum: int) -> str:
    """Which option too few people chose, in words, for who was left out at the lock."""
    found = schema.find(attribute)
    choice = next((each for each in found.options if str(each.code) == option), None) if found else None
    title = pick(found.title) if found else attribute
    named = (
        pick(choice.label) if choice else option or title
    )  # an attribute without options is its own choice
    return ngettext(
        "{attribute}: “{option}” was chosen for {n} unit, the factory makes it from {minimum} on.",
        "{attribute}: “{option}” was chosen for {n} units, the factory makes it from {minimum} on.",
        count,
        attribute=title,
        option=named,
        minimum=minimum,
    )


def left_words(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """Why somebody was left out: the option that missed its minimum by its name, anything else in a few words."""
    cell = outcome.cell
    if outcome.cause == "minimum" and cell and cell.level == "option":
        _, name, code = (*cell.key.split(":", 2), "")[:3]
        return missed_minimum(schema, attribute=name, option=code, count=cell.count, minimum=cell.minimum)
    return reason_words(schema, outcome, currency)


def _line(row: dict[str, Any], schema: ProductSchema) -> MemberLine:
    names = ("id", "name", "quantity", "total_minor", "currency", "joined_at")
    return MemberLine(
        **{name: row[name] for name in names},
        state=participation_state(row["state"]),
        invited=row["invitation_id"] is not None,
        described=describe_answers(schema, row["answers"], current_locale(), scopes=("variant", "unit")),
        attention=_attention(schema, row),
    )


def _attention(schema: ProductSchema, row: dict[str, Any]) -> str:
    if row["outcome"] and row["outcome"]["kind"] == "left":
        return left_words(schema, read_outcome(row["outcome"]), row["currency"])
    return attention(row["attention"] or "")
