"""Commissions on the pages: a member follows theirs to the bank, and admins review, on the record."""

from __future__ import annotations

from c2b.accounts.models import User
from c2b.kit import db
from c2b.referrals import operations as referrals
from tests.referrals import earning
from tests.web.consumer.browser import Browser

ACCOUNT = "6222000012345678"


async def test_a_member_sees_what_is_missing_says_who_they_are_and_asks_for_the_money(w, app, root):
    _, place = await earning.earned(w)
    bo = await Browser.of(app, w.bo)
    await root.log_in(w.root)
    page = await bo.get("/my/commissions")
    assert page.says(
        "CN¥11.38 is confirmed. One thing is missing", "3 % of CN¥379.64", "do not have to buy anything"
    )
    form = (await bo.get("/my/commissions/identity")).form("/my/commissions/identity")
    page = await bo.send(form, 422, legal_name="Bo Zhang", born_on="2020-01-01", account="12")
    assert page.says("Enter an IBAN or account number.", "adults only")
    page = await bo.send(form, legal_name="Bo Zhang", born_on="1990-05-01", account=ACCOUNT, bank="ICBC")
    assert page.says("•••• 5678")
    assert ACCOUNT not in page.html
    page = await bo.send(page.form("/my/commissions/withdrawal"))
    assert page.says("Being reviewed", "CN¥11.38 is on its way to you.")
    row = await db.fetch_one("SELECT id FROM commission_withdrawal")
    assert row
    at = f"/admin/commissions/withdrawals/{row['id']}"
    assert (await root.get("/admin/commissions")).says("Payouts (1)", "Bo", "CN¥11.38")
    page = await root.get(at)
    assert page.says("Bo Zhang", "•••• 5678", "In force")
    assert ACCOUNT not in page.html
    page = await root.send(page.form("/identity"))
    assert page.says(ACCOUNT, "ICBC")
    page = await root.send(page.form("/refusal"), 422, reason=" ")
    assert page.says("Please say why.")
    page = await root.send(page.form("/refusal"), reason="The names differ.")
    assert (await bo.get("/my/commissions")).says("The names differ.", "Not paid out")
    assert (await earning.state_of(place))[1] == "ready"
    names = [row["name"] for row in await db.fetch("SELECT name FROM event WHERE actor_id = ?", w.root.id)]
    assert {"payee.revealed", "commission_withdrawal.refused"} <= set(names)


async def test_the_pages_are_honest_when_there_is_nothing(w, app, root):
    bo = await Browser.of(app, w.bo)
    assert (await bo.get("/my/commissions")).says("No commission yet", "You do not have to buy anything")
    assert (await root.get("/admin/commissions")).says("Nobody has asked for a payout yet.")
    assert (await root.get("/admin/commissions?state=paid")).says("No payout is in this state.")
    assert (await root.get("/admin/commissions/earned")).says("Nothing has been earned yet.")


async def test_a_market_gets_a_second_level_only_when_confirmed_twice_and_loses_it_again(w, root):
    page = await root.get("/admin/commissions/markets")
    form = next(form for form in page.forms if form.action.endswith("/cn/approval"))
    assert (await root.send(form, 422, reference=" ")).says("Name the written legal approval.")
    page = await root.send(form, reference="Legal 2026-17")
    assert page.says("Really pay two levels", "Legal 2026-17")
    assert await db.fetch("SELECT market FROM commission_market") == []
    page = await root.send(page.form("/cn/approval"))
    assert page.says("2 levels", "Legal 2026-17")
    page = await root.send(page.form("/cn/revocation"))
    assert page.says("Revoked on", "it was Legal 2026-17")
    assert await db.fetch("SELECT depth FROM commission_market") == [{"depth": 1}]


async def test_what_was_earned_names_who_has_earned_it_to_admins_only(w, app, root):
    await earning.earned(w)
    await root.log_in(w.root)
    assert (await root.get("/admin/commissions/earned")).says("Whose", w.bo.name)
    bo = await Browser.of(app, w.bo)
    assert "Whose" not in (await bo.get("/my/commissions")).text


async def test_an_invitation_that_was_none_is_voided_where_the_payout_is_reviewed(w, app, root):
    await earning.earned(w)
    await root.log_in(w.root)
    await earning.identify(w.bo)
    asked = await referrals.withdraw(w.bo, currency="CNY")
    page = await root.get(f"/admin/commissions/withdrawals/{asked}")
    await root.send(page.form("/voiding"), reason="One person, two accounts.")
    assert await db.fetch("SELECT state FROM referral_binding") == [{"state": "void"}]


async def test_chinese_pages_are_chinese(w, app, root):
    await User.filter(id__in=[w.bo.id]).update(locale="zh_CN")
    await earning.earned(w)
    bo = await Browser.of(app, w.bo)
    assert (await bo.get("/my/commissions")).says("我的佣金", "佣金", "广告")
