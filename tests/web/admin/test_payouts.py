"""The payouts of an order on the pages: an admin blocks, unblocks and releases a part."""

from __future__ import annotations

from datetime import timedelta

from c2b.accounts.rules import Actor
from c2b.fulfillment import delays
from c2b.fulfillment.operations import refresh_forecasts
from c2b.kit import clock, db
from tests.web.manufacturer.house import answered


async def test_an_admin_blocks_unblocks_and_releases(w, root):
    order = await answered(w)
    at = f"/admin/payouts/orders/{order.campaign_id}"
    page = await root.get(at)
    assert (await root.send(page.form("/blocks"), 422, kind="dispute", reason=" ")).says("Please say why.")
    page = await root.send(page.form("/blocks"), kind="dispute", reason="Scratches.")
    assert page.says("Payouts are blocked. The manufacturer has been told.", "Scratches.")
    assert not [form for form in (await root.get("/admin/payouts")).forms if "/releases/" in form.action]
    unblock = next(form for form in page.forms if f"{at}/blocks/" in form.action)
    assert (await root.send(unblock, note="Polished.")).says("The block is closed.", "Polished.")
    page = await root.get("/admin/payouts")
    release = next(form for form in page.forms if "/releases/" in form.action)
    assert (await root.send(release)).says("Released.")
    assert (await root.send(release, 409)).says("This part cannot be released now")


async def test_a_block_that_opened_by_itself_says_what_it_waits_for(w, root):
    order = await answered(w)
    at = f"/admin/payouts/orders/{order.campaign_id}"
    clock.shift(timedelta(days=200))
    await refresh_forecasts()
    await root.log_in(w.root)
    page = await root.get(at)
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM participation WHERE state = 'confirmed'")
    assert row
    assert page.says("members still choose after a delay", "Opened by itself", f"{row['n']} members have not")
    for member in await db.fetch("SELECT id, user_id FROM participation WHERE state = 'confirmed'"):
        await delays.wait(Actor(id=member["user_id"], name="M", role="consumer"), member["id"])
    page = await root.get(at)
    assert "Opened by itself" not in page.text
    assert page.says("members still choose after a delay", "Lifted")
