"""From wishes to a proposal, pure: JSON in, JSON out, so that a large one can be worked out in a process of its own.

The solver's answer is never believed: an independent checker goes over it first (`c2b.allocation.verify`).
"""

from __future__ import annotations

from typing import Any

from c2b import allocation
from c2b.allocation.problem import Allocation
from c2b.campaigns.plans import FULL
from c2b.campaigns.rules import quoted_at, quoted_tiers
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import configuration_of, nre, parse_schema
from c2b.participations.closing.posing import Case, case_of, limit_minor
from c2b.participations.closing.reasoning import Reasons
from c2b.participations.explanations.outcomes import left, served

Json = dict[str, Any]


class WrongAllocation(Exception):
    """The checker does not agree with the solver. Nothing of it may be used."""


def compute(task: Json) -> Json:
    """The proposal for a task: ``schema`` (its document), ``inputs`` (`collecting.py`), ``quoted`` (the manufacturer's
    price tiers). Raises ``WrongAllocation``."""
    schema, case, found = solved(task)
    _ensure_sane(task["inputs"], case)
    return result_of(schema, task["inputs"], case, found, quoted=task["quoted"])


def solved(task: Json) -> tuple[PinnedSchema, Case, Allocation]:
    """The checked allocation of a task, with the problem it solves. Raises ``WrongAllocation``."""
    schema, inputs = _schema(task), task["inputs"]
    case = case_of(schema, inputs)
    found = allocation.allocate(case.problem)
    faults = allocation.verify(case.problem, found)
    if faults:
        raise WrongAllocation("; ".join(faults[:3]))
    return schema, case, found


def _ensure_sane(inputs: Json, case: Case) -> None:
    """As long as neither schema nor batch have changed, what was valid when it was paid for is so still."""
    if inputs["campaign"]["terms_version"] > 1:
        return
    for member, given in zip(inputs["members"], case.given, strict=True):
        if not given or given[0].rank:
            raise WrongAllocation(f"participation {member['id']} is no longer valid")


def result_of(
    schema: PinnedSchema, inputs: Json, case: Case, found: Allocation, *, quoted: list[Json]
) -> Json:
    """An allocation as it is kept: totals, every cell with what became of it, every member with what they get."""
    reasons = Reasons(schema, inputs, case, found)
    members = [
        _member(schema, inputs, case, found, reasons, position)
        for position in range(len(case.problem.members))
    ]
    return {
        "units": found.units,
        "unit_price_minor": found.unit_price_minor,
        "units_bound": found.units_bound,
        "optimal": found.optimal,
        "cells": [
            {
                "key": cell.key,
                "level": cell.level,
                "label": dict(cell.label),
                "title": dict(cell.title) if cell.title else None,
                "minimum": cell.minimum,
                "premium_minor": cell.premium_minor,
                "wanted": reasons.wanted(number),
                "count": found.counts[number],
                "fee_minor": found.fees_minor[number],
                "made": reasons.made(number),
            }
            for number, cell in enumerate(case.cells)
        ],
        "members": members,
        "cost": _cost(schema, inputs, case, found, quoted),
    }


def _member(
    schema: PinnedSchema, inputs: Json, case: Case, found: Allocation, reasons: Reasons, position: int
) -> Json:
    member, seat = inputs["members"][position], found.seats[position]
    why = vars(reasons.of(position))
    same: Json = {
        "quantity": member["units"], "choices": max(len(case.given[position]), 1),
        "schema_version": schema.version,
    }  # fmt: skip
    at_once = inputs["campaign"].get("payment_plan", FULL) == FULL
    kept: Json = {"id": member["id"], "units": member["units"]}
    if seat is None:
        outcome = left(
            **same,
            paid_minor=member["paid_minor"] if at_once else 0,
            **{**why, "cause": why["cause"] or "minimum"},
        )
        return {**kept, "answers": None, "settled_minor": None, "outcome": outcome.to_json()}
    spec, given = case.problem.members[position].specs[seat.spec], case.given[position][seat.spec]
    unit = found.unit_price_minor + spec.surcharge_minor
    settled = unit * member["units"] + seat.fee_minor
    if settled > limit_minor(member) * member["units"]:
        raise WrongAllocation(f"{member['id']} would pay {settled}, more than they agreed to")
    outcome = served(
        schema.parsed, rank=given.rank, first=member["answers"], given=given.answers, unit_price_minor=unit,
        fee_minor=seat.fee_minor, promised_minor=member["promised_minor"], settled_minor=settled,
        paid_minor=member["paid_minor"] if at_once else member["promised_minor"], **same, **why,
    )  # fmt: skip
    return {**kept, "answers": given.answers, "settled_minor": settled, "outcome": outcome.to_json()}


def _cost(schema: PinnedSchema, inputs: Json, case: Case, found: Allocation, quoted: list[Json]) -> Json:
    """What the manufacturer is paid for this batch, tax included: units at the quoted tier with what their choices
    add, one-off engineering, small-lot fees. ``None`` as unit price where nothing was quoted for so few."""
    batch = inputs["campaign"]["batch_answers"]
    tier = quoted_at(quoted_tiers(quoted), found.units)
    unit = tier.unit_price_minor if tier else None
    extras, shared = 0, []
    for member, given, seat in zip(case.problem.members, case.given, found.seats, strict=True):
        if seat:
            extras += member.specs[seat.spec].surcharge_minor * member.units
            shared.append(configuration_of(schema.parsed, {**given[seat.spec].answers, **batch}))
    one_off = sum(each.minor for each in nre(schema.parsed, shared))
    fees = sum(found.fees_minor)
    goods = (unit or 0) * found.units
    return {
        "unit_price_minor": unit, "goods_minor": goods, "extras_minor": extras, "one_off_minor": one_off,
        "fees_minor": fees, "total_minor": goods + extras + one_off + fees if tier else None,
    }  # fmt: skip


def _schema(task: Json) -> PinnedSchema:
    campaign, document = task["inputs"]["campaign"], task["schema"]
    return PinnedSchema(
        campaign["schema_id"], "", campaign["schema_version"], document, campaign["schema_digest"],
        parse_schema(document),
    )  # fmt: skip
