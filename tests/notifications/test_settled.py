"""The mail that says what a lower price gives back."""

from __future__ import annotations

import pytest

from c2b.kit import db
from c2b.kit.money import format_money
from tests.notifications import stories

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


async def test_shows_the_sum_of_what_comes_back():
    await stories.ordered()
    row = await db.fetch_one(
        "SELECT t.captured_minor, t.settled_minor, t.quantity FROM participation t "
        "JOIN user_account u ON u.id = t.user_id WHERE u.name = 'Bo Lindqvist'"
    )
    assert row
    text = (await stories.mail_to("bo.lindqvist", "refund_done")).text
    captured, settled, quantity = row["captured_minor"], row["settled_minor"], row["quantity"]
    for label, minor in (
        ("您曾支付", captured),
        (f"您的 {quantity} 件的最终价格", settled),
        ("退还给您", captured - settled),
    ):
        assert f"{label}：{format_money(minor, 'CNY', 'zh_CN')}" in text.splitlines(), text
