"""What must hold before a purchase order is issued: it balances, is paid, quoted, makeable and fit for paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from c2b.catalog import rules as catalog
from c2b.kit.canonical import digest
from c2b.kit.errors import Conflict
from c2b.kit.i18n import N_
from c2b.kit.money import plain_money
from c2b.purchasing.lines import Confirmed, services
from c2b.purchasing.small_lots import SmallLot
from c2b.purchasing.snapshot import (
    CHARGES,
    NRE,
    SERVICE,
    SMALL_LOT,
    ChargeLine,
    OrderLine,
    PurchaseOrderSnapshot,
)
from c2b.purchasing.terms import totals

LONGEST_NUMBER = 22  # X12 BEG03
#: Incoterms that the exchange format Order-X 1.0 has no code for.
NOT_EXPORTABLE = ("DPU",)
#: Attribute names that would bring a person into the unit list.
PERSONAL = frozenset({"name", "real_name", "phone", "mobile", "tel", "email", "address", "wechat", "id_card"})


class PurchaseOrderUnbalanced(Conflict):
    """Lines, unit list and participations do not say the same. Nothing may be issued."""

    code = "purchase_order_unbalanced"
    message = N_("The purchase order does not match the confirmed requirements: {difference}.")


class PurchaseOrderNotReady(Conflict):
    """A check before issue failed. ``problems`` lists all of them."""

    code = "purchase_order_not_ready"
    message = N_("The purchase order cannot be issued yet: {reasons}")

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(reasons=" ".join(problem.code for problem in problems))
        self.problems = tuple(problems)


def check_balanced(
    schema: catalog.ProductSchema, participations: Sequence[Confirmed], snapshot: PurchaseOrderSnapshot
) -> None:
    """Count everything again, another way. Raises ``PurchaseOrderUnbalanced`` for one unit or one hash too many."""
    wanted = Counter[tuple[str, str]]()
    for each in participations:
        key = catalog.configuration_key(schema, each.answers)
        if key != each.configuration_key or digest(dict(each.answers)) != each.answers_digest:
            raise PurchaseOrderUnbalanced(difference="answers do not match their stored hash")
        wanted[key, digest(catalog.unit_part(schema, each.answers))] += each.quantity
    keys = {line.line_no: line.configuration_key for line in snapshot.lines}
    listed = Counter((keys.get(unit.line_no, ""), unit.digest) for unit in snapshot.units)
    _equal(listed, wanted, "units of the unit list")
    ordered = {(line.configuration_key, ""): line.quantity for line in snapshot.lines}
    _equal(_by_configuration(ordered), _by_configuration(wanted), "quantities of the lines")
    unit_ids = {unit.unit_id for unit in snapshot.units}
    if (len(unit_ids), len(keys), len(ordered)) != (len(snapshot.units), *[len(snapshot.lines)] * 2):
        raise PurchaseOrderUnbalanced(difference="a unit id or a line stands twice")
    asked = {
        (name, str(code)): units for (name, code), (units, _) in services(schema, participations).items()
    }
    billed = {
        (each.attribute, each.option): each.quantity for each in snapshot.charges if each.kind == SERVICE
    }
    _equal(Counter(billed), Counter(asked), "units of a service")
    if any(each.kind not in CHARGES for each in snapshot.charges):
        raise PurchaseOrderUnbalanced(difference="a charge of a kind that nobody knows")


def _by_configuration(units: Mapping[tuple[str, str], int]) -> Counter[str]:
    found = Counter[str]()
    for (key, _), count in units.items():
        found[key] += count
    return found


def _equal(found: Counter[Any], wanted: Counter[Any], what: str) -> None:
    if found != wanted:
        raise PurchaseOrderUnbalanced(difference=f"{found.total()} instead of {wanted.total()} {what}")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the order is checked against, as it stands at the instant of issue.

    ``small_lots`` is all that is below its minimum; ``small_lot_fees`` what members paid for it, by cell.
    """

    captured_units: int
    spec_digest: str
    shortfalls: tuple[catalog.Shortfall, ...]
    small_lots: tuple[SmallLot, ...]
    small_lot_fees: Mapping[str, int]
    nre: tuple[catalog.Nre, ...]
    required_certificates: tuple[str, ...]
    quoted_until: date
    quoted_unit_price_minor: int
    base_unit_price_minor: int
    capacity: int


@dataclass(frozen=True)
class Problem:
    """One reason not to issue: a code for programs, a message id and its parameters for people."""

    code: str
    message: str
    params: Mapping[str, Any]


def check_ready(snapshot: PurchaseOrderSnapshot, facts: Facts) -> None:
    """Raise ``PurchaseOrderNotReady`` when there is any problem."""
    found = problems_before_issue(snapshot, facts)
    if found:
        raise PurchaseOrderNotReady(found)


def problems_before_issue(snapshot: PurchaseOrderSnapshot, facts: Facts) -> tuple[Problem, ...]:
    """All reasons not to issue this order now; empty when it may go out."""
    return (*_about_money(snapshot, facts), *_about_goods(snapshot, facts), *_about_paper(snapshot, facts))


def _about_money(snapshot: PurchaseOrderSnapshot, facts: Facts) -> Iterable[Problem]:
    if facts.captured_units < snapshot.quantity:
        yield Problem(
            "not_paid",
            N_("Only {paid} of {ordered} units are paid."),
            {"paid": facts.captured_units, "ordered": snapshot.quantity},
        )
    again = totals(snapshot.lines, snapshot.charges, rate_percent=snapshot.totals.rate_percent)
    priced: tuple[OrderLine | ChargeLine, ...] = (*snapshot.lines, *snapshot.charges)
    lines_hold = all(line.total_minor == line.unit_price_minor * line.quantity for line in priced)
    parts_hold = all(
        line.unit_price_minor == sum(each.minor for each in line.components) for line in snapshot.lines
    )
    if again != snapshot.totals or not lines_hold or not parts_hold:
        total = plain_money(snapshot.totals.gross_minor, snapshot.currency)
        yield Problem("wrong_totals", N_("The lines do not add up to {total}."), {"total": total})
    if sum(each.amount_minor for each in snapshot.payments) != snapshot.totals.gross_minor:
        yield Problem("wrong_schedule", N_("The payment milestones do not add up to the total."), {})
    if facts.base_unit_price_minor != facts.quoted_unit_price_minor:
        yield Problem("price_not_quoted", N_("The unit price is not the one quoted for this quantity."), {})
    if facts.quoted_until < snapshot.issued_at.date():
        yield Problem(
            "quotation_expired",
            N_("The manufacturer's quotation ended on {day}."),
            {"day": facts.quoted_until},
        )


def _about_goods(snapshot: PurchaseOrderSnapshot, facts: Facts) -> Iterable[Problem]:
    for each in facts.shortfalls:
        yield Problem(
            "below_minimum",
            N_("{option} is ordered {count} times; the manufacturer makes it from {moq}."),
            {"option": f"{each.attribute}={each.code}", "count": each.count, "moq": each.moq},
        )
    yield from _about_small_lots(snapshot, facts)
    charged = {
        (each.attribute, each.option): each.total_minor for each in snapshot.charges if each.kind == NRE
    }
    if charged != {(each.attribute, str(each.code)): each.minor for each in facts.nre}:
        yield Problem(
            "nre_differs", N_("The one-off engineering lines are not those of the chosen options."), {}
        )
    if facts.spec_digest != snapshot.spec_digest:
        yield Problem("other_specification", N_("The specification is not the one that was frozen."), {})
    if snapshot.quantity > facts.capacity:
        yield Problem(
            "over_capacity",
            N_("{ordered} units are more than the manufacturer can make ({capacity})."),
            {"ordered": snapshot.quantity, "capacity": facts.capacity},
        )
    if snapshot.quality.spare_percent and snapshot.quality.spare_units < 1:
        yield Problem("no_spares", N_("Spare units are agreed but not listed."), {})
    missing = [name for name in facts.required_certificates if name not in snapshot.quality.certificates]
    if missing:
        yield Problem(
            "certificates_missing", N_("Certificates not named: {names}."), {"names": ", ".join(missing)}
        )


def _about_small_lots(snapshot: PurchaseOrderSnapshot, facts: Facts) -> Iterable[Problem]:
    """What is below its minimum is charged for, by exactly what members paid for it; else it cannot be made."""
    charged = {each.attribute: each for each in snapshot.charges if each.kind == SMALL_LOT}
    owed = {each.cell.key: each for each in facts.small_lots}
    for lot in facts.small_lots:
        if not lot.cell.premium_minor:
            yield Problem(
                "below_minimum",
                N_("{option} is ordered {count} times; the manufacturer makes it from {moq}."),
                {"option": lot.cell.key, "count": lot.count, "moq": lot.cell.minimum},
            )
    right = all(
        key in owed
        and (each.quantity, each.unit_price_minor) == (owed[key].missing, owed[key].cell.premium_minor)
        for key, each in charged.items()
    )
    fees = {key: each.total_minor for key, each in charged.items()}
    if not right or fees != dict(facts.small_lot_fees):
        yield Problem(
            "small_lots_differ", N_("The small-lot fees are not those that the members have paid."), {}
        )


def _about_paper(snapshot: PurchaseOrderSnapshot, facts: Facts) -> Iterable[Problem]:
    if not snapshot.number.isascii() or not 0 < len(snapshot.number) <= LONGEST_NUMBER:
        yield Problem(
            "bad_number", N_("{number} is not a purchase order number."), {"number": snapshot.number}
        )
    if snapshot.validity_until <= snapshot.issued_at:
        yield Problem("no_validity", N_("The time to acknowledge ends before it begins."), {})
    if snapshot.delivery.latest_date < snapshot.issued_at.date():
        yield Problem("late_delivery", N_("The delivery date lies in the past."), {})
    if snapshot.delivery.incoterm in NOT_EXPORTABLE:
        yield Problem(
            "incoterm_not_exportable",
            N_("The Incoterm {code} has no code in the exchange format."),
            {"code": snapshot.delivery.incoterm},
        )
    columns = {
        part for unit in snapshot.units for each in unit.personalization for part in each.code.split(".")
    }
    if columns & PERSONAL:
        yield Problem(
            "personal_data",
            N_("The unit list would name a person: {columns}."),
            {"columns": ", ".join(sorted(columns & PERSONAL))},
        )
