"""Alipay's own record of a day, and what is not believed of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from c2b.kit import clock
from c2b.payments.gateways.base import GatewayUnavailable
from tests.payments.gateways.cast import NOON, PRICE, order
from tests.payments.gateways.counterparts.alipay import SELLER_ID, bill_row, bill_text, packed

DAY = date(2026, 11, 23)


class TestTheRecordOfADay:
    async def test_has_every_payment_and_refund_of_the_utc_day_to_the_cent(self, gateway, provider) -> None:
        for hours, name in ((0, "EARLY"), (5, "BOBOBO"), (11, "CYCYCY"), (12, "LATER")):
            clock.set(NOON + timedelta(hours=hours))
            started = await gateway.start(**order(name, payment_id=name))
            provider.arrive(started.redirect_url)
            provider.pay(name)
        clock.set(NOON + timedelta(hours=5))
        key = "refund:BOBOBO:price_difference"
        await gateway.refund(
            provider_ref="BOBOBO", amount_minor=6001, currency="CNY", key=key, reason="x", metadata={}
        )
        provider.write_bills()
        clock.set(NOON + timedelta(days=2))
        record = await gateway.day(DAY)
        assert [payment.payment_id for payment in record.payments] == ["EARLY", "BOBOBO", "CYCYCY"]
        assert {payment.amount_minor for payment in record.payments} == {PRICE}
        [(payment, refund)] = record.refunds
        assert (payment, refund.key, refund.amount_minor) == ("BOBOBO", key, 6001)
        [bill] = record.settlements
        assert sorted((row.kind, row.moved_minor, row.fee_minor) for row in bill.rows) == [
            ("payment", PRICE, 275), ("payment", PRICE, 275), ("payment", PRICE, 275), ("refund", -6001, -36),
        ]  # fmt: skip
        assert [row.refund_key for row in bill.rows if row.kind == "refund"] == [key]
        assert not bill.paid_out

    async def test_that_nothing_happened_on_is_empty(self, gateway) -> None:
        clock.set(NOON + timedelta(days=2))
        assert (await gateway.day(DAY)).payments == ()

    async def test_is_not_there_before_the_next_morning(self, gateway) -> None:
        clock.set(NOON + timedelta(days=1))
        with pytest.raises(GatewayUnavailable):
            await gateway.day(DAY)

    @pytest.mark.parametrize(
        ("was", "becomes"),
        [
            (f"[{SELLER_ID}", "[2088000000000000"),
            ("交易合计：1笔", "交易合计：2笔"),
            ("业务明细列表结束", ""),
            ("459.00", "4.59e2"),
            ("完成时间", "时间"),
            ("2026-11-23 20:00:00", "noon"),
            ("BOBOBO\t,交易", "BOBOBO\t,x,交易"),
        ],
    )
    async def test_that_is_not_whole_is_not_believed(self, gateway, provider, was, becomes) -> None:
        provider.trades["BOBOBO"] = {"asked": {"total_amount": "459.00"}, "state": "TRADE_SUCCESS"}
        provider.pay("BOBOBO")
        provider.write_bills()
        clock.set(NOON + timedelta(days=2))
        assert len((await gateway.day(DAY)).payments) == 1
        text = bill_text([bill_row("BOBOBO", "交易", NOON, "459.00", "")])
        changed = text.replace(was, becomes)
        assert changed != text
        provider.bills["2026-11-23"] = packed(changed)
        with pytest.raises(GatewayUnavailable):
            await gateway.day(DAY)

    async def test_that_is_cut_off_or_no_zip_is_not_believed(self, gateway, provider) -> None:
        clock.set(NOON + timedelta(days=2))
        whole = packed(bill_text([]))
        for data in (b"", b"no zip", whole[:-30], whole[:60] + b"\x00" * 20 + whole[80:]):
            provider.bills["2026-11-23"] = data
            with pytest.raises(GatewayUnavailable):
                await gateway.day(DAY)
