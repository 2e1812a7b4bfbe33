"""When a manufacturer is paid what: the parts of a schedule, their states, the fee, what a short delivery takes off.

``held`` → ``releasable`` → ``released``, by two facts: the part's milestone is approved (and its days are over), and
nothing blocks the campaign's payouts. ``frozen`` is releasable with a block open. ``returned``: nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from c2b.catalog.rules import WHOLE_BP, PaymentTerms
from c2b.kit.i18n import N_
from c2b.kit.money import share

#: State of a release → what it may become.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "held": ("releasable", "frozen", "returned"),
    "releasable": ("released", "frozen", "returned"),
    "frozen": ("releasable", "returned"),
    "released": (),
    "returned": (),
}
#: States in which a part has not left the escrow.
WAITING = ("held", "releasable", "frozen")
#: Why payouts of a campaign are blocked.
BLOCKS = {
    "dispute": N_("a dispute is open"),
    "delay_choice": N_("members still choose after a delay"),
    "inspection_failed": N_("the inspection has not passed"),
    "provider": N_("the payment provider holds the money"),
    "manual": N_("stopped by the platform"),
}
#: Milestone of the terms → the stages that stand for it, whatever the template calls it: the first one a plan has.
#: ``acknowledged`` is read from the purchase order, ``delivered`` from the timeline.
STAGES = {
    "golden_sample": ("TOOLFIX", "COLOR", "FAI"),
    "inspected": ("OQC",),
}


@dataclass(frozen=True)
class Planned:
    """One part of a schedule, in minor units: ``code`` is "goods-1", ``days`` after ``milestone``."""

    code: str
    amount_minor: int
    milestone: str
    days: int


def schedule(terms: PaymentTerms, *, goods_minor: int, nre_minor: int) -> tuple[Planned, ...]:
    """The parts of both amounts, each summing to its amount exactly (largest remainder), without parts of nothing."""
    found: list[Planned] = []
    for basis, amount, parts in (("goods", goods_minor, terms.goods), ("nre", nre_minor, terms.nre)):
        amounts = share(amount, [part.share_bp for part in parts]) if amount else []
        found += [
            Planned(f"{basis}-{number}", minor, part.milestone, part.days)
            for number, (part, minor) in enumerate(zip(parts, amounts, strict=False), start=1)
            if minor
        ]
    return tuple(found)


def fee(item_minor: int, rate_bp: int) -> int:
    """The platform's fee on what members pay for the goods themselves, rounded down."""
    return item_minor * rate_bp // WHOLE_BP


def fee_due(fee_minor: int, *, goods_minor: int, reduced_minor: int) -> int:
    """What of the fee is earned when goods for ``reduced_minor`` never came, rounded down."""
    if not goods_minor:
        return fee_minor
    return fee_minor * (goods_minor - min(reduced_minor, goods_minor)) // goods_minor


def stage_of(milestone: str, codes: Sequence[str]) -> str | None:
    """Which stage of a plan (its codes) a milestone is. ``None`` where the plan has none for it."""
    return next((code for code in STAGES.get(milestone, ()) if code in codes), None)


def reached_on(milestone: str, *, acknowledged: date | None, done: Mapping[str, date | None], codes: Sequence[str],
               delivered: date | None) -> date | None:  # fmt: skip
    """The day on which a milestone was reached. ``done``: stages approved or left out, with their days.

    A milestone that the plan has no stage for comes with the delivery: nothing is paid before there is a proof.
    """
    if milestone == "acknowledged":
        return acknowledged
    stage = stage_of(milestone, codes)
    if milestone == "delivered" or stage is None:
        return delivered
    return done.get(stage)


def due_on(reached: date, days: int) -> date:
    """The day on which a part may be released."""
    return reached + timedelta(days=days)


def state_of(*, reached: date | None, days: int, today: date, blocked: bool) -> str:
    """Where a part stands that has not been released."""
    if reached is None or today < due_on(reached, days):
        return "held"
    return "frozen" if blocked else "releasable"


def taken_off(lefts: Sequence[int], minor: int) -> tuple[list[int], int]:
    """What a short delivery takes off the parts that are left (in the order in which they fall due), and what is then
    still owed by the manufacturer: the last parts give first, they are there for this."""
    taken = [0] * len(lefts)
    for index in reversed(range(len(lefts))):
        taken[index] = min(lefts[index], minor)
        minor -= taken[index]
    return taken, minor


def member_share(settled_minor: int, *, quantity: int, missing: int) -> int:
    """What a member gets back for ``missing`` of ``quantity`` units, options and fees included, rounded up."""
    if not 0 < missing <= quantity:
        raise ValueError("more is missing than was ordered")
    return -(-settled_minor * missing // quantity)
