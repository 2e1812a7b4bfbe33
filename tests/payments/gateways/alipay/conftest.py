"""Alipay on this machine, and our gateway that talks to it; Bo has paid where ``paid`` is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from c2b.kit import clock
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.base import Started
from tests.payments.gateways.alipay.calls import PAYMENT, start
from tests.payments.gateways.cast import NOON
from tests.payments.gateways.counterparts.alipay import Alipay


@pytest.fixture
def provider() -> Iterator[Alipay]:
    clock.set(NOON)
    made = Alipay()
    yield made
    made.close()


@pytest.fixture
def gateway(provider: Alipay) -> AlipayGateway:
    async def asked(payment_id: str) -> list[str]:
        return [f"refund:{payment_id}:{kind}" for kind in ("full", "price_difference", "full#1")]

    return AlipayGateway(provider.settings(), asked=asked, seconds=5)


@pytest.fixture
async def paid(gateway: AlipayGateway, provider: Alipay) -> Started:
    started: Started = await start(gateway)
    provider.arrive(started.redirect_url)
    provider.pay(PAYMENT)
    return started
