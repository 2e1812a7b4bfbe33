"""WeChat Pay on this machine, and our gateway that talks to it; Bo has paid where ``paid`` is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import (
    Started,
)
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests.payments.gateways.cast import BASE, NOON
from tests.payments.gateways.counterparts.wechatpay import WechatPay
from tests.payments.gateways.wechatpay.wechat import PAYMENT, start


@pytest.fixture
def provider() -> Iterator[WechatPay]:
    clock.set(NOON)
    made = WechatPay()
    yield made
    made.close()


@pytest.fixture
def gateway(provider: WechatPay) -> WechatPayGateway:
    async def asked(payment_id: str) -> list[str]:
        return [f"refund:{payment_id}:{kind}" for kind in ("full", "price_difference", "full#1")]

    return WechatPayGateway(provider.settings(), base_url=BASE, asked=asked, seconds=5)


@pytest.fixture
async def paid(gateway: WechatPayGateway, provider: WechatPay) -> Started:
    started: Started = await start(gateway)
    provider.pay(PAYMENT)
    return started
