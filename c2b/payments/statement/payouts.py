"""What a line that no member sent may be: a payout that a report told, or one of a provider that tells none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from c2b.kit import db
from c2b.ledger.operations import world
from c2b.payments import gateways
from c2b.payments.gateways.bank.settings import NAME as BANK
from c2b.payments.gateways.base import UnknownGateway

_MOST = 5
_SETTLEMENTS = (
    "SELECT t.id, t.credit_id, t.cause_id, t.amount_minor, t.occurred_at FROM transfer t WHERE t.cause = 'settlement' "
    "AND t.debit_id = ? AND NOT EXISTS (SELECT 1 FROM bank_line l WHERE l.settlement_id = t.id) "
)


@dataclass(frozen=True, kw_only=True)
class Payout:
    """A provider's payout that its report told and no line stands beside yet; minor units."""

    id: str
    gateway: str
    reference: str
    amount_minor: int


async def payouts_for(line: dict[str, Any]) -> tuple[Payout, ...]:
    """Payouts told by providers that came to exactly this line's amount, the latest first."""
    rows = await db.fetch(
        _SETTLEMENTS + "AND t.amount_minor = ? ORDER BY t.id DESC LIMIT ?",
        world(BANK, line["currency"]),
        line["amount_minor"],
        _MOST,
    )
    return tuple(
        Payout(
            id=row["id"], gateway=_gateway_of(row["credit_id"]), reference=row["cause_id"],
            amount_minor=row["amount_minor"],
        )
        for row in rows
    )  # fmt: skip


async def providers_for(currency: str) -> tuple[str, ...]:
    """Providers that have taken money of this currency for us and whose payouts no report tells."""
    rows = await db.fetch(
        "SELECT DISTINCT gateway FROM payment WHERE state = 'succeeded' AND currency = ? ORDER BY gateway",
        currency,
    )
    return tuple(row["gateway"] for row in rows if not _tells_payouts(row["gateway"]))


def _tells_payouts(name: str) -> bool:
    """``True`` also for our own account, and for a provider that this installation cannot reach any more."""
    if name == BANK:
        return True
    try:
        return gateways.gateway(name).capabilities.tells_payouts
    except (UnknownGateway, ImportError):
        return True


def _gateway_of(account: str) -> str:
    return account.split(":")[1]
