"""A call that is sent again with the same key is answered again, not done again.

The answer is stored in the transaction of the effect: after a crash either both are there or neither is. While the
first call runs, a claim with a lease and a fencing number holds the key, so a server that died with it frees it again.

The hot path needs no claim: it asks ``kept`` for a whole batch and writes ``keep_row`` with its own effects; the unique
key on (actor, key) refuses the second of two that race.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from c2b.kit import clock
from c2b.kit.db import atomically, execute, fetch, fetch_one, instant
from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id, sha256_hex

LEASE = timedelta(seconds=60)
#: Callers may retry this long; afterwards a key is forgotten and would act anew.
KEPT_FOR = timedelta(hours=48)
MAX_KEY = 255

KEEP = (
    "INSERT INTO idempotency_key "
    "(id, actor_id, key, fingerprint, state, fence, leased_until, status, body, location, created_at) "
    "VALUES (?, ?, ?, ?, 'done', 1, ?, ?, ?, ?, ?)"
)


class KeyMissing(AppError):
    status = 400
    code = "idempotency_key_missing"
    message = N_(
        "Send an Idempotency-Key header of 1 to 255 visible characters, so that a retry cannot act twice."
    )


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    message = N_("This Idempotency-Key was already used for a different request.")


class KeyBusy(Conflict):
    code = "idempotency_key_busy"
    message = N_("The first request with this Idempotency-Key is still running.")
    headers = {"Retry-After": "1"}


class ClaimLost(Conflict):
    code = "idempotency_claim_lost"
    message = N_("This request took too long and was taken over by its retry.")


@dataclass(frozen=True)
class Call:
    """One call: who, with which key, and a hash of what exactly they asked for."""

    actor_id: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """What was answered: HTTP status, JSON text, and the ``Location`` of what was made."""

    status: int
    body: str
    location: str | None = None
    replayed: bool = False


@dataclass(frozen=True)
class Claim:
    """The right to carry out a call, until the lease ends."""

    id: str
    fence: int

    async def keep(self, answer: Answer) -> None:
        """Store the answer in the present transaction. Raises ClaimLost, which undoes the effect with it."""
        touched = await execute(
            "UPDATE idempotency_key SET state = 'done', status = ?, body = ?, location = ? "
            "WHERE id = ? AND state = 'running' AND fence = ?",
            answer.status, answer.body, answer.location, self.id, self.fence,
        )  # fmt: skip
        if touched != 1:
            raise ClaimLost

    async def release(self) -> None:
        """Free the key after a refusal: nothing was done, so the same key may try again."""
        await execute(
            "DELETE FROM idempotency_key WHERE id = ? AND state = 'running' AND fence = ?",
            self.id,
            self.fence,
        )


def call_of(*, actor_id: str, key: str | None, method: str, path: str, body: bytes) -> Call:
    """The call behind a request. Raises KeyMissing for no key or one that is not visible ASCII."""
    if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        raise KeyMissing
    return Call(actor_id, key, sha256_hex(f"{method} {path}\n".encode() + body))


async def answer_once(call: Call, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Carry out ``work`` in one transaction with the storing of its answer, or give the stored answer.

    Raises KeyReused (other payload), KeyBusy (first call still running), and what ``work`` raises.
    """
    claim = await claim_or_answer(call)
    if isinstance(claim, Answer):
        return claim

    async def effect_and_answer() -> Answer:
        answer = await work()
        await claim.keep(answer)
        return answer

    try:
        return await atomically(effect_and_answer)
    except BaseException:
        await asyncio.shield(claim.release())
        raise


async def claim_or_answer(call: Call) -> Claim | Answer:
    """The claim on a call, or the answer it has already. Raises KeyReused and KeyBusy.

    For work that cannot live in one transaction (a payment provider in between): claim, work, and let the last
    transaction call ``claim.keep``.
    """
    moment, new = clock.now(), new_id()
    inserted = await execute(
        "INSERT INTO idempotency_key (id, actor_id, key, fingerprint, state, fence, leased_until, created_at) "
        "VALUES (?, ?, ?, ?, 'running', 1, ?, ?) ON CONFLICT (actor_id, key) DO NOTHING",
        new, call.actor_id, call.key, call.fingerprint, moment + LEASE, moment,
    )  # fmt: skip
    if inserted:
        return Claim(new, 1)
    row = await fetch_one(
        "SELECT * FROM idempotency_key WHERE actor_id = ? AND key = ?", call.actor_id, call.key
    )
    if row is None:  # released between the two statements
        raise KeyBusy
    if row["state"] == "done":
        return _answer(row, call)
    return await _take_over(row, call)


async def _take_over(row: dict, call: Call) -> Claim:
    if row["fingerprint"] != call.fingerprint:
        raise KeyReused
    moment, until = clock.now(), instant(row["leased_until"])
    if until is None or until > moment:
        raise KeyBusy
    touched = await execute(
        "UPDATE idempotency_key SET fence = fence + 1, leased_until = ? "
        "WHERE id = ? AND state = 'running' AND fence = ?",
        moment + LEASE, row["id"], row["fence"],
    )  # fmt: skip
    if touched != 1:
        raise KeyBusy
    return Claim(row["id"], row["fence"] + 1)


async def kept(calls: Sequence[Call]) -> dict[Call, Answer | AppError]:
    """What is already stored for these calls: an answer, KeyReused or KeyBusy. One statement for all of them."""
    if not calls:
        return {}
    places = ", ".join("(?, ?)" for _ in calls)
    rows = await fetch(
        f"SELECT * FROM idempotency_key WHERE (actor_id, key) IN (VALUES {places})",
        *(part for call in calls for part in (call.actor_id, call.key)),
    )
    found = {(row["actor_id"], row["key"]): row for row in rows}
    result: dict[Call, Answer | AppError] = {}
    for call in calls:
        row = found.get((call.actor_id, call.key))
        if row is not None:
            result[call] = _verdict(row, call)
    return result


def keep_row(call: Call, answer: Answer) -> tuple:
    """The arguments of ``KEEP``: one row that stores an answer together with the effects of a batch."""
    moment = clock.now()
    return (
        new_id(), call.actor_id, call.key, call.fingerprint, moment,
        answer.status, answer.body, answer.location, moment,
    )  # fmt: skip


async def prune() -> int:
    """Forget answers older than ``KEPT_FOR``; how many."""
    return await execute("DELETE FROM idempotency_key WHERE created_at < ?", clock.now() - KEPT_FOR)


def _answer(row: dict, call: Call) -> Answer:
    if row["fingerprint"] != call.fingerprint:
        raise KeyReused
    return Answer(row["status"], row["body"], row["location"], replayed=True)


def _verdict(row: dict, call: Call) -> Answer | AppError:
    if row["fingerprint"] != call.fingerprint:
        return KeyReused()
    return _answer(row, call) if row["state"] == "done" else KeyBusy()
