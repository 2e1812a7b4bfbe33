"""The sandbox provider: no real money moves, but its record is durable and its manners are a provider's.

``SandboxGateway`` is both sides of the wire in one object: the client that our payments use (``Gateway``), and the
other company's doings that tests, demo and checkout page set off (``choose``, ``deliver_due``). What it knows lies in
its own file; see README.md.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from c2b.config import Settings
from c2b.kit import clock, faults
from c2b.payments.gateways.base import (
    Capabilities,
    DayRecord,
    GatewayEvent,
    GatewayRefused,
    ProviderPayment,
    ProviderRefund,
    Started,
    WebhookAnswer,
)
from c2b.payments.gateways.sandbox import delivery, keys, payments, refunds, signing, webhook
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Fate, Misbehavior
from c2b.payments.gateways.sandbox.record import day_of
from c2b.payments.gateways.sandbox.store import Store, instant, text

T = TypeVar("T")

CHECKOUT = "/sandbox/checkout/"

CAPABILITIES = Capabilities(
    currencies=frozenset(),
    refund_window=refunds.WINDOW,
    key_lifetime=keys.LIFETIME,
    notifies_for=sum(delivery.BACK_OFF, start=delivery.LEASE),
    partial_refunds=True,
    max_key_length=keys.MAX_LENGTH,
    authorization_window=payments.HOLD,
    reports=True,
)


class SandboxGateway:
    """A provider on this machine. ``base_url`` is the only place its checkout sends people back to."""

    name = "sandbox"
    capabilities = CAPABILITIES

    def __init__(
        self,
        path: Path,
        *,
        base_url: str,
        secret: str,
        misbehavior: Misbehavior | None = None,
        send: delivery.Sender = delivery.http_send,
    ) -> None:
        self.store = Store(path)
        self.base_url = base_url.rstrip("/")
        self.secrets = signing.secrets_from(secret)
        self.send = send
        self.misbehave(misbehavior or Misbehavior())

    @classmethod
    def from_settings(cls, settings: Settings) -> SandboxGateway:
        """The sandbox of this installation."""
        return cls(settings.sandbox_path, base_url=settings.base_url, secret=settings.sandbox_secret)

    def misbehave(self, misbehavior: Misbehavior) -> None:
        """From now on be that kind of provider."""
        self.faults = misbehavior
        self._fate = Fate(misbehavior)

    # ------------------------------------------------------------------ the client: what Gateway promises

    async def start(
        self,
        *,
        payment_id: str,
        amount_minor: int,
        currency: str,
        description: str,
        locale: str,
        return_url: str,
        notify_url: str,
        key: str,
        expires_at: datetime,
        holds: bool = False,
        method: str = "",
    ) -> Started:
        """See ``Gateway.start``. A retry must bring the same description, locale and expiry: keep them."""
        self._check_urls(return_url, notify_url)
        request = {
            "payment_id": payment_id,
            "amount_minor": amount_minor,
            "currency": currency,
            "description": description,
            "locale": locale,
            "return_url": return_url,
            "notify_url": notify_url,
            "expires_at": text(expires_at),
            **({"holds": True} if holds else {}),
        }
        now = clock.now()
        answer = await self._act(
            "start", key, request, now, lambda db: {"ref": payments.create(db, request, now)}
        )
        return Started(provider_ref=answer["ref"], redirect_url=self.base_url + CHECKOUT + answer["ref"])

    async def read(self, provider_ref: str) -> ProviderPayment:
        """See ``Gateway.read``."""
        self._fate.before_acting()
        return await asyncio.to_thread(self._told, provider_ref, clock.now())

    async def capture(
        self, provider_ref: str, *, amount_minor: int, currency: str, key: str
    ) -> ProviderPayment:
        """See ``Holds.capture``."""
        now, asked = clock.now(), {"amount_minor": amount_minor, "currency": currency}
        await self._act(
            "capture",
            key,
            {"provider_ref": provider_ref, **asked},
            now,
            lambda db: {
                "ref": payments.capture(
                    db,
                    provider_ref,
                    amount_minor=amount_minor,
                    currency=currency,
                    now=now,
                    faults=self.faults,
                )
            },
        )
        return await asyncio.to_thread(self._told, provider_ref, now)

    async def void(self, provider_ref: str, *, key: str) -> ProviderPayment:
        """See ``Holds.void``."""
        now = clock.now()
        await self._act(
            "void",
            key,
            {"provider_ref": provider_ref},
            now,
            lambda db: {"ref": payments.void(db, provider_ref, now=now, faults=self.faults)},
        )
        return await asyncio.to_thread(self._told, provider_ref, now)

    def _told(self, provider_ref: str, now: datetime) -> ProviderPayment:
        row = self._settled(provider_ref, now)
        return ProviderPayment(
            provider_ref=row["ref"],
            payment_id=row["payment_id"],
            status=row["status"],
            amount_minor=row["amount_minor"],
            currency=row["currency"],
            captured_at=instant(row["captured_at"]) if row["captured_at"] else None,
            refunded_minor=row["refunded_minor"],
        )

    async def refund(
        self,
        *,
        provider_ref: str,
        amount_minor: int,
        currency: str,
        key: str,
        reason: str,
        metadata: Mapping[str, str],
    ) -> ProviderRefund:
        """See ``Gateway.refund``."""
        now = clock.now()
        request: dict[str, Any] = {
            "amount_minor": amount_minor,
            "currency": currency,
            "reason": reason,
            "metadata": dict(metadata),
        }
        answer = await self._act(
            "refund",
            key,
            {"provider_ref": provider_ref, **request},
            now,
            lambda db: refunds.give_back(db, provider_ref, key=key, now=now, faults=self.faults, **request),
        )
        return ProviderRefund(**answer)

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """See ``Gateway.refunds``."""
        self._fate.before_acting()
        await asyncio.to_thread(self._settled, provider_ref, clock.now())
        answers = await asyncio.to_thread(self._read, lambda db: refunds.of_payment(db, provider_ref))
        return [ProviderRefund(**answer) for answer in answers]

    async def day(self, day: date) -> DayRecord:
        """See ``Reports.day``: read from the record itself, not through what answers our other questions."""
        self._fate.before_acting()
        await asyncio.to_thread(self._settle, clock.now(), None)
        return await asyncio.to_thread(day_of, self.store.path, day)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """See ``Gateway.parse_webhook``."""
        event_id = signing.verify(self.secrets, headers, body, now)
        return webhook.event_from(event_id, body)

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """See ``Gateway.webhook_answer``."""
        return WebhookAnswer(status=200 if accepted else 400)

    # ------------------------------------------------------------------ the other company's doings

    async def choose(self, provider_ref: str, behavior: Behavior = Behavior.PAY) -> None:
        """What the person on the checkout page decides. Raises ``CheckoutClosed`` when it is decided or expired."""
        now = clock.now()
        await asyncio.to_thread(
            self._write, lambda db: payments.choose(db, provider_ref, behavior, now=now, faults=self.faults)
        )

    async def pay(self, provider_ref: str, behavior: Behavior = Behavior.PAY) -> None:
        """Decide without a page, and deliver at once what that makes due: the fast way for demo, tests and bench."""
        await self.choose(provider_ref, behavior)
        await self.deliver_due(now=clock.now(), provider_ref=provider_ref)

    async def deliver_due(
        self,
        send: delivery.Sender | None = None,
        now: datetime | None = None,
        *,
        provider_ref: str | None = None,
    ) -> int:
        """Settle what time has decided and attempt all due notifications (of one payment); how many were attempted."""
        now = now or clock.now()
        await asyncio.to_thread(self._settle, now, provider_ref)
        return await delivery.deliver_due(
            self.store,
            self.secrets[0],
            send or self.send,
            now,
            newest_first=self.faults.newest_first,
            ref=provider_ref,
        )

    # ------------------------------------------------------------------ below the line

    async def _act(
        self,
        verb: str,
        key: str,
        request: dict[str, Any],
        now: datetime,
        act: Callable[[sqlite3.Connection], dict[str, Any]],
    ) -> dict[str, Any]:
        """One call that acts once per key; the answer may be lost afterwards, as over any wire."""
        self._fate.before_acting()
        answer = await asyncio.to_thread(
            self._write, lambda db: keys.once(db, key, request=request, now=now, act=lambda: act(db))
        )
        faults.point(f"sandbox.{verb}.acted")
        await self._fate.after_acting()
        return answer

    def _write(self, body: Callable[[sqlite3.Connection], T]) -> T:
        with self.store.write() as db:
            return body(db)

    def _read(self, body: Callable[[sqlite3.Connection], T]) -> T:
        with self.store.read() as db:
            return body(db)

    def _settled(self, ref: str, now: datetime) -> sqlite3.Row:
        self._settle(now, ref)
        return self._read(lambda db: payments.find(db, ref))

    def _settle(self, now: datetime, ref: str | None) -> None:
        with self.store.read() as db:
            if not payments.due(db, now, ref) and not refunds.due(db, now, ref):
                return
        with self.store.write() as db:
            payments.settle(db, now, faults=self.faults, ref=ref)
            refunds.settle(db, now, faults=self.faults, ref=ref)

    def _check_urls(self, return_url: str, notify_url: str) -> None:
        """Back to the shop only, and no other scheme than HTTP: nobody may use our name to lead people elsewhere."""
        if not _inside(self.base_url, return_url):
            raise GatewayRefused("return_url")
        notify = urlsplit(notify_url)
        if notify.scheme not in ("http", "https") or not notify.hostname or notify.username:
            raise GatewayRefused("notify_url")


def _inside(base_url: str, url: str) -> bool:
    """``url`` is a plain address below ``base_url``: printable ASCII without spaces."""
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and (url == base_url or url.startswith((base_url + "/", base_url + "?")))
