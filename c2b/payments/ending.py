"""What an admin decides about a provider's window that ends before its group is finished.

The decision is an event; the latest one counts. It moves no money by itself: what has to be done is done on the page
that it leads to. Only ``by_bank`` ends the alerts, since nothing has to be done any more.
"""

from __future__ import annotations

from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.events.operations import record
from c2b.kit import db
from c2b.kit.canonical import one_line
from c2b.kit.errors import FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.payments.decided import CHOICES, DECIDED, decisions
from c2b.payments.watching import ending_windows


async def decide(
    actor: Actor, campaign_id: str, *, gateway: str, window: str, choice: str, note: str
) -> None:
    """An admin decides. Twice is once. Raises ``NotFound`` where no such window ends soon, ``Invalid``."""
    note = one_line(note)[:500]
    wrong = []
    if choice not in CHOICES:
        wrong.append(FieldError("choice", "choice", N_("Choose what will be done.")))
    if not note:
        wrong.append(FieldError("note", "required", N_("Please say why.")))
    key = (campaign_id, gateway, window)
    if not actor.is_admin or key not in [key_of(each) for each in await ending_windows()]:
        raise NotFound
    if wrong:
        raise Invalid(fields=wrong)

    async def write() -> None:
        await hold(campaign_id)
        before = (await decisions([campaign_id])).get(key)
        if before and (before.choice, before.note) == (choice, note):
            return
        await record(
            DECIDED, subject="campaign", subject_id=campaign_id, campaign_id=campaign_id, actor_id=actor.id,
            audience="admin", payload={"gateway": gateway, "window": window, "choice": choice, "note": note},
        )  # fmt: skip

    await db.atomically(write)


def key_of(window: dict[str, Any]) -> tuple[str, str, str]:
    """Which window one of ``ending_windows`` is: campaign, gateway, "hold" or "refund"."""
    return window["campaign_id"], window["gateway"], window["window"]


async def undecided() -> int:
    """How many windows that end soon wait for a decision."""
    windows = await ending_windows()
    known = await decisions(each["campaign_id"] for each in windows)
    return sum(key_of(each) not in known for each in windows)
