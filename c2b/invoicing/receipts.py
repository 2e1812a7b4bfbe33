"""Issuing receipts: one for each captured payment, one for each refund that was made, frozen when it is issued."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from c2b.campaigns.changes import next_number
from c2b.events.operations import record
from c2b.invoicing.models import Receipt
from c2b.invoicing.queries import as_json
from c2b.invoicing.rules import receipt_content
from c2b.kit import clock, db, i18n
from c2b.purchasing.buyer import buyer_party

_PAID = (
    "SELECT p.id, p.amount_minor, p.currency, p.captured_at AS at, p.gateway, p.provider_ref AS reference, p.purpose, "
    "p.holds, p.locale, p.participation_id, p.campaign_id, p.user_id, '' AS reason, '' AS note, NULL AS payment_id "
    "FROM payment p WHERE p.id = ? AND p.state = 'succeeded'"
)
_RETURNED = (
    "SELECT r.id, r.amount_minor, r.currency, r.finished_at AS at, CASE WHEN r.by_hand THEN 'bank' ELSE p.gateway END "
    "AS gateway, CASE WHEN r.by_hand THEN d.bank_reference ELSE COALESCE(r.provider_ref, p.provider_ref) END "
    "AS reference, p.purpose, p.holds, p.locale, p.participation_id, p.campaign_id, p.user_id, r.reason, r.note, "
    "r.payment_id FROM refund r JOIN payment p ON p.id = r.payment_id LEFT JOIN disbursement d "
    "ON d.kind = 'refund' AND d.subject_id = r.id AND d.state = 'sent' WHERE r.id = ? AND r.state = 'succeeded'"
)
_BOUGHT = (
    "SELECT u.name AS payer, u.email, c.code, c.title, o.name AS product, t.quantity, t.digest FROM participation t "
    "JOIN campaign c ON c.id = t.campaign_id JOIN product o ON o.id = c.product_id "
    "JOIN user_account u ON u.id = t.user_id WHERE t.id = ?"
)


async def issue(kind: str, subject_id: str) -> Receipt | None:
    """The receipt of a payment or refund, in the present transaction; the one there is if it was issued before.

    ``None`` where no money moved (any more): a refund may come back to its provider. Numbers of a year have no gaps:
    the counter's row stays locked until the receipt is committed.
    """
    found = await Receipt.get_or_none(kind=kind, subject_id=subject_id)
    moved = await db.fetch_one(_PAID if kind == "payment" else _RETURNED, subject_id)
    if found or moved is None:
        return found
    payment = await issue("payment", moved["payment_id"]) if moved["payment_id"] else None
    bought = await db.fetch_one(_BOUGHT, moved["participation_id"])
    at, now = db.instant(moved["at"]), clock.now()
    assert bought and at
    number = f"RC-{now.year}-{await next_number(f'receipt-{now.year}'):06d}"
    receipt = await Receipt.create(
        number=number, kind=kind, subject_id=subject_id, user_id=moved["user_id"],
        campaign_id=moved["campaign_id"], issued_at=now,
        content=_content(kind, number, moved, bought, at, payment.number if payment else ""),
    )  # fmt: skip
    await record(
        "receipt.issued", subject="receipt", subject_id=receipt.id, campaign_id=receipt.campaign_id,
        audience="admin", payload={"number": number, "kind": kind},
    )  # fmt: skip
    return receipt


def _content(
    kind: str, number: str, moved: dict[str, Any], bought: dict[str, Any], at: datetime, payment_number: str
) -> dict[str, Any]:
    house = buyer_party()
    with i18n.use_locale(moved["locale"]):
        zone = i18n.reader_zone().key
    return receipt_content(
        number=number, kind=kind, amount_minor=moved["amount_minor"], currency=moved["currency"], at=at, zone=zone,
        seller={
            "name": {"en": house.legal_name.en, "zh": house.legal_name.zh},
            "address": {"en": house.address.en, "zh": house.address.zh},
            "registration_id": house.registration_id,
        },
        payer={"name": bought["payer"], "email": bought["email"]},
        bought={
            "campaign_code": bought["code"], "campaign_title": bought["title"], "product": as_json(bought["product"]),
            "quantity": bought["quantity"], "digest": bought["digest"],
        },
        plan="held" if moved["holds"] else moved["purpose"], gateway=moved["gateway"],
        reference=moved["reference"] or "", reason=moved["reason"], note=moved["note"], payment_number=payment_number,
    )  # fmt: skip
