"""Where the money of a refund comes from when a campaign holds less than it: back from whoever has it.

What a manufacturer was released is taken back first: from what it has not been paid yet, then it owes it. Never more
than it was given for this campaign; what is beyond (the campaign's books were closed) comes out of what the campaign
left over, and what is beyond that is owed by the manufacturer too: a claim after all is about its goods.
"""

from __future__ import annotations

from c2b.campaigns.changes import hold
from c2b.kit import db, faults
from c2b.ledger.operations import ensure, escrow, margin, payable, recourse, transfer

CAUSE = "refund_source"


async def cover(campaign_id: str, *, amount_minor: int, currency: str, key: str, cause_id: str) -> int:
    """Make sure that the escrow holds ``amount_minor``, in the present transaction; what was moved there, minor units.

    ``key`` names the refund: twice is once. Holds the campaign's row.
    """
    await hold(campaign_id)
    short = amount_minor - await _held(escrow(campaign_id))
    if short <= 0:
        return 0
    maker = await _maker_of(campaign_id)
    theirs, owing = payable(maker, currency), recourse(maker, currency)
    given = max(await _net(escrow(campaign_id), theirs, owing), 0)
    from_maker = min(short, given)
    at_hand = min(from_maker, await _held(theirs))
    left_over = min(short - from_maker, max(await _net(escrow(campaign_id), margin(currency)), 0))
    sources = {theirs: at_hand, margin(currency): left_over, owing: short - at_hand - left_over}
    for account, minor in sources.items():
        if minor:
            await transfer(
                debit=await ensure(account, currency), credit=escrow(campaign_id), amount_minor=minor,
                currency=currency, key=f"source:{key}:{account.partition(':')[0]}", cause=CAUSE, cause_id=cause_id,
            )  # fmt: skip
    faults.point("refund:sourced")
    return short


async def _held(account: str) -> int:
    """The balance, its row locked: nobody else takes it before this transaction ends."""
    sql = "SELECT balance_minor FROM account WHERE id = ?"
    row = await db.fetch_one(f"{sql} FOR NO KEY UPDATE" if db.dialect() == "postgres" else sql, account)
    return int(row["balance_minor"]) if row else 0


async def _net(account: str, *others: str) -> int:
    """What went from an account to others less what came back."""
    places = ", ".join("?" for _ in others)
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(CASE WHEN debit_id = ? THEN amount_minor ELSE -amount_minor END), 0) AS minor "  # noqa: S608
        f"FROM transfer WHERE (debit_id = ? AND credit_id IN ({places})) OR (credit_id = ? AND debit_id IN ({places}))",
        account, account, *others, account, *others,
    )  # fmt: skip
    return int(row["minor"]) if row else 0


async def _maker_of(campaign_id: str) -> str:
    row = await db.fetch_one(
        "SELECT p.manufacturer_id FROM campaign c JOIN product p ON p.id = c.product_id WHERE c.id = ?",
        campaign_id,
    )
    assert row
    return str(row["manufacturer_id"])
