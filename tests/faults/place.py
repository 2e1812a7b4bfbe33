"""What a place of the fault tests is: files, mails and a provider of its own, and people who do what was planned.

``a_round`` is everything that workers, clock and people at the checkout do; it is repeated until nothing is due.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from c2b.campaigns.counting import keep_deadlines
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.fulfillment.jobs import keep_forecasts
from c2b.kit import clock, db, mail
from c2b.kit.errors import AppError
from c2b.kit.ids import sha256_hex
from c2b.notifications import jobs
from c2b.notifications.letters import Letter
from c2b.participations.operations import keep_reservations
from c2b.participations.reconfirming.asking import keep_reconfirmations
from c2b.participations.votes.deciding import keep_votes
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import ask_again, receive
from c2b.payments.collecting import keep_reminders
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.payments import CheckoutClosed
from c2b.payments.watching import keep_windows
from c2b.payouts.operations import keep_guards, keep_releases
from c2b.purchasing import issuing
from c2b.purchasing.documents import RenderedDocument
from c2b.referrals.operations import keep_commissions
from tests.faults.banking import admins_book, member, people_transfer
from tests.faults.desk import admins_act

RESERVED_MINUTES = "600"
#: So many people are at the checkout at once.
FEW = 12


def in_memory() -> Path | None:
    """Where files need no disk. What a killed process has written stays there too; only the power must not go."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else None


def use_place(folder: Path) -> None:
    """From now on this process keeps files, mails and the provider's record in ``folder``."""
    os.environ["C2B_DATA_DIR"] = str(folder)
    os.environ["C2B_RESERVATION_MINUTES"] = RESERVED_MINUTES
    settings.cache_clear()


async def a_round(sandbox: SandboxGateway, plan: Mapping[str, Any]) -> int:
    """Do whatever is due; how much that was."""
    done = await keep_reservations()
    done += await _shop(sandbox, plan)
    done += await sandbox.deliver_due()
    done += await ask_again()
    done += await keep_reconfirmations()
    done += await keep_votes()
    done += await keep_deadlines()
    if "desk" in plan:
        done += await _money_goes_on(plan)
    return done + await drain()


async def _money_goes_on(plan: Mapping[str, Any]) -> int:
    """What clock and admins do about money after the close; the first world of these tests ends before it."""
    folder = settings().data_dir
    done = await people_transfer(folder, plan["transfers"])
    done += await admins_book(folder, member(plan["desk"][0], role="admin"))
    done += await keep_reminders()
    done += await keep_forecasts()
    done += await keep_windows()
    await keep_releases()
    await keep_commissions()
    await keep_guards()
    return done + await admins_act(plan["desk"])


@contextlib.contextmanager
def provider(trouble: int | None = None) -> Iterator[SandboxGateway]:
    """The sandbox of this place. Its notifications come signed; what cannot be booked now is answered with 500."""

    async def hand_over(_url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            await receive("sandbox", gateway.parse_webhook(headers, body, clock.now()))
        except Exception:
            return 500
        return 200

    here = settings()
    gateway = SandboxGateway(
        here.sandbox_path, base_url=here.base_url, secret=here.sandbox_secret, send=hand_over
    )
    if trouble is not None:
        gateway.misbehave(Misbehavior(unavailable_percent=20, timeout_percent=10, seed=trouble, copies=2))
    with gateways.replaced_by(gateway):
        yield gateway


async def _shop(sandbox: SandboxGateway, plan: Mapping[str, Any]) -> int:
    """People who have a place and have not decided yet go to the checkout, and those who owe a balance; a reload never
    hurts. A few at a time, so that whoever is killed has not done only this."""
    waiting = await db.fetch(
        "SELECT id, user_id, '' AS purpose FROM participation WHERE state = 'pending_payment' UNION ALL "
        "SELECT t.id, t.user_id, p.purpose FROM participation t JOIN payment p ON p.participation_id = t.id "
        "WHERE p.purpose = 'balance' AND p.state = 'created' AND t.state IN ('joined', 'needs_attention') ORDER BY 1"
    )
    done = 0
    for row in waiting:
        does = plan.get("balances", {}) if row["purpose"] else plan
        if row["id"] in does and row["id"] not in plan.get("transfers", ()) and done < FEW:
            with contextlib.suppress(AppError, CheckoutClosed):
                await _buy(sandbox, row, Behavior(does[row["id"]]))
                done += 1
    return done


async def _buy(sandbox: SandboxGateway, row: dict[str, Any], behavior: Behavior) -> None:
    if behavior is Behavior.DECLINE and await db.fetch_one(
        "SELECT id FROM payment WHERE participation_id = ? AND state = 'failed'", row["id"]
    ):
        behavior = Behavior.PAY  # the second card works
    address = await start_checkout(member(row["user_id"]), row["id"])
    await sandbox.choose(address.rsplit("/", 1)[-1], behavior)


@contextlib.contextmanager
def documents(real: bool) -> Iterator[None]:
    """Drawing takes longer than a killed worker lives; most kills therefore use documents that are not drawn."""
    drawn = issuing.render_purchase_order
    if not real:
        issuing.render_purchase_order = not_drawn
    try:
        yield
    finally:
        issuing.render_purchase_order = drawn


@contextlib.contextmanager
def letters(real: bool) -> Iterator[None]:
    """Writing letters takes longer than all that is done with money; where mails are not looked at they are not."""
    written, sent = jobs.letter, mail.send
    if not real:
        jobs.letter, mail.send = not_written, not_sent
    try:
        yield
    finally:
        jobs.letter, mail.send = written, sent


def not_written(template: str, _context: Any, locale: str) -> Letter:
    """Stands for a letter."""
    return Letter(subject=template, text=locale, html="")


async def not_sent(_message: mail.Message) -> None:
    """Stands for a server that takes every mail."""


async def not_drawn(snapshot: Any, *, locale: str, acknowledgment_url: str) -> RenderedDocument:
    """Stands for a PDF: bytes that depend on the same things."""
    data = f"%PDF-1.7 {snapshot.digest} {locale} {acknowledgment_url} %%EOF".encode()
    return RenderedDocument(data=data, sha256=sha256_hex(data), pages=1)
