"""Delivering notifications at least once: claim by lease, post, write down the answer, try again for three days."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby

import httpx2

from c2b.payments.gateways.sandbox import signing
from c2b.payments.gateways.sandbox.store import Store, text

#: ``send(url, headers, body)`` posts and returns the HTTP status; 0 when nobody answered.
Sender = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]

#: Waits after the first, second, ... failed attempt; then the provider gives up. The schedule that the Standard
#: Webhooks specification suggests.
BACK_OFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
#: A claimed delivery belongs to its claimer this long; after a crash somebody else takes it.
LEASE = timedelta(seconds=60)
_BATCH = 50
_AT_ONCE = 8
_FORGER = b"a secret that the shop never had"
_ANY_DUE = (
    "SELECT 1 FROM delivery WHERE delivered_at IS NULL AND abandoned_at IS NULL AND next_at <= :now"
    " AND payment_ref = coalesce(:ref, payment_ref) LIMIT 1"
)
_CLAIM = (
    "UPDATE delivery SET attempts = attempts + 1, next_at = :lease WHERE id IN"
    " (SELECT id FROM delivery WHERE delivered_at IS NULL AND abandoned_at IS NULL AND next_at <= :now"
    " AND payment_ref = coalesce(:ref, payment_ref) ORDER BY next_at, id LIMIT :batch) RETURNING *"
)


async def deliver_due(
    store: Store,
    secret: bytes,
    send: Sender,
    now: datetime,
    *,
    newest_first: bool = False,
    ref: str | None = None,
) -> int:
    """Attempt every delivery that is due (of one payment, or of all) and return how many were attempted."""
    attempted = 0
    while batch := await asyncio.to_thread(_claim, store, now, newest_first, ref):
        attempted += len(batch)
        gate = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for payment in _by_payment(batch):
                tasks.create_task(_deliver(store, secret, send, now, payment, gate))
    return attempted


def _by_payment(batch: Sequence[sqlite3.Row]) -> list[list[sqlite3.Row]]:
    """Deliveries of one payment keep their order; those of different payments go side by side."""
    ordered = sorted(batch, key=lambda row: row["payment_ref"])  # stable
    return [list(rows) for _, rows in groupby(ordered, key=lambda row: row["payment_ref"])]


def _claim(store: Store, now: datetime, newest_first: bool, ref: str | None) -> list[sqlite3.Row]:
    values = {"now": text(now), "ref": ref, "lease": text(now + LEASE), "batch": _BATCH}
    with store.read() as db:  # the common answer is "nothing", and it takes no lock
        if db.execute(_ANY_DUE, values).fetchone() is None:
            return []
    with store.write() as db:
        rows = db.execute(_CLAIM, values).fetchall()
    return sorted(rows, key=lambda row: int(row["id"]), reverse=newest_first)


async def _deliver(
    store: Store, secret: bytes, send: Sender, now: datetime, rows: list[sqlite3.Row], gate: asyncio.Semaphore
) -> None:
    async with gate:
        for row in rows:
            key = _FORGER if row["forged"] else secret
            headers = signing.sign(key, event_id=row["event_id"], body=row["body"], now=now)
            status = await send(row["url"], headers, row["body"].encode())
            await asyncio.to_thread(_write_down, store, row, status, now)


def _write_down(store: Store, row: sqlite3.Row, status: int, now: datetime) -> None:
    accepted = 200 <= status < 300
    attempts = int(row["attempts"])
    final = accepted or bool(row["forged"]) or attempts > len(BACK_OFF)
    with store.write() as db:
        db.execute(
            "UPDATE delivery SET latest_status = ?, delivered_at = ?, abandoned_at = ?, next_at = ?"
            " WHERE id = ? AND attempts = ?",  # who lost the lease does not speak for the new holder
            (
                status,
                text(now) if accepted else None,
                text(now) if final and not accepted else None,
                text(now if final else now + BACK_OFF[attempts - 1]),
                row["id"],
                attempts,
            ),
        )


async def http_send(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post over HTTP: no redirects, no proxies of the environment, ten seconds, the answer's body unread."""
    async with httpx2.AsyncClient(verify=_tls(), timeout=10, trust_env=False) as client:
        return await post(client, url, headers, body)


async def post(client: httpx2.AsyncClient, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Post with a given client (tests bring one that talks to the application in memory)."""
    try:
        async with client.stream("POST", url, headers=dict(headers), content=body) as answer:
            return answer.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return 0


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Loaded once: reading the certificates costs more than the whole delivery."""
    return ssl.create_default_context()
