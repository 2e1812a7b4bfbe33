"""What the allocation gave a member and why, as it is kept in their participation: everything one sentence needs.

Written by the closing workflow, read by `explaining.py`. Values in, values out; a stored outcome is read leniently, so
that one written by an older release still explains itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from c2b.catalog.rules import ProductSchema

#: What a member got: their first choice, one of their alternatives, either of them with a small-lot fee, or nothing.
KINDS = ("first", "alternative", "fee", "left")
#: Why it is not the first choice. ``group``: another choice of theirs lets more units be made (objective 1).
CAUSES = ("minimum", "price", "tier", "vote", "schema", "full", "group")


@dataclass(frozen=True, kw_only=True)
class CellMark:
    """A cell (``option:case_color:navy``, ``combination:navy_brass``, ``configuration:…``) and how far it came."""

    key: str
    level: str
    count: int
    minimum: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """An attribute in which a member got something else than in their first choice. ``None``: no answer there."""

    attribute: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one member got. ``unit_price_minor`` is per unit without fee, ``fee_minor`` for all their ``quantity``.

    ``saved_minor``: what the first choice was promised at, less what is paid in the end; ``returned_minor``: what was
    paid when joining, less the same (more where a dearer alternative or a fee had been paid for). ``cell``: the cause
    ``minimum``: what died; ``group``: what came to life; kind ``fee``: whose lot is small, ``also`` the further ones.
    ``choices`` are all the specifications the member would have taken. ``decided``: attribute and answer of the vote.
    ``limit_minor``: their own limit, where the cause is ``price``; ``lowest_minor``: what it would have cost at least.
    Where the cause is ``tier``: the tier price from which on they take part, and the one that was reached, both with
    what the batch adds for everybody.
    """

    kind: str
    rank: int = 0
    cause: str | None = None
    cell: CellMark | None = None
    also: tuple[CellMark, ...] = ()
    changes: tuple[Change, ...] = ()
    quantity: int = 1
    choices: int = 1
    unit_price_minor: int = 0
    fee_minor: int = 0
    saved_minor: int = 0
    returned_minor: int = 0
    limit_minor: int | None = None
    lowest_minor: int | None = None
    decided: tuple[str, Any] | None = None
    schema_version: int = 0

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the participation and told by the API."""
        return asdict(self)


def read_outcome(kept: Mapping[str, Any]) -> Outcome:
    """The outcome kept in a participation. Raises KeyError or TypeError for what none is."""
    known = {name: kept[name] for name in Outcome.__dataclass_fields__ if name in kept}
    known["cell"] = CellMark(**kept["cell"]) if kept.get("cell") else None
    known["also"] = tuple(CellMark(**each) for each in kept.get("also") or ())
    known["changes"] = tuple(Change(**each) for each in kept.get("changes") or ())
    known["decided"] = tuple(kept["decided"]) if kept.get("decided") else None
    return Outcome(**known)


def changes_between(
    schema: ProductSchema, first: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Where what a member got differs from their first choice (own answers of both), in the order of the form."""
    return tuple(
        Change(attribute=each.name, before=first.get(each.name), after=given.get(each.name))
        for each in schema.of_scope("variant", "unit")
        if first.get(each.name) != given.get(each.name)
    )


def served(
    schema: ProductSchema,
    *,
    rank: int,
    first: Mapping[str, Any],
    given: Mapping[str, Any],
    quantity: int,
    choices: int,
    unit_price_minor: int,
    fee_minor: int,
    promised_minor: int,
    paid_minor: int,
    settled_minor: int,
    schema_version: int,
    cause: str | None = None,
    cells: tuple[CellMark, ...] = (),
    limit_minor: int | None = None,
    lowest_minor: int | None = None,
    decided: tuple[str, Any] | None = None,
) -> Outcome:
    """The outcome of a member who gets something.

    ``promised_minor``: total of the first choice's quote; ``paid_minor``: what was paid when joining;
    ``settled_minor``: what all units cost in the end, fee included. ``cells``: see `Outcome.cell` and `Outcome.also`.
    """
    kind = "fee" if fee_minor else "alternative" if rank else "first"
    return Outcome(
        kind=kind,
        rank=rank,
        cause=cause if rank else None,
        cell=cells[0] if cells else None,
        also=cells[1:],
        changes=changes_between(schema, first, given) if rank else (),
        quantity=quantity,
        choices=choices,
        unit_price_minor=unit_price_minor,
        fee_minor=fee_minor,
        saved_minor=max(promised_minor - settled_minor, 0),
        returned_minor=max(paid_minor - settled_minor, 0),
        limit_minor=limit_minor,
        lowest_minor=lowest_minor,
        decided=decided,
        schema_version=schema_version,
    )


def left(
    *,
    cause: str,
    quantity: int,
    choices: int,
    paid_minor: int,
    schema_version: int,
    cells: tuple[CellMark, ...] = (),
    limit_minor: int | None = None,
    lowest_minor: int | None = None,
    decided: tuple[str, Any] | None = None,
) -> Outcome:
    """The outcome of a member who gets nothing, and all of what they paid back."""
    return Outcome(
        kind="left",
        cause=cause,
        cell=cells[0] if cells else None,
        also=cells[1:],
        quantity=quantity,
        choices=choices,
        returned_minor=paid_minor,
        limit_minor=limit_minor,
        lowest_minor=lowest_minor,
        decided=decided,
        schema_version=schema_version,
    )
