"""Stripe's own record of a day: what moved its balance, and what it paid out (docs.stripe.com/reports/balance)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from c2b.payments.gateways.base import (
    DayRecord,
    GatewayUnavailable,
    ProviderPayment,
    ProviderRefund,
    SettledRow,
    Settlement,
)
from c2b.payments.gateways.stripe.amounts import from_stripe

if TYPE_CHECKING:
    import stripe

_PAGE = 100
#: A record longer than this is a mistake of ours, or not Stripe's.
_MOST_PAGES = 1000


async def every(service: Any, asked: dict[str, Any]) -> list[Any]:
    """All rows of a list, newest first, page by page."""
    rows: list[Any] = []
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = (await service.list_async({**asked, **after, "limit": _PAGE})).to_dict()
        rows += page["data"]
        if not page["has_more"] or not page["data"]:
            return rows
        after = {"starting_after": page["data"][-1]["id"]}
    raise GatewayUnavailable


async def day(client: stripe.StripeClient, day: date) -> DayRecord:
    """Payments, refunds and payouts of one UTC day, as they stand now."""
    from c2b.payments.gateways.stripe.gateway import refund_of

    begin = datetime.combine(day, time(), UTC)
    within = {"gte": int(begin.timestamp()), "lt": int((begin + timedelta(days=1)).timestamp())}
    moves = await every(client.v1.balance_transactions, {"created": within, "expand": ["data.source"]})
    payments: list[ProviderPayment] = []
    refunds: list[tuple[str, ProviderRefund]] = []
    for move in reversed(moves):
        source = move["source"]
        if source is None:
            continue
        if source["object"] == "charge" and move["type"] in ("charge", "payment"):
            payments.append(await _payment(client, source, move["created"]))
        elif source["object"] == "refund" and move["type"] in ("refund", "payment_refund"):
            reference = (source["metadata"] or {}).get("session")
            refunds.append(
                (reference or await _session_of(client, source["payment_intent"]), refund_of(source))
            )
    return DayRecord(
        payments=tuple(payments), refunds=tuple(refunds), settlements=await _settlements(client, within)
    )


async def _payment(client: stripe.StripeClient, charge: Any, captured: int) -> ProviderPayment:
    minor, currency = from_stripe(charge["amount_captured"], charge["currency"])
    rows = await every(client.v1.refunds, {"charge": charge["id"]}) if charge["amount_refunded"] else []
    gone = [from_stripe(row["amount"], row["currency"])[0] for row in rows if row["status"] != "failed"]
    return ProviderPayment(
        provider_ref=await _session_of(client, charge["payment_intent"]),
        payment_id=(charge["metadata"] or {}).get("payment", ""),
        status="captured",
        amount_minor=minor,
        currency=currency,
        captured_at=datetime.fromtimestamp(captured, UTC),
        refunded_minor=sum(gone),
    )


async def _session_of(client: stripe.StripeClient, intent: str | None) -> str:
    """The session that made an intent; the intent itself where there was none (a payment by hand, say)."""
    if not intent:
        return ""
    rows = await every(client.v1.checkout.sessions, {"payment_intent": intent})
    return str(rows[0]["id"]) if rows else intent


async def _settlements(client: stripe.StripeClient, arrived: dict[str, int]) -> tuple[Settlement, ...]:
    """Payouts that reached our bank, with everything in them. A payout's own move is among its moves."""
    found = []
    for payout in reversed(await every(client.v1.payouts, {"arrival_date": arrived, "status": "paid"})):
        moves = await every(
            client.v1.balance_transactions, {"payout": payout["id"], "expand": ["data.source"]}
        )
        amount, currency = from_stripe(payout["amount"], payout["currency"])
        rows = [await _row(client, move, currency) for move in reversed(moves) if move["type"] != "payout"]
        found.append(
            Settlement(
                reference=payout["id"],
                amount_minor=amount,
                fee_minor=sum(row.fee_minor for row in rows),
                currency=currency,
                settled_at=datetime.fromtimestamp(payout["arrival_date"], UTC),
                rows=tuple(rows),
            )
        )
    return tuple(found)


async def _row(client: stripe.StripeClient, move: Any, currency: str) -> SettledRow:
    """One move of the balance. What it is about is told in its own currency, the move in the payout's."""
    from c2b.payments.gateways.stripe.gateway import refund_of

    source = move["source"] or {}
    kind, reference, key, amount, own = "other", "", "", abs(move["amount"]), currency
    if source.get("object") == "charge" and move["type"] in ("charge", "payment"):
        amount, own = from_stripe(source["amount_captured"], source["currency"])
        kind, reference = "payment", await _session_of(client, source["payment_intent"])
    elif source.get("object") == "refund" and move["type"] in ("refund", "payment_refund"):
        amount, own = from_stripe(source["amount"], source["currency"])
        refund = refund_of(source)
        kind, key = "refund", refund.key
        reference = refund.metadata.get("session") or await _session_of(client, source["payment_intent"])
    return SettledRow(
        reference=move["id"],
        kind=kind,  # type: ignore[arg-type]
        provider_ref=reference,
        refund_key=key,
        amount_minor=amount,
        currency=own,
        moved_minor=from_stripe(move["amount"], currency)[0],
        fee_minor=from_stripe(move["fee"], currency)[0],
    )
