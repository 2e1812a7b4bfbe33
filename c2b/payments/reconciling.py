"""Every day each provider's own record is compared with ours, row by row; differences become cases for an admin.

A day is looked at from six hours after its midnight (UTC): what was under way then has landed. What the day's record
does not hold may stand in a neighboring one, so before it counts as missing the provider is asked for its present
state. Nothing is put right by itself: a difference means that somebody is wrong, and a person finds out who.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from c2b.durable import Lease, enqueue, job
from c2b.durable.jobs import Postponed
from c2b.events.operations import record
from c2b.kit import clock, db, faults
from c2b.kit.ids import new_id
from c2b.payments import gateways
from c2b.payments.comparing import Difference, by_reference, payment_differences, refund_differences
from c2b.payments.gateways.base import (
    DayRecord,
    Gateway,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    ProviderPayment,
    ProviderRefund,
    Reports,
)
from c2b.payments.rules import own_key
from c2b.payments.settling import book_settlement, settlement_differences
from c2b.payments.telling import told_before

#: From midnight on, until what was under way has landed.
LANDED = timedelta(hours=6)
#: A record that is not ready is asked for again.
NOT_READY = timedelta(hours=1)
#: Days that are made up for when nobody looked.
DAYS_BACK = 14
#: The one refusal by which a provider says that it has never heard of a payment.
UNKNOWN = "unknown_payment"
_REFUND = (
    "SELECT r.id, r.key, r.payment_id, r.amount_minor, r.state, r.tries, p.provider_ref AS payment_ref "
    "FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.gateway = ? AND "
)


async def keep_reconciliations() -> int:
    """The clock's sweep: a job for each day of each provider that has not been compared yet. How many were written."""
    now, written = clock.now(), 0
    for name in gateways.enabled():
        if not isinstance(gateways.gateway(name), Reports):
            continue
        first = await db.fetch_one("SELECT MIN(created_at) AS at FROM payment WHERE gateway = ?", name)
        begun = db.instant(first["at"]) if first else None
        if begun is None:
            continue
        latest = (now - LANDED).date() - timedelta(days=1)
        for back in range(DAYS_BACK):
            day = latest - timedelta(days=back)
            if day >= begun.date():
                written += await db.atomically(partial(_ask, name, day, 0))
    return written


async def _ask(name: str, day: date, again: int) -> bool:
    key = f"reconcile:{name}:{day.isoformat()}:{again}"
    return await enqueue("reconciliation.run", key=key, args={"gateway": name, "day": day.isoformat()})


async def run_again(gateway: str, day: date) -> bool:
    """Compare a day once more. ``False`` while a comparison of it is under way: twice is once."""

    async def write() -> bool:
        row = await db.fetch_one(
            "SELECT COUNT(*) AS ended FROM job WHERE kind = 'reconciliation.run' AND key LIKE ? "
            "AND state IN ('done', 'dead')",
            f"reconcile:{gateway}:{day.isoformat()}:%",
        )
        asked = await _ask(gateway, day, int(row["ended"]) if row else 0)
        if asked:
            await db.execute(
                "UPDATE reconciliation SET state = 'running', finished_at = NULL WHERE gateway = ? AND day = ?",
                gateway,
                day,
            )
        return asked

    return await db.atomically(write)


@job("reconciliation.run")
async def reconcile(lease: Lease, *, gateway: str, day: str, **_: Any) -> None:
    """Compare one day; cut off anywhere, it is done again from the start and leaves the same."""
    wanted, provider = date.fromisoformat(day), gateways.gateway(gateway)
    assert isinstance(provider, Reports)
    await db.atomically(partial(_begin, lease, gateway, wanted))
    try:
        told = await provider.day(wanted)
        faults.point("reconciliation:told")
        found = await differences(provider, told, wanted)
        settled = [(each, await settlement_differences(gateway, each)) for each in told.settlements]
        found += [difference for _, wrong in settled for difference in wrong]
    except (GatewayUnavailable, GatewayTimeout) as error:
        raise Postponed(clock.now() + NOT_READY) from error
    async with lease.completing():
        opened = 0
        for each in found:
            opened += await _open(gateway, wanted, each)
        for settlement, wrong in settled:
            if all([await _accepted(gateway, each) for each in wrong]):
                await book_settlement(gateway, settlement)
        await _note_gone(gateway, wanted, found)
        if opened:
            await _tell(gateway, wanted, opened)
        await db.execute(
            "UPDATE reconciliation SET state = 'done', payments = ?, refunds = ?, settlements = ?, differences = ?, "
            "finished_at = COALESCE(finished_at, ?) WHERE gateway = ? AND day = ?",
            len(told.payments),
            len(told.refunds),
            sum(each.paid_out for each in told.settlements),
            len(found),
            clock.now(),
            gateway,
            wanted,
        )


async def differences(provider: Gateway, told: DayRecord, day: date) -> list[Difference]:
    """All payments and refunds of one day. May ask the provider about single payments; raises what those calls do."""
    return [*await _of_payments(provider, told, day), *await _of_refunds(provider, told, day)]


async def _of_payments(provider: Gateway, told: DayRecord, day: date) -> list[Difference]:
    found: list[Difference] = []
    for each in told.payments:
        ours = await db.fetch_one(
            "SELECT * FROM payment WHERE gateway = ? AND (provider_ref = ? OR (provider_ref IS NULL AND id = ?))",
            provider.name,
            each.provider_ref,
            each.payment_id,
        )
        found += payment_differences(ours, each)
    booked = by_reference(
        await db.fetch(
            "SELECT * FROM payment WHERE gateway = ? AND state = 'succeeded' AND captured_at >= ? "
            "AND captured_at < ? ORDER BY id",
            provider.name,
            *_span(day),
        )
    )
    for reference in booked.keys() - {each.provider_ref for each in told.payments}:
        found += payment_differences(booked[reference], await _now(provider, reference))
    return found


async def _of_refunds(provider: Gateway, told: DayRecord, day: date) -> list[Difference]:
    found: list[Difference] = []
    for reference, each in told.refunds:
        ours = await db.fetch_one(_REFUND + "r.key = ?", provider.name, own_key(each.key))
        found += refund_differences(ours, each, provider_ref=reference)
    seen = {own_key(each.key) for _, each in told.refunds}
    for ours in await db.fetch(
        _REFUND + "r.state = 'succeeded' AND NOT r.by_hand AND r.finished_at >= ? AND r.finished_at < ? "
        "ORDER BY r.id",
        provider.name,
        *_span(day),
    ):
        if ours["key"] not in seen:
            known = await _refund_now(provider, ours)
            found += refund_differences(ours, known, provider_ref=str(ours["payment_ref"]))
    return found


def _span(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


async def _now(provider: Gateway, reference: str) -> ProviderPayment | None:
    """``None`` only for what the provider says it does not know; any other refusal tells nothing, and flies."""
    try:
        return await provider.read(reference)
    except GatewayRefused as error:
        if error.reason != UNKNOWN:
            raise
        return None


async def _refund_now(provider: Gateway, ours: dict[str, Any]) -> ProviderRefund | None:
    """The latest of this refund's that the provider has."""
    try:
        known = await provider.refunds(str(ours["payment_ref"]))
    except GatewayRefused as error:
        if error.reason != UNKNOWN:
            raise
        return None
    return next((each for each in reversed(known) if own_key(each.key) == ours["key"]), None)


async def _begin(lease: Lease, gateway: str, day: date) -> None:
    await lease.hold()
    await db.execute(
        "INSERT INTO reconciliation (id, gateway, day, state, payments, refunds, settlements, differences, started_at) "
        "VALUES (?, ?, ?, 'running', 0, 0, 0, 0, ?) ON CONFLICT (gateway, day) DO NOTHING",
        new_id(),
        gateway,
        day,
        clock.now(),
    )


async def _tell(gateway: str, day: date, opened: int) -> None:
    """New cases of a day: its first time is told to admins by mail."""
    row = await db.fetch_one("SELECT id FROM reconciliation WHERE gateway = ? AND day = ?", gateway, day)
    assert row
    await record(
        "reconciliation.differs", subject="reconciliation", subject_id=row["id"], audience="admin",
        payload={"gateway": gateway, "day": day.isoformat(), "cases": opened},
    )  # fmt: skip


async def _open(gateway: str, day: date, found: Difference) -> bool:
    """A case, unless it is open already, or was closed and nothing has changed since. Whether there is a new one."""
    ours, theirs = (json.dumps(side, sort_keys=True) if side else None for side in (found.ours, found.theirs))
    subject = found.subject[:160]
    for row in await db.fetch(
        "SELECT ours, theirs FROM reconciliation_case WHERE gateway = ? AND kind = ? AND subject = ?",
        gateway, found.kind, subject,
    ):  # fmt: skip
        if (_read(row["ours"]), _read(row["theirs"])) == (found.ours, found.theirs):
            return False
    written = await db.fetch_one(
        "INSERT INTO reconciliation_case (id, gateway, kind, subject, payment_id, ours, theirs, state, note, found_on, "
        "opened_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', '', ?, ?) "
        "ON CONFLICT (gateway, kind, subject) WHERE state = 'open' DO NOTHING RETURNING id",
        new_id(),
        gateway,
        found.kind,
        subject,
        found.payment_id,
        ours,
        theirs,
        day,
        clock.now(),
    )
    if written:
        await record(
            "reconciliation.case_opened", subject="reconciliation_case", subject_id=written["id"], audience="admin",
            payload={"gateway": gateway, "kind": found.kind, "day": day.isoformat()},
        )  # fmt: skip
    return bool(written)


async def _accepted(gateway: str, found: Difference) -> bool:
    """Whether a person has closed the case of this very difference."""
    rows = await db.fetch(
        "SELECT ours, theirs FROM reconciliation_case WHERE gateway = ? AND kind = ? AND subject = ? "
        "AND state = 'closed'",
        gateway, found.kind, found.subject[:160],
    )  # fmt: skip
    return any((_read(row["ours"]), _read(row["theirs"])) == (found.ours, found.theirs) for row in rows)


async def _note_gone(gateway: str, day: date, found: list[Difference]) -> None:
    """An open case of this day that is no longer found: written down once; a person still closes it."""
    still = {(each.kind, each.subject[:160]) for each in found}
    for row in await db.fetch(
        "SELECT id, kind, subject FROM reconciliation_case WHERE gateway = ? AND found_on = ? AND state = 'open'",
        gateway,
        day,
    ):
        if (row["kind"], row["subject"]) not in still and not await told_before(
            "reconciliation.case_gone", row["id"]
        ):
            await record(
                "reconciliation.case_gone", subject="reconciliation_case", subject_id=row["id"], audience="admin",
                payload={"gateway": gateway},
            )  # fmt: skip


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
