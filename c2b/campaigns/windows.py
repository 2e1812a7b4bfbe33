"""Does a campaign's plan fit what payment providers can hold, and for how long? Values in, values out.

The clocks of a provider start when somebody pays, which is before the lock. A payment made today must be refundable
until the goods of a group that closes at the deadline have been made (P80 of the product's timeline), delivered, and
may no longer be returned; and where a provider settles what it holds by itself after some days, it must not do so
before. What a provider can do is known further up (``learn``): campaigns know no providers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from c2b.campaigns.plans import AUTHORIZE, DEPOSIT, FULL, OVERDUE_DAYS, PLANS
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

#: Days from the lock to the door that four of five batches keep, by timeline template. `tests/campaigns` compares them
#: with what the templates compute.
P80_DAYS = {"LIGHT": 37, "SEMI": 104, "TOOLED": 204}
#: Days from the lock to the manufacturer's word on the order. It releases at least as much as a deposit may be.
ACKNOWLEDGMENT_DAYS = 7
#: Days that a closing may take before it captures what is held: objections, offered places, and a provider's bad day.
CLOSING_DAYS = 2


@dataclass(frozen=True)
class Windows:
    """A provider's terms in whole days. ``hold``: how long captured money stays before it settles by itself, ``None``
    for ever; ``authorization``: how long an authorization holds, ``None`` where it makes none."""

    gateway: str
    refund: int
    hold: int | None = None
    authorization: int | None = None


@dataclass(frozen=True)
class Timing:
    """What a campaign promises, in days: from now to its deadline, from the lock to the door, and for how long its
    market lets members return what was delivered."""

    join_days: int
    production_days: int
    balance_days: int = 7
    return_days: int = 7


@dataclass(frozen=True)
class Needs:
    """Days for which money must stay held, refundable, and (``None``: not at all) authorized."""

    hold: int
    refund: int
    authorization: int | None = None


@dataclass(frozen=True)
class Misfit:
    """A plan that a gateway cannot carry: which of its windows is too short, and by how many days (0: it has none)."""

    gateway: str
    window: str
    missing_days: int


def timing_of(
    deadline: datetime, now: datetime, *, template: str, lead_days: int, balance_days: int, return_days: int
) -> Timing:
    """The timing of an offer; a day that has begun counts. ``lead_days``: what its options add to the timeline."""
    left = max(deadline - now, timedelta())
    return Timing(-(-left // timedelta(days=1)), P80_DAYS[template] + lead_days, balance_days, return_days)


def needs_of(plan: str, timing: Timing) -> Needs:
    """How long a plan needs a provider to hold out.

    A deposit is never more than the manufacturer's first release, so it is held until the order is acknowledged; the
    balance is paid at the close, and its clock starts there.
    """
    after = timing.production_days + timing.return_days
    if plan == DEPOSIT:
        collecting = timing.balance_days + OVERDUE_DAYS
        return Needs(
            hold=max(timing.join_days + collecting + ACKNOWLEDGMENT_DAYS, collecting + after),
            refund=timing.join_days + collecting + after,
        )
    if plan == AUTHORIZE:
        return Needs(hold=after, refund=after, authorization=timing.join_days + CLOSING_DAYS)
    return Needs(hold=timing.join_days + after, refund=timing.join_days + after)


def misfit(needs: Needs, windows: Windows) -> Misfit | None:
    """The window that is shortest of what is needed; ``None`` where the gateway fits."""
    pairs = [("refund", needs.refund, windows.refund)]
    if windows.hold is not None:
        pairs.append(("hold", needs.hold, windows.hold))
    if needs.authorization is not None:
        if windows.authorization is None:
            return Misfit(windows.gateway, "authorization", 0)
        pairs.append(("authorization", needs.authorization, windows.authorization))
    window, missing = max(((name, need - has) for name, need, has in pairs), key=lambda each: each[1])
    return Misfit(windows.gateway, window, missing) if missing > 0 else None


def fitting(plan: str, timing: Timing, terms: Sequence[Windows]) -> tuple[str, ...]:
    """The gateways that carry a plan, in their order."""
    needs = needs_of(plan, timing)
    return tuple(each.gateway for each in terms if misfit(needs, each) is None)


def faults_of_fit(plan: str, timing: Timing, terms: Sequence[Windows]) -> list[FieldError]:
    """Why no gateway carries a plan, with a plan that one would carry. Empty when it fits, or nothing is known."""
    if not terms or plan not in PLANS or fitting(plan, timing, terms):
        return []
    needs = needs_of(plan, timing)
    nearest = min((found for each in terms if (found := misfit(needs, each))), key=_distance)
    other = next(
        (
            (name, gateways[0])
            for name in PLANS
            if name != plan and (gateways := fitting(name, timing, terms))
        ),
        None,
    )
    return [
        FieldError(
            "payment_plan",
            "does_not_fit",
            _WITH_OTHER[other[0]] if other else _WITHOUT[nearest.window if nearest.missing_days else "none"],
            {
                "gateway": nearest.gateway,
                "missing": nearest.missing_days,
                "days": _needed(needs, nearest.window),
                "other": other[1] if other else "",
            },
        )
    ]


def _needed(needs: Needs, window: str) -> int:
    return {"hold": needs.hold, "refund": needs.refund, "authorization": needs.authorization or 0}[window]


def _distance(each: Misfit) -> tuple[bool, int]:
    return each.missing_days == 0, each.missing_days


_WITH_OTHER = {
    FULL: N_(
        "No payment provider can carry this plan: money would have to stay reserved or refundable for {days} days, "
        "{missing} more than {gateway} allows. Payment in full at joining would fit ({other})."
    ),
    DEPOSIT: N_(
        "No payment provider can carry this plan: money would have to stay reserved or refundable for {days} days, "
        "{missing} more than {gateway} allows. A deposit, with the balance at the close, would fit ({other})."
    ),
    AUTHORIZE: N_(
        "No payment provider can carry this plan: money would have to stay reserved or refundable for {days} days, "
        "{missing} more than {gateway} allows. Authorizing at joining and charging at the close would fit ({other})."
    ),
}
_TOO_LONG = N_(
    "No payment provider can carry a group of this length: money would have to stay refundable for {days} days, "
    "{missing} more than {gateway} allows. Choose an earlier deadline, or a product that is made sooner."
)
_WITHOUT = {
    "hold": _TOO_LONG,
    "refund": _TOO_LONG,
    "authorization": N_(
        "An authorization would have to hold for {days} days, {missing} more than {gateway} allows. Choose an earlier "
        "deadline."
    ),
    "none": N_("No payment provider here authorizes first and charges later. Choose another plan."),
}

_source: Callable[[], Sequence[Windows]] | None = None


def learn(source: Callable[[], Sequence[Windows]] | None) -> None:
    """From now on ask ``source`` for the terms of the enabled gateways, those used by default first."""
    global _source
    _source = source


def known() -> Sequence[Windows]:
    """The terms of the enabled gateways; empty in a process that knows of none, where nothing is refused for them."""
    return _source() if _source else ()
