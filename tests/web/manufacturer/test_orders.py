"""Purchase orders in the browser of those who make: to read, to answer once, and only their own."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.sheets import harmless
from c2b.purchasing.models import Acknowledgment, Document, PurchaseOrder
from tests.web.consumer.browser import Browser
from tests.web.manufacturer.house import PRIVATE, answered, browsers_of, issued, token_of

SIGNED = {"decision": "accepted", "signer_name": "Mo Fang", "signer_role": "Sales director"}


class TestTheHomeOfAManufacturer:
    async def test_says_so_when_nothing_waits(self, w, mill):
        assert (await mill.get("/manufacturer")).says("Nothing waits for you.")

    async def test_counts_down_to_the_answer(self, w, mill):
        order = await issued(w)
        page = await mill.get("/manufacturer")
        assert page.says("Orders to answer", order.number, "50 units", "6 days 23 hours left")
        assert f"/manufacturer/orders/{order.id}#answer" in page.links

    async def test_names_the_stages_that_can_go_on(self, w, mill):
        order = await answered(w)
        page = await mill.get("/manufacturer")
        assert page.says("Stages to move on", "Engineering review", "it can start")
        assert f"/manufacturer/timelines/{order.campaign_id}#REVIEW" in page.links
        assert "Orders to answer" not in page.text

    async def test_is_where_a_log_in_leads(self, w, mill):
        page = await mill.get("/log-in")
        assert page.path == "/manufacturer"


class TestTheListOfOrders:
    async def test_says_so_when_it_is_empty(self, w, mill):
        assert (await mill.get("/manufacturer/orders")).says("No purchase orders yet.")
        assert (await mill.get("/manufacturer/orders?state=shipped")).says("No order is in this state.")

    async def test_can_be_narrowed_to_a_state(self, w, mill):
        order = await issued(w)
        assert (await mill.get("/manufacturer/orders?state=issued")).says(order.number)
        assert order.number not in (await mill.get("/manufacturer/orders?state=rejected")).text
        assert (await mill.get("/manufacturer/orders?state=nonsense")).says(order.number)

    async def test_is_read_in_pages(self, w, mill):
        first, second = await issued(w), await issued(w)
        page = await mill.get("/manufacturer/orders?limit=1")
        assert page.says(second.number)
        assert first.number not in page.text
        further = next(link for link in page.links if "cursor=" in link)
        assert (await mill.get(f"{further}&limit=1")).says(first.number)


class TestAnOrder:
    async def test_shows_all_that_a_factory_needs(self, w, mill):
        order = await issued(w)
        page = await mill.get(f"/manufacturer/orders/{order.id}")
        assert page.says(
            order.number, "Dongguan Mill Precision", "Suzhou fulfillment warehouse", "Navy", "Tactile B"
        )
        assert page.says("Engraving", "Total, tax included", "All 50 units", "English", "简体中文")

    async def test_is_chinese_for_who_reads_chinese(self, w, app):
        order = await issued(w)
        await db.execute("UPDATE user_account SET locale = 'zh_CN' WHERE id = ?", w.mill.id)
        page = await (await Browser.of(app, w.mill)).get(f"/manufacturer/orders/{order.id}")
        assert page.says("您的答复", "东莞市磨坊精密科技有限公司", "段落轴 B")

    async def test_holds_nothing_about_people(self, w, mill):
        order = await answered(w)
        paths = (
            "",
            f"/orders/{order.id}",
            f"/orders/{order.id}/units",
            f"/orders/{order.id}/units.csv",
            "/orders",
        )
        for path in (*paths, "/timelines", f"/timelines/{order.campaign_id}"):
            page = await mill.get(f"/manufacturer{path}")
            assert not PRIVATE.search(page.html), path

    async def test_does_not_exist_for_others(self, w, app, rival):
        order = await issued(w)
        document = await Document.all().first()
        assert document
        for path in ("", "/units", "/units.csv", f"/documents/{document.id}"):
            for who in (*await browsers_of(app, w.ana, w.bo, w.cy), rival):
                await who.get(f"/manufacturer/orders/{order.id}{path}", 404)
            assert (await Browser(app).get(f"/manufacturer/orders/{order.id}{path}")).path == "/log-in"
        await rival.get("/manufacturer/orders/nonsense", 404)
        assert order.number not in (await rival.get("/manufacturer/orders")).text

    async def test_of_an_unknown_revision_does_not_exist(self, w, mill):
        order = await issued(w)
        for revision in ("2", "0", "-1", "x", "9" * 9):
            await mill.get(f"/manufacturer/orders/{order.id}?revision={revision}", 404)
        assert (await mill.get(f"/manufacturer/orders/{order.id}?revision=1")).says("Sign and send")


class TestTheDocuments:
    async def test_come_as_files_in_both_languages(self, w, mill):
        order = await issued(w)
        page = await mill.get(f"/manufacturer/orders/{order.id}")
        links = [link for link in page.links if "/documents/" in link]
        assert len(links) == 2
        for link in links:
            response = await mill.http.get(link)
            assert response.headers["content-type"] == "application/pdf"
            assert response.headers["content-disposition"].startswith(
                f'attachment; filename="{order.number}-r1-'
            )
            assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"

    async def test_of_another_order_do_not_come_from_this_one(self, w, mill):
        first, second = await issued(w), await issued(w)
        theirs = await Document.get(revision__purchase_order_id=second.id, locale="en")
        await mill.get(f"/manufacturer/orders/{first.id}/documents/{theirs.id}", 404)


class TestTheUnitList:
    async def test_is_read_in_pages(self, w, mill):
        order = await issued(w)
        page = await mill.get(f"/manufacturer/orders/{order.id}/units?limit=30")
        further = next(link for link in page.links if "cursor=" in link)
        rest = await mill.get(f"{further}&limit=30")
        seen = [word for word in f"{page.text} {rest.text}".split() if word.startswith("U-")]
        assert len(seen) == len(set(seen)) == 50

    async def test_is_a_file_that_no_spreadsheet_runs(self, w, mill):
        order = await issued(w)
        response = await mill.http.get(f"/manufacturer/orders/{order.id}/units.csv")
        assert response.headers["content-disposition"].startswith("attachment;")
        assert response.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
        assert len(rows) == 51
        assert {len(row) for row in rows[1:]} <= {2, 3}
        assert sum("-2-3" in "".join(row) for row in rows) == 10
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]

    @pytest.mark.parametrize(
        "cell",
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u3000=1", "\uff1d1", "\uff20x"],
    )
    def test_makes_a_formula_a_text(self, cell):
        assert harmless(cell) == f"'{cell}"

    @pytest.mark.parametrize("cell", ["", "U-0001-ABC", "Li Lei 李雷", "1 + 1", "a@b"])
    def test_leaves_words_as_they_are(self, cell):
        assert harmless(cell) == cell


class TestTheAnswer:
    async def test_is_signed_for_one_hash_and_then_shown(self, w, mill):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        page = await mill.send(form, note="We begin on Monday.", **SIGNED)
        assert page.says("is accepted", "What was signed", "Mo Fang", "Sales director", "We begin on Monday.")
        row = await Acknowledgment.get(purchase_order_id=order.id)
        assert row.revision_digest == dict(form.fields)["revision_digest"]
        assert row.revision_digest in page.html
        assert "Sign and send" not in page.text

    async def test_twice_is_once(self, w, mill):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        for _ in range(2):
            assert (await mill.send(form, **SIGNED)).says("is accepted")
        assert await Acknowledgment.all().count() == 1
        other = await mill.send(form, 409, **{**SIGNED, "decision": "rejected", "note": "No."})
        assert other.says("answered differently before")

    async def test_that_lacks_something_comes_back_as_typed_with_the_reason_beside_the_field(self, w, mill):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        page = await mill.send(form, 422, decision="rejected", signer_name="Mo Fang", signer_role="CEO")
        assert page.says("Say what would have to change.")
        assert 'id="error-note"' in page.html
        kept = dict(page.form("/acknowledgment").fields)
        assert (kept["decision"], kept["signer_name"], kept["signer_role"]) == ("rejected", "Mo Fang", "CEO")
        for nothing in ({"decision": None}, {"signer_name": " "}):
            await mill.send(form, 422, **{**SIGNED, **nothing})
        assert await Acknowledgment.all().count() == 0

    async def test_to_something_else_than_was_read_is_refused(self, w, mill):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        for changes in (
            {"revision": "2"},
            {"revision": "one"},
            {"revision_digest": "0" * 64},
            {"revision_digest": None},
        ):
            page = await mill.send(form, 409, **{**SIGNED, **changes})
            assert page.says("not the current revision")
        assert (await PurchaseOrder.get(id=order.id)).state == "issued"

    async def test_after_its_time_is_refused_and_the_page_says_what_silence_means(self, w, mill):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        clock.shift(timedelta(days=7, minutes=1))
        await mill.log_in(w.mill)  # the session is over as well
        token = await token_of(mill)
        assert (await mill.send(form, 409, csrf_token=token, **SIGNED)).says(
            "The time to answer this purchase order is over."
        )
        await drain()
        page = await mill.get(f"/manufacturer/orders/{order.id}")
        assert page.says("Expired", "Silence is not acceptance")
        assert not [each for each in page.forms if each.action.endswith("/acknowledgment")]

    async def test_needs_the_page_and_the_right_person(self, w, mill, rival, root, app):
        order = await issued(w)
        form = (await mill.get(f"/manufacturer/orders/{order.id}")).form("/acknowledgment")
        await mill.send(form, 403, csrf_token="forged", **SIGNED)
        for who in (rival, root, *await browsers_of(app, w.bo, w.ana)):
            await who.send(form, 404, csrf_token=await token_of(who), **SIGNED)
        assert await Acknowledgment.all().count() == 0
