"""The second verdict: all money of ``treasury`` compared row by row, with the provider's record and with each other.

``audit`` returns faults in words, each beginning with ``lost``, ``twice`` or ``wrong``; empty when all is well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from c2b.kit import db
from c2b.ledger import queries as ledger
from c2b.payments.gateways.sandbox.record import Record, record_of
from c2b.payments.rules import own_key, provider_key
from c2b.referrals.rules import reversed_by
from tests.books import faults_of_books
from tests.faults import verdict
from tests.faults.banking import Transferred, audit_statement, counted_lines, transferred

#: States of our payments and the provider's once nothing is under way, for those that are not captured. What we say is
#: released was released there, and has not just run out.
GONE = {"voided": ("voided",), "failed": ("failed", "expired"), "closed": ("expired", "failed", "created")}


async def audit(data_dir: Path) -> list[str]:
    """All faults of the settled place whose database is the present one."""
    path = data_dir / "sandbox.sqlite3"
    told = record_of(path)
    found = [*await _payments(told), *await _refunds(told), *await _payouts()]
    found += await _disbursements(transferred(data_dir))
    found += [
        *await _commissions(told),
        *await _withdrawals(),
        *await _rests(),
        *await audit_statement(data_dir),
    ]
    found += [f"wrong book: {fault}" for fault in await faults_of_books(path, settled=True)]
    return [
        *found, *await verdict.campaigns(canceled_later=True), *await verdict.orders(withdrawn=True),
        *await verdict.jobs_and_runs(),
    ]  # fmt: skip


async def counted() -> Counter[str]:
    """What there was to compare, by kind: an empty comparison proves nothing."""
    found: Counter[str] = Counter()
    for what, sql in {
        "campaigns": "SELECT COUNT(*) AS n FROM campaign",
        "payments": "SELECT COUNT(*) AS n FROM payment WHERE state = 'succeeded'",
        "balances": "SELECT COUNT(*) AS n FROM payment WHERE state = 'succeeded' AND purpose = 'balance'",
        "holds charged": "SELECT COUNT(*) AS n FROM payment WHERE holds AND state = 'succeeded'",
        "holds released": "SELECT COUNT(*) AS n FROM payment WHERE holds AND state = 'voided'",
        "lower prices": "SELECT COUNT(*) AS n FROM participation WHERE commit_below_minor IS NOT NULL "
        "AND settled_minor IS NOT NULL",
        "netted": "SELECT COUNT(*) AS n FROM transfer WHERE cause = 'netting'",
        "taken back": "SELECT COUNT(*) AS n FROM transfer WHERE cause = 'refund_source'",
        "books closed": "SELECT COUNT(*) AS n FROM payment_schedule WHERE state = 'closed'",
        "commissions reversed": "SELECT COUNT(*) AS n FROM commission WHERE reversed_minor > 0",
        "commissions paid": "SELECT COUNT(*) AS n FROM commission WHERE state = 'paid'",
        "waiting": "SELECT COUNT(*) AS n FROM event WHERE name = 'participation.delay_accepted'",
    }.items():
        row = await db.fetch_one(sql)
        found[what] = row["n"] if row else 0
    for row in await db.fetch("SELECT reason, COUNT(*) AS n FROM refund GROUP BY reason"):
        found[f"refunds for {row['reason']}"] = row["n"]
    for row in await db.fetch(
        "SELECT kind, COUNT(*) AS n FROM disbursement WHERE state = 'sent' GROUP BY kind"
    ):
        found[f"bank transfers for {row['kind']}"] = row["n"]
    return found + await counted_lines()


async def _payments(told: Record) -> list[str]:
    """Every capture is booked once under the provider's amount, and no hold is left that we think is gone."""
    found, booked = [], await _booked("payment")
    theirs: dict[str, list[Any]] = defaultdict(list)
    for row in told.payments:
        theirs[row.payment_id].append(row)
    for ours in await db.fetch("SELECT * FROM payment WHERE gateway = 'sandbox'"):
        rows, key = theirs.pop(ours["id"], []), ours["id"]
        captured = [row for row in rows if row.status == "captured"]
        if len(captured) > 1:
            found.append(f"twice: {key} was captured {len(captured)} times")
        if captured and ours["state"] != "succeeded":
            found.append(f"lost: {key} is captured at the provider and {ours['state']} here")
        if any(row.status == "authorized" for row in rows):
            found.append(f"lost: {key} is still held at the provider and {ours['state']} here")
        if ours["state"] == "authorized":
            found.append(f"lost: {key} is still held")
        if ours["state"] == "succeeded":
            mine = (ours["amount_minor"], ours["currency"], ours["provider_ref"])
            if [(row.amount_minor, row.currency, row.provider_ref) for row in captured] != [mine]:
                found.append(f"wrong: payment {key}: ours {mine}, the provider's {captured}")
        if ours["state"] in GONE and {row.status for row in rows} - set(GONE[ours["state"]]):
            there = [row.status for row in rows]
            word = "lost" if ours["state"] == "voided" else "wrong"
            found.append(f"{word}: {key} is {ours['state']} here and {there} at the provider")
        found += _once("payment", key, booked, [ours["amount_minor"]] if ours["state"] == "succeeded" else [])
    return found + [f"wrong: the provider has {key}, we do not" for key in theirs]


async def _refunds(told: Record) -> list[str]:
    """Every refund reached its member once: by the provider, or by bank transfer, never both; and is booked once."""
    found, booked = [], await _booked("refund")
    theirs: dict[str, list[Any]] = defaultdict(list)
    for row in told.refunds:
        theirs[own_key(row.key)].append(row)
    sent = await _sent("refund")
    for ours in await db.fetch("SELECT * FROM refund"):
        rows, by_bank = _of(theirs, ours["key"]), sent.get(ours["id"], [])
        if len(rows) + len(by_bank) > 1:
            found.append(
                f"twice: {ours['key']} went back {len(rows)} times by provider, {len(by_bank)} by bank"
            )
        if ours["state"] != "succeeded" or not rows + by_bank:
            found.append(f"lost: {ours['key']} is {ours['state']} here, {rows} and {by_bank} there")
        amounts = [row.amount_minor for row in rows if row.status == "succeeded"] + by_bank
        if sum(amounts) != ours["amount_minor"]:
            found.append(f"wrong: refund {ours['key']} is {ours['amount_minor']} here and {amounts} there")
        if rows and rows[0].key != provider_key(ours["key"], ours["tries"]):
            found.append(f"wrong: refund {ours['key']} was made as {rows[0].key}")
        found += _once("refund", ours["id"], booked, [ours["amount_minor"]])
    return found + [f"wrong: the provider refunded {key}, we did not ask" for key in theirs]


def _of(theirs: dict[str, list[Any]], key: str) -> list[Any]:
    """The provider's refunds of one of our keys; a control adds to them."""
    rows = []
    for name in [name for name in theirs if name == key or name.startswith(f"{key}:")]:
        rows += theirs.pop(name)
    return rows


async def _disbursements(statement: Sequence[Transferred]) -> list[str]:
    """Every bank transfer is sent once and booked once, through the bank, under what it is for."""
    found, seen, through_bank = [], Counter[tuple[str, str]](), 0
    causes = {
        "refund": "refund",
        "payout": "payout",
        "commission": "commission_paid",
        "return": "bank_return",
    }
    for row in await db.fetch("SELECT * FROM disbursement"):
        if row["state"] != "refused":
            seen[row["kind"], row["subject_id"]] += 1
        if row["state"] in ("proposed", "approved"):
            found.append(f"lost: the bank transfer for {row['kind']} {row['subject_id']} is {row['state']}")
        moved = await db.fetch(
            "SELECT amount_minor FROM transfer WHERE cause = ? AND cause_id = ? AND credit_id = ?",
            causes[row["kind"]],
            row["subject_id"],
            f"world:bank:{row['currency']}",
        )
        booked = sum(each["amount_minor"] for each in moved)
        right = row["amount_minor"] if row["state"] == "sent" else 0
        through_bank += right
        if booked != right:
            word = "lost" if not booked else "twice" if booked == 2 * right else "wrong"
            found.append(f"{word}: {row['kind']} {row['subject_id']} sent {right} and booked {booked}")
    found += [f"twice: {count} bank transfers for {key}" for key, count in seen.items() if count > 1]
    bank, came = await ledger.balance("world:bank:CNY"), sum(each.amount_minor for each in statement)
    if bank != through_bank - came:
        found.append(f"wrong: the bank has {bank}, {came} came and {through_bank} were sent")
    return found


async def _payouts() -> list[str]:
    """A part is released once, at most what was agreed, when its milestone was reached; nobody is paid more."""
    found, booked, earned = [], await _booked("release"), Counter[str]()
    for part in await db.fetch(
        "SELECT r.*, s.manufacturer_id AS maker, s.state AS schedule, s.currency FROM payment_release r "
        "JOIN payment_schedule s ON s.id = r.schedule_id"
    ):
        released = part["state"] == "released"
        earned[f"{part['maker']}:{part['currency']}"] += part["released_minor"]
        found += _once("release", part["id"], booked, [part["released_minor"]] if released else [])
        if part["released_minor"] != (part["amount_minor"] - part["reduced_minor"] if released else 0):
            found.append(f"wrong: {part['state']} part {part['id']} has {part['released_minor']} released")
        if released and (part["reached_at"] is None or part["approved_by"] is None):
            found.append(f"wrong: part {part['id']} was released before it was earned")
        if released == (part["payout_id"] is None):
            found.append(f"lost: {part['state']} part {part['id']} belongs to payout {part['payout_id']}")
        if part["state"] in ("held", "releasable", "frozen"):
            found.append(f"lost: part {part['id']} is still {part['state']}")
    paid = await db.fetch(
        "SELECT s.manufacturer_id AS maker, d.currency, d.amount_minor FROM disbursement d JOIN payment_schedule s "
        "ON s.id = (SELECT schedule_id FROM payment_release WHERE payout_id = d.subject_id ORDER BY id LIMIT 1) "
        "WHERE d.kind = 'payout' AND d.state = 'sent'"
    )
    for row in paid:
        earned[f"{row['maker']}:{row['currency']}"] -= row["amount_minor"]
    for account, left in earned.items():
        if left < 0:
            found.append(f"wrong: {account} was paid {-left} more than it has earned")
        there = await ledger.balance(f"payable:{account}") + await ledger.balance(f"recourse:{account}")
        back = await _moved_back(account)
        if there != left - back:
            found.append(f"wrong: {account} has {there}, earned less paid {left}, taken back {back}")
    return found


async def _moved_back(account: str) -> int:
    """What refunds took back of a manufacturer, from what it has not been paid yet or as its debt."""
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(amount_minor), 0) AS minor FROM transfer WHERE cause = 'refund_source' "
        "AND debit_id IN (?, ?)",
        f"payable:{account}",
        f"recourse:{account}",
    )
    return int(row["minor"]) if row else 0


async def _commissions(told: Record) -> list[str]:
    """Every order of somebody invited earns once; what went back to its buyer is taken back, once."""
    found, kept = [], await _booked("commission")
    returned = await _returned(told)
    written = Counter(
        (row["participation_id"], row["level"]) for row in await db.fetch("SELECT * FROM commission")
    )
    found += [f"twice: {count} commissions on {key}" for key, count in written.items() if count > 1]
    for row in await db.fetch(
        "SELECT p.id FROM participation p JOIN referral_binding b ON b.invitee_id = p.user_id AND b.state <> 'void' "
        "AND b.bound_at <= p.paid_at AND p.paid_at < b.expires_at WHERE p.settled_minor IS NOT NULL"
    ):
        if not written[row["id"], 1]:
            found.append(f"lost: the commission on {row['id']}")
    for row in await db.fetch(
        "SELECT c.*, p.settled_minor FROM commission c JOIN participation p ON p.id = c.participation_id"
    ):
        right = reversed_by(
            row["amount_minor"],
            settled_minor=row["settled_minor"],
            returned_minor=returned[row["participation_id"]],
        )
        if row["reversed_minor"] != right and row["state"] != "expired":
            word = "lost" if row["reversed_minor"] < right else "twice"
            found.append(f"{word}: reversed {row['reversed_minor']} of commission {row['id']}, not {right}")
        if row["state"] == "estimated":
            found.append(f"lost: commission {row['id']} is still estimated: {row['reason']}")
        moved = kept.get(row["id"], [])
        if len(moved) != (row["confirmed_at"] is not None):
            found.append(
                f"{'twice' if moved else 'lost'}: commission {row['id']} was booked {len(moved)} times"
            )
        if sum(moved) > row["amount_minor"]:
            found.append(f"wrong: {moved} booked of commission {row['id']} of {row['amount_minor']}")
    return found


async def _returned(told: Record) -> Counter[str]:
    """What the provider and the bank gave back of each place's final price, minor units."""
    minor = {own_key(row.key): row.amount_minor for row in told.refunds if row.status == "succeeded"}
    sent, found = await _sent("refund"), Counter[str]()
    for row in await db.fetch(
        "SELECT r.id, r.key, r.reason, p.participation_id FROM refund r JOIN payment p ON p.id = r.payment_id"
    ):
        if row["reason"] not in ("price_difference", "late"):
            found[row["participation_id"]] += minor.get(row["key"], 0) + sum(sent.get(row["id"], []))
    return found


async def _withdrawals() -> list[str]:
    """What a member asked for was paid once, and is what their commissions came to."""
    found, booked = [], await _booked("commission_paid")
    for row in await db.fetch("SELECT * FROM commission_withdrawal"):
        if row["state"] != "paid":
            found.append(f"lost: withdrawal {row['id']} is {row['state']}")
        found += _once("withdrawal", row["id"], booked, [row["amount_minor"]])
    return found


async def _rests() -> list[str]:
    """Where every cent of each campaign is: what came in is there or went back, and finished groups hold nothing."""
    found = []
    for row in await db.fetch(
        "SELECT c.id, c.state, s.state AS books FROM campaign c LEFT JOIN payment_schedule s ON s.campaign_id = c.id"
    ):
        rests = await ledger.where_it_rests(row["id"])
        if not rests.adds_up:
            found.append(f"wrong: the money of {row['id']} does not add up: {rests}")
        held = await ledger.balance(f"escrow:{row['id']}")
        over = row["state"] in ("failed", "canceled") or row["books"] == "closed"
        if held and over:
            found.append(f"lost: {row['state']} campaign {row['id']} still holds {held}")
        if not over:
            found.append(f"lost: campaign {row['id']} is {row['state']}, its books are {row['books']}")
        if row["state"] in ("failed", "canceled") and rests.captured_minor != rests.returned_minor:
            found.append(f"lost: {row['id']} took {rests.captured_minor}, gave back {rests.returned_minor}")
    return found


async def _booked(cause: str) -> dict[str, list[int]]:
    """What each cause's transfers moved, by what they are for."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in await db.fetch("SELECT cause_id, amount_minor FROM transfer WHERE cause = ?", cause):
        found[row["cause_id"]].append(row["amount_minor"])
    return found


async def _sent(kind: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in await db.fetch(
        "SELECT subject_id, amount_minor FROM disbursement WHERE kind = ? AND state = 'sent'", kind
    ):
        found[row["subject_id"]].append(row["amount_minor"])
    return found


def _once(what: str, key: str, booked: dict[str, list[int]], right: list[int]) -> list[str]:
    moved = booked.get(key, [])
    if moved == right:
        return []
    word = "lost" if not moved else "twice" if len(moved) > len(right) else "wrong"
    return [f"{word}: {what} {key} was booked as {moved}, not {right}"]
