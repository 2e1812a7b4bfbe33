"""What an inviter may earn, in numbers: rates, caps, shares, what a refund takes back. No database here.

Unlawful are pay by the number of people recruited, a fee or a purchase as a condition, and pay by the sales of those
below those below (Regulation on the Prohibition of Pyramid Selling, art. 7). So there is one level, a second one only
where a market's legal approval is on file, and a third cannot be said: ``Chain`` has two places, ``Level`` two values,
and nothing here walks along invitations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from c2b.kit.i18n import N_
from c2b.kit.money import exponent

Level = Literal[1, 2]
Depth = Literal[1, 2]

#: What nobody asks for within this time after it was confirmed is not owed any more.
CLAIM_DAYS = 365
#: Hundredths of a percent of the base, by level; and the most that all levels together take of the price.
RATES_BP: dict[Level, int] = {1: 300, 2: 100}
MOST_BP = 500
WHOLE_BP = 10_000
ADULT = 18

TRANSITIONS: dict[str, tuple[str, ...]] = {
    "estimated": ("confirmed", "reversed", "expired"),
    "confirmed": ("payable", "reversed", "expired"),
    "payable": ("paid", "reversed", "expired"),
    "paid": ("reversed",),  # refunded later: what was paid too much is netted from what comes next
    "reversed": (),
    "expired": (),
}

#: Why a commission is where it is, in words.
REASONS: dict[str, str] = {
    "at_work": N_(
        "The order is being made. It is confirmed once it has been delivered and can no longer be returned."
    ),
    "returnable": N_("The order has been delivered. It is confirmed when it can no longer be returned."),
    "who_are_you": N_("Confirmed. To have it paid out, tell us who you are and which account it goes to."),
    "ready": N_("Confirmed, and you can have it paid out."),
    "under_review": N_("You have asked for it. A person looks at it before it is paid out."),
    "paid_out": N_("Paid out to your account."),
    "refunded": N_("The order was refunded, and nothing is earned on what was given back."),
    "unclaimed": N_("Nobody asked for it within a year after it was confirmed."),
    "not_counted": N_("The invitation does not count any more; ask us if you believe that this is wrong."),
}

#: Whole units of the currency: the most per order and level, and the most per inviter and calendar month.
_CAPS = {"CNY": (200, 20_000), "JPY": (4_000, 400_000), "KWD": (10, 1_000)}
_USUAL_CAPS = (30, 3_000)


@dataclass(frozen=True)
class Caps:
    """Minor units: the most on one order per level, and the most one inviter earns in a calendar month."""

    order_minor: int
    month_minor: int


@dataclass(frozen=True)
class Bond:
    """A live binding as the arithmetic needs it: who earns, and how much room their month has left (minor units)."""

    binding_id: str
    inviter_id: str
    room_minor: int


@dataclass(frozen=True)
class Chain:
    """Who may earn on an order: whoever invited the buyer, and whoever invited that person. There is no third place."""

    first: Bond
    second: Bond | None = None


@dataclass(frozen=True)
class Share:
    """What one level earns. ``amount_minor`` > 0."""

    level: Level
    bond: Bond
    rate_bp: int
    amount_minor: int


def caps_of(currency: str) -> Caps:
    """The caps in minor units of ``currency``."""
    order, month = _CAPS.get(currency, _USUAL_CAPS)
    unit = 10 ** exponent(currency)
    return Caps(order * unit, month * unit)


def base(
    *, unit_price_minor: int, one_off_minor: int, quantity: int, settled_minor: int, vat_percent: int
) -> int:
    """What a commission is computed on: the tier's unit price times ``quantity`` as finally settled, without what
    options and shipping add, without each unit's share of one-off costs (rounded up), without tax. Minor units."""
    items = min((unit_price_minor - one_off_minor) * quantity, settled_minor)
    return max(items, 0) * 100 // (100 + vat_percent)


def per_unit(total_minor: int, units: int) -> int:
    """A unit's share of a sum, rounded up: what is left out of the base is never too little."""
    return -(-total_minor // units) if units > 0 else 0


def shares(chain: Chain, *, base_minor: int, price_minor: int, depth: Depth, caps: Caps) -> tuple[Share, ...]:
    """What each level earns on one order: rate of the base, rounded down, within all caps. Empty where it is nothing.

    ``price_minor``: what the buyer finally paid; all levels together take at most ``MOST_BP`` of it.
    """
    most = max(price_minor, 0) * MOST_BP // WHOLE_BP
    first = _share(1, chain.first, base_minor, min(most, caps.order_minor))
    if depth != 2 or chain.second is None or first is None:
        return (first,) if first else ()
    second = _share(2, chain.second, base_minor, min(most - first.amount_minor, caps.order_minor))
    return (first, second) if second else (first,)


def _share(level: Level, bond: Bond, base_minor: int, cap_minor: int) -> Share | None:
    earned = max(base_minor, 0) * RATES_BP[level] // WHOLE_BP
    amount = min(earned, cap_minor, bond.room_minor)
    return Share(level, bond, RATES_BP[level], amount) if amount > 0 else None


def reversed_by(amount_minor: int, *, settled_minor: int, returned_minor: int) -> int:
    """How much of a commission ends when ``returned_minor`` of the ``settled_minor`` that it was earned on goes back.

    In proportion; what stays is rounded down, so the reversal is never too small.
    """
    kept = max(settled_minor - returned_minor, 0)
    return amount_minor - amount_minor * kept // settled_minor


def month_start(now: datetime) -> datetime:
    """The first instant of the calendar month in which commissions count together for the monthly cap."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def adult(born_on: date, today: date) -> bool:
    """Has this person been eighteen for at least today?"""
    years = today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
    return ADULT <= years < 130
