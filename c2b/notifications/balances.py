"""What mails say of balances, of money that is held, and of windows that end."""

from __future__ import annotations

from datetime import datetime

from c2b.kit import clock
from c2b.notifications import facts, links
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import one
from c2b.payments.collecting import balance_of


async def requested(happened: Happened) -> Facts | None:
    """The price that was reached, what has been paid of it, the balance, and until when. ``None`` once it is paid."""
    balance = await balance_of(happened.subject_id)
    if balance is None:
        return None
    return {
        **await facts.campaign(happened),
        "reached_minor": balance["asked_minor"],
        "paid_minor": balance["captured_minor"],
        "balance_minor": balance["missing_minor"],
        "due_at": balance["due_at"],
        "lost_at": balance["lost_at"],
    }


async def late(happened: Happened) -> Facts | None:
    """The same, with how many days it is late."""
    found = await requested(happened)
    return {**found, "days": happened.payload["days"]} if found else None


async def hold_lost(happened: Happened) -> Facts | None:
    """Until when the member may authorize again. ``None`` once they have, or that has passed."""
    until = datetime.fromisoformat(happened.payload["until"])
    row = await one("SELECT state, total_minor FROM participation WHERE id = ?", happened.subject_id)
    if row["state"] != "pending_payment" or until <= clock.now():
        return None
    return {**await facts.campaign(happened), "until_at": until}


async def window(happened: Happened) -> Facts:
    """Which provider's window ends when, and how much money of a campaign that is not finished is in it."""
    told = happened.payload
    return {
        **await facts.campaign(happened),
        "gateway": told["gateway"],
        "window": told["window"],
        "days": told["days"],
        "payments": told["payments"],
        "amount_minor": told["amount_minor"],
        "ends_at": datetime.fromisoformat(told["ends_at"]),
        "url": links.windows(),
    }
