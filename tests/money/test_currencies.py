"""The same group in currencies of none, two and three decimals: every sum is whole minor units, and reads right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db
from c2b.kit.money import exponent, format_money
from c2b.payments import gateways
from c2b.payments.asking import start_checkout
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payments.queries import money_of_campaign
from c2b.seeds.acting import join_and_pay
from tests import small, world
from tests.books import assert_books, work

#: How 3,000 minor units of each are written for readers of English and Chinese (Unicode CLDR, digits of ISO 4217).
WRITTEN = {
    "CNY": ("CN¥30.00", "¥30.00"),
    "USD": ("$30.00", "US$30.00"),
    "EUR": ("€30.00", "€30.00"),
    "JPY": ("¥3,000", "JP¥3,000"),
    "KWD": ("KWD3.000", "KWD3.000"),
}
MEMBERS = (("en", 1), ("zh_CN", 1), ("en", 3))


@pytest.mark.parametrize("plan", ["full", "deposit"])
@pytest.mark.parametrize("currency", WRITTEN)
async def test_a_group_is_paid_settled_and_ordered(database, provider, currency, plan):
    """Five units of three members reach the lower tier: 3,000 minor units less for each of them."""
    w = await small.build()
    await db.execute("UPDATE product SET currency = ? WHERE id = ?", currency, w.product_id)
    percent = 15 if plan == "deposit" else 0
    campaign = await small.open_campaign(w, closes="at_deadline", payment_plan=plan, deposit_percent=percent)
    members = []
    for locale, quantity in MEMBERS:
        who = await world.person("Member", locale=locale)
        joined = await join_and_pay(who, campaign, {**world.ANSWERS, "plate": "fr4"}, quantity=quantity)
        members.append((who, joined))
    clock.shift(timedelta(days=3, seconds=1))
    await keep_deadlines()
    await work()
    for who, joined in members if plan == "deposit" else ():
        address = await start_checkout(who, joined.participation_id)
        await gateways.sandbox().pay(address.rstrip("/").rsplit("/", 1)[-1], Behavior.PAY)
        await work()

    places = await db.fetch("SELECT state, quantity, total_minor, settled_minor, currency FROM participation")
    assert [place["state"] for place in places] == ["confirmed"] * 3
    assert all(place["total_minor"] - place["settled_minor"] == 3000 * place["quantity"] for place in places)
    money = await money_of_campaign(campaign)
    assert money["held_minor"] == sum(place["settled_minor"] for place in places)
    assert money["refunded_minor"] == (5 * 3000 if plan == "full" else 0)
    for table in ("participation", "payment", "refund", "account"):
        found = await db.fetch(f"SELECT DISTINCT currency FROM {table}")
        assert [row["currency"] for row in found] in ([currency], []), table
    await assert_books(database, provider.store.path)


@pytest.mark.parametrize("currency", WRITTEN)
def test_amounts_are_written_as_readers_know_them(currency):
    assert tuple(format_money(3000, currency, locale) for locale in ("en", "zh_CN")) == WRITTEN[currency]
    assert exponent(currency) == len(WRITTEN[currency][0].partition(".")[2])
