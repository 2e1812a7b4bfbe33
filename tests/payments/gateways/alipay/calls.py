"""Bo's payment at Alipay, and the calls that tests repeat."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.kit import clock
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.base import GatewayRefused, WebhookRejected
from tests.payments.gateways.cast import PRICE, order

PAYMENT = "01KBDZJ9W8H3M5N7P9QRSTVWXY"
REFUND = f"refund:{PAYMENT}:full"


def start(gateway: AlipayGateway, **changes: Any) -> Any:
    return gateway.start(**order(PAYMENT, payment_id=PAYMENT, **changes))


def give_back(gateway: AlipayGateway, amount_minor: int = PRICE, key: str = REFUND, **changes: Any) -> Any:
    asked = {"provider_ref": PAYMENT, "currency": "CNY", "reason": "campaign_failed", "metadata": {}}
    return gateway.refund(amount_minor=amount_minor, key=key, **{**asked, **changes})


async def refused(call: Any) -> str:
    with pytest.raises(GatewayRefused) as error:
        await call
    return error.value.reason


def rejected(gateway: AlipayGateway, headers: Any, body: bytes) -> str:
    with pytest.raises(WebhookRejected) as error:
        gateway.parse_webhook(headers, body, clock.now())
    return error.value.reason
