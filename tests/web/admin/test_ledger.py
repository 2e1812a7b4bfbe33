"""The book on the pages of admins."""

from __future__ import annotations

from c2b.kit import clock


async def test_is_read_from_an_account_to_the_place_that_paid(w, root):
    campaign = await w.open_campaign(closes="at_deadline")
    joined = await w.join(campaign, quantity=2)
    await w.pay(joined)
    page = await root.get("/admin/ledger")
    assert page.says("Held for a campaign", "Navy seventy-five", "With payment providers and banks")
    page = await root.get(f"/admin/ledger/accounts/escrow:{campaign}")
    assert page.says("Navy seventy-five", "Payment", "With payment providers and banks")
    assert f'href="/admin/participations/{joined.participation_id}"' in page.html
    assert page.says("+CN¥1,278.00 CN¥1,278.00")


async def test_adds_up_in_the_month(w, root):
    await w.pay(await w.join(await w.open_campaign(closes="at_deadline")))
    page = await root.get(f"/admin/ledger/trial-balance?month={clock.today().isoformat()[:7]}")
    assert page.says(
        "CNY adds up", "Held for a campaign", "Together", "Account by account", "Navy seventy-five"
    )
    assert (await root.get("/admin/ledger/trial-balance?month=1999-01")).says(
        "Nothing had moved by the end of this month."
    )
    assert (await root.get("/admin/ledger/trial-balance?month=rubbish")).says("Trial balance")


async def test_is_honest_when_it_is_empty_and_takes_no_rubbish(w, root):
    page = await root.get("/admin/ledger")
    assert (
        page.says("No account yet.") and 'aria-current="page"' in page.html.partition("/admin/money")[2][:60]
    )
    assert (await root.get("/admin/ledger?kind=escrow")).says("No account is like that.")
    assert (await root.get("/admin/ledger?kind=x&currency=y")).says("No account yet.")
    await root.get("/admin/ledger/accounts/escrow:none", 404)


async def test_is_for_admins_alone(w, bo, root):
    for path in ("/admin/ledger", "/admin/ledger/trial-balance", "/admin/ledger/accounts/escrow:none"):
        await bo.get(path, 404)
