"""What would be made, or was, for those who look after a group: cells, members and the manufacturer's bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit import clock
from c2b.kit.i18n import gettext, pick
from c2b.participations.closing.proposals import allocation_of
from c2b.participations.explanations.outcomes import KINDS, read_outcome
from c2b.web.outcomes import reason_words, result_words

#: So many members who do not simply get their first choice are listed on a page; the API lists everybody.
LISTED = 100


@dataclass(frozen=True, kw_only=True)
class CellLine:
    """Something with a minimum: units whose first choice it was, units made of it, the fee that pays for the rest."""

    title: str
    label: str
    wanted: int
    count: int
    minimum: int
    fee_minor: int
    made: bool


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """Who gets what, and why, and what it comes to (nothing for who leaves)."""

    name: str
    quantity: int
    kind: str
    result: str
    reason: str
    settled_minor: int | None


@dataclass(frozen=True, kw_only=True)
class AllocationView:
    """One proposal. ``until``: members may object so long; ``units`` by what they get in ``kinds``; ``cost`` is what
    the manufacturer is paid, tax included. ``gap``: at most so many more units could be served."""

    state: str
    at: datetime
    until: datetime | None
    asked: int
    accepted: int
    units: int
    leaving: int
    gap: int
    optimal: bool
    unit_price_minor: int
    currency: str
    kinds: dict[str, int]
    cells: tuple[CellLine, ...]
    members: tuple[MemberLine, ...]
    more: int
    cost: dict[str, Any]


async def allocation_view(actor: Actor, campaign: dict[str, Any]) -> AllocationView | None:
    """The latest allocation of a campaign in the reader's language; ``None`` while there is none, or it failed."""
    row = await allocation_of(actor, campaign)
    if row is None or campaign["state"] in ("open", "threshold_met", "failed", "canceled"):
        return None
    schema, result = (await pinned_schema(campaign["schema_id"])).parsed, row["result"]
    kinds = dict.fromkeys(KINDS, 0)
    for member in result["members"]:
        kinds[member["outcome"]["kind"]] += member["units"]
    changed = [each for each in result["members"] if each["outcome"]["kind"] != "first"]
    until = row["objections_until"]
    return AllocationView(
        state=row["state"],
        at=row["created_at"],
        until=until if row["state"] == "proposed" and until and until > clock.now() else None,
        asked=len(result["asked"]),
        accepted=len(row["accepted"]),
        units=result["units"],
        leaving=kinds["left"],
        gap=result["units_bound"] - result["units"],
        optimal=result["optimal"],
        unit_price_minor=result["unit_price_minor"],
        currency=campaign["currency"],
        kinds=kinds,
        cells=tuple(_cell(schema, each) for each in result["cells"]),
        members=tuple(_member(schema, each, row["names"], campaign["currency"]) for each in changed[:LISTED]),
        more=max(len(changed) - LISTED, 0),
        cost=result["cost"],
    )


def _cell(schema: ProductSchema, cell: dict[str, Any]) -> CellLine:
    names = ("wanted", "count", "minimum", "fee_minor", "made")
    label = gettext("One configuration") if cell["level"] == "configuration" else pick(cell["label"])
    return CellLine(
        title=pick(cell["title"]) if cell["title"] else "",
        label=label,
        **{name: cell[name] for name in names},
    )


def _member(
    schema: ProductSchema, member: dict[str, Any], names: dict[str, str], currency: str
) -> MemberLine:
    outcome = read_outcome(member["outcome"])
    return MemberLine(
        name=names.get(member["id"], ""),
        quantity=member["units"],
        kind=outcome.kind,
        result=result_words(schema, outcome, currency),
        reason=reason_words(schema, outcome, currency),
        settled_minor=member["settled_minor"],
    )
