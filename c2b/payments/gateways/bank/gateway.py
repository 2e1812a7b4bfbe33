"""Bank transfer to our own account, behind the interface of every provider.

There is no other company's machine to ask: its record is our bank's statement, line by line as admins entered it
(``c2b.payments.statement``). So nothing is captured until lines say so, and nothing is refunded by a call.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from c2b.config import Settings
from c2b.kit import db
from c2b.payments.gateways.bank.references import reference_of
from c2b.payments.gateways.bank.settings import NAME, BankSettings, load, problems
from c2b.payments.gateways.base import (
    MAX_AMOUNT_MINOR,
    Capabilities,
    DayRecord,
    GatewayEvent,
    GatewayRefused,
    NotConfigured,
    ProviderPayment,
    ProviderRefund,
    Started,
    WebhookAnswer,
    WebhookRejected,
)

#: Our own account gives back for as long as we have one.
_NO_END = timedelta(days=3650)
#: A transfer takes one to three working days, and a weekend may lie between.
ARRIVES_WITHIN = timedelta(days=3)
_PAID = (
    "SELECT p.id, p.provider_ref, p.amount_minor, p.currency, p.refunded_minor, l.arrived, l.latest FROM payment p "
    "LEFT JOIN (SELECT payment_id, SUM(amount_minor - return_minor) AS arrived, MAX(decided_at) AS latest "
    "FROM bank_line WHERE state = 'assigned' GROUP BY payment_id) l ON l.payment_id = p.id WHERE p.gateway = 'bank' "
)
_GIVEN_BACK = (
    "SELECT d.id, r.key, d.amount_minor, p.provider_ref FROM disbursement d JOIN refund r ON r.id = d.subject_id "
    "JOIN payment p ON p.id = r.payment_id WHERE d.kind = 'refund' AND d.state = 'sent' AND p.gateway = 'bank' "
)


class BankGateway:
    """Transfers to the accounts of ``settings``, one per currency."""

    name = NAME

    def __init__(self, settings: BankSettings) -> None:
        self.settings = settings
        self.capabilities = Capabilities(
            currencies=frozenset(settings.accounts),
            refund_window=_NO_END,
            key_lifetime=_NO_END,
            notifies_for=timedelta(),
            partial_refunds=True,
            max_key_length=120,
            reports=True,
            methods=("transfer",),
            own_account=True,
            reserves=timedelta(days=settings.days),
            arrives_within=ARRIVES_WITHIN,
        )

    @classmethod
    def from_settings(cls, _: Settings) -> BankGateway:
        """The accounts of this installation. Raises ``NotConfigured``."""
        if found := problems(os.environ):
            raise NotConfigured(" ".join(found))
        return cls(load(os.environ))

    async def start(
        self,
        *,
        payment_id: str,
        amount_minor: int,
        currency: str,
        description: str,
        locale: str,
        return_url: str,
        notify_url: str,
        key: str,
        expires_at: datetime,
        holds: bool = False,
        method: str = "",
    ) -> Started:
        """See ``Gateway.start``: where to send the money to, and the reference to write."""
        if not 0 < amount_minor <= MAX_AMOUNT_MINOR:
            raise GatewayRefused("amount")
        if currency not in self.settings.accounts:
            raise GatewayRefused("currency")
        if holds:
            raise GatewayRefused("holds")
        if method not in ("", *self.capabilities.methods):
            raise GatewayRefused("method")
        reference = reference_of(payment_id)
        told = {
            "holder": self.settings.holder,
            "account": self.settings.accounts[currency],
            "bank": self.settings.bank,
            "bic": self.settings.bic,
            "reference": reference,
        }
        return Started(provider_ref=reference, redirect_url="", transfer=told)

    async def read(self, provider_ref: str) -> ProviderPayment:
        """See ``Gateway.read``: captured once the lines that pay it make up its amount."""
        row = await db.fetch_one(_PAID + "AND p.provider_ref = ?", provider_ref)
        if row is None:
            raise GatewayRefused("unknown_payment")
        return _payment(row)

    async def refund(
        self,
        *,
        provider_ref: str,
        amount_minor: int,
        currency: str,
        key: str,
        reason: str,
        metadata: Mapping[str, str],
    ) -> ProviderRefund:
        """Always refused (``by_hand``): people send it, approved as every bank transfer is (``disbursing``)."""
        raise GatewayRefused("by_hand")

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """See ``Gateway.refunds``: the transfers that were sent."""
        await self.read(provider_ref)
        rows = await db.fetch(_GIVEN_BACK + "AND p.provider_ref = ? ORDER BY d.id", provider_ref)
        return [_refund(row) for row in rows]

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """Nobody notifies us of transfers: whoever claims to is not believed."""
        raise WebhookRejected("unsigned")

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """See ``Gateway.webhook_answer``."""
        return WebhookAnswer() if accepted else WebhookAnswer(status=400, body=b'{"received":false}')

    async def day(self, day: date) -> DayRecord:
        """See ``Reports.day``: payments whose last line was assigned that day, and transfers back that were sent."""
        begin = datetime.combine(day, time(), UTC)
        span = (begin, begin + timedelta(days=1))
        paid = await db.fetch(_PAID + "AND l.latest >= ? AND l.latest < ? ORDER BY p.id", *span)
        sent = await db.fetch(_GIVEN_BACK + "AND d.sent_at >= ? AND d.sent_at < ? ORDER BY d.id", *span)
        payments = (_payment(row) for row in paid)
        return DayRecord(
            payments=tuple(each for each in payments if each.status == "captured"),
            refunds=tuple((row["provider_ref"], _refund(row)) for row in sent),
        )


def _payment(row: dict[str, Any]) -> ProviderPayment:
    arrived = int(row["arrived"] or 0)
    captured = arrived >= row["amount_minor"]
    return ProviderPayment(
        provider_ref=row["provider_ref"],
        payment_id=row["id"],
        status="captured" if captured else "created",
        amount_minor=arrived if captured else row["amount_minor"],
        currency=row["currency"],
        captured_at=db.instant(row["latest"]) if captured else None,
        refunded_minor=row["refunded_minor"],
    )


def _refund(row: dict[str, Any]) -> ProviderRefund:
    return ProviderRefund(
        refund_ref=row["id"], key=row["key"], amount_minor=row["amount_minor"], status="succeeded"
    )
