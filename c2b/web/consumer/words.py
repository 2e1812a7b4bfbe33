"""States and kinds in the reader's words, with the tone that the badge beside them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.kit.i18n import N_, gettext

#: What we make, in the order of the filter on the discover page.
FAMILIES = {
    "keyboard": N_("Keyboards"),
    "earphones": N_("Earphones"),
    "powerbank": N_("Power banks"),
    "phone": N_("Phones"),
    "laptop": N_("Laptops"),
}

_CAMPAIGN = {
    "draft": (N_("Draft"), "neutral"),
    "under_review": (N_("Under review"), "wait"),
    "open": (N_("Open"), "info"),
    "threshold_met": (N_("Threshold met"), "good"),
    "closed": (N_("Closed"), "wait"),
    "locked": (N_("Locked"), "good"),
    "ordered": (N_("Ordered"), "good"),
    "in_production": (N_("In production"), "good"),
    "shipping": (N_("Shipping"), "good"),
    "completed": (N_("Completed"), "good"),
    "failed": (N_("Not filled"), "bad"),
    "canceled": (N_("Canceled"), "bad"),
}
#: What the state of a campaign means for who looks at it, in one sentence.
_CAMPAIGN_SENTENCES = {
    "draft": N_("Only you can see this draft. Submit it when you are happy with it."),
    "under_review": N_("We are looking at the campaign. It opens as soon as it is approved."),
    "open": N_("People are joining. It goes ahead when enough units are paid."),
    "threshold_met": N_("Enough units are paid. You can still join until the deadline."),
    "closed": N_("The group is complete. We are checking every requirement before it is locked."),
    "locked": N_("The group is locked. We are writing the purchase order."),
    "ordered": N_("The purchase order is with the manufacturer."),
    "in_production": N_("The manufacturer is making the batch."),
    "shipping": N_("The goods are on their way."),
    "completed": N_("Everybody has received what they asked for."),
    "failed": N_("Not enough units were paid in time. Everybody gets all their money back."),
    "canceled": N_("The campaign was canceled. Everybody gets all their money back."),
}
_PARTICIPATION = {
    "waitlisted": (N_("On the waitlist"), "wait"),
    "pending_payment": (N_("Waiting for payment"), "wait"),
    "joined": (N_("Joined"), "good"),
    "needs_attention": (N_("Needs your attention"), "wait"),
    "confirmed": (N_("Confirmed"), "good"),
    "in_fulfillment": (N_("Being made"), "good"),
    "delivered": (N_("Delivered"), "good"),
    "completed": (N_("Completed"), "good"),
    "withdrawn": (N_("Withdrawn"), "neutral"),
    "refunding": (N_("Refund under way"), "wait"),
    "refunded": (N_("Refunded in full"), "neutral"),
    "expired": (N_("Place let go"), "neutral"),
}
_PARTICIPATION_SENTENCES = {
    "waitlisted": N_(
        "No place is free yet, and there is nothing to pay. When one opens for you, we write to you."
    ),
    "pending_payment": N_("Your place is reserved. It counts once your payment has arrived."),
    "joined": N_("Your payment has arrived and your place counts."),
    "needs_attention": N_("Something you chose no longer fits as it is. Please look at it."),
    "confirmed": N_("Your requirement is locked. The factory works from exactly this."),
    "in_fulfillment": N_("What you asked for is being made."),
    "delivered": N_("It has been delivered."),
    "completed": N_("It has arrived, and everything is settled."),
    "withdrawn": N_("You have left this campaign."),
    "refunding": N_("Your money is on its way back to you."),
    "refunded": N_("You have all your money back."),
    "expired": N_("The place was not paid in time. Nothing was charged."),
}
_WAITED = N_("No place opened for you on the waitlist. Nothing was charged.")
_PAYMENT = {
    "created": (N_("Not paid yet"), "wait"),
    "authorized": (N_("Held, not charged"), "good"),
    "succeeded": (N_("Paid"), "good"),
    "failed": (N_("Declined"), "bad"),
    "closed": (N_("Not paid in time"), "neutral"),
    "voided": (N_("Released, nothing was charged"), "neutral"),
}
_REFUND = {
    "requested": (N_("Requested"), "wait"),
    "processing": (N_("On its way"), "wait"),
    "succeeded": (N_("Paid back"), "good"),
    "failed": (N_("Delayed, we are looking after it"), "bad"),
    "by_hand": (N_("We will send it to you by bank transfer"), "wait"),
}
_REFUND_REASONS = {
    "campaign_failed": N_("The campaign did not go ahead"),
    "withdrawal": N_("You left the campaign"),
    "late": N_("The payment came after the place was gone"),
    "option_minimum": N_("Too few people chose one of the options"),
    "left_out": N_("None of your choices could be made"),
    "overdue": N_("The balance was not paid in time"),
    "price_difference": N_("The group reached a lower price"),
    "delay": N_("You did not want to wait for late goods"),
    "claim": N_("Something was missing or not right"),
}
#: Why members are asked to look at their requirement again.
_QUESTION_REASONS = {
    "schema": N_("The manufacturer has changed what the product can be"),
    "vote": N_("The members have decided what is the same for everybody"),
    "price": N_("What was decided is dearer than the limit"),
}
#: What the organizer did, or heard, before the campaign opened.
_REVIEW = {
    "submitted": (N_("Submitted for review"), "wait"),
    "submitted_again": (N_("Submitted again"), "wait"),
    "returned": (N_("Sent back"), "bad"),
}
_CLOSES = {
    "on_threshold": N_("The group closes the moment the threshold is paid."),
    "at_deadline": N_("The group stays open until the deadline, so that the price can fall further."),
}


@dataclass(frozen=True)
class State:
    """A state for people: ``label`` in a badge of ``tone``, ``sentence`` for what it means."""

    code: str
    label: str
    tone: str
    sentence: str = ""


def campaign_state(code: str) -> State:
    """The state of a campaign in words."""
    return _state(code, _CAMPAIGN, _CAMPAIGN_SENTENCES)


def review_step(transition: Mapping[str, Any], *, again: bool) -> State:
    """A step before the campaign opened, in words; ``again``: it is not the first."""
    if transition["to_state"] == "under_review":
        return _state("submitted_again" if again else "submitted", _REVIEW)
    if transition["to_state"] == "draft":
        return _state("returned", _REVIEW)
    return campaign_state(transition["to_state"])


def participation_state(code: str, *, waited: bool = False) -> State:
    """The state of a member's place in words; ``waited``: they never got one from the waitlist."""
    if waited and code == "expired":
        return State(code, gettext(N_("The wait has ended")), "neutral", gettext(_WAITED))
    return _state(code, _PARTICIPATION, _PARTICIPATION_SENTENCES)


def payment_state(code: str) -> State:
    """The state of a payment in words."""
    return _state(code, _PAYMENT)


def refund_state(code: str) -> State:
    """The state of a refund in words."""
    return _state(code, _REFUND)


def refund_reason(code: str) -> str:
    """Why money goes back."""
    return gettext(_REFUND_REASONS[code])


def question_reason(code: str) -> str:
    """Why a member is asked to look at their requirement again."""
    return gettext(_QUESTION_REASONS[code]) if code in _QUESTION_REASONS else code


def attention(code: str) -> str:
    """What the machine wrote down about a participation, for people."""
    kind, _, reason = code.partition(":")
    if kind == "released":
        return gettext(
            "The manufacturer has changed the product, and what you had chosen is not possible like that."
        )
    return question_reason(reason) if kind in ("asked", "unanswered") else code


def closing_rule(code: str) -> str:
    """When the group closes."""
    return gettext(_CLOSES[code])


def family(code: str) -> str:
    """A product family by its name."""
    return gettext(FAMILIES[code]) if code in FAMILIES else code


def _state(code: str, names: dict[str, tuple[str, str]], sentences: dict[str, str] | None = None) -> State:
    label, tone = names[code]
    sentence = (sentences or {}).get(code, "")
    return State(code, gettext(label), tone, gettext(sentence) if sentence else "")
