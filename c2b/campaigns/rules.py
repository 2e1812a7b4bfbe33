"""What a campaign may be, how it may change, and which price it has reached. Values in, values out.

The life of a campaign::

    draft → under_review → open ⇄ threshold_met → closed → locked → ordered → in_production → shipping → completed
                ↓ (sent back)        ↓                ↓ (too few can be made: back before the deadline, else failed)
              draft                failed           failed                     … canceled (before shipping)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from c2b.campaigns.plans import FULL, USUAL_BALANCE_DAYS, faults_of_plan
from c2b.campaigns.votes import OpenVote
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

#: State → the states it may change to. ``canceled`` by an admin (or the organizer, before money is in).
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "draft": ("under_review", "canceled"),
    "under_review": ("open", "draft", "canceled"),
    "open": ("threshold_met", "closed", "failed", "canceled"),
    "threshold_met": ("open", "closed", "failed", "canceled"),
    "closed": ("locked", "open", "threshold_met", "failed", "canceled"),
    "locked": ("ordered", "canceled"),
    "ordered": ("in_production", "canceled"),
    "in_production": ("shipping", "canceled"),
    "shipping": ("completed",),
    "completed": (),
    "failed": (),
    "canceled": (),
}
#: People may join.
JOINABLE = ("open", "threshold_met")
#: Captured money counts; members may still leave.
BEFORE_LOCK = ("open", "threshold_met", "closed")
#: Shown on the discover page and by link.
SHOWN = tuple(state for state in TRANSITIONS if state not in ("draft", "under_review"))

MIN_JOIN_WINDOW = timedelta(hours=1)
MAX_JOIN_WINDOW = timedelta(days=90)
MAX_TIERS = 6
MAX_OBJECTION_HOURS = 168
MAX_SLUG = 80


@dataclass(frozen=True)
class PriceTier:
    """From this many paid units on, everybody pays ``unit_price_minor`` (tax included, options extra)."""

    from_quantity: int
    unit_price_minor: int


@dataclass(frozen=True)
class QuotedTier:
    """What the manufacturer quoted from this quantity on. All prices tax included, in minor units per unit."""

    from_quantity: int
    unit_price_minor: int
    min_retail_minor: int
    max_retail_minor: int


@dataclass(frozen=True)
class Offer:
    """What an organizer fixes about a campaign, and (``votes``) what the members decide.

    ``objection_hours``: how long members who asked for it may refuse what the allocation gives them at the close.
    ``payment_plan`` and what belongs to it: `plans.py`.
    """

    title: str
    story: str
    batch_answers: Mapping[str, Any]
    threshold: int
    cap: int
    tiers: tuple[PriceTier, ...]
    closes: str
    visibility: str
    deadline: datetime
    votes: tuple[OpenVote, ...] = ()
    objection_hours: int = 24
    payment_plan: str = FULL
    deposit_percent: int = 0
    balance_days: int = USUAL_BALANCE_DAYS


@dataclass(frozen=True)
class Bounds:
    """What the product allows: minimum and capacity in units, the quotation, and the one-off cost to be carried."""

    min_quantity: int
    capacity: int
    quoted: tuple[QuotedTier, ...]
    quoted_until: datetime
    batch_minimum: int
    nre_minor: int


def price_tiers(data: Sequence[Mapping[str, Any]]) -> tuple[PriceTier, ...]:
    """Tiers from stored JSON, smallest quantity first."""
    found = [PriceTier(int(each["from_quantity"]), int(each["unit_price_minor"])) for each in data]
    return tuple(sorted(found, key=lambda tier: tier.from_quantity))


def quoted_tiers(data: Sequence[Mapping[str, Any]]) -> tuple[QuotedTier, ...]:
    """The manufacturer's tiers from stored JSON, smallest quantity first."""
    found = [QuotedTier(**{key: int(each[key]) for key in QuotedTier.__dataclass_fields__}) for each in data]
    return tuple(sorted(found, key=lambda tier: tier.from_quantity))


def entry_price(tiers: Sequence[PriceTier]) -> int:
    """What a member pays when joining: the first and highest tier. More people can only make it less."""
    return tiers[0].unit_price_minor


def price_at(tiers: Sequence[PriceTier], quantity: int) -> int:
    """The unit price once ``quantity`` units are paid; below the first tier, the first tier's."""
    reached = [tier for tier in tiers if tier.from_quantity <= quantity]
    return (reached[-1] if reached else tiers[0]).unit_price_minor


def quoted_at(quoted: Sequence[QuotedTier], quantity: int) -> QuotedTier | None:
    """The quoted tier that covers ``quantity``; ``None`` below the first."""
    reached = [tier for tier in quoted if tier.from_quantity <= quantity]
    return reached[-1] if reached else None


def may_change(from_state: str, to_state: str) -> bool:
    """Is this step part of a campaign's life?"""
    return to_state in TRANSITIONS.get(from_state, ())


def faults_of(offer: Offer, bounds: Bounds, *, now: datetime) -> list[FieldError]:
    """Everything that keeps an offer from being submitted, each beside its field. Empty when it is fine."""
    return [
        *_text_faults(offer),
        *faults_of_plan(offer.payment_plan, offer.deposit_percent, offer.balance_days),
        *_quantity_faults(offer, bounds),
        *_tier_faults(offer, bounds),
        *_time_faults(offer, bounds, now),
    ]


def _text_faults(offer: Offer) -> list[FieldError]:
    found = []
    if not 4 <= len(offer.title.strip()) <= 120:
        found.append(FieldError("title", "length", N_("Give the campaign a title of 4 to 120 characters.")))
    if len(offer.story) > 5000:
        found.append(FieldError("story", "length", N_("Keep the story below 5,000 characters.")))
    if offer.closes not in ("on_threshold", "at_deadline"):
        found.append(FieldError("closes", "choice", N_("Choose when the group closes.")))
    if not 0 <= offer.objection_hours <= MAX_OBJECTION_HOURS:
        found.append(
            FieldError(
                "objection_hours",
                "range",
                N_("Give members from 0 to {most} hours to object."),
                {"most": MAX_OBJECTION_HOURS},
            )
        )
    if offer.visibility not in ("public", "by_link"):
        found.append(FieldError("visibility", "choice", N_("Choose who can find the campaign.")))
    return found


def _quantity_faults(offer: Offer, bounds: Bounds) -> list[FieldError]:
    minimum = max(bounds.min_quantity, bounds.batch_minimum)
    found = []
    if offer.threshold < minimum:
        found.append(
            FieldError(
                "threshold",
                "below_minimum",
                N_(
                    "The manufacturer makes this from {minimum} units on; raise the threshold or choose other options."
                ),
                {"minimum": minimum},
            )
        )
    if offer.cap < offer.threshold:
        found.append(
            FieldError(
                "cap", "below_threshold", N_("The largest number of units cannot be below the threshold.")
            )
        )
    if offer.cap > bounds.capacity:
        found.append(
            FieldError(
                "cap",
                "above_capacity",
                N_("The manufacturer can make at most {capacity} units in one batch."),
                {"capacity": bounds.capacity},
            )
        )
    return found


def _tier_faults(offer: Offer, bounds: Bounds) -> list[FieldError]:
    tiers = offer.tiers
    if not 1 <= len(tiers) <= MAX_TIERS:
        return [
            FieldError("tiers", "count", N_("Give between 1 and {most} price tiers."), {"most": MAX_TIERS})
        ]
    found = []
    if tiers[0].from_quantity > offer.threshold:
        found.append(
            FieldError(
                "tiers.0.from_quantity",
                "above_threshold",
                N_("The first tier must begin at or below the threshold."),
            )
        )
    for number, (one, next_one) in enumerate(pairwise(tiers), start=1):
        if next_one.from_quantity <= one.from_quantity or next_one.unit_price_minor >= one.unit_price_minor:
            found.append(
                FieldError(
                    f"tiers.{number}",
                    "not_falling",
                    N_("Each tier needs more units and a lower price than the one before it."),
                )
            )
        if next_one.from_quantity > offer.cap:
            found.append(
                FieldError(
                    f"tiers.{number}.from_quantity",
                    "above_cap",
                    N_("This tier can never be reached: it lies above the largest number of units."),
                )
            )
    for number, tier in enumerate(tiers):
        quoted = quoted_at(bounds.quoted, max(tier.from_quantity, offer.threshold))
        if quoted and not quoted.min_retail_minor <= tier.unit_price_minor <= quoted.max_retail_minor:
            found.append(
                FieldError(
                    f"tiers.{number}.unit_price_minor",
                    "outside_quotation",
                    N_("The manufacturer quoted {low} to {high} for this quantity."),
                    {"low_minor": quoted.min_retail_minor, "high_minor": quoted.max_retail_minor},
                )
            )
    return found or _carries_nre(offer, bounds)


def _carries_nre(offer: Offer, bounds: Bounds) -> list[FieldError]:
    """The margin at the threshold must pay the one-off engineering: it is divided by the threshold, not by hopes."""
    quoted = quoted_at(bounds.quoted, offer.threshold)
    if quoted is None or not bounds.nre_minor:
        return []
    margin = (price_at(offer.tiers, offer.threshold) - quoted.unit_price_minor) * offer.threshold
    if margin >= bounds.nre_minor:
        return []
    return [
        FieldError(
            "tiers.0.unit_price_minor",
            "nre_not_covered",
            N_(
                "At the threshold this price does not carry the one-off engineering cost of the chosen options. "
                "Raise the price or the threshold, or choose other options."
            ),
        )
    ]


def _time_faults(offer: Offer, bounds: Bounds, now: datetime) -> list[FieldError]:
    if not now + MIN_JOIN_WINDOW <= offer.deadline <= now + MAX_JOIN_WINDOW:
        return [
            FieldError(
                "deadline",
                "range",
                N_("Choose a deadline between one hour and {days} days from now."),
                {"days": MAX_JOIN_WINDOW.days},
            )
        ]
    if offer.deadline > bounds.quoted_until:
        return [
            FieldError(
                "deadline", "after_quotation", N_("The manufacturer's quotation ends before this deadline.")
            )
        ]
    return []


def slug_of(title: str, code: str, *, with_year: bool = False) -> str:
    """A readable address: the ASCII words of the title, then the campaign's own number, which is never cut off.

    Numbers begin anew each year, so an address that is taken gets the year as well.
    """
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in title.lower()).split()
    year, number = code.rsplit("-", 2)[-2:]
    mark = f"{year}-{number}" if with_year else number
    readable = "-".join(words)[: MAX_SLUG - len(mark) - 1].strip("-")
    return f"{readable}-{mark}" if readable else mark
