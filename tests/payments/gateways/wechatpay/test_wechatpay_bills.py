"""WeChat Pay's own record of a day, and what is not believed of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import (
    GatewayUnavailable,
)
from tests.payments.gateways.cast import NOON, PRICE, order


class TestTheRecordOfADay:
    async def test_has_every_payment_and_refund_of_the_utc_day_to_the_cent(self, gateway, provider) -> None:
        for hours, name in ((0, "EARLY"), (5, "BOBOBO"), (11, "CYCYCY"), (12, "LATER")):
            clock.set(NOON + timedelta(hours=hours))
            await gateway.start(**order(name, payment_id=name + "1", expires_at=NOON + timedelta(days=2)))
            provider.pay(name + "1")
        clock.set(NOON + timedelta(hours=5))
        provider.refund_status = "SUCCESS"
        key = "refund:BOBOBO1:price_difference"
        await gateway.refund(
            provider_ref="BOBOBO1", amount_minor=6001, currency="CNY", key=key, reason="x", metadata={}
        )
        provider.write_bills()
        clock.set(NOON + timedelta(days=2))
        record = await gateway.day(date(2026, 11, 23))
        assert [payment.payment_id for payment in record.payments] == ["EARLY1", "BOBOBO1", "CYCYCY1"]
        assert {payment.amount_minor for payment in record.payments} == {PRICE}
        [(payment, refund)] = record.refunds
        assert (payment, refund.key, refund.amount_minor) == ("BOBOBO1", key, 6001)
        assert refund.status == "succeeded"
        [bill] = record.settlements
        assert [(row.kind, row.moved_minor, row.fee_minor) for row in bill.rows] == [
            ("payment", PRICE, 275), ("payment", PRICE, 275), ("payment", PRICE, 275), ("refund", -6001, -36),
        ]  # fmt: skip
        assert bill.rows[3].refund_key == key
        assert not bill.paid_out
        assert [p.payment_id for p in (await gateway.day(date(2026, 11, 22))).payments] == []

    async def test_that_nothing_happened_on_is_empty(self, gateway) -> None:
        clock.set(NOON + timedelta(days=2))
        assert (await gateway.day(date(2026, 11, 23))).payments == ()

    async def test_is_not_there_before_ten_in_beijing(self, gateway) -> None:
        clock.set(NOON + timedelta(days=1, hours=13, minutes=59))  # 25 November, 9:59 in Beijing
        with pytest.raises(GatewayUnavailable):
            await gateway.day(date(2026, 11, 23))
        clock.shift(timedelta(minutes=1))
        await gateway.day(date(2026, 11, 23))

    @pytest.mark.parametrize("how", ["hash", "short", "column", "amount", "elsewhere", "not packed"])
    async def test_that_is_not_whole_is_not_believed(self, gateway, provider, paid, how) -> None:
        provider.write_bills()
        bill = ("2026-11-23", "SUCCESS")
        text = provider.bills[bill].decode()
        if how == "hash":
            provider.wrong_hash = True
        elif how == "short":
            provider.bills[bill] = text.replace("\r\n`1,", "\r\n`2,").encode()
        elif how == "column":
            provider.bills[bill] = text.replace("订单金额,申请", "总额,申请").encode()
        elif how == "amount":
            provider.bills[bill] = text.replace("459.00", "4.59e2").encode()
        elif how == "elsewhere":
            provider.base = "http://127.0.0.2:1"
        else:
            pack = provider._route
            provider._route = lambda *a: b"plain" if a[1].startswith("/billdownload") else pack(*a)
        clock.set(NOON + timedelta(days=2))
        with pytest.raises(GatewayUnavailable):
            await gateway.day(date(2026, 11, 23))

    @pytest.mark.parametrize("fee", ["2.75400", "free", ""])
    async def test_whose_fees_cannot_be_read_still_tells_what_was_paid(
        self, gateway, provider, paid, fee
    ) -> None:
        provider.write_bills()
        bill = ("2026-11-23", "SUCCESS")
        provider.bills[bill] = provider.bills[bill].decode().replace("`2.75000", f"`{fee}").encode()
        clock.set(NOON + timedelta(days=2))
        record = await gateway.day(date(2026, 11, 23))
        assert (len(record.payments), record.settlements) == (1, ())
