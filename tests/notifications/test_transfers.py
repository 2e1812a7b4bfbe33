"""Whoever pays by bank transfer has it in writing: where to, what is missing, what was too much."""

from __future__ import annotations

import pytest

from c2b.kit import db
from c2b.notifications.models import Mail
from c2b.payments.gateways.bank.references import printed
from tests.notifications.collected import transferred

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


async def test_each_step_is_told_once_in_the_members_language():
    await transferred()
    (payment,) = await db.fetch("SELECT * FROM payment")
    asked, short, over = [
        await Mail.get(template=name) for name in ("transfer_asked", "transfer_short", "transfer_over")
    ]
    assert {asked.to_address, short.to_address, over.to_address} == {asked.to_address}
    assert printed(payment["provider_ref"]) in asked.text and "0000000000000000" in asked.text
    assert f"/participations/{payment['participation_id']}/payment" in asked.text
    assert "银行转账" in asked.subject
    assert "¥10.00" in short.text and printed(payment["provider_ref"]) in short.text
    assert "¥10.00" in over.text
    assert await Mail.filter(template="participation_joined").count() == 1
