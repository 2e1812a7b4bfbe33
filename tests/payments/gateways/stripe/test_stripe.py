"""Stripe on this machine: what we ask it, what we understand of its answers, and which notifications we believe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import (
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
    WebhookRejected,
)
from c2b.payments.gateways.stripe.amounts import from_stripe, to_stripe
from c2b.payments.gateways.stripe.client import client_of
from c2b.payments.gateways.stripe.gateway import StripeGateway
from c2b.payments.gateways.stripe.settings import load, problems
from tests.payments.gateways.cast import NOON, PRICE, give_back, order
from tests.payments.gateways.counterparts.listening import PATIENCE
from tests.payments.gateways.counterparts.stripe import KEY, OLD_SECRET, SECRET, Stripe


@pytest.fixture
def provider() -> Iterator[Stripe]:
    clock.set(NOON)
    made = Stripe()
    yield made
    made.close()


@pytest.fixture
def gateway(provider: Stripe) -> StripeGateway:
    return StripeGateway(provider.settings())


@contextmanager
def in_a_hurry(gateway: StripeGateway, fault: str) -> Iterator[None]:
    """Waiting for an answer that comes too late costs time; for all else a busy machine has as much as it needs."""
    calm = gateway._client
    if fault == "silent":
        gateway._client = client_of(gateway.settings, seconds=PATIENCE)
    try:
        yield
    finally:
        gateway._client = calm


async def refused(call: Any) -> str:
    with pytest.raises(GatewayRefused) as error:
        await call
    return error.value.reason


class TestACheckout:
    async def test_is_asked_for_as_stripe_wants_it(self, gateway, provider):
        started = await gateway.start(**order(locale="zh_CN", expires_at=NOON + timedelta(minutes=20)))
        session = provider.sessions[started.provider_ref]
        assert started.redirect_url == session["url"]
        assert (session["amount_total"], session["currency"]) == (PRICE, "cny")
        assert session["expires_at"] == int((NOON + timedelta(minutes=50)).timestamp())
        [(_, _, headers, body)] = provider.requests
        assert (headers["idempotency-key"], headers["authorization"]) == ("start:bo", f"Bearer {KEY}")
        assert b"locale=zh" in body and b"capture_method%5D=automatic" in body.replace(b"[", b"%5B").replace(
            b"]", b"%5D"
        )

    async def test_of_a_balance_ends_when_stripe_ends_it(self, gateway, provider):
        started = await gateway.start(**order(expires_at=NOON + timedelta(days=9)))
        session = provider.sessions[started.provider_ref]
        assert session["expires_at"] == int((NOON + timedelta(days=1)).timestamp())

    async def test_is_one_however_often_it_is_asked_for(self, gateway, provider):
        first = await gateway.start(**order())
        clock.set(NOON + timedelta(minutes=9))
        assert await gateway.start(**order()) == first
        assert await refused(gateway.start(**order(amount_minor=1_00))) == "key_reused"
        assert len(provider.sessions) == 1

    async def test_that_is_closed_cannot_be_paid(self, gateway, provider):
        started = await gateway.start(**order())
        await gateway.close(started.provider_ref)
        await gateway.close(started.provider_ref)
        assert (await gateway.read(started.provider_ref)).status == "expired"
        paid = await gateway.start(**order("other"))
        provider.pay(paid.provider_ref)
        assert await refused(gateway.close(paid.provider_ref)) == "already_paid"


class TestAnAnswerThatDoesNotCome:
    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("silent", GatewayTimeout),
            ("cut", GatewayTimeout),
            ("after", GatewayTimeout),
            ("rubbish", GatewayTimeout),
        ],
    )
    async def test_after_acting_leaves_the_question_open(self, gateway, provider, fault, error):
        started = await gateway.start(**order())
        provider.pay(started.provider_ref)
        provider.faults = ["", fault]
        with pytest.raises(error), in_a_hurry(gateway, fault):
            await gateway.refund(**give_back(started))
        [made] = await gateway.refunds(started.provider_ref)
        assert (made.key, made.amount_minor, made.status) == ("refund:bo", PRICE, "succeeded")

    async def test_to_a_question_changes_nothing(self, gateway, provider):
        started = await gateway.start(**order())
        for fault in ("away", "silent", "cut", "rubbish"):
            provider.faults = [fault]
            with pytest.raises(GatewayUnavailable), in_a_hurry(gateway, fault):
                await gateway.read(started.provider_ref)

    async def test_since_nobody_is_there_says_that_nothing_was_done(self, provider):
        gateway = StripeGateway(provider.settings(api="http://127.0.0.1:9"))
        with pytest.raises(GatewayUnavailable):
            await gateway.start(**order())

    async def test_since_our_key_is_wrong_says_that_nothing_was_done(self, provider):
        gateway = StripeGateway(provider.settings(key="sk_test_wrong"))
        with pytest.raises(GatewayUnavailable):
            await gateway.start(**order())


class TestMoneyBack:
    async def test_goes_in_parts_and_never_beyond_what_was_paid(self, gateway, provider):
        started = await gateway.start(**order())
        assert await refused(gateway.refund(**give_back(started))) == "not_captured"
        provider.pay(started.provider_ref)
        for number in range(3):
            await gateway.refund(**give_back(started, f"part:{number}", amount_minor=100))
        assert [one.key for one in await gateway.refunds(started.provider_ref)] == [
            "part:0",
            "part:1",
            "part:2",
        ]
        assert (await gateway.read(started.provider_ref)).refunded_minor == 300
        assert await refused(gateway.refund(**give_back(started))) == "over_refund"
        assert await refused(gateway.refund(**give_back(started, "usd", currency="USD"))) == "currency"
        await gateway.refund(**give_back(started, "rest", amount_minor=PRICE - 300))
        assert await refused(gateway.refund(**give_back(started, "more", amount_minor=1))) == "over_refund"

    async def test_that_fails_is_not_counted(self, gateway, provider):
        started = await gateway.start(**order())
        provider.pay(started.provider_ref)
        provider.refund_status = "failed"
        assert (await gateway.refund(**give_back(started))).status == "failed"
        assert (await gateway.read(started.provider_ref)).refunded_minor == 0

    async def test_of_what_stripe_does_not_know_is_refused(self, gateway, provider):
        assert await refused(gateway.read("cs_test_nothing")) == "unknown_payment"
        assert await refused(gateway.read("../refunds")) == "unknown_payment"


class TestMoneyThatIsHeld:
    async def test_is_taken_in_part_and_the_rest_is_let_go(self, gateway, provider):
        started = await gateway.start(**order(holds=True))
        provider.pay(started.provider_ref)
        assert (await gateway.read(started.provider_ref)).status == "authorized"
        clock.set(NOON + timedelta(days=3))
        taken = await gateway.capture(
            started.provider_ref, amount_minor=40_000, currency="CNY", key="capture:bo"
        )
        assert (taken.status, taken.amount_minor) == ("captured", 40_000)
        assert taken.captured_at == NOON + timedelta(days=3)
        assert (await gateway.read(started.provider_ref)).amount_minor == 40_000
        again = await gateway.capture(
            started.provider_ref, amount_minor=40_000, currency="CNY", key="capture:bo"
        )
        assert again == taken
        assert await refused(gateway.void(started.provider_ref, key="void:bo")) == "unexpected_state"
        event = gateway.parse_webhook(
            *provider.notice("payment_intent.succeeded", provider.intent_of(started.provider_ref)),
            clock.now(),
        )
        assert (event.kind, event.provider_ref, event.payment_id, event.amount_minor) == (
            "payment.captured", started.provider_ref, "bo-1", 40_000,
        )  # fmt: skip

    async def test_is_let_go_once(self, gateway, provider):
        started = await gateway.start(**order(holds=True))
        provider.pay(started.provider_ref)
        for key in ("void:bo", "void:bo", "void:again"):
            assert (await gateway.void(started.provider_ref, key=key)).status == "voided"
        call = gateway.capture(started.provider_ref, amount_minor=PRICE, currency="CNY", key="capture:bo")
        assert await refused(call) == "unexpected_state"


class TestADay:
    async def test_is_told_row_by_row(self, gateway, provider):
        refs = []
        for number in range(3):
            started = await gateway.start(**order(f"start:{number}", payment_id=f"bo-{number}"))
            provider.pay(started.provider_ref)
            refs.append(started.provider_ref)
        await gateway.refund(**give_back(started, amount_minor=900))
        provider.pay_out()
        clock.set(NOON + timedelta(days=1))
        record = await gateway.day(NOON.date())
        assert [(one.provider_ref, one.payment_id) for one in record.payments] == [
            (ref, f"bo-{number}") for number, ref in enumerate(refs)
        ]
        assert [one.refunded_minor for one in record.payments] == [0, 0, 900]
        assert [(ref, one.key, one.amount_minor) for ref, one in record.refunds] == [
            (refs[2], "refund:bo", 900)
        ]
        [settled] = record.settlements
        assert settled.amount_minor + settled.fee_minor == 3 * PRICE - 900
        assert await gateway.day(clock.now().date()) == type(record)(payments=(), refunds=())


class TestANotification:
    @pytest.fixture
    async def told(self, gateway, provider) -> tuple[dict[str, str], bytes]:
        started = await gateway.start(**order())
        provider.pay(started.provider_ref)
        return provider.notice_of_payment(started.provider_ref)

    def rejected(self, gateway: StripeGateway, headers: Any, body: bytes) -> str:
        with pytest.raises(WebhookRejected) as error:
            gateway.parse_webhook(headers, body, clock.now())
        return error.value.reason

    async def test_says_what_was_paid(self, gateway, provider, told):
        event = gateway.parse_webhook(*told, clock.now())
        [ref] = provider.sessions
        assert (event.kind, event.provider_ref, event.payment_id) == ("payment.captured", ref, "bo-1")
        assert (event.amount_minor, event.currency, event.occurred_at) == (PRICE, "CNY", NOON)

    async def test_may_be_signed_with_the_secret_of_before(self, gateway, provider, told):
        assert gateway.parse_webhook(*provider.signed_notice(told[1], secret=OLD_SECRET), clock.now())
        forged = provider.signed_notice(told[1], secret="whsec_" + "f" * 24)
        assert self.rejected(gateway, *forged) == "bad_signature"

    @pytest.mark.parametrize(("minutes", "reason"), [(-6, "too_old"), (6, "too_new")])
    async def test_must_be_fresh(self, gateway, provider, told, minutes, reason):
        when = clock.now() + timedelta(minutes=minutes)
        assert self.rejected(gateway, *provider.signed_notice(told[1], at=when)) == reason

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"livemode": True}, "other_mode"),
            ({"account": "acct_other"}, "other_account"),
            ({"object": "list"}, "malformed"),
            ({"created": "now"}, "malformed"),
            ({"data": {"object": []}}, "malformed"),
            ({"id": ""}, "malformed"),
        ],
    )
    async def test_that_is_not_for_us_or_no_event_is_rejected(self, gateway, provider, told, change, reason):
        body = json.dumps(json.loads(told[1]) | change).encode()
        assert self.rejected(gateway, *provider.signed_notice(body)) == reason

    async def test_without_a_signature_or_too_long_is_rejected(self, gateway, provider, told):
        assert self.rejected(gateway, {}, told[1]) == "unsigned"
        assert self.rejected(gateway, {"Stripe-Signature": "t=1,t=2,v1=aa"}, told[1]) == "unsigned"
        assert self.rejected(gateway, *provider.signed_notice(b"\xff\xfe")) == "malformed"
        assert self.rejected(gateway, *provider.signed_notice(b" " * 300_000)) == "oversized"
        assert self.rejected(gateway, told[0], told[1].replace(b"cny", b"jpy")) == "bad_signature"

    async def test_about_a_refund_carries_our_key(self, gateway, provider, told):
        [ref] = provider.sessions
        await gateway.refund(**give_back(type("S", (), {"provider_ref": ref})(), amount_minor=500))
        [made] = provider.refunds_made
        event = gateway.parse_webhook(*provider.notice_of_refund(made), clock.now())
        assert (event.kind, event.refund_key, event.provider_ref) == ("refund.succeeded", "refund:bo", ref)
        assert (event.payment_id, event.amount_minor) == ("bo-1", 500)

    async def test_about_anything_else_books_nothing(self, gateway, provider, told):
        for kind in ("charge.updated", "payment_intent.created", "invoice.paid"):
            event = gateway.parse_webhook(
                *provider.notice(kind, {"id": "x", "object": "charge"}), clock.now()
            )
            assert event.kind == "payment.processing"

    async def test_of_a_slow_method_waits_until_it_is_paid(self, gateway, provider, told):
        [ref] = provider.sessions
        late = provider.notice_of_payment(ref, payment_status="unpaid")
        assert gateway.parse_webhook(*late, clock.now()).kind == "payment.processing"
        held = provider.notice_of_payment(
            ref, payment_status="unpaid", metadata={"payment": "bo-1", "holds": "yes"}
        )
        assert gateway.parse_webhook(*held, clock.now()).kind == "payment.authorized"
        failed = provider.notice("checkout.session.async_payment_failed", provider.sessions[ref])
        assert gateway.parse_webhook(*failed, clock.now()).kind == "payment.failed"


class TestAnAmount:
    @pytest.mark.parametrize(
        ("minor", "currency", "wire"),
        [(45_900, "CNY", 45_900), (5000, "JPY", 5000), (5, "ISK", 500), (7, "UGX", 700), (1230, "KWD", 1230)],
    )
    def test_is_written_as_stripe_counts(self, minor, currency, wire):
        assert to_stripe(minor, currency) == wire
        assert from_stripe(wire, currency.lower()) == (minor, currency)

    @pytest.mark.parametrize(
        ("minor", "currency", "reason"),
        [
            (1235, "KWD", "amount_granularity"),
            (1, "XAU", "currency"),
            (0, "CNY", "amount"),
            (True, "CNY", "amount"),
        ],
    )
    def test_that_stripe_cannot_write_is_refused(self, minor, currency, reason):
        with pytest.raises(GatewayRefused) as error:
            to_stripe(minor, currency)
        assert error.value.reason == reason

    @pytest.mark.parametrize(("wire", "currency"), [(501, "isk"), ("5", "cny"), (5, None), (True, "cny")])
    def test_that_stripe_never_writes_is_none(self, wire, currency):
        with pytest.raises(ValueError, match=r"not an amount|without decimals"):
            from_stripe(wire, currency)


class TestTheEnvironment:
    ENV = {"C2B_STRIPE_KEY": KEY, "C2B_STRIPE_WEBHOOK_SECRET": f"{SECRET}, {OLD_SECRET}"}

    def test_is_complete(self):
        assert problems(self.ENV) == []
        assert load(self.ENV).webhook_secrets == (SECRET, OLD_SECRET)
        assert not load(self.ENV).live
        terms = StripeGateway(load(self.ENV | {"C2B_STRIPE_HOLD_DAYS": "30"})).capabilities
        assert terms.authorization_window == timedelta(days=30)

    def test_names_what_is_missing_or_wrong_without_showing_it(self):
        assert len(problems({})) == 2
        for name, value in [("KEY", "pk_test_1"), ("WEBHOOK_SECRET", "hush hush"), ("HOLD_DAYS", "a week")]:
            [line] = problems(self.ENV | {f"C2B_STRIPE_{name}": value})
            assert name in line
            assert value not in line
