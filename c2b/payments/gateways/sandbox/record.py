"""The provider's own record, for whoever compares it with ours: tests, crash harness, reconciliation, bench."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from c2b.payments.gateways.base import DayRecord, ProviderPayment, ProviderRefund, RefundStatus
from c2b.payments.gateways.sandbox.store import instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    provider_ref: str
    payment_id: str
    status: str
    amount_minor: int
    currency: str
    refunded_minor: int
    captured_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    refund_ref: str
    provider_ref: str
    payment_id: str
    key: str
    amount_minor: int
    status: RefundStatus
    reason: str
    metadata: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One notification under way. ``latest_status`` is the shop's last HTTP answer, 0 for none."""

    event_id: str
    provider_ref: str
    kind: str | None  # None: forged, the provider knows no such event
    attempts: int
    latest_status: int | None
    delivered: bool
    abandoned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything at one instant, oldest first."""

    payments: tuple[PaymentRow, ...]
    refunds: tuple[RefundRow, ...]
    deliveries: tuple[DeliveryRow, ...]


def record_of(path: Path) -> Record:
    """Read a sandbox file without changing it, all tables from one snapshot."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        return Record(payments=_payments(db), refunds=_refunds(db), deliveries=_deliveries(db))


def day_of(path: Path, day: date) -> DayRecord:
    """What was captured and what was given back on one UTC day, as it stands now."""
    told = record_of(path)
    return DayRecord(
        payments=tuple(
            ProviderPayment(
                provider_ref=row.provider_ref,
                payment_id=row.payment_id,
                status="captured",
                amount_minor=row.amount_minor,
                currency=row.currency,
                captured_at=row.captured_at,
                refunded_minor=row.refunded_minor,
            )
            for row in told.payments
            if row.captured_at and row.captured_at.date() == day
        ),
        refunds=tuple(
            (
                row.provider_ref,
                ProviderRefund(
                    refund_ref=row.refund_ref,
                    key=row.key,
                    amount_minor=row.amount_minor,
                    status=row.status,
                    metadata=row.metadata,
                ),
            )
            for row in told.refunds
            if row.created_at.date() == day
        ),
    )


def _payments(db: sqlite3.Connection) -> tuple[PaymentRow, ...]:
    return tuple(
        PaymentRow(
            provider_ref=row["ref"],
            payment_id=row["payment_id"],
            status=row["status"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            refunded_minor=row["refunded_minor"],
            captured_at=instant(row["captured_at"]) if row["captured_at"] else None,
        )
        for row in db.execute("SELECT * FROM payment ORDER BY created_at, ref")
    )


def _refunds(db: sqlite3.Connection) -> tuple[RefundRow, ...]:
    return tuple(
        RefundRow(
            refund_ref=row["ref"],
            provider_ref=row["payment_ref"],
            payment_id=row["payment_id"],
            key=row["key"],
            amount_minor=row["amount_minor"],
            status=row["status"],
            reason=row["reason"],
            metadata=json.loads(row["metadata"]),
            created_at=instant(row["created_at"]),
        )
        for row in db.execute(
            "SELECT refund.*, payment.payment_id FROM refund JOIN payment ON payment.ref = refund.payment_ref"
            " ORDER BY refund.created_at, refund.ref"
        )
    )


def _deliveries(db: sqlite3.Connection) -> tuple[DeliveryRow, ...]:
    return tuple(
        DeliveryRow(
            event_id=row["event_id"],
            provider_ref=row["payment_ref"],
            kind=row["kind"],
            attempts=row["attempts"],
            latest_status=row["latest_status"],
            delivered=row["delivered_at"] is not None,
            abandoned=row["abandoned_at"] is not None,
        )
        for row in db.execute(
            "SELECT delivery.*, event.kind FROM delivery LEFT JOIN event ON event.id = delivery.event_id"
            " ORDER BY delivery.id"
        )
    )
