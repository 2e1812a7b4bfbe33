"""The bank of the second world: what people really transfer, and what our admins make of its statement.

The bank's record is a file of its own, as the provider's is: each transfer is in it once, whoever dies how often. What
the book and the payments say is compared with it row by row at the end.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db, faults
from c2b.kit.errors import AppError
from c2b.payments.asking import check_out
from c2b.payments.gateways.bank.references import printed
from c2b.payments.statement.deciding import assign, keep_parts, send_back
from c2b.payments.statement.entering import Line, enter_all
from c2b.payments.statement.reading import by_reference

#: What people do who pay by transfer: the sum in one; in two parts; too much; once their place is gone; a part, and
#: never the rest; the sum, and a second transfer that is for nobody.
EXACT, PARTS, OVER, LATE, PART, STRAY = "exact", "parts", "over", "after all", "part", "stray"
SURPLUS = 700


@dataclass(frozen=True)
class Transferred:
    """One incoming line of the bank's record; amounts in minor units."""

    reference: str
    amount_minor: int
    text: str


@contextlib.contextmanager
def bank_record(folder: Path) -> Iterator[sqlite3.Connection]:
    """The bank's own file in this place."""
    with contextlib.closing(sqlite3.connect(folder / "bank.sqlite3")) as record, record:
        record.execute(
            "CREATE TABLE IF NOT EXISTS line (reference TEXT PRIMARY KEY, amount_minor INTEGER, text TEXT)"
        )
        yield record


def transferred(folder: Path) -> list[Transferred]:
    with bank_record(folder) as record:
        return [Transferred(*row) for row in record.execute("SELECT * FROM line ORDER BY reference")]


def _transfer(folder: Path, reference: str, amount_minor: int, text: str) -> bool:
    """Somebody's order to their bank, by its own number: the bank carries each out once. Whether it was new."""
    with bank_record(folder) as record:
        done = record.execute("INSERT OR IGNORE INTO line VALUES (?, ?, ?)", (reference, amount_minor, text))
        return done.rowcount == 1


# ---------------------------------------------------------------------- people who pay, and admins


async def people_transfer(folder: Path, moods: Mapping[str, str]) -> int:
    """Whoever has a place to pay for asks where to, and transfers as planned; how much was new."""
    done = 0
    for row in await db.fetch(
        "SELECT t.id, t.state, t.user_id, p.id AS payment_id, p.amount_minor, p.provider_ref, "
        "p.state AS payment_state FROM participation t LEFT JOIN payment p ON p.participation_id = t.id "
        "AND p.gateway = 'bank' ORDER BY t.id, p.id"
    ):
        if row["id"] not in moods:
            continue
        if row["provider_ref"]:
            done += sum(_transfer(folder, *each) for each in _orders(moods[row["id"]], row))
        elif row["payment_state"] in (None, "created"):
            with contextlib.suppress(AppError):
                await check_out(member(row["user_id"]), row["id"], gateway_name="bank")
                done += 1
    return done


def member(user_id: str, role: str = "consumer") -> Actor:
    """Somebody of this world, as who has logged in."""
    return Actor(id=user_id, name="Member", role=role, manufacturer_id=None, locale="en", email_verified=True)


def _orders(mood: str, row: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """What somebody tells their bank: number, amount, text."""
    amount, text = row["amount_minor"], f"{printed(row['provider_ref'])} thanks"
    gone = row["state"] not in ("pending_payment", "joined", "needs_attention")
    if mood == LATE and not gone:
        return
    part = amount // 3
    sums = {PARTS: (part, amount - part), OVER: (amount + SURPLUS,), PART: (part,)}.get(mood, (amount,))
    for number, each in enumerate(sums):
        yield f"{row['payment_id']}-{number}", each, text
    if mood == STRAY:
        yield f"{row['payment_id']}-stray", amount, "rent"


async def admins_book(folder: Path, one: Actor) -> int:
    """An admin reads the whole statement again, and decides about every line that is open; how much that was."""
    statement = transferred(folder)
    lines = [
        Line(reference=each.reference, booked_on=DAY, amount_minor=each.amount_minor, currency="CNY",
             payer_name="Bo Zhang", account="6222000012345678", bank="ICBC", text=each.text)
        for each in statement
    ]  # fmt: skip
    done = (await enter_all(one, lines)).new
    faults.point("statement:read")
    for row in await db.fetch("SELECT id, text FROM bank_line WHERE state = 'open' ORDER BY id"):
        payment = await by_reference(row["text"])
        with contextlib.suppress(AppError):
            if payment:
                await assign(one, row["id"], payment)
            else:
                await send_back(one, row["id"], note="It pays nothing.")
            done += 1
    return done + await keep_parts()


#: The day that all lines bear: two readings of a statement agree on it.
DAY = clock.today()


# ---------------------------------------------------------------------- the verdict


async def audit_statement(folder: Path) -> list[str]:
    """Faults in words: every line that came is booked once and pays one payment, or has gone back to its sender."""
    truth = {each.reference: each for each in transferred(folder)}
    ours = {row["reference"]: row for row in await db.fetch("SELECT * FROM bank_line")}
    found = [f"wrong: line {key} never came" for key in ours.keys() - truth.keys()]
    booked, returned = await _booked(), await _returned()
    pays: Counter[str] = Counter()
    for key, line in truth.items():
        own = ours.get(key)
        if own is None or own["state"] in ("open", "returning"):
            found.append(f"lost: line {key} is {own['state'] if own else 'nowhere'}")
            continue
        found += _line_faults(line, own, booked, returned[own["id"]])
        if own["state"] == "assigned":
            pays[own["payment_id"]] += line.amount_minor - own["return_minor"]
    for row in await db.fetch("SELECT id, state, amount_minor FROM payment WHERE gateway = 'bank'"):
        right, paid = row["amount_minor"] if row["state"] == "succeeded" else 0, pays.pop(row["id"], 0)
        if paid != right:
            found.append(f"wrong: {row['state']} payment {row['id']} of {right} was paid by lines of {paid}")
    return found + [f"lost: lines pay {key}, which is none of ours" for key in pays]


def _line_faults(
    line: Transferred, own: dict[str, Any], booked: Mapping[tuple[str, str], list[int]], sent: list[int]
) -> list[str]:
    """A line and its row: the same amount, in the book once, and what should be back was sent back once."""
    found, back = [], own["return_minor"]
    if own["amount_minor"] != line.amount_minor:
        found.append(f"wrong: line {line.reference} is {own['amount_minor']} here, {line.amount_minor} there")
    if own["state"] == "returned" and back != line.amount_minor:
        found.append(f"lost: of line {line.reference} only {back} went back")
    returned = booked["bank_return", own["id"]]
    for what, moved, right in (
        ("arrival of", booked["bank_line", own["id"]], [line.amount_minor]),
        ("return of", returned, [back] * bool(back)),
        ("transfer back of", sent, [back] * bool(back)),
    ):
        if moved != right:
            word = "lost" if len(moved) < len(right) else "twice" if len(moved) > len(right) else "wrong"
            found.append(f"{word}: {what} line {line.reference} is {moved}, not {right}")
    return found


async def _returned() -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in await db.fetch("SELECT * FROM disbursement WHERE kind = 'return' AND state = 'sent'"):
        found[row["subject_id"]].append(row["amount_minor"])
    return found


async def _booked() -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in await db.fetch(
        "SELECT cause, cause_id, amount_minor FROM transfer WHERE cause IN ('bank_line', 'bank_return')"
    ):
        found[row["cause"], row["cause_id"]].append(row["amount_minor"])
    return found


async def counted_lines() -> Counter[str]:
    """What became of lines, by kind: an empty comparison proves nothing."""
    found: Counter[str] = Counter()
    for what, where in {
        "lines that pay": "state = 'assigned'",
        "lines too large": "state = 'assigned' AND return_minor > 0",
        "parts that went back": "state = 'returned' AND payment_id IS NOT NULL",
        "strays that went back": "state = 'returned' AND payment_id IS NULL",
    }.items():
        row = await db.fetch_one(f"SELECT COUNT(*) AS n FROM bank_line WHERE {where}")
        found[what] = row["n"] if row else 0
    return found


def moods_of(places: Mapping[str, Sequence[tuple[Actor, str]]]) -> dict[str, str]:
    """Who of which groups pays by transfer, and how, by the id of the place."""
    return {
        place: _PLANNED[name][number % 12]
        for name, members in places.items()
        for number, (_, place) in enumerate(members)
        if number % 12 in _PLANNED.get(name, ())
    }


#: Group → which of every dozen members → what they do. Only groups that charge at once, as a transfer cannot be held;
#: whoever does not pay in the end is in a group that does not need them.
_PLANNED = {
    "whole": {4: EXACT, 5: PARTS, 6: OVER}, "burned": {4: PARTS, 5: STRAY}, "parts": {4: EXACT, 5: OVER},
    "short": {4: LATE, 5: PART, 6: EXACT}, "called_off": {4: LATE, 5: PART, 6: PARTS},
}  # fmt: skip
