"""From a delivered order to money that is its inviter's, once nothing can come back; what nobody asks for expires."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.catalog.markets import market_of
from c2b.durable import enqueue
from c2b.kit import clock, db
from c2b.ledger.operations import commission as account_of
from c2b.ledger.operations import transfer
from c2b.referrals.booking import book_in, free_of, home_of, lock_people, net
from c2b.referrals.rules import CLAIM_DAYS
from c2b.referrals.telling import from_json, tell


async def note_deliveries() -> int:
    """Say from when on commissions on delivered orders can be confirmed: when the return window is over. How many."""
    rows = await db.fetch(
        "SELECT DISTINCT k.id, k.currency, k.batch_answers, t.delivered_on FROM commission c "
        "JOIN participation p ON p.id = c.participation_id AND p.state IN ('delivered', 'completed') "
        "JOIN campaign k ON k.id = c.campaign_id JOIN timeline t ON t.campaign_id = k.id "
        "WHERE c.state = 'estimated' AND c.confirm_from IS NULL AND t.delivered_on IS NOT NULL"
    )
    noted = 0
    for row in rows:
        market = market_of(row["currency"], from_json(row["batch_answers"]))
        day = datetime.fromisoformat(str(row["delivered_on"])[:10]).date()
        noted += await db.execute(
            "UPDATE commission SET confirm_from = ?, reason = 'returnable' WHERE campaign_id = ? "
            "AND state = 'estimated' AND confirm_from IS NULL AND participation_id IN (SELECT p.id FROM "
            "participation p WHERE p.campaign_id = ? AND p.state IN ('delivered', 'completed'))",
            market.returnable_until(day, clock.now().tzinfo),
            row["id"],
            row["id"],
        )
    return noted


async def ask_to_confirm(*, limit: int = 1000) -> int:
    """Write a job for each member and campaign with commissions whose time has come. How many are new."""
    rows = await db.fetch(
        "SELECT DISTINCT campaign_id, beneficiary_id, confirm_from FROM commission WHERE state = 'estimated' "
        "AND confirm_from <= ? ORDER BY confirm_from LIMIT " + str(int(limit)),
        clock.now(),
    )
    asked = 0
    for row in rows:
        due = db.instant(row["confirm_from"])
        assert due
        asked += await enqueue(
            "commission.confirm",
            key=f"commission:confirm:{row['campaign_id']}:{row['beneficiary_id']}:{due.date()}",
            args={"campaign_id": row["campaign_id"], "beneficiary_id": row["beneficiary_id"]},
        )
    return asked


async def confirm(campaign_id: str, beneficiary_id: str) -> int:
    """Confirm what one member has earned in one campaign and nothing can take back, in the present transaction.

    How many wait for a refund that is still on its way: they are confirmed with what it leaves of them.
    """
    await hold(campaign_id)
    await lock_people({beneficiary_id})
    rows = await db.fetch(
        "SELECT c.*, (SELECT COUNT(*) FROM refund r JOIN payment y ON y.id = r.payment_id WHERE y.participation_id = "
        "c.participation_id AND r.state <> 'succeeded' AND r.reason NOT IN ('price_difference', 'late')) AS refunding "
        "FROM commission c WHERE c.campaign_id = ? "
        "AND c.beneficiary_id = ? AND c.state = 'estimated' AND c.confirm_from <= ? ORDER BY c.id",
        campaign_id,
        beneficiary_id,
        clock.now(),
    )
    due = [row for row in rows if not row["refunding"]]
    if due:
        await _confirm(due)
    return len(rows) - len(due)


async def _confirm(rows: list[dict[str, Any]]) -> None:
    campaign_id, beneficiary_id, currency = (
        rows[0][name] for name in ("campaign_id", "beneficiary_id", "currency")
    )
    now = clock.now()
    known = await db.fetch_one("SELECT 1 AS yes FROM payee_identity WHERE user_id = ?", beneficiary_id)
    for row in rows:
        await book_in(row, row["amount_minor"] - row["reversed_minor"])
        await db.execute(
            "UPDATE commission SET state = ?, reason = ?, confirmed_at = ?, payable_at = ? WHERE id = ? "
            "AND state = 'estimated'",
            *(("payable", "ready", now, now) if known else ("confirmed", "who_are_you", now, None)),
            row["id"],
        )
    await net(beneficiary_id, currency)
    await tell(
        "confirmed", f"{campaign_id}:{beneficiary_id}", campaign_id, beneficiary_id, currency=currency,
        amount_minor=sum(row["amount_minor"] - row["reversed_minor"] for row in rows), identified=bool(known),
    )  # fmt: skip


async def expire_unclaimed(*, limit: int = 200) -> int:
    """The clock's sweep: what nobody asked for within a year after it was confirmed has expired. How many."""
    rows = await db.fetch(
        "SELECT id FROM commission WHERE state IN ('confirmed', 'payable') AND withdrawal_id IS NULL "
        "AND confirmed_at <= ? ORDER BY confirmed_at LIMIT " + str(int(limit)),
        clock.now() - timedelta(days=CLAIM_DAYS),
    )
    expired = 0
    for row in rows:
        expired += await db.atomically(partial(_expire, row["id"]))
    return expired


async def _expire(commission_id: str) -> bool:
    row = await db.fetch_one("SELECT * FROM commission WHERE id = ?", commission_id)
    assert row
    await hold(row["campaign_id"])
    await lock_people({row["beneficiary_id"]})
    await net(row["beneficiary_id"], row["currency"])
    rows = await db.execute(
        "UPDATE commission SET state = 'expired', reason = 'unclaimed', ended_at = ? WHERE id = ? "
        "AND state IN ('confirmed', 'payable') AND withdrawal_id IS NULL",
        clock.now(),
        commission_id,
    )
    if rows != 1:
        return False
    rest = row["amount_minor"] - row["reversed_minor"]
    amount = min(rest, await free_of(row["beneficiary_id"], row["currency"]))
    if amount > 0:
        await transfer(
            debit=account_of(row["beneficiary_id"], row["currency"]), currency=row["currency"],
            credit=await home_of(row["campaign_id"], row["currency"]), amount_minor=amount,
            key=f"commission-expired:{row['id']}", cause="commission_expired", cause_id=row["id"],
        )  # fmt: skip
    await tell(
        "expired", row["id"], row["campaign_id"], row["beneficiary_id"], amount_minor=rest, currency=row["currency"]
    )  # fmt: skip
    return True
