"""The payouts of an order on the pages: an admin blocks, unblocks and releases a part."""

from __future__ import annotations

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
