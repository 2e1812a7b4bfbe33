"""Any order of transfers, lines, decisions and everything else that groups live through leaves every cent right."""

from __future__ import annotations

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tortoise.exceptions import IntegrityError

from c2b.kit import db
from c2b.payments.statement import deciding
from tests.models.driving import some
from tests.models.transfers import ByTransfer

pytestmark = pytest.mark.usefixtures("with_bank")


class TestAnyLifeWithTransfers:
    def test_is_right_on_sqlite(self, on_sqlite, tmp_path):
        run_state_machine_as_test(lambda: ByTransfer(on_sqlite, tmp_path), settings=some(20))

    @pytest.mark.postgres
    def test_is_right_on_postgresql(self, on_postgres, tmp_path):
        run_state_machine_as_test(lambda: ByTransfer(on_postgres, tmp_path), settings=some(3))


class TestTheMachineFinds:
    def test_a_part_that_counts_after_it_has_gone_back(self, on_sqlite, tmp_path, monkeypatch):
        async def generous(payment_id: str) -> int:
            row = await db.fetch_one(
                "SELECT COALESCE(SUM(amount_minor), 0) AS n FROM bank_line WHERE payment_id = ?", payment_id
            )
            return int(row["n"]) if row else 0

        monkeypatch.setattr(deciding, "arrived_of", generous)
        # the books would see it too; the account's floor in the database is faster
        with pytest.raises((AssertionError, IntegrityError), match=r"account_floor|was paid by lines of"):
            run_state_machine_as_test(
                lambda: ByTransfer(on_sqlite, tmp_path, plan="full"), settings=some(60, shrink=False)
            )
