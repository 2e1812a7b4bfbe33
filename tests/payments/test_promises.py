"""What the database promises about a payment's amount, and what the API's document says of its states."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from c2b.kit import db
from c2b.kit.guards import Check
from c2b.payments.models import GUARDS
from c2b.web.api import openapi
from tests import small
from tests.payments.paying import asked, payment_of


def allowed(guard: str) -> list[str]:
    """The values that a check of a column lets in."""
    (check,) = (each for each in GUARDS if isinstance(each, Check) and each.name == guard)
    return re.findall(r"'(\w+)'", check.expression)


class TestAnAmount:
    @pytest.mark.parametrize(
        ("before", "after", "changed"),
        [("created", "created", -1), ("created", "succeeded", -1), ("succeeded", "succeeded", -1),
         ("authorized", "authorized", -1), ("authorized", "voided", -1), ("authorized", "succeeded", 1)],
    )  # fmt: skip
    async def test_does_not_change(self, database, provider, before, after, changed):
        row = await self._payment(before)
        with pytest.raises(IntegrityError, match="payment_amount_frozen"):
            await self._change(row, after, changed)
        again = await db.fetch_one("SELECT amount_minor, state FROM payment WHERE id = ?", row["id"])
        assert again == {"amount_minor": row["amount_minor"], "state": before}

    async def test_becomes_less_when_a_hold_is_captured(self, database, provider):
        row = await self._payment("authorized")
        assert await self._change(row, "succeeded", -1) == 1

    async def _payment(self, state: str) -> dict[str, Any]:
        w = await small.build()
        joined, _ = await asked(w, await small.open_campaign(w), w.bo)
        row = await payment_of(joined)
        await db.execute(
            "UPDATE payment SET state = ?, holds = ? WHERE id = ?", state, state == "authorized", row["id"]
        )
        return row

    async def _change(self, row: dict[str, Any], state: str, by: int) -> int:
        return await db.execute(
            "UPDATE payment SET state = ?, amount_minor = amount_minor + ? WHERE id = ?",
            state, by, row["id"],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("part", "field", "guard"),
    [("payments", "state", "payment_state"), ("refunds", "reason", "refund_reason"),
     ("refunds", "state", "refund_state")],
)  # fmt: skip
def test_the_document_of_the_api_names_what_the_database_lets_in(part, field, guard):
    money = openapi.document()["components"]["schemas"]["MemberMoney"]
    assert money["properties"][part]["items"]["properties"][field]["enum"] == allowed(guard)
