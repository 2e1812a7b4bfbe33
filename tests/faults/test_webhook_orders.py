"""A provider that tells things in any order, and each up to three times: the end is always the same."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from c2b import wiring
from c2b.campaigns.queries import forget_offers
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.ledger import queries as ledger
from c2b.participations import operations as participations
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import receive
from c2b.payments.gateways.base import GatewayEvent
from c2b.payments.gateways.sandbox.record import record_of
from c2b.payments.models import Payment
from c2b.payments.rules import refund_key
from tests import world
from tests.faults.banking import member
from tests.faults.place import documents, provider

pytestmark = pytest.mark.faults

KINDS = ("payment.captured", "payment.failed", "refund.succeeded")
#: Who is told "captured" after the place was let go owes the whole amount back, and has given it back.
THE_END = {
    "payment": "succeeded", "place": "expired", "held": 0, "refunds": [("late", "succeeded")], "booked": 2,
    "captures told": 1,
}  # fmt: skip


@pytest.mark.usefixtures("database")
class TestNotifications:
    @pytest.mark.parametrize("copies", [1, 2, 3])
    @pytest.mark.parametrize("fresh_ids", [False, True], ids=["same event ids", "new event ids"])
    async def test_in_any_order_and_number_come_to_the_same_end(self, copies, fresh_ids):
        wiring.connect()
        forget_offers()
        w = await world.build()
        campaign = await w.open_campaign()
        with documents(False), provider() as sandbox:
            for order in itertools.permutations(KINDS):
                payment = await _late_payment(w, campaign, sandbox)
                for kind, copy in itertools.product(order, range(copies)):
                    await receive("sandbox", _event(payment, kind, copy if fresh_ids else 0))
                await drain()
                assert await _end(payment) == THE_END, order
                assert _refunded_there(payment) <= 1  # none where the provider said so before our job asked
        assert await ledger.faults() == []
        assert await ledger.balance(f"escrow:{campaign}") == 0

    async def test_told_before_their_job_was_done_leave_it_nothing_to_do(self):
        """The provider's own word overtakes the job that would have written the same."""
        wiring.connect()
        forget_offers()
        w = await world.build()
        campaign = await w.open_campaign()
        with documents(False), provider() as sandbox:
            payment = await _late_payment(w, campaign, sandbox)
            await receive("sandbox", _event(payment, "payment.captured", 0))
            assert await receive("sandbox", _event(payment, "refund.succeeded", 0)) == "refunded"
            assert await receive("sandbox", _event(payment, "refund.succeeded", 1)) == "refunded"
            await drain()
            assert await _end(payment) == THE_END
        assert _refunded_there(payment) == 0  # it said so itself; nobody asked it again


async def _late_payment(w: world.World, campaign: str, sandbox: Any) -> Payment:
    """Paid at the provider, for a place that was let go meanwhile."""
    joined = await w.join(campaign)
    await start_checkout(member(w.members[-1].id), joined.participation_id)
    payment = await Payment.get(participation_id=joined.participation_id)
    await db.execute(
        "UPDATE participation SET reserved_until = ? WHERE id = ?", clock.now(), joined.participation_id
    )
    assert await participations.keep_reservations() == 1
    await sandbox.choose(payment.provider_ref)
    return payment


def _event(payment: Payment, kind: str, copy: int) -> GatewayEvent:
    return GatewayEvent(
        event_id=f"{kind}-{payment.id}-{copy}", kind=kind, provider_ref=payment.provider_ref or "",
        payment_id=payment.id, amount_minor=payment.amount_minor, currency=payment.currency, occurred_at=clock.now(),
        refund_key=refund_key(payment.id, "late") if kind.startswith("refund") else None,
    )  # fmt: skip


async def _end(payment: Payment) -> dict[str, Any]:
    ours = await Payment.get(id=payment.id)
    place = await db.fetch_one("SELECT state FROM participation WHERE id = ?", payment.participation_id)
    refunds = await db.fetch("SELECT id, reason, state FROM refund WHERE payment_id = ?", payment.id)
    assert place
    booked = await db.fetch(
        "SELECT id FROM transfer WHERE cause_id IN (?, ?)", payment.id, refunds[0]["id"] if refunds else ""
    )
    captures = await db.fetch(
        "SELECT id FROM event WHERE name = 'payment.captured' AND subject_id = ?", payment.id
    )
    return {
        "payment": ours.state,
        "place": place["state"],
        "held": ours.amount_minor - ours.refunded_minor,
        "refunds": [(row["reason"], row["state"]) for row in refunds],
        "booked": len(booked),
        "captures told": len(captures),
    }


def _refunded_there(payment: Payment) -> int:
    return sum(row.payment_id == payment.id for row in record_of(settings().sandbox_path).refunds)
