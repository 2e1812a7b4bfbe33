"""What must hold of a proposal at the instant of the lock, counted from what members get and not from how it was found.

The solver has its own checker; this is the last line before money and a purchase order, and shares nothing with either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from c2b.campaigns.rules import price_at, price_tiers
from c2b.catalog.cells import Cell, cells_of
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import surcharges
from c2b.catalog.validation import validate
from c2b.durable.jobs import PermanentFailure

Json = dict[str, Any]


class LockRefused(PermanentFailure):
    """What would be frozen is not what was paid or promised. Nothing was changed; an admin must look."""


def check(
    schema: PinnedSchema, campaign: Json, inputs: Json, result: Json, captured: Mapping[str, int]
) -> None:
    """Raise ``LockRefused`` for the first thing that is not right. ``captured``: what has come of each member."""
    wanted, given = {each["id"]: each for each in inputs["members"]}, result["members"]
    if [each["id"] for each in given] != list(wanted):
        raise LockRefused(f"{campaign['id']}: the proposal is about other members")
    if sum(each["units"] for each in inputs["members"]) != campaign["paid"]:
        raise LockRefused(f"{campaign['id']}: members hold another number of units than was paid for")
    served = [each for each in given if each["answers"] is not None]
    units = sum(wanted[each["id"]]["units"] for each in served)
    if units != result["units"] or not campaign["threshold"] <= units <= campaign["cap"]:
        raise LockRefused(
            f"{campaign['id']}: {units} units are not what was proposed, or not what may be made"
        )
    for each in served:
        if captured[each["id"]] < each["settled_minor"]:
            raise LockRefused(f"participation {each['id']} costs {each['settled_minor']}, and less has come")
        _check_member(schema, inputs["campaign"], wanted[each["id"]], each, units=units)
    _check_cells(schema, inputs["campaign"], wanted, served)


def _check_member(schema: PinnedSchema, campaign: Json, member: Json, given: Json, *, units: int) -> None:
    """Valid under this very schema version; settled to the cent, and never above what was paid."""
    if member["schema_version"] != schema.version:
        raise LockRefused(f"participation {member['id']} answers another version of the schema")
    faults = validate(
        schema.document, answers=given["answers"], fixed=campaign["batch_answers"], digest=schema.digest
    )
    if faults:
        raise LockRefused(
            f"participation {member['id']} is no longer valid: {faults[0].path} {faults[0].code}"
        )
    complete = {**given["answers"], **campaign["batch_answers"]}
    extra = sum(each.minor for each in surcharges(schema.parsed, complete))
    if given["answers"] == member["answers"]:  # the first choice keeps its promise
        extra = min(extra, member["promised_extra_minor"])
    reached = price_at(price_tiers(campaign["tiers"]), units)
    if reached > member["preferences"].get("commit_below_minor", reached):
        raise LockRefused(f"participation {member['id']} takes part from a lower price on than {reached}")
    unit = reached + extra
    settled = unit * member["units"] + given["outcome"]["fee_minor"]
    if settled != given["settled_minor"] or not 0 < settled <= member["paid_minor"]:
        raise LockRefused(
            f"participation {member['id']} would pay {given['settled_minor']}: it costs {settled}, and "
            f"{member['paid_minor']} was paid"
        )


def _check_cells(schema: PinnedSchema, campaign: Json, wanted: dict[str, Json], served: list[Json]) -> None:
    """Every minimum is reached, or its members pay for what is missing: not a cent more or less."""
    counts, cells = Counter[str](), dict[str, Cell]()
    members: dict[str, list[str]] = defaultdict(list)
    for each in served:
        for cell in cells_of(schema.parsed, {**each["answers"], **campaign["batch_answers"]}):
            cells[cell.key] = cell
            counts[cell.key] += wanted[each["id"]]["units"]
            members[cell.key].append(each["id"])
    owed = 0
    for key, cell in cells.items():
        missing = max(cell.minimum - counts[key], 0)
        if missing and not cell.premium_minor:
            raise LockRefused(f"{key}: {counts[key]} units, made from {cell.minimum} on")
        owed += missing * cell.premium_minor
    paying = {id for key, cell in cells.items() if counts[key] < cell.minimum for id in members[key]}
    fees = {each["id"]: each["outcome"]["fee_minor"] for each in served if each["outcome"]["fee_minor"]}
    if sum(fees.values()) != owed or fees.keys() - paying:
        raise LockRefused(f"small-lot fees of {sum(fees.values())} are paid, {owed} are owed")
