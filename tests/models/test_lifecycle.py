"""Any order of joins, payments, notifications, withdrawals and work leaves every group and every cent right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from c2b.campaigns import counting
from c2b.kit import clock
from c2b.participations import operations
from c2b.payments import capturing, collecting, holding, refunding
from c2b.payments.gateways.base import ProviderPayment
from tests.models.driving import some
from tests.models.machine import Lifecycle


class TestAnyLifeOfGroups:
    def test_is_right_on_sqlite(self, on_sqlite, tmp_path):
        run_state_machine_as_test(lambda: Lifecycle(on_sqlite, tmp_path), settings=some(60))

    @pytest.mark.postgres
    def test_is_right_on_postgresql(self, on_postgres, tmp_path):
        run_state_machine_as_test(lambda: Lifecycle(on_postgres, tmp_path), settings=some(3))


class TestTheMachineFinds:
    """Controls: with these bugs built in, the tests above must fail."""

    def test_late_money_that_is_kept(self, on_sqlite, tmp_path, monkeypatch):
        async def believe(participation_id: str, **paid: Any) -> bool:
            await real(participation_id, **paid)
            return True

        real = capturing.confirm_payment
        monkeypatch.setattr(capturing, "confirm_payment", believe)
        with pytest.raises(AssertionError, match="holds"):
            run_state_machine_as_test(
                lambda: Lifecycle(on_sqlite, tmp_path, plan="full"), settings=some(400, shrink=False)
            )

    def test_a_refund_that_is_asked_for_with_a_new_key_each_time(self, on_sqlite, tmp_path, monkeypatch):
        async def careless(refund, payment, *, again):
            return await refunding.gateway(payment.gateway).refund(
                provider_ref=payment.provider_ref, amount_minor=1, currency=refund.currency,
                key=f"{refund.key}:{again}", reason=refund.reason, metadata={},
            )  # fmt: skip

        monkeypatch.setattr(refunding, "_at_provider", careless)
        with pytest.raises(AssertionError, match="provider returned"):
            run_state_machine_as_test(lambda: Lifecycle(on_sqlite, tmp_path), settings=some(60, shrink=False))

    def test_places_that_nobody_gives_back(self, on_sqlite, tmp_path, monkeypatch):
        async def forgetful(campaign_id: str, *, reserved: int, paid: int, **more: Any) -> None:
            await real(campaign_id, reserved=reserved if paid else 0, paid=paid, **more)

        real = operations.give_back_places
        monkeypatch.setattr(operations, "give_back_places", forgetful)
        with pytest.raises(AssertionError, match="campaign counts"):
            run_state_machine_as_test(lambda: Lifecycle(on_sqlite, tmp_path), settings=some(60, shrink=False))

    def test_promises_that_are_counted_like_money(self, on_sqlite, tmp_path, monkeypatch):
        """Whoever is in only from a lower price on counts at any."""
        monkeypatch.setattr(counting, "enough", lambda row: row["paid"] >= row["threshold"])
        with pytest.raises(AssertionError, match="group counts"):
            run_state_machine_as_test(lambda: Lifecycle(on_sqlite, tmp_path), settings=some(60, shrink=False))

    def test_a_hold_that_is_booked_and_never_charged(self, on_sqlite, tmp_path, monkeypatch):
        async def trusting(payment: Any, amount_minor: int, *, again: bool) -> ProviderPayment:
            known = await holding.gateway(payment.gateway).read(payment.provider_ref)
            return replace(known, status="captured", amount_minor=amount_minor)

        monkeypatch.setattr(holding, "_captured", trusting)
        with pytest.raises(AssertionError, match="never captured"):
            run_state_machine_as_test(
                lambda: Lifecycle(on_sqlite, tmp_path, plan="authorize"), settings=some(60, shrink=False)
            )

    def test_a_balance_that_is_overdue_for_ever(self, on_sqlite, tmp_path, monkeypatch):
        monkeypatch.setattr(collecting, "_last_hour", lambda row: clock.now() + timedelta(days=90))
        with pytest.raises(AssertionError, match="closed"):
            run_state_machine_as_test(
                lambda: Lifecycle(on_sqlite, tmp_path, plan="deposit"), settings=some(60, shrink=False)
            )
