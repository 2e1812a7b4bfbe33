"""The chart of accounts: which accounts there are, what rests on them, and how their ids are made.

Debit pays, credit receives. Everything that has come in and not gone out again is on one of these accounts, so all
balances of a currency sum to zero. ``floored`` accounts may never fall below zero: the database refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

from c2b.kit.i18n import N_


@dataclass(frozen=True)
class AccountKind:
    """``title``: what it is for people. ``floored``: whether the balance may never fall below zero."""

    prefix: str
    title: str
    floored: bool


CHART = (
    AccountKind("world", N_("With payment providers and banks"), floored=False),
    AccountKind("suspense", N_("Come in by bank, not yet assigned"), floored=True),
    AccountKind("escrow", N_("Held for a campaign"), floored=True),
    AccountKind("payable", N_("Released to a manufacturer, not yet paid out"), floored=True),
    AccountKind("recourse", N_("Owed back by a manufacturer"), floored=False),
    AccountKind("commission", N_("Commission of a member"), floored=True),
    AccountKind("fees", N_("Platform fees"), floored=True),
    AccountKind("costs", N_("Kept by payment providers as their fee"), floored=False),
    AccountKind("margin", N_("Left of finished campaigns"), floored=True),
)
_KINDS = {kind.prefix: kind for kind in CHART}


def kind_of(account_id: str) -> AccountKind:
    """What kind of account an id names. Raises ``KeyError`` for none of ours."""
    return _KINDS[account_id.partition(":")[0]]


def world(gateway: str, currency: str) -> str:
    """What a payment provider (or ``bank``) holds for us, seen as owed by it: the balance is negative."""
    return f"world:{gateway}:{currency}"


def suspense(gateway: str, currency: str) -> str:
    """What has come to our own account and nobody has said yet what it pays, or whom it goes back to."""
    return f"suspense:{gateway}:{currency}"


def escrow(campaign_id: str) -> str:
    """What members of a campaign have paid and nobody has earned yet."""
    return f"escrow:{campaign_id}"


def payable(manufacturer_id: str, currency: str) -> str:
    """What was released to a manufacturer and has not been paid out."""
    return f"payable:{manufacturer_id}:{currency}"


def recourse(manufacturer_id: str, currency: str) -> str:
    """What a manufacturer owes for refunds made after a release; negative until it is netted with a payout."""
    return f"recourse:{manufacturer_id}:{currency}"


def commission(user_id: str, currency: str) -> str:
    """What a member has earned by inviting and not been paid."""
    return f"commission:{user_id}:{currency}"


def fees(currency: str) -> str:
    """What the platform has earned."""
    return f"fees:platform:{currency}"


def costs(gateway: str, currency: str) -> str:
    """What a payment provider has kept as its fee, seen as our cost: the balance is negative."""
    return f"costs:{gateway}:{currency}"


def margin(currency: str) -> str:
    """What finished campaigns left over: for tax, logistics, warranty."""
    return f"margin:platform:{currency}"
