"""What every real provider must be to us: the same story through our own inbox and refund job, in the book.

They are counterparts on a socket that do the provider's own cryptography; the sandbox has tests of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from c2b.campaigns.counting import keep_deadlines
from c2b.config import settings
from c2b.kit import clock, db
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import receive
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.base import GatewayRefused, GatewayTimeout, WebhookRejected
from c2b.payments.gateways.stripe.gateway import StripeGateway
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests import small
from tests.books import assert_books, work
from tests.payments.gateways.cast import BASE
from tests.payments.gateways.counterparts.alipay import Alipay
from tests.payments.gateways.counterparts.stripe import Stripe
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.payments.paying import payment_of, state_of, verdicts

Notice = tuple[dict[str, str], bytes]


@dataclass
class Rig:
    """One provider and our gateway to it."""

    provider: Any
    gateway: Any

    @property
    def name(self) -> str:
        return str(self.gateway.name)

    async def ask(self, w: Any, campaign: str) -> tuple[Any, str]:
        """A reserved place of Bo's and the provider's reference of its open checkout."""
        joined = await w.join(campaign, w.bo)
        page = await start_checkout(w.bo, joined.participation_id)
        if self.name == "alipay":
            self.provider.arrive(page)
        return joined, (await payment_of(joined))["provider_ref"]

    async def hear(self, notice: Notice) -> str:
        return await receive(self.name, self.gateway.parse_webhook(*notice, clock.now()))

    def rejects(self, headers: dict[str, str], body: bytes) -> bool:
        try:
            self.gateway.parse_webhook(headers, body, clock.now())
        except WebhookRejected:
            return True
        return False


_MADE: dict[str, tuple[Any, Any]] = {
    "stripe": (Stripe, StripeGateway),
    "wechatpay": (WechatPay, WechatPayGateway),
    "alipay": (Alipay, AlipayGateway),
}


@pytest.fixture(params=sorted(_MADE))
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("C2B_GATEWAYS", request.param)
    settings.cache_clear()
    make, gateway = _MADE[request.param]
    counterpart = make()
    more = {"base_url": BASE} if request.param == "wechatpay" else {}
    terms = {"payout_days": 0, "refund_days": 365} if request.param == "stripe" else {}
    made = Rig(counterpart, gateway(counterpart.settings(**terms), seconds=5, **more))
    with gateways.replaced_by(made.gateway):
        yield made
    counterpart.close()
    settings.cache_clear()


class TestMoney:
    async def test_is_asked_for_once_booked_once_and_goes_back_once(self, database, rig):
        w = await small.build()
        joined, ref = await rig.ask(w, await small.open_campaign(w))
        again = await start_checkout(w.bo, joined.participation_id)
        assert again == await start_checkout(w.bo, joined.participation_id)
        rig.provider.pay(ref)
        notice = rig.provider.notice_of_payment(ref)
        assert [await rig.hear(notice) for _ in range(3)] == ["captured", "known", "known"]
        told = await rig.gateway.read(ref)
        assert (told.status, told.amount_minor, told.currency) == ("captured", joined.total_minor, "CNY")
        assert told.payment_id == (await payment_of(joined))["id"]
        clock.shift(timedelta(days=3, seconds=1))
        assert await keep_deadlines() == 1
        # it gives the money back, and we never hear of it (all but Alipay are asked about the payment first)
        rig.provider.faults = ["after"] if rig.name == "alipay" else ["", "after"]
        await work()
        for _ in range(3):
            clock.shift(timedelta(hours=1))
            for number in rig.provider.refunds if rig.name == "wechatpay" else ():
                rig.provider.settle(number)
            await work()
        [made] = await rig.gateway.refunds(ref)
        assert (made.amount_minor, made.status) == (joined.total_minor, "succeeded")
        assert await state_of(joined) == "refunded"
        assert len(await db.fetch("SELECT id FROM transfer")) == 2
        await assert_books(database, None)

    async def test_beyond_what_was_paid_never_goes_back(self, database, rig):
        w = await small.build()
        joined, ref = await rig.ask(w, await small.open_campaign(w))
        rig.provider.pay(ref)
        assert await rig.hear(rig.provider.notice_of_payment(ref)) == "captured"
        payment = await payment_of(joined)
        more = {"provider_ref": ref, "currency": "CNY", "reason": "claim", "metadata": {}}
        with pytest.raises((GatewayRefused, GatewayTimeout)) as error:
            await rig.gateway.refund(
                amount_minor=joined.total_minor + 1, key=f"refund:{payment['id']}:claim", **more
            )
        assert isinstance(error.value, GatewayRefused)
        assert await rig.gateway.refunds(ref) == []


class TestANotification:
    async def test_of_another_sum_is_kept_and_not_booked(self, database, rig):
        w = await small.build()
        joined, ref = await rig.ask(w, await small.open_campaign(w))
        rig.provider.pay(ref)
        lies: dict[str, dict[str, Any]] = {
            "stripe": {"amount_total": 1},
            "wechatpay": {"amount": {"total": 1, "currency": "CNY"}},
            "alipay": {"total_amount": "0.01", "notify_id": "another"},
        }
        assert await rig.hear(rig.provider.notice_of_payment(ref, **lies[rig.name])) == "wrong amount"
        assert await rig.hear(rig.provider.notice_of_payment(ref)) == "captured"
        assert sorted(await verdicts()) == ["captured", "wrong amount"]
        assert await state_of(joined) == "joined"

    async def test_that_is_forged_old_or_too_long_is_not_believed(self, database, rig):
        w = await small.build()
        joined, ref = await rig.ask(w, await small.open_campaign(w))
        rig.provider.pay(ref)
        headers, body = rig.provider.notice_of_payment(ref)
        for lie in (b"", body + b" ", body[:-2], b"x" * 300_000):
            assert rig.rejects(headers, lie)
        if rig.name != "alipay":  # whose signature stands in the body
            assert rig.rejects({}, body)
        clock.shift(timedelta(days=2))
        assert rig.rejects(headers, body)
        assert await verdicts() == []
        assert await state_of(joined) == "pending_payment"
