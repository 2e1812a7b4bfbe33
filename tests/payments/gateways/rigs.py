"""Every provider with its counterpart, behind the few verbs that the tests of all of them need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from c2b.kit import clock
from c2b.payments.gateways.alipay.gateway import AlipayGateway
from c2b.payments.gateways.base import Started
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.stripe.gateway import StripeGateway
from c2b.payments.gateways.wechatpay.gateway import WechatPayGateway
from tests.payments.gateways.cast import BASE, NOON, SECRET, Shop, order
from tests.payments.gateways.counterparts.alipay import Alipay
from tests.payments.gateways.counterparts.stripe import Stripe
from tests.payments.gateways.counterparts.wechatpay import WechatPay

PAYMENT = "01KBDZJ9W8H3M5N7P9QRSTVWXY"
Notice = tuple[dict[str, str], bytes]


@dataclass
class Rig:
    """One provider. ``keys`` are the refunds we have asked for, which our own rows would tell."""

    gateway: Any
    provider: Any
    keys: list[str] = field(default_factory=list)

    async def start(self, **changes: Any) -> Started:
        wanted = {"payment_id": PAYMENT, "expires_at": NOON + timedelta(hours=1), **changes}
        started: Started = await self.gateway.start(**order(PAYMENT, **wanted))
        if isinstance(self.provider, Alipay):
            self.provider.arrive(started.redirect_url)
        return started

    async def pay(self, started: Started) -> None:
        if isinstance(self.provider, SandboxGateway):
            await self.provider.choose(started.provider_ref)
        else:
            self.provider.pay(started.provider_ref)

    async def give_back(self, started: Started, amount_minor: int, kind: str = "full") -> Any:
        key = f"refund:{PAYMENT}:{kind}"
        self.keys += [key] if key not in self.keys else []
        return await self.gateway.refund(
            provider_ref=started.provider_ref, amount_minor=amount_minor, currency="CNY", key=key,
            reason="campaign_failed", metadata={"refund": "r-1"},
        )  # fmt: skip

    def lose_the_next_answer(self) -> None:
        if isinstance(self.provider, SandboxGateway):
            self.provider.misbehave(Misbehavior(timeout_percent=100))
        elif isinstance(self.provider, Alipay):
            self.provider.faults = ["after"]
        else:  # the payment is read before it is given back
            self.provider.faults = ["", "after"]

    def recover(self) -> None:
        self.provider.faults = []
        if isinstance(self.provider, SandboxGateway):
            self.provider.misbehave(Misbehavior())

    def go_away(self) -> None:
        if isinstance(self.provider, SandboxGateway):
            self.provider.misbehave(Misbehavior(unavailable_percent=100))
        else:
            self.provider.close()

    async def notice_of_payment(self, started: Started) -> Notice:
        if isinstance(self.provider, SandboxGateway):
            return await self._posted()
        return self.provider.notice_of_payment(started.provider_ref)  # type: ignore[no-any-return]

    async def notice_of_refund(self, started: Started) -> Notice:
        if isinstance(self.provider, SandboxGateway):
            return await self._posted()
        if isinstance(self.provider, Alipay):
            return self.provider.notice_of_refund(*next(iter(self.provider.refunds)))
        if isinstance(self.provider, Stripe):
            return self.provider.notice_of_refund(next(iter(self.provider.refunds_made)))
        number = next(iter(self.provider.refunds))
        self.provider.settle(number)
        return self.provider.notice_of_refund(number)  # type: ignore[no-any-return]

    async def _posted(self) -> Notice:
        shop = self.provider.shop
        await self.provider.deliver_due()
        _, headers, body = shop.posts[-1]
        return headers, body


@contextmanager
def rig(name: str, folder: Path) -> Iterator[Rig]:
    """The provider of that name at noon, with nothing in its record."""
    clock.set(NOON)
    keys: list[str] = []

    async def asked(_payment_id: str) -> list[str]:
        return keys

    if name == "sandbox":
        shop = Shop()
        sandbox: Any = SandboxGateway(
            folder / "sandbox.sqlite3", base_url=BASE, secret=SECRET, send=shop.send
        )
        shop.gateway = sandbox
        sandbox.shop = shop
        yield Rig(sandbox, sandbox, keys)
        sandbox.store.close()
        return
    provider: Any = {"stripe": Stripe, "wechatpay": WechatPay, "alipay": Alipay}[name]()
    made: Any
    if name == "stripe":
        made = StripeGateway(provider.settings(), seconds=5)
    elif name == "wechatpay":
        made = WechatPayGateway(provider.settings(), base_url=BASE, asked=asked, seconds=5)
    else:
        made = AlipayGateway(provider.settings(), asked=asked, seconds=5)
    yield Rig(made, provider, keys)
    provider.close()
