"""A member's outcome as pages, mails and the API show it: the sentence and the figures behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.participations.explanations.explaining import explain
from c2b.participations.explanations.outcomes import CellMark, Change, Outcome, read_outcome


@dataclass(frozen=True, kw_only=True)
class Explained:
    """What a member got (see `outcomes.Outcome`) and the ``sentence`` that says why, in the reader's language.

    ``rank``: 0 for the first choice; ``unit_price_minor`` per unit without fee, the other amounts for all units.
    """

    kind: str
    cause: str | None
    rank: int
    sentence: str
    unit_price_minor: int
    fee_minor: int
    saved_minor: int
    returned_minor: int
    cell: CellMark | None
    changes: tuple[Change, ...]


async def outcome_of(row: Mapping[str, Any]) -> Explained | None:
    """The outcome of a participation read with its campaign (`queries.own`, `queries.mine`); ``None`` before there is
    one."""
    if not row["outcome"]:
        return None
    schema = (await pinned_schema(row["schema_id"])).parsed
    return explained(schema, read_outcome(row["outcome"]), row["currency"])


def explained(schema: ProductSchema, outcome: Outcome, currency: str) -> Explained:
    """An outcome with its sentence in the reader's language."""
    names = (
        "kind",
        "cause",
        "rank",
        "unit_price_minor",
        "fee_minor",
        "saved_minor",
        "returned_minor",
        "cell",
        "changes",
    )
    return Explained(
        sentence=explain(schema, outcome, currency), **{name: getattr(outcome, name) for name in names}
    )
