"""A place for admins: a claim and a delay, each asked for once and told to the member; and the rooms of money."""

from __future__ import annotations

from c2b.kit import db
from tests.web.consumer.browser import Browser


async def test_the_rooms_of_money_say_what_waits(w, root):
    page = await root.get("/admin/money")
    assert page.says("Refunds", "Payouts", "Commissions", "Bank transfers", "Reconciliation", "nothing waits")


async def test_a_claim_is_asked_for_once_however_often_the_form_is_sent(w, app, root):
    campaign = await w.open_campaign(threshold=50)
    joined = await w.join(campaign, w.bo)
    await w.pay(joined)
    await db.execute("UPDATE participation SET state = 'delivered' WHERE id = ?", joined.participation_id)
    page = await root.get(f"/admin/participations/{joined.participation_id}")
    form = page.form("/claims")
    assert (await root.send(form, 422, amount="a lot", note="x")).says("Enter an amount like 12.50.")
    assert (await root.send(form, 422, amount="99999", note="x")).says("Between nothing and")
    assert (await root.send(form, 422, amount="12.50", note=" ")).says("Please say why.")
    for _ in range(2):
        page = await root.send(form, amount="12.50", note="A scratch on the case.")
    assert page.says("The refund is asked for.", "CN¥12.50", "Claim")
    assert await db.fetch("SELECT amount_minor FROM refund") == [{"amount_minor": 1250}]
    bo = await Browser.of(app, w.bo)
    assert (await bo.get(f"/participations/{joined.participation_id}")).says("A scratch on the case.")


async def test_somebody_who_will_not_wait_gets_everything_back(w, root):
    campaign = await w.open_campaign(threshold=50)
    joined = await w.join(campaign, w.bo)
    await w.pay(joined)
    await db.execute(
        "UPDATE participation SET state = 'in_fulfillment' WHERE id = ?", joined.participation_id
    )
    page = await root.get(f"/admin/participations/{joined.participation_id}")
    assert (await root.send(page.form("/delay"), 422, note="")).says("Please say why.")
    page = await root.send(page.form("/delay"), note="Three months late.")
    assert page.says("All of the member's money is on its way back.", "Canceled for a delay")
