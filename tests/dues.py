"""Does everybody after the order have what is theirs? Manufacturers, inviters and the bank, from the rows alone.

The rows say what was decided (parts released, transfers sent, commissions confirmed), the book what was moved. Each is
summed by itself, so a movement that is missing, doubled or to the wrong account shows.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from c2b.kit import clock, db
from c2b.ledger import queries as ledger
from c2b.payouts.releasing import RUNNING
from c2b.payouts.rules import WAITING
from c2b.referrals.rules import reversed_by

#: Days in which a delivered order can be given back where these campaigns sell (China).
RETURN_DAYS = 7
#: Kind of a bank transfer → the cause of its movement in the book.
CAUSES = {"refund": "refund", "payout": "payout", "commission": "commission_paid"}


async def faults_of_dues(*, settled: bool = False) -> list[str]:
    """What is wrong after the order, in words; empty when all is well. ``settled``: nothing is on its way any more."""
    moved = Moved(await db.fetch("SELECT cause, cause_id, debit_id, credit_id, amount_minor FROM transfer"))
    found = [*await _schedules(moved), *await _escrows(moved), *await _makers(moved), *await _blocks()]
    found += [
        *await _disbursements(moved),
        *await _commissions(moved, settled=settled),
        *await _inviters(moved),
    ]
    return found


class Moved:
    """The book's movements, by their causes."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def each(self, cause: str, cause_id: str = "", *, debit: str = "", credit: str = "") -> list[int]:
        """The amounts of a cause, of one subject or from or to one account where that is told."""
        return [
            row["amount_minor"] for row in self.rows
            if row["cause"] == cause and cause_id in ("", row["cause_id"])
            and row["debit_id"].startswith(debit) and row["credit_id"].startswith(credit)
        ]  # fmt: skip

    def sum(self, cause: str, cause_id: str = "", *, debit: str = "", credit: str = "") -> int:
        return sum(self.each(cause, cause_id, debit=debit, credit=credit))


async def _schedules(moved: Moved) -> list[str]:
    """Of every schedule nothing is lost: released, waiting, returned, taken off are the whole. Released is booked."""
    found = []
    parts: dict[str, list[dict[str, Any]]] = {}
    for row in await db.fetch("SELECT * FROM payment_release ORDER BY id"):
        parts.setdefault(row["schedule_id"], []).append(row)
        booked = moved.each("release", row["id"], debit=f"escrow:{row['campaign_id']}", credit="payable:")
        if booked != ([row["released_minor"]] if row["state"] == "released" else []):
            found.append(f"part {row['code']} ({row['state']}, {row['released_minor']}) moved {booked}")
    for schedule in await db.fetch("SELECT * FROM payment_schedule"):
        own = parts[schedule["id"]]
        there = sum(row["released_minor"] + row["reduced_minor"] for row in own) + sum(
            row["amount_minor"] - row["reduced_minor"]
            for row in own
            if row["state"] in (*WAITING, "returned")
        )
        if there != schedule["goods_minor"] + schedule["nre_minor"]:
            found.append(
                f"a schedule of {schedule['goods_minor']} and {schedule['nre_minor']} sums to {there}"
            )
        if schedule["state"] != "running" and any(row["state"] in WAITING for row in own):
            found.append(f"a {schedule['state']} schedule has parts that wait")
    return found


async def _escrows(moved: Moved) -> list[str]:
    """What a campaign holds is what its members paid and did not get back, less what was released and earned of it."""
    found = []
    for row in await db.fetch(
        "SELECT c.id, s.state, (SELECT COALESCE(SUM(p.amount_minor - p.refunded_minor), 0) FROM payment p WHERE "
        "p.campaign_id = c.id AND p.state = 'succeeded') AS paid, (SELECT COALESCE(SUM(r.released_minor), 0) FROM "
        "payment_release r WHERE r.campaign_id = c.id) AS released FROM campaign c "
        "LEFT JOIN payment_schedule s ON s.campaign_id = c.id"
    ):
        own = f"escrow:{row['id']}"
        back = sum(
            moved.sum(cause, credit=own)
            for cause in ("refund_source", "shortage", "commission_back", "commission_expired")
        )
        gone = sum(moved.sum(cause, debit=own) for cause in ("commission", "fee", "rest"))
        balance, wanted = await ledger.balance(own), int(row["paid"]) - int(row["released"]) + back - gone
        if balance != wanted:
            found.append(f"escrow of {row['id']} is {balance}, and by its rows {wanted}")
        if row["state"] == "closed" and balance:
            found.append(f"books of {row['id']} are closed, and it still holds {balance}")
        for cause in ("fee", "rest"):
            if len(moved.each(cause, debit=own)) > 1:
                found.append(f"{cause} of {row['id']} was moved more than once")
    return found


async def _makers(moved: Moved) -> list[str]:
    """What a manufacturer has and owes is what was released to it, less what the bank sent and refunds took back."""
    found = []
    for maker in await db.fetch("SELECT id FROM manufacturer"):
        theirs, owing = f"payable:{maker['id']}:CNY", f"recourse:{maker['id']}:CNY"
        row = await db.fetch_one(
            "SELECT COALESCE(SUM(r.released_minor), 0) AS released, (SELECT COALESCE(SUM(d.amount_minor), 0) FROM "
            "disbursement d WHERE d.kind = 'payout' AND d.state = 'sent') AS sent FROM payment_release r "
            "JOIN payment_schedule s ON s.id = r.schedule_id WHERE s.manufacturer_id = ?",
            maker["id"],
        )
        assert row
        taken = sum(
            moved.sum(cause, debit=account)
            for cause in ("refund_source", "shortage")
            for account in (theirs, owing)
        )
        has = await ledger.balance(theirs) + await ledger.balance(owing)
        if has != int(row["released"]) - int(row["sent"]) - taken:
            found.append(
                f"a manufacturer has {has}; released {row['released']}, sent {row['sent']}, back {taken}"
            )
    for row in await db.fetch(
        "SELECT payout_id FROM payment_release WHERE payout_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
        "disbursement d WHERE d.subject_id = payout_id AND d.kind = 'payout' AND d.state <> 'refused')"
    ):
        found.append(f"parts wait for payout {row['payout_id']}, which nobody makes")
    return found


async def _disbursements(moved: Moved) -> list[str]:
    """A bank transfer is booked once when it was sent, and never else; a large one was two persons' work."""
    rows = await db.fetch("SELECT * FROM disbursement ORDER BY id")
    found = []
    live = Counter((row["kind"], row["subject_id"]) for row in rows if row["state"] != "refused")
    found += [f"{kind} {subject} has {n} bank transfers" for (kind, subject), n in live.items() if n > 1]
    for row in rows:
        booked = moved.sum(CAUSES[row["kind"]], row["subject_id"], credit="world:bank:")
        sent = row["state"] == "sent"
        if (sent or not live[row["kind"], row["subject_id"]]) and booked != sent * row["amount_minor"]:
            found.append(f"a {row['state']} {row['kind']} of {row['amount_minor']} is booked with {booked}")
        people = (row["proposed_by"] or row["sent_by"], row["approved_by"])
        if row["two_persons"] and sent and people[0] == people[1]:
            found.append(f"a {row['kind']} of {row['amount_minor']} was one person's work")
    sent_minor, bank = sum(row["amount_minor"] for row in rows if row["state"] == "sent"), "world:bank:CNY"
    if await ledger.balance(bank) != sent_minor:
        found.append(
            f"the bank has sent {sent_minor} by the rows and {await ledger.balance(bank)} by the book"
        )
    for row in await db.fetch(
        "SELECT w.state, w.amount_minor, (SELECT MAX(d.state) FROM disbursement d WHERE d.subject_id = w.id "
        "AND d.state <> 'refused') AS transfer FROM commission_withdrawal w"
    ):
        wanted = {"approved": ("proposed", "approved"), "paid": ("sent",)}.get(row["state"], (None,))
        if row["transfer"] not in wanted:
            found.append(f"a {row['state']} withdrawal has a {row['transfer']} bank transfer")
    return found


async def _blocks() -> list[str]:
    """Nothing can be released while something blocks; claims that are not paid back do, until somebody lets them."""
    found = []
    for row in await db.fetch(
        "SELECT c.id, c.state, (SELECT COUNT(*) FROM payout_block b WHERE b.campaign_id = c.id AND b.closed_at IS NULL)"
        " AS blocked, (SELECT COUNT(*) FROM payment_release r WHERE r.campaign_id = c.id AND r.state = 'releasable') "
        "AS ready, (SELECT COUNT(*) FROM payment_release r WHERE r.campaign_id = c.id AND r.state = 'frozen') AS ice, "
        "(SELECT COUNT(*) FROM refund r WHERE r.campaign_id = c.id AND r.reason = 'claim' AND r.state <> 'succeeded')"
        " AS claims, (SELECT COUNT(*) FROM payout_block b WHERE b.campaign_id = c.id AND b.subject = 'claims' "
        "AND (b.closed_at IS NULL OR b.closed_by IS NOT NULL)) AS guarded, (SELECT COUNT(*) FROM payout_block b WHERE "
        "b.campaign_id = c.id AND b.subject = 'claims' AND b.closed_at IS NULL) AS open FROM campaign c"
    ):
        if row["blocked"] and row["ready"]:
            found.append(f"{row['ready']} parts of a blocked order can be released")
        if row["ice"] and not row["blocked"]:
            found.append(f"{row['frozen']} parts are frozen, and nothing blocks")
        if row["state"] in RUNNING and row["claims"] and not row["guarded"]:
            found.append(f"{row['claims']} claims are not paid back, and block nothing")
        if row["open"] and not row["claims"]:
            found.append("a block for claims is open, and there is none")
    return found


async def _commissions(moved: Moved, *, settled: bool) -> list[str]:
    """Each is booked once, when its order was delivered and could not come back, and falls with what was refunded."""
    found = []
    for row in await db.fetch(
        "SELECT k.*, b.inviter_id, t.delivered_on, p.settled_minor, p.quantity, (SELECT COALESCE(SUM(r.amount_minor), "
        "0) FROM refund r JOIN payment y ON y.id = r.payment_id WHERE y.participation_id = k.participation_id AND "
        "r.state = 'succeeded' AND r.reason NOT IN ('price_difference', 'late')) AS returned FROM commission k "
        "JOIN referral_binding b ON b.id = k.binding_id JOIN participation p ON p.id = k.participation_id "
        "LEFT JOIN timeline t ON t.campaign_id = k.campaign_id"
    ):
        name, confirmed = (
            f"{row['state']} commission of {row['amount_minor']}",
            db.instant(row["confirmed_at"]),
        )
        booked, back = moved.each("commission", row["id"]), moved.sum("commission_back", row["id"])
        back += moved.sum("commission_expired", row["id"])
        # one of which nothing was left when it was confirmed moves nothing
        if (
            len(booked) > 1
            or sum(booked) > row["amount_minor"]
            or (booked and not confirmed)
            or back > sum(booked)
        ):
            found.append(f"{name} moved {booked}, and {back} back")
        if confirmed and not booked:
            found.append(f"{name} is confirmed, and nothing was booked")
        if row["inviter_id"] != row["beneficiary_id"]:
            found.append(f"{name} is somebody else's")
        if confirmed and confirmed < _returnable_until(row["delivered_on"]):
            found.append(f"{name} was confirmed at {confirmed}, delivered on {row['delivered_on']}")
        owed = reversed_by(
            row["amount_minor"], settled_minor=row["settled_minor"], returned_minor=int(row["returned"])
        )
        if row["reversed_minor"] > row["amount_minor"] or (
            settled and row["reversed_minor"] < owed and row["state"] not in ("expired", "reversed")
        ):
            found.append(f"{name} has {row['reversed_minor']} reversed, refunds make it {owed}")
    return found


def _returnable_until(delivered_on: Any) -> datetime:
    if delivered_on is None:
        return datetime.max.replace(tzinfo=clock.now().tzinfo)
    day = date.fromisoformat(str(delivered_on)[:10])
    return datetime.combine(day + timedelta(days=RETURN_DAYS + 1), time(), clock.now().tzinfo)


async def _inviters(moved: Moved) -> list[str]:
    """What an inviter has is what was confirmed, less what refunds took back, expired, or was sent by the bank."""
    found = []
    for row in await db.fetch("SELECT DISTINCT beneficiary_id AS id FROM commission"):
        account = f"commission:{row['id']}:CNY"
        paid = await db.fetch_one(
            "SELECT COALESCE(SUM(amount_minor), 0) AS sent, COALESCE(SUM(CASE WHEN state <> 'paid' THEN amount_minor "
            "ELSE 0 END), 0) AS asked FROM commission_withdrawal WHERE user_id = ? AND state IN "
            "('requested', 'approved', 'paid')",
            row["id"],
        )
        assert paid
        sent, asked = int(paid["sent"]) - int(paid["asked"]), int(paid["asked"])
        taken = sum(moved.sum(cause, debit=account) for cause in ("commission_back", "commission_expired"))
        balance, wanted = (
            await ledger.balance(account),
            moved.sum("commission", credit=account) - taken - sent,
        )
        if balance != wanted or balance < asked:
            found.append(f"an inviter has {balance}, by the rows {wanted}, of which {asked} were asked for")
    return found
