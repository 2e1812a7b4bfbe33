"""Orders that were rejected or not answered: more time, another revision, or the end of the campaign."""

from __future__ import annotations

from datetime import timedelta

from c2b.durable.sweep import drain
from c2b.kit import clock
from c2b.purchasing.models import PurchaseOrder
from tests.web.manufacturer.house import answered, issued


async def test_the_list_says_so_when_it_is_empty(w, root):
    assert (await root.get("/admin/orders")).says("No purchase orders yet.")


async def test_the_list_names_campaign_and_manufacturer(w, root):
    order = await issued(w)
    assert (await root.get("/admin/orders?state=issued")).says(order.number, "Navy seventy-five", "Mill")


async def test_an_admin_reads_the_whole_order_and_cannot_sign_it(w, root):
    order = await answered(w)
    page = await root.get(f"/admin/orders/{order.id}")
    assert page.says(order.number, "What was signed", "Mo Fang", "Total, tax included", "Revision 1")
    assert "Sign and send" not in page.text
    assert (await root.get(f"/manufacturer/orders/{order.id}/units")).says("Unit list")
    for link in (each for each in page.links if "/documents/" in each):
        assert (await root.http.get(link)).status_code == 200


class TestMoreTime:
    async def test_wakes_an_order_that_expired(self, w, root, mill):
        order = await issued(w)
        clock.shift(timedelta(days=8))
        await drain()
        for browser, who in ((root, w.root), (mill, w.mill)):
            await browser.log_in(who)
        page = await root.get(f"/admin/orders/{order.id}")
        assert page.says("Nobody answered in time")
        page = await root.send(page.form("/extension"), days="3")
        assert page.says("The manufacturer may answer until")
        assert (await PurchaseOrder.get(id=order.id)).state == "issued"
        assert (await mill.get("/manufacturer")).says(order.number, "2 days 23 hours left")

    async def test_never_shortens_what_was_given(self, w, root):
        order = await issued(w)
        form = (await root.get(f"/admin/orders/{order.id}")).form("/extension")
        assert (await root.send(form, 409, days="3")).says("not waiting for that")
        for days in ("0", "31", "-1", "many", "9" * 40):
            page = await root.send(form, 422, days=days)
            assert page.says("Choose between 1 and 30 days.")
            assert 'id="error-days"' in page.html


class TestAnotherRevision:
    async def test_answers_a_rejection(self, w, root, mill):
        order = await answered(w, "rejected", "No PBT until March.")
        page = await root.get(f"/admin/orders/{order.id}")
        assert page.says("The manufacturer said no", "No PBT until March.")
        page = await root.send(page.form("/revision"), reason="March is fine.")
        assert page.says("Revision 2 is being written and sent.")
        await drain()
        theirs = await mill.get(f"/manufacturer/orders/{order.id}")
        assert theirs.says("revision 2", "March is fine.", "Sign and send")
        earlier = await mill.get(f"/manufacturer/orders/{order.id}?revision=1")
        assert earlier.says("This is an earlier revision.", "No PBT until March.")

    async def test_can_be_read_while_the_next_one_is_written(self, w, root, mill):
        order = await answered(w, "rejected", "No.")
        page = await root.get(f"/admin/orders/{order.id}")
        await root.send(page.form("/revision"), reason="Other terms.")
        page = await mill.get(f"/manufacturer/orders/{order.id}")
        assert page.says("revision 1", "In preparation")
        assert "Sign and send" not in page.text

    async def test_needs_a_reason(self, w, root):
        order = await answered(w, "rejected", "No.")
        form = (await root.get(f"/admin/orders/{order.id}")).form("/revision")
        assert (await root.send(form, 422, reason=" ")).says("Say what is different in the next revision.")
        assert (await PurchaseOrder.get(id=order.id)).revision == 1

    async def test_asked_for_twice_is_written_once(self, w, root):
        order = await answered(w, "rejected", "No.")
        form = (await root.get(f"/admin/orders/{order.id}")).form("/revision")
        await root.send(form, reason="March is fine.")
        assert (await root.send(form, 409, reason="March is fine.")).says("not waiting for that")
        assert (await PurchaseOrder.get(id=order.id)).revision == 2


async def test_the_campaign_can_be_canceled_from_its_order(w, root):
    order = await answered(w, "rejected", "Never.")
    form = (await root.get(f"/admin/orders/{order.id}")).form("/cancellation")
    assert (await root.send(form, reason="No factory can make it.")).says("is canceled")
    await drain()
    assert (await PurchaseOrder.get(id=order.id)).state == "canceled"
