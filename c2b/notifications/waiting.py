"""What mails say to people on a waitlist: a place is theirs until an hour, or the wait has ended."""

from __future__ import annotations

from datetime import datetime

from c2b.kit import clock
from c2b.notifications import facts
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import one


async def offered(happened: Happened) -> Facts | None:
    """Until when the place is held. ``None`` once it no longer waits for money."""
    until = datetime.fromisoformat(happened.payload["reserved_until"])
    row = await one("SELECT state FROM participation WHERE id = ?", happened.subject_id)
    if row["state"] != "pending_payment" or until <= clock.now():
        return None
    return {**await facts.campaign(happened), "reserved_until_at": until}


async def ended(happened: Happened) -> Facts:
    """What became of the campaign; or (``terms_changed``) that what they asked for is no longer made."""
    changed = bool(happened.payload.get("terms_changed"))
    return {**await facts.campaign(happened), "terms_changed": changed}
