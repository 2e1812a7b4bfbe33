"""Are the books right? Every promise about money, checked against the ledger and the provider's own record.

``provider`` is a sandbox whose signed notifications reach us directly; ``assert_books`` compares row by row. That all
accounts sum to zero proves nothing about duplicates, so accounts, payments and refunds are each compared one by one.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from c2b.config import settings
from c2b.durable.jobs import perform
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.ledger import queries as ledger
from c2b.participations.rules import PAID
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.record import Record, record_of
from c2b.payments.rules import own_key, provider_key
from c2b.seeds.acting import sandbox_without_server

#: Campaigns from which all money goes back.
OVER = ("failed", "canceled")


@contextlib.contextmanager
def sandbox_at(path: Path) -> Iterator[SandboxGateway]:
    """A sandbox with its record at ``path``, used by everything that asks for the gateway."""
    with sandbox_without_server(replace(settings(), sandbox_path=path)) as gateway:
        with gateway.store.write():  # the record exists from the start, also where nobody ever pays
            pass
        yield gateway
        gateway.store.close()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[SandboxGateway]:
    """The sandbox of one test."""
    with sandbox_at(tmp_path / "provider.sqlite3") as gateway:
        yield gateway


async def assert_books(database: Database, sandbox_path: Path | None, *, settled: bool = True) -> None:
    """Fail with every fault of the books in words. ``settled``: nothing is on its way any more.

    Without ``sandbox_path`` (money was booked without a provider) only our own side is compared.
    """
    with database.activate():
        found = await faults_of_books(sandbox_path, settled=settled)
    assert not found, "\n".join(found)


async def faults_of_books(sandbox_path: Path | None, *, settled: bool = True) -> list[str]:
    """What is wrong with the money of the present database; empty when all is well."""
    found = [*await ledger.faults(), *await _accounts(settled=settled), *await _payments(settled=settled)]
    found += [*await _counted(), *await _transferred()]
    if settled:
        found += await _places()
    if sandbox_path:
        told = record_of(sandbox_path)
        found += [*await _captured(told, settled=settled), *await _returned(told, settled=settled)]
    return found


async def _accounts(*, settled: bool) -> list[str]:
    """What is held for a campaign is what its members paid and did not get back; nothing once it is over."""
    found = []
    for campaign in await db.fetch(
        "SELECT c.id, c.state, COALESCE(SUM(p.amount_minor - p.refunded_minor), 0) AS held FROM campaign c "
        "LEFT JOIN payment p ON p.campaign_id = c.id AND p.state = 'succeeded' GROUP BY c.id, c.state"
    ):
        balance = await ledger.balance(f"escrow:{campaign['id']}")
        held = int(campaign["held"]) + await _moved_on(f"escrow:{campaign['id']}")
        if balance != held:
            found.append(f"escrow of {campaign['id']} is {balance}, and should be {held}")
        if settled and campaign["state"] in OVER and balance:
            found.append(f"{campaign['state']} campaign {campaign['id']} still holds {balance}")
    return found


async def _moved_on(account: str) -> int:
    """What an escrow has earned back less what it paid to others than members: commissions, say. Minor units."""
    rows = await db.fetch(
        "SELECT CASE WHEN credit_id = ? THEN amount_minor ELSE -amount_minor END AS minor FROM transfer "
        "WHERE ? IN (debit_id, credit_id) AND cause NOT IN ('payment', 'refund', 'refund_failed')",
        account,
        account,
    )
    return sum(row["minor"] for row in rows)


async def _payments(*, settled: bool) -> list[str]:
    """Per payment: booked once, and captured = refunded + held, with a transfer for every refund."""
    found = []
    moved: dict[tuple[str, str], list[int]] = {}
    for row in await db.fetch("SELECT cause, cause_id, amount_minor FROM transfer"):
        moved.setdefault((row["cause"], row["cause_id"]), []).append(row["amount_minor"])
    refunds: dict[str, list[dict[str, object]]] = {}
    for row in await db.fetch("SELECT * FROM refund"):
        refunds.setdefault(row["payment_id"], []).append(row)
    for payment in await db.fetch("SELECT * FROM payment"):
        booked = [payment["amount_minor"]] if payment["state"] == "succeeded" else []
        if moved.get(("payment", payment["id"]), []) != booked:
            found.append(
                f"payment {payment['id']} ({payment['state']}) moved {moved.get(('payment', payment['id']))}"
            )
        own = refunds.get(payment["id"], [])
        done = [int(str(row["amount_minor"])) for row in own if row["state"] == "succeeded"]
        if sum(done) != payment["refunded_minor"]:
            found.append(
                f"payment {payment['id']} says {payment['refunded_minor']} returned, its refunds {done}"
            )
        if sum(int(str(row["amount_minor"])) for row in own) > payment["amount_minor"]:
            found.append(f"payment {payment['id']} has more refunds than money")
        for row in own:
            back = moved.get(("refund_failed", str(row["id"])), [])
            wanted = [row["amount_minor"]] * ((row["state"] == "succeeded") + len(back))
            if moved.get(("refund", str(row["id"])), []) != wanted:
                found.append(
                    f"refund {row['key']} ({row['state']}) moved {moved.get(('refund', str(row['id'])))}"
                )
            if settled and row["state"] != "succeeded":
                found.append(f"refund {row['key']} is still {row['state']}")
    return found


async def _counted() -> list[str]:
    """While a group is open its counters are its rows."""
    rows = await db.fetch(
        "SELECT c.id, c.state, c.reserved, c.paid, c.conditional, "
        "COALESCE(SUM(CASE WHEN t.state IN ('pending_payment', 'joined', 'needs_attention') THEN t.quantity END), 0) "
        "AS held, COALESCE(SUM(CASE WHEN t.state IN ('joined', 'needs_attention') THEN t.quantity END), 0) AS money, "
        "COALESCE(SUM(CASE WHEN t.state IN ('joined', 'needs_attention') AND t.commit_below_minor IS NOT NULL "
        "THEN t.quantity END), 0) AS lower "
        "FROM campaign c LEFT JOIN participation t ON t.campaign_id = c.id "
        "WHERE c.state IN ('open', 'threshold_met', 'closed') GROUP BY c.id, c.state, c.reserved, c.paid, c.conditional"
    )
    return [
        f"{row['state']} campaign counts {row['reserved']} reserved, {row['paid']} paid and {row['conditional']} "
        f"conditional, rows say {row['held']}, {row['money']} and {row['lower']}"
        for row in rows
        if (row["reserved"], row["paid"], row["conditional"])
        != (int(row["held"]), int(row["money"]), int(row["lower"]))
    ]


async def _places() -> list[str]:
    """Whoever holds a place has paid for it, what was settled if that was done; nobody else's money is here."""
    rows = await db.fetch(
        "SELECT t.id, t.state, t.captured_minor, t.settled_minor, c.state AS group_state, "
        "COALESCE(SUM(p.amount_minor - p.refunded_minor), 0) AS held, (SELECT COALESCE(SUM(r.amount_minor), 0) "
        "FROM refund r JOIN payment y ON y.id = r.payment_id WHERE y.participation_id = t.id AND r.reason = 'claim' "
        "AND r.state = 'succeeded') AS claimed FROM participation t JOIN campaign c ON c.id = t.campaign_id "
        "LEFT JOIN payment p ON p.participation_id = t.id AND p.state = 'succeeded' "
        "GROUP BY t.id, t.state, t.captured_minor, t.settled_minor, c.state"
    )
    found = []
    for row in rows:
        kept = row["state"] in PAID and row["group_state"] not in OVER
        wanted = (row["settled_minor"] or row["captured_minor"]) - int(row["claimed"]) if kept else 0
        if int(row["held"]) != wanted:
            found.append(
                f"{row['state']} place in a {row['group_state']} group holds {row['held']}, not {wanted}"
            )
    return found


async def _transferred() -> list[str]:
    """What came by bank transfer and pays nothing yet waits in its own account; what pays makes up the payments."""
    found = []
    for row in await db.fetch(
        "SELECT l.currency, SUM(CASE WHEN l.returned_at IS NULL AND l.state IN ('open', 'returning') "
        "THEN l.amount_minor WHEN l.state <> 'assigned' THEN 0 WHEN p.state = 'succeeded' THEN CASE WHEN "
        "l.returned_at IS NULL THEN l.return_minor ELSE 0 END ELSE l.amount_minor END) AS waits FROM bank_line l "
        "LEFT JOIN payment p ON p.id = l.payment_id GROUP BY l.currency"
    ):
        there = await ledger.balance(f"suspense:bank:{row['currency']}")
        if there != int(row["waits"]):
            found.append(f"{there} {row['currency']} wait at the bank, and {row['waits']} should")
    for row in await db.fetch(
        "SELECT p.id, p.amount_minor, COALESCE(SUM(l.amount_minor - l.return_minor), 0) AS paid FROM payment p "
        "LEFT JOIN bank_line l ON l.payment_id = p.id AND l.state = 'assigned' WHERE p.gateway = 'bank' "
        "AND p.state = 'succeeded' GROUP BY p.id, p.amount_minor"
    ):
        if int(row["paid"]) != row["amount_minor"]:
            found.append(f"payment {row['id']} of {row['amount_minor']} was paid by lines of {row['paid']}")
    return found


async def _captured(told: Record, *, settled: bool) -> list[str]:
    """What the provider captured is what we booked, under the same reference."""
    ours = {
        row["id"]: row
        for row in await db.fetch("SELECT * FROM payment WHERE state = 'succeeded' AND gateway = 'sandbox'")
    }
    theirs = [row for row in told.payments if row.status == "captured"]
    found = [
        f"{key} was captured twice" for key, n in Counter(row.payment_id for row in theirs).items() if n > 1
    ]
    for row in theirs:
        own = ours.pop(row.payment_id, None)
        if own is None:
            found += [f"capture of {row.payment_id} was lost"] if settled else []
        elif (own["amount_minor"], own["currency"], own["provider_ref"]) != (
            row.amount_minor, row.currency, row.provider_ref,
        ):  # fmt: skip
            found.append(f"payment {row.payment_id} is another one at the provider")
    return found + [f"payment {key} was never captured" for key in ours]


async def _returned(told: Record, *, settled: bool) -> list[str]:
    """Our refunds and the provider's, row by row. One that failed there was asked for again under a new key."""
    ours = {row["key"]: row for row in await db.fetch("SELECT * FROM refund")}
    theirs = {row.key: row for row in told.refunds}
    found = ["the provider has two refunds of one key"] if len(theirs) != len(told.refunds) else []
    made = Counter(own_key(row.key) for row in told.refunds if row.status != "failed")
    found += [f"the provider has made {key} {n} times" for key, n in made.items() if n > 1]
    for key, row in theirs.items():
        own = ours.get(own_key(key))
        if own is None or (own["amount_minor"], own["payment_id"]) != (row.amount_minor, row.payment_id):
            found.append(f"the provider returned {row.amount_minor} for {key}, we asked for {own}")
        elif settled and row.status != "failed" and (row.status, own["state"]) != ("succeeded", "succeeded"):
            found.append(f"refund {key} is {own['state']} here and {row.status} there")
    for key, own in ours.items():
        there = theirs.get(provider_key(key, own["tries"]))
        # one that has just come back to the provider was made, and we have not heard of it yet
        told_made = there and (there.status == "succeeded" or (there.status == "failed" and not settled))
        if own["state"] == "succeeded" and not own["by_hand"] and not told_made:
            found.append(f"refund {key} is booked, and the provider has not made it")
        if own["by_hand"] and made[key]:
            found.append(f"refund {key} is paid by hand, and the provider has made it")
    return found


#: What moves money and decides groups. Orders, documents and mails have tests of their own.
MONEY = (
    "campaign.refund", "participation.refund", "refund.send", "payment.capture", "payment.void", "balance.remind",
    "closing",
)  # fmt: skip


async def due_jobs(*kinds: str) -> list[str]:
    """The ids of the due jobs of these kinds (a workflow by its name), in the order of their hours."""
    now = clock.now()
    rows = await db.fetch(
        "SELECT id, kind, key FROM job WHERE (state = 'ready' AND due_at <= ?) "
        "OR (state = 'running' AND lease_until < ?) ORDER BY due_at, id",
        now,
        now,
    )
    return [row["id"] for row in rows if row["kind"] in kinds or row["key"].split(":")[1] in kinds]


async def work(*kinds: str) -> int:
    """Carry out all due jobs of these kinds (``MONEY``, unless told) and those they cause; how many."""
    done = 0
    while worked := sum([await perform(job_id) for job_id in await due_jobs(*(kinds or MONEY))]):
        done += worked
    return done
