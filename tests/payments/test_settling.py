"""Settlements row by row beside our books: fees and payouts booked once, and every lie about them a case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from c2b.config import settings
from c2b.kit import clock, db
from c2b.ledger.queries import balance
from c2b.ledger.queries import faults as book_faults
from c2b.payments import cases, gateways
from c2b.payments.capturing import receive
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.stripe.gateway import StripeGateway
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from c2b.payments.operations import request_refund
from c2b.payments.reconciling import keep_reconciliations, run_again
from tests import small
from tests.books import work
from tests.payments.gateways.counterparts.alipay import Alipay
from tests.payments.gateways.counterparts.stripe import Stripe
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.payments.paying import asked, payment_of
from tests.world import person

JOB = "reconciliation.run"


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    """The only provider there is."""
    monkeypatch.setenv("C2B_GATEWAYS", "stripe")
    settings.cache_clear()
    counterpart = Stripe()
    with gateways.replaced_by(StripeGateway(counterpart.settings(payout_days=400))):
        yield counterpart
    counterpart.close()
    settings.cache_clear()


@pytest.fixture
async def paid(database, stripe) -> dict[str, Any]:
    """Somebody paid, got 1.00 back, and Stripe paid the rest out to our bank; now it is the day after, noon."""
    clock.set(clock.now().replace(hour=12, minute=0, second=0, microsecond=0))
    w = await small.build()
    joined, _ = await asked(w, await small.open_campaign(w))
    payment = await payment_of(joined)
    stripe.pay(payment["provider_ref"])
    gateway = gateways.gateway("stripe")
    event = gateway.parse_webhook(*stripe.notice_of_payment(payment["provider_ref"]), clock.now())
    assert await receive("stripe", event) == "captured"
    await db.atomically(lambda: request_refund(payment["id"], reason="price_difference", amount_minor=100))
    await work()
    stripe.pay_out()
    clock.shift(timedelta(days=1))
    return await payment_of(joined)


async def compared() -> list[str]:
    await keep_reconciliations()
    await work(JOB)
    rows = await db.fetch("SELECT kind FROM reconciliation_case WHERE state = 'open' ORDER BY kind")
    assert await book_faults() == []
    return [row["kind"] for row in rows]


async def again() -> list[str]:
    assert await run_again("stripe", (clock.now() - timedelta(days=1)).date())
    return await compared()


async def rest() -> tuple[int, int, int]:
    """What is at Stripe, at our bank, and what it cost."""
    return (
        await balance("world:stripe:CNY"),
        await balance("world:bank:CNY"),
        await balance("costs:stripe:CNY"),
    )


class TestASettlement:
    async def test_that_agrees_is_booked_once_with_its_fees(self, paid, stripe):
        assert await compared() == []
        fee = paid["amount_minor"] * 29 // 1000
        booked = (0, -(paid["amount_minor"] - 100 - fee), -fee)
        assert await rest() == booked
        assert await again() == []
        assert await rest() == booked
        row = await db.fetch_one("SELECT settlements, differences FROM reconciliation")
        assert row == {"settlements": 1, "differences": 0}

    async def test_tells_whose_fee_it_is(self, paid, stripe):
        await compared()
        rows = await db.fetch("SELECT cause_id FROM transfer WHERE cause = 'provider_fee'")
        assert [row["cause_id"] for row in rows] == [stripe.moves[0]["id"]]


def _fee(stripe: Stripe) -> None:
    """It keeps half."""
    stripe.moves[0]["fee"] = stripe.moves[0]["amount"] // 2
    stripe.payouts[0]["amount"] = sum(m["amount"] - m["fee"] for m in stripe.moves if m["type"] != "payout")


def _less(stripe: Stripe) -> None:
    stripe.payouts[0]["amount"] -= 1


def _amount(stripe: Stripe) -> None:
    """It settles one less than was paid, and says so everywhere."""
    stripe.moves[0]["amount"] -= 1
    stripe.payouts[0]["amount"] -= 1


def _refund(stripe: Stripe) -> None:
    """It took one more for the refund."""
    stripe.moves[1]["amount"] -= 1
    stripe.payouts[0]["amount"] -= 1


def _stranger(stripe: Stripe) -> None:
    """A refund that nobody asked for."""
    name = "re_" + "9" * 24
    known = next(iter(stripe.refunds_made.values()))
    stripe.refunds_made[name] = {**known, "id": name, "amount": 7, "metadata": {"key": "by hand"}}
    stripe._move(name, "refund", -7)
    stripe.moves[-1] |= {"payout": stripe.payouts[0]["id"], "created": 0}
    stripe.payouts[0]["amount"] -= 7


def _dispute(stripe: Stripe) -> None:
    """A chargeback."""
    stripe._move("dp_1", "adjustment", -500)
    stripe.moves[-1]["payout"] = stripe.payouts[0]["id"]
    stripe.payouts[0]["amount"] -= 500


LIES = {
    "settled_fee": _fee,
    "settled_sum": _less,
    "settled_amount": _amount,
    "settled_amount of a refund": _refund,
    "settled_unknown": _stranger,
    "settled_unknown for a chargeback": _dispute,
}


class TestADifference:
    @pytest.mark.parametrize("lie", LIES)
    async def test_is_one_case_and_books_nothing(self, paid, stripe, lie):
        LIES[lie](stripe)
        kind = lie.partition(" ")[0]
        assert await compared() == [kind]
        assert (await rest())[1:] == (0, 0)
        assert await again() == [kind]

    async def test_that_somebody_has_closed_is_booked_as_the_provider_says(self, paid, stripe):
        _dispute(stripe)
        await compared()
        row = await db.fetch_one("SELECT id FROM reconciliation_case")
        assert row
        await cases.close(
            await person("Rut", "admin"), row["id"], note="A chargeback; the member got the goods."
        )
        assert await again() == []
        assert (await rest())[1] == -stripe.payouts[0]["amount"]

    async def test_from_what_was_booked_before_is_a_case(self, paid, stripe):
        await compared()
        before = await rest()
        stripe.moves[0]["fee"] += 1
        stripe.payouts[0]["amount"] -= 1
        assert await again() == ["settled_fee", "settled_sum"]
        assert await rest() == before


@pytest.fixture(params=["wechatpay", "alipay"])
async def billed(request, database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Somebody paid at a provider whose daily bill tells its fees; now it is two days later, noon."""
    monkeypatch.setenv("C2B_GATEWAYS", request.param)
    settings.cache_clear()
    clock.set(clock.now().replace(hour=12, minute=0, second=0, microsecond=0))
    counterpart: Any = WechatPay() if request.param == "wechatpay" else Alipay()
    made: Any = (
        WechatPayGateway(counterpart.settings(), base_url="https://shop.example", seconds=5)
        if request.param == "wechatpay"
        else AlipayGateway(counterpart.settings(), seconds=5)
    )
    with gateways.replaced_by(made):
        w = await small.build()
        joined, _ = await asked(w, await small.open_campaign(w))
        payment = await payment_of(joined)
        if request.param == "alipay":
            counterpart.arrive(payment["checkout_url"])
        counterpart.pay(payment["provider_ref"])
        event = made.parse_webhook(*counterpart.notice_of_payment(payment["provider_ref"]), clock.now())
        assert await receive(request.param, event) == "captured"
        clock.shift(timedelta(days=2))
        yield counterpart
    counterpart.close()
    settings.cache_clear()


class TestABillWithFees:
    async def test_books_each_fee_once_and_no_payout(self, billed):
        for _ in range(2):
            billed.write_bills()
            assert await compared() == []
            (row,) = await db.fetch("SELECT gateway, amount_minor FROM payment")
            fee = (row["amount_minor"] * 6 + 500) // 1000
            assert await balance(f"costs:{row['gateway']}:CNY") == -fee
            assert await balance(f"world:{row['gateway']}:CNY") == fee - row["amount_minor"]
            assert await db.fetch("SELECT id FROM transfer WHERE cause = 'settlement'") == []
            await run_again(row["gateway"], (clock.now() - timedelta(days=2)).date())
        assert {row["settlements"] for row in await db.fetch("SELECT settlements FROM reconciliation")} == {0}

    async def test_with_a_fee_above_a_tenth_is_a_case_and_books_nothing(self, billed):
        billed.keeps = 101
        billed.write_bills()
        assert await compared() == ["settled_fee"]
        assert await db.fetch("SELECT id FROM transfer WHERE cause = 'provider_fee'") == []

    async def test_with_another_fee_than_was_booked_is_a_case(self, billed):
        billed.write_bills()
        await compared()
        billed.keeps = 7
        billed.write_bills()
        (row,) = await db.fetch("SELECT gateway FROM payment")
        await run_again(row["gateway"], (clock.now() - timedelta(days=2)).date())
        assert await compared() == ["settled_fee"]
