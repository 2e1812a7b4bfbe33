"""What a provider pays out to our bank, row by row beside our payments and refunds, and its fee in the book.

A settlement is booked once, when every row of it is ours and adds up, or when a person has closed each difference that
it has: the fees as our cost, the rest from the provider to our bank.
"""

from __future__ import annotations

from typing import Any

from c2b.kit import db
from c2b.ledger.operations import costs, ensure, transfer, world
from c2b.payments.comparing import Difference, settled_row_differences, settled_sum_difference
from c2b.payments.gateways.base import SettledRow, Settlement
from c2b.payments.rules import own_key


async def settlement_differences(gateway: str, settlement: Settlement) -> list[Difference]:
    """Everything about one settlement that is not as we know it."""
    found: list[Difference] = []
    for row in settlement.rows:
        booked = await _booked(_fee_key(gateway, row))
        found += settled_row_differences(settlement, row, await _ours(gateway, row), booked)
    found += settled_sum_difference(settlement, await _booked(_key(gateway, settlement)))
    return found


async def book_settlement(gateway: str, settlement: Settlement) -> bool:
    """Book a settlement and its fees, in the present transaction. ``False`` where no payout was booked now."""
    currency = settlement.currency
    provider = await ensure(world(gateway, currency), currency)
    for row in settlement.rows:
        if row.fee_minor:
            cost = await ensure(costs(gateway, currency), currency)
            debit, credit = (cost, provider) if row.fee_minor > 0 else (provider, cost)
            await transfer(
                debit=debit, credit=credit, amount_minor=abs(row.fee_minor), currency=currency,
                key=_fee_key(gateway, row), cause="provider_fee", cause_id=row.reference[:80],
            )  # fmt: skip
    amount = settlement.amount_minor
    if not amount or not settlement.paid_out:
        return False
    bank = await ensure(world("bank", currency), currency)
    debit, credit = (bank, provider) if amount > 0 else (provider, bank)
    return await transfer(
        debit=debit, credit=credit, amount_minor=abs(amount), currency=currency, key=_key(gateway, settlement),
        cause="settlement", cause_id=settlement.reference[:80],
    )  # fmt: skip


async def _ours(gateway: str, row: SettledRow) -> dict[str, Any] | None:
    if row.kind == "payment":
        return await db.fetch_one(
            "SELECT id, amount_minor, currency, state FROM payment WHERE gateway = ? AND provider_ref = ?",
            gateway,
            row.provider_ref,
        )
    if row.kind == "refund":
        return await db.fetch_one(
            "SELECT r.id, r.payment_id, r.amount_minor, r.currency, r.state FROM refund r JOIN payment p "
            "ON p.id = r.payment_id WHERE p.gateway = ? AND p.provider_ref = ? AND r.key = ?",
            gateway,
            row.provider_ref,
            own_key(row.refund_key),
        )
    return None


async def _booked(key: str) -> int | None:
    """What a transfer of this key has moved; below zero where it went out of ``world`` again."""
    row = await db.fetch_one("SELECT debit_id, amount_minor FROM transfer WHERE key = ?", key)
    if row is None:
        return None
    outward = str(row["debit_id"]).startswith("world:") and not str(row["debit_id"]).startswith("world:bank:")
    return -int(row["amount_minor"]) if outward else int(row["amount_minor"])


def _key(gateway: str, settlement: Settlement) -> str:
    return f"settlement:{gateway}:{settlement.reference}"[:160]


def _fee_key(gateway: str, row: SettledRow) -> str:
    return f"provider_fee:{gateway}:{row.reference}"[:160]
