"""Notifications: believed only when genuine and fresh, delivered at least once, in whatever order."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import WebhookRejected
from c2b.payments.gateways.sandbox import signing
from c2b.payments.gateways.sandbox.delivery import BACK_OFF, LEASE
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.record import record_of
from tests.payments.gateways.cast import BASE, NOON, PRICE, SECRET, Shop, give_back, order

Post = tuple[dict[str, str], bytes]
KEY = signing.secrets_from(SECRET)[0]


def genuine(body: bytes | None = None, *, key: bytes = KEY, event_id: str = "evt_1", late: float = 0) -> Post:
    notice = {
        "id": "evt_1",
        "type": "payment.captured",
        "occurred_at": "2026-11-23T12:00:00.000000Z",
        "data": {
            "provider_ref": "sbx_1",
            "payment_id": "bo-1",
            "amount_minor": PRICE,
            "currency": "CNY",
            "refund_ref": None,
            "refund_key": None,
        },
    }
    body = json.dumps(notice).encode() if body is None else body
    text = body.decode("utf-8", "replace")
    sent_at = NOON - timedelta(seconds=late)
    return signing.sign(key, event_id=event_id, body=text, now=sent_at), body


def changed(**headers: str | None) -> Callable[[], Post]:
    def make() -> Post:
        signed, body = genuine()
        for name, value in headers.items():
            signed[f"webhook-{name}"] = value or ""
        return signed, body

    return make


def altered(**data: object) -> Callable[[], Post]:
    """Rightly signed, wrongly shaped."""

    def make() -> Post:
        notice = json.loads(genuine()[1])
        notice.update({name: value for name, value in data.items() if name in notice})
        notice["data"].update({name: value for name, value in data.items() if name not in notice})
        return genuine(json.dumps(notice).encode())

    return make


class TestASignature:
    def test_that_is_genuine_and_fresh_is_believed(self, sandbox: SandboxGateway) -> None:
        event = sandbox.parse_webhook(*genuine(), NOON)
        assert (event.event_id, event.kind, event.payment_id) == ("evt_1", "payment.captured", "bo-1")
        assert (event.amount_minor, event.currency, event.occurred_at) == (PRICE, "CNY", NOON)

    @pytest.mark.parametrize("late", [-300, 300])
    def test_may_be_five_minutes_off_either_way(self, sandbox: SandboxGateway, late: float) -> None:
        assert sandbox.parse_webhook(*genuine(late=late), NOON).event_id == "evt_1"

    @pytest.mark.parametrize(
        ("post", "reason"),
        [
            pytest.param(lambda: genuine(late=301), "too_old", id="old"),
            pytest.param(lambda: genuine(late=-301), "too_new", id="from the future"),
            pytest.param(lambda: genuine(key=b"guess"), "bad_signature", id="other secret"),
            pytest.param(changed(signature="v1,AAAA"), "bad_signature", id="bad signature"),
            pytest.param(
                changed(signature=genuine()[0]["webhook-signature"][:-9]), "bad_signature", id="truncated"
            ),
            pytest.param(changed(signature="v1,é"), "bad_signature", id="not base64"),
            pytest.param(
                changed(signature=genuine()[0]["webhook-signature"].replace("v1,", "v1,!")),
                "bad_signature",
                id="nearly base64",
            ),
            pytest.param(changed(signature="v1"), "bad_signature", id="no comma"),
            pytest.param(
                changed(signature=genuine()[0]["webhook-signature"].replace("v1,", "v2,")),
                "bad_signature",
                id="another scheme",
            ),
            pytest.param(changed(signature="v1,AAAA " * 100000), "unsigned", id="endless header"),
            pytest.param(changed(signature=None), "unsigned", id="no signature"),
            pytest.param(changed(timestamp=None), "unsigned", id="no timestamp"),
            pytest.param(changed(timestamp="nan"), "unsigned", id="not a time"),
            pytest.param(changed(timestamp="9" * 400), "unsigned", id="absurd time"),
            pytest.param(changed(timestamp="99999999999"), "too_new", id="the year 5138"),
            pytest.param(changed(timestamp="-1"), "unsigned", id="before 1970"),
            pytest.param(changed(id=None), "unsigned", id="no id"),
            pytest.param(changed(id="evt_2"), "bad_signature", id="another id"),
            pytest.param(changed(timestamp=str(int(NOON.timestamp()) + 1)), "bad_signature", id="moved time"),
            pytest.param(lambda: (genuine()[0], genuine()[1] + b" "), "bad_signature", id="altered body"),
            pytest.param(lambda: (genuine()[0], b"\xff\xfe"), "malformed", id="not UTF-8"),
            pytest.param(lambda: genuine(b"x" * (signing.MAX_BODY_BYTES + 1)), "oversized", id="oversized"),
            pytest.param(lambda: genuine(b"[" * 5000), "malformed", id="deep"),
            pytest.param(lambda: genuine(b"{}"), "malformed", id="empty"),
            pytest.param(lambda: genuine(b"[]"), "malformed", id="not an object"),
            pytest.param(lambda: genuine(b'{"id":"evt_1","id":"evt_1"}'), "malformed", id="a key twice"),
            pytest.param(altered(id="evt_other"), "malformed", id="two ids"),
            pytest.param(altered(amount_minor=459.0), "malformed", id="a fraction"),
            pytest.param(altered(amount_minor="45900"), "malformed", id="a text for a number"),
            pytest.param(altered(amount_minor=True), "malformed", id="true for a number"),
            pytest.param(altered(payment_id=None), "malformed", id="no payment"),
            pytest.param(altered(payment_id="x" * 300), "malformed", id="a long id"),
            pytest.param(altered(occurred_at="yesterday"), "malformed", id="no instant"),
        ],
    )
    def test_that_is_not_is_rejected(
        self, sandbox: SandboxGateway, post: Callable[[], Post], reason: str
    ) -> None:
        with pytest.raises(WebhookRejected) as error:
            sandbox.parse_webhook(*post(), NOON)
        assert error.value.reason == reason

    def test_may_stand_behind_others_and_under_any_spelling_of_the_header(
        self, sandbox: SandboxGateway
    ) -> None:
        headers, body = genuine()
        headers["webhook-signature"] = "v1,AAAA v9,xyz " + headers["webhook-signature"]
        assert sandbox.parse_webhook({name.title(): value for name, value in headers.items()}, body, NOON)

    def test_by_either_of_two_secrets_is_believed_while_one_is_exchanged(self, tmp_path: Path) -> None:
        both = SandboxGateway(tmp_path / "s", base_url=BASE, secret=f"new, {SECRET}")
        new = signing.secrets_from("new")[0]
        assert both.parse_webhook(*genuine(), NOON) == both.parse_webhook(*genuine(key=new), NOON)
        after = SandboxGateway(tmp_path / "s", base_url=BASE, secret="new")
        with pytest.raises(WebhookRejected):
            after.parse_webhook(*genuine(), NOON)

    @pytest.mark.parametrize("setting", ["", " , ", "a,b,c"])
    def test_needs_one_secret_or_two(self, setting: str) -> None:
        with pytest.raises(ValueError, match="secret"):
            signing.secrets_from(setting)


class TestADelivery:
    async def test_carries_what_happened(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        clock.shift(timedelta(hours=1))
        refund = await sandbox.refund(**give_back(started, amount_minor=900))
        await sandbox.deliver_due()
        paid, back = shop.believed
        assert (paid.kind, paid.provider_ref, paid.payment_id) == (
            "payment.captured",
            started.provider_ref,
            "bo-1",
        )
        assert (paid.amount_minor, paid.currency, paid.occurred_at, paid.refund_key) == (
            PRICE,
            "CNY",
            NOON,
            None,
        )
        assert (back.kind, back.amount_minor, back.refund_key) == ("refund.succeeded", 900, refund.key)
        assert shop.posts[0][0] == f"{BASE}/webhooks/payments/sandbox"

    async def test_that_was_accepted_is_not_repeated(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        clock.shift(timedelta(days=4))
        assert await sandbox.deliver_due() == 0
        assert shop.kinds() == ["payment.captured"]

    @pytest.mark.parametrize("answer", [0, 302, 400, 429, 500])
    async def test_that_was_not_accepted_is_repeated_with_a_fresh_signature(
        self, sandbox: SandboxGateway, shop: Shop, answer: int
    ) -> None:
        shop.answers = [answer] * 3
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        for wait in BACK_OFF[:3]:
            clock.shift(wait - timedelta(seconds=1))
            assert await sandbox.deliver_due() == 0
            clock.shift(timedelta(seconds=1))
            assert await sandbox.deliver_due() == 1
        assert shop.kinds() == ["payment.captured"]
        assert shop.rejected == []
        assert len({headers["webhook-id"] for _, headers, _ in shop.posts}) == 1

    async def test_is_given_up_after_three_days_of_refusals(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        shop.answers = [500] * 100
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        for _ in range(24 * 7):
            clock.shift(timedelta(hours=1))
            await sandbox.deliver_due()
        (delivery,) = record_of(sandbox.store.path).deliveries
        assert (delivery.abandoned, delivery.delivered, delivery.latest_status) == (True, False, 500)
        assert delivery.attempts == len(shop.posts) == len(BACK_OFF) + 1
        assert timedelta(days=3) < sandbox.capabilities.notifies_for < timedelta(days=4)

    async def test_whose_deliverer_died_is_taken_over_after_its_lease(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        class Killed(BaseException):
            pass

        async def die(*_: object) -> int:
            raise Killed

        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        with pytest.raises(BaseExceptionGroup):
            await sandbox.deliver_due(die)
        assert await sandbox.deliver_due() == 0
        clock.shift(LEASE)
        assert await sandbox.deliver_due() == 1
        assert shop.kinds() == ["payment.captured"]

    async def test_goes_out_for_a_hundred_payments_in_one_sweep(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        for n in range(120):
            started = await sandbox.start(**order(f"start:{n}", payment_id=f"p{n}"))
            await sandbox.choose(started.provider_ref)
        assert await sandbox.deliver_due() == 120
        assert {event.payment_id for event in shop.believed} == {f"p{n}" for n in range(120)}


class TestAMisbehavingProvider:
    async def test_tells_of_one_payment_twice(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref, Behavior.TWICE)
        first, second = shop.believed
        assert first == second
        assert len(record_of(sandbox.store.path).payments) == 1

    async def test_tells_processing_after_captured(self, sandbox: SandboxGateway, shop: Shop) -> None:
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref, Behavior.OUT_OF_ORDER)
        clock.shift(timedelta(seconds=3))
        await sandbox.deliver_due()
        assert shop.kinds() == ["payment.captured", "payment.processing"]
        assert shop.believed[0].occurred_at > shop.believed[1].occurred_at

    async def test_tells_the_newest_first(self, sandbox: SandboxGateway, shop: Shop) -> None:
        sandbox.misbehave(Misbehavior(newest_first=True, copies=2))
        started = await sandbox.start(**order())
        await sandbox.choose(started.provider_ref)
        await sandbox.refund(**give_back(started))
        await sandbox.deliver_due()
        assert shop.kinds() == ["refund.succeeded"] * 2 + ["payment.captured"] * 2
        assert len({event.event_id for event in shop.believed}) == 2

    async def test_tells_late(self, sandbox: SandboxGateway, shop: Shop) -> None:
        sandbox.misbehave(Misbehavior(delay=timedelta(hours=2)))
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        assert shop.kinds() == []
        clock.shift(timedelta(hours=2))
        await sandbox.deliver_due()
        assert [(event.kind, event.occurred_at) for event in shop.believed] == [("payment.captured", NOON)]

    async def test_is_imitated_by_a_forger_whom_nobody_believes(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        sandbox.misbehave(Misbehavior(forged=True))
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        clock.shift(timedelta(days=1))
        await sandbox.deliver_due()
        assert shop.rejected == ["bad_signature"]
        assert shop.kinds() == ["payment.captured"]

    async def test_reports_a_wrong_sum_under_a_right_signature(
        self, sandbox: SandboxGateway, shop: Shop
    ) -> None:
        sandbox.misbehave(Misbehavior(amount_off_by=-1, other_currency="USD"))
        started = await sandbox.start(**order())
        await sandbox.pay(started.provider_ref)
        (event,) = shop.believed
        assert (event.amount_minor, event.currency) == (PRICE - 1, "USD")
        truth = await sandbox.read(started.provider_ref)
        assert (truth.amount_minor, truth.currency) == (PRICE, "CNY")
