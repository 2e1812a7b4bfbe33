"""What mails about commissions say, and to whom: whoever earns it. Nobody learns who joined or who was refunded."""

from __future__ import annotations

from collections.abc import AsyncIterator

from c2b.notifications import facts, links
from c2b.notifications.audiences import people
from c2b.notifications.happened import Facts, Happened, Recipient


async def earner(happened: Happened) -> AsyncIterator[list[Recipient]]:
    """Who earns the commission, or asked for it to be paid out."""
    yield await people([happened.payload["user_id"]])


async def earned(happened: Happened) -> Facts:
    """The campaign with what was confirmed or reversed of it, in minor units."""
    return {**await facts.campaign(happened), **_money(happened)}


async def payout(happened: Happened) -> Facts:
    """The sum that was asked for, and why it was not paid out."""
    told = happened.payload
    return {**_money(happened), "reason": told.get("reason", ""), "changed": told.get("changed", False)}


async def payout_for_admins(happened: Happened) -> Facts:
    """The sum, with the page on which it is reviewed."""
    return {**_money(happened), "url": links.withdrawal(happened.subject_id)}


def _money(happened: Happened) -> Facts:
    told = happened.payload
    kept = ("amount_minor", "currency", "left_minor", "paid_before", "identified")
    return {**{name: told[name] for name in kept if name in told}, "commissions_url": links.commissions()}
