"""What every payment provider must look like to us: start, read, refund, and signed notifications.

A gateway is another company's machine. It may be away, it may act and then lose the answer, it may tell us twice,
late or in the wrong order. So every call that moves money carries a key (twice is once), every answer is one of
*done*, *not done*, *unknown*, and a notification is believed only after its signature, its age and our own payment
row agree (RFC 2104; https://www.standardwebhooks.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from c2b.kit.errors import AppError
from c2b.kit.i18n import N_

PaymentStatus = Literal["created", "authorized", "captured", "failed", "expired", "voided"]
RefundStatus = Literal["pending", "succeeded", "failed"]

#: Nobody pays more than this in one go; a larger number is a mistake of units (minor units of any currency).
MAX_AMOUNT_MINOR = 10**12


class UnknownGateway(LookupError):
    """C2B_GATEWAYS, or a payment row, names a provider that this installation does not have."""


class NotConfigured(UnknownGateway):
    """The environment lacks what a provider needs; the message says what."""


class GatewayUnavailable(AppError):
    """The provider answered that it did nothing, or was not reached. Try again with the same key."""

    status = 503
    code = "gateway_unavailable"
    message = N_(
        "The payment provider is not available right now. No money has moved; please try again shortly."
    )


class GatewayTimeout(AppError):
    """The answer was lost: the provider may or may not have acted. Ask it (``read``, ``refunds``) before concluding."""

    status = 503
    code = "gateway_timeout"
    message = N_(
        "The payment provider has not answered. We are asking it what happened; please do not pay twice."
    )


class GatewayRefused(AppError):
    """The provider will never do this. ``reason`` is a stable code such as ``over_refund`` or ``key_reused``."""

    status = 409
    code = "gateway_refused"
    message = N_("The payment provider refused this request ({reason}).")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason=reason)


class WebhookRejected(AppError):
    """A notification we do not believe. ``reason``: oversized, unsigned, bad_signature, too_old, too_new, malformed."""

    status = 400
    code = "webhook_rejected"
    message = N_("This notification was not accepted ({reason}).")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do and for how long; the numbers are the provider's terms, not ours.

    ``key_lifetime``: after it a used key may act as a new one, so ask before repeating (at least 24 hours everywhere
    we know, docs.stripe.com/idempotency). ``refund_window`` counts from the capture. ``notifies_for``: how long the
    provider repeats a notification that we have not accepted; an inbox must remember event ids at least that long.

    ``authorization_window``: how long an authorization holds before it must be captured; ``None``: the provider does
    not authorize (``Holds``). ``hold_window``: how long captured money may wait with the provider before it settles by
    itself and a group's money can no longer be split or held back; ``None``: no such limit. ``reports``: there is a
    record to compare with day by day (``Reports``); ``tells_payouts``: what it pays out to our bank is in it.
    ``methods``: ways to pay, the usual one first (``page``, ``qr``, ``jsapi``, ``transfer``).

    ``own_account``: money comes to our own account, where it waits until a person says what it pays, and goes back by
    a transfer that people make. ``reserves``: how long a place waits for money that is on its way (``None``: as long as
    every place), and ``arrives_within``: nearer to a deadline than this it is not offered.
    """

    currencies: frozenset[str]  # empty: any ISO 4217 code
    refund_window: timedelta
    key_lifetime: timedelta
    notifies_for: timedelta
    partial_refunds: bool
    max_key_length: int
    authorization_window: timedelta | None = None
    hold_window: timedelta | None = None
    reports: bool = False
    tells_payouts: bool = False
    methods: tuple[str, ...] = ("page",)
    own_account: bool = False
    reserves: timedelta | None = None
    arrives_within: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A checkout was opened: send the person to ``redirect_url``.

    Where the provider has no page of its own, ``redirect_url`` is empty and our page shows ``qr_text`` as a QR code,
    hands ``client`` to the provider's script in the browser, or tells by ``transfer`` where to send the money to
    (``holder``, ``account``, ``bank``, ``bic``, ``reference``).
    """

    provider_ref: str
    redirect_url: str
    qr_text: str = ""
    client: Mapping[str, str] = field(default_factory=dict)
    transfer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPayment:
    """What the provider's own record says now. ``refunded_minor`` includes refunds still on their way."""

    provider_ref: str
    payment_id: str
    status: PaymentStatus
    amount_minor: int
    currency: str
    captured_at: datetime | None
    refunded_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRefund:
    """One refund in the provider's record; ``key`` is the one we asked with."""

    refund_ref: str
    key: str
    amount_minor: int
    status: RefundStatus
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEvent:
    """A notification whose signature and age are right. Compare amount and currency with our own row before booking.

    ``kind``: payment.processing, payment.authorized, payment.captured, payment.failed, payment.expired, payment.voided,
    refund.succeeded, refund.failed; ignore others.
    ``amount_minor`` is the payment's amount, or the refund's for ``refund.*``, which also carry ``refund_key``.
    """

    event_id: str
    kind: str
    provider_ref: str
    payment_id: str
    amount_minor: int
    currency: str
    occurred_at: datetime
    refund_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAnswer:
    """What a provider wants to hear: it repeats a notification until it hears exactly this."""

    status: int = 200
    body: bytes = b'{"received":true}'
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """One payment or refund that a settlement is made of; ``other`` is neither (a chargeback, a correction).

    ``amount_minor`` in ``currency``: the payment's or refund's own, above zero. ``moved_minor`` (below zero for what
    went out) and ``fee_minor`` are in the settlement's currency. ``provider_ref`` names the payment.
    """

    reference: str
    kind: Literal["payment", "refund", "other"]
    provider_ref: str
    refund_key: str
    amount_minor: int
    currency: str
    moved_minor: int
    fee_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Money that the provider has paid out to our bank account, less the fee that it keeps, in minor units, and the
    rows that it is made of. Not ``paid_out``: a day's bill that tells each row's fee, the rest staying there."""

    reference: str
    amount_minor: int
    fee_minor: int
    currency: str
    settled_at: datetime
    rows: tuple[SettledRow, ...] = ()
    paid_out: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """One day of a provider's own record, row by row, as it stands now: payments captured and refunds made that day
    (UTC), and settlements where the provider reports them."""

    payments: tuple[ProviderPayment, ...]
    refunds: tuple[tuple[str, ProviderRefund], ...]  # with the provider_ref of the payment
    settlements: tuple[Settlement, ...] = ()


class Gateway(Protocol):
    """A payment provider. Amounts are integer minor units, instants aware UTC.

    Every method but ``parse_webhook`` may raise ``GatewayUnavailable``; those that act also ``GatewayTimeout`` and
    ``GatewayRefused`` (same key with other parameters, unknown payment, more than was captured, window over).
    """

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

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
        """Open a checkout for one payment. The same key gives the same checkout.

        ``holds``: authorize only (``Holds``); ``method``: one of ``capabilities.methods``, empty for the usual one.
        """
        ...

    async def read(self, provider_ref: str) -> ProviderPayment:
        """The payment as the provider sees it now; raises ``GatewayRefused("unknown_payment")``."""
        ...

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
        """Give back a part or all of a captured payment. The same key gives the same refund."""
        ...

    async def refunds(self, provider_ref: str) -> list[ProviderRefund]:
        """All refunds of a payment, oldest first: what to ask before repeating a refund after an unknown answer."""
        ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> GatewayEvent:
        """Verify and read a notification from its raw bytes; raises ``WebhookRejected``."""
        ...

    def webhook_answer(self, accepted: bool) -> WebhookAnswer:
        """What to answer a notification with, after it was booked (or refused)."""
        ...


@runtime_checkable
class Holds(Protocol):
    """A provider that authorizes first and captures later, within ``capabilities.authorization_window``."""

    async def capture(
        self, provider_ref: str, *, amount_minor: int, currency: str, key: str
    ) -> ProviderPayment:
        """Take all or a part of what is held; the rest is released. The same key acts once."""
        ...

    async def void(self, provider_ref: str, *, key: str) -> ProviderPayment:
        """Release what is held. Voiding twice, or what has expired, is no error."""
        ...


@runtime_checkable
class Reports(Protocol):
    """A provider whose own record can be read day by day."""

    async def day(self, day: date) -> DayRecord:
        """Everything of that UTC day. Raises ``GatewayUnavailable`` while the report is not ready."""
        ...
