"""Our payments and refunds beside a provider's record of one day: what differs, in both directions.

Pure: rows in, differences out. Amounts are integer minor units. Money on its way is no difference: what we have not
booked and they have not made, or what they made after the record was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.payments.gateways.base import ProviderPayment, ProviderRefund, SettledRow, Settlement
from c2b.payments.rules import provider_key

#: What a difference may be; a refund's begin with ``refund_``, those of a settlement with ``settled_``.
KINDS = (
    "missing_here", "missing_there", "amount", "currency", "status",
    "refund_missing_here", "refund_missing_there", "refund_amount", "refund_status",
    "settled_unknown", "settled_amount", "settled_fee", "settled_sum",
)  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that the two sides tell differently. ``subject``: the provider's reference, or the refund's key.

    ``ours`` and ``theirs``: what each side says, ``None`` where it knows nothing of it.
    """

    kind: str
    subject: str
    payment_id: str | None
    ours: dict[str, Any] | None
    theirs: dict[str, Any] | None


def payment_differences(ours: Row | None, theirs: ProviderPayment | None) -> Iterator[Difference]:
    """``ours``: a row of ``payment``, if we know of it; ``theirs``: theirs as it stands now."""
    own, other = _payment_here(ours), _payment_there(theirs)

    def found(kind: str) -> Difference:
        subject = theirs.provider_ref if theirs else str((ours or {})["provider_ref"])
        known = ours["id"] if ours else None
        return Difference(kind=kind, subject=subject, payment_id=known, ours=own, theirs=other)

    if own is None or other is None:
        yield found("missing_here" if own is None else "missing_there")
        return
    for kind, name in (("amount", "amount_minor"), ("currency", "currency"), ("status", "status")):
        if own[name] != other[name]:
            yield found(kind)


def refund_differences(
    ours: Row | None, theirs: ProviderRefund | None, *, provider_ref: str
) -> Iterator[Difference]:
    """``ours``: a row of ``refund``; ``theirs``: the one of its key; ``provider_ref``: the payment's, theirs."""
    own, other = _refund_here(ours), _refund_there(theirs, provider_ref)

    def found(kind: str) -> Difference:
        subject = theirs.key or theirs.refund_ref if theirs else str((ours or {})["key"])
        known = ours["payment_id"] if ours else None
        return Difference(kind=kind, subject=subject, payment_id=known, ours=own, theirs=other)

    if own is None or other is None:
        yield found("refund_missing_here" if own is None else "refund_missing_there")
        return
    assert ours and theirs
    if own["amount_minor"] != other["amount_minor"]:
        yield found("refund_amount")
    if own["payment"] != other["payment"]:
        yield found("refund_missing_here")
    made_there, made_here = theirs.status == "succeeded", ours["state"] == "succeeded"
    denied = theirs.status == "failed" and theirs.key == provider_key(ours["key"], ours["tries"])
    if made_there != made_here and (made_there or denied):
        yield found("refund_status")


def settled_row_differences(
    settlement: Settlement, row: SettledRow, ours: Row | None, booked_fee: int | None
) -> Iterator[Difference]:
    """``ours``: the payment or refund that a settled row is about, if it is one of ours; ``booked_fee``: what we have
    booked of its fee before, ``None`` where nothing was.

    A fee above a tenth is none that any contract of a provider has: it is a slip, or somebody else's row.
    """
    other = {"amount_minor": row.amount_minor, "currency": row.currency, "fee_minor": row.fee_minor,
             "settlement": settlement.reference}  # fmt: skip
    own = None
    if ours is not None:
        own = {"amount_minor": ours["amount_minor"], "currency": ours["currency"], "status": ours["state"],
               "fee_minor": booked_fee}  # fmt: skip

    def found(kind: str) -> Difference:
        known = (ours.get("payment_id") or ours["id"]) if ours else None
        return Difference(kind=kind, subject=row.reference, payment_id=known, ours=own, theirs=other)

    if ours is None or ours["state"] != "succeeded":
        yield found("settled_unknown")
        return
    sign = -1 if row.kind == "refund" else 1
    same_currency = row.currency == ours["currency"] == settlement.currency
    if not same_currency or not row.amount_minor == ours["amount_minor"] == sign * row.moved_minor:
        yield found("settled_amount")
    if booked_fee not in (None, row.fee_minor) or abs(row.fee_minor) * 10 > row.amount_minor:
        yield found("settled_fee")


def settled_sum_difference(settlement: Settlement, booked: int | None) -> Iterator[Difference]:
    """What reached our bank is what its rows say, less their fees, and what we have booked of it before."""
    rows = sum(row.moved_minor - row.fee_minor for row in settlement.rows)
    if rows != settlement.amount_minor or booked not in (None, settlement.amount_minor):
        yield Difference(
            kind="settled_sum",
            subject=settlement.reference,
            payment_id=None,
            ours={"amount_minor": rows if booked is None else booked, "currency": settlement.currency},
            theirs={"amount_minor": settlement.amount_minor, "currency": settlement.currency},
        )


def by_reference(rows: Sequence[Row]) -> dict[str, Row]:
    return {str(row["provider_ref"]): row for row in rows}


def _payment_here(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    status = "captured" if row["state"] == "succeeded" else row["state"]
    return {"amount_minor": row["amount_minor"], "currency": row["currency"], "status": status}


def _payment_there(told: ProviderPayment | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {"amount_minor": told.amount_minor, "currency": told.currency, "status": told.status}


def _refund_here(row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"amount_minor": row["amount_minor"], "status": row["state"], "payment": row["payment_ref"]}


def _refund_there(told: ProviderRefund | None, provider_ref: str) -> dict[str, Any] | None:
    if told is None:
        return None
    return {"amount_minor": told.amount_minor, "status": told.status, "payment": provider_ref}
