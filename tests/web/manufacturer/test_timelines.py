"""The stages of production in a browser: moved on with evidence, held up with a reason, never by strangers."""

from __future__ import annotations

import pytest

from c2b.fulfillment.models import Evidence, Milestone
from tests.fulfillment.pictures import document, picture
from tests.web.consumer.browser import Browser
from tests.web.manufacturer.house import answered, browsers_of, stage, token_of


async def opened(mill: Browser, order) -> str:
    """The address of the timeline's form for the engineering review, which can start."""
    return f"/milestones/{(await stage(order, 'REVIEW')).id}"


async def at(mill: Browser, order):
    return await mill.get(f"/manufacturer/timelines/{order.campaign_id}")


async def started(mill: Browser, order) -> str:
    path = await opened(mill, order)
    await mill.send((await at(mill, order)).form(f"{path}/start"))
    return path


class TestTheListOfTimelines:
    async def test_says_so_when_nothing_is_made(self, w, mill):
        assert (await mill.get("/manufacturer/timelines")).says("Nothing is being made at the moment.")

    async def test_shows_how_far_each_is(self, w, mill, rival):
        order = await answered(w)
        assert (await mill.get("/manufacturer/timelines")).says(order.number, "2 of 11")
        assert order.number not in (await rival.get("/manufacturer/timelines?all=yes")).text


class TestATimeline:
    async def test_is_drawn_and_offers_what_can_be_done_now(self, w, mill):
        order = await answered(w)
        page = await at(mill, order)
        assert page.says("Promised to ship by", "Engineering review", "DFM report", "Waits for")
        assert 'class="timeline-chart"' in page.html
        moves = [
            form.action.rpartition("/milestones/")[2] for form in page.forms if "/milestones/" in form.action
        ]
        assert moves == [f"{(await stage(order, 'REVIEW')).id}/start"]

    async def test_does_not_exist_for_others(self, w, app, rival, root):
        order = await answered(w)
        path = f"/manufacturer/timelines/{order.campaign_id}"
        for who in (rival, root, *await browsers_of(app, w.ana, w.bo, w.cy)):
            await who.get(path, 404)
        assert (await Browser(app).get(path)).path == "/log-in"

    async def test_is_not_there_before_the_order_is_accepted(self, w, mill):
        order = await answered(w, "rejected", "Too soon.")
        await mill.get(f"/manufacturer/timelines/{order.campaign_id}", 404)


class TestAStage:
    async def test_goes_from_start_to_done_with_its_evidence(self, w, mill):
        order = await answered(w)
        path = await opened(mill, order)
        page = await mill.send((await at(mill, order)).form(f"{path}/start"))
        assert page.says("“Engineering review” has begun.", "1 missing", "after 1 more piece of evidence")
        page = await mill.send(page.form(f"{path}/evidence"), note="Walls are 1.6 mm now.")
        assert page.says("The evidence is added", "Walls are 1.6 mm now.")
        page = await mill.send(page.form(f"{path}/completion"))
        assert page.says("“Engineering review” is reported as done.")
        assert (await stage(order, "REVIEW")).state == "approved"

    async def test_started_twice_has_begun_once(self, w, mill):
        order = await answered(w)
        form = (await at(mill, order)).form(f"{await opened(mill, order)}/start")
        for _ in range(2):
            assert (await mill.send(form)).says("has begun")
        assert (await stage(order, "REVIEW")).state == "in_progress"

    async def test_before_its_turn_is_refused_in_words(self, w, mill):
        order = await answered(w)
        form = (await at(mill, order)).form("/start")
        form.action = form.action.replace((await stage(order, "REVIEW")).id, (await stage(order, "MP")).id)
        page = await mill.send(form, 409)
        assert page.says("This stage starts when these are done")
        assert (await stage(order, "MP")).state == "planned"

    async def test_closes_with_its_evidence_only(self, w, mill):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/evidence")
        form.action = form.action.replace("/evidence", "/completion")
        assert (await mill.send(form, 422)).says("Still missing: 1")
        assert (await stage(order, "REVIEW")).state == "in_progress"

    async def test_is_held_up_with_a_reason_and_goes_on(self, w, mill):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/block")
        page = await mill.send(form, 422, reason=" ")
        assert page.says("Say it in a few words, so that members understand.")
        assert 'id="error-REVIEW-block"' in page.html
        page = await mill.send(page.form(f"{path}/block"), reason="The mold has a crack.")
        assert page.says("is held up", "The mold has a crack.")
        assert (await mill.get("/manufacturer")).says("Held up", "The mold has a crack.")
        assert (await mill.send(page.form(f"{path}/resumption"))).says(
            "Work on “Engineering review” goes on."
        )

    @pytest.mark.parametrize(
        ("move", "status"), [("approval", 409), ("rejection", 409), ("skip", 409), ("nonsense", 404)]
    )
    async def test_is_not_judged_by_the_manufacturer(self, w, mill, move, status):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/evidence")
        await mill.send(form, note="Done, we think.")
        form.action = form.action.replace("/evidence", f"/{move}")
        await mill.send(form, status, reason="Because.")
        assert (await stage(order, "REVIEW")).state == "in_progress"

    async def test_is_moved_by_its_own_people_only(self, w, app, mill, rival, root):
        order = await answered(w)
        form = (await at(mill, order)).form("/start")
        await mill.send(form, 403, csrf_token="forged")
        for who in (rival, root, *await browsers_of(app, w.ana, w.bo)):  # admins have pages of their own
            await who.send(form, 404, csrf_token=await token_of(who))
        assert (await stage(order, "REVIEW")).state == "planned"

    async def test_of_another_timeline_is_not_moved_through_this_one(self, w, mill):
        first, second = await answered(w), await answered(w)
        form = (await at(mill, first)).form("/start")
        form.action = form.action.replace(
            (await stage(first, "REVIEW")).id, (await stage(second, "REVIEW")).id
        )
        await mill.send(form, 404)
        assert {each.state for each in await Milestone.filter(code="REVIEW")} == {"planned"}


class TestEvidence:
    async def test_can_be_a_photo_that_members_see(self, w, mill, bo):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/evidence")
        page = await mill.send(
            form, files={"file": ("first case.png", picture(), "image/png")}, note="First case"
        )
        piece = await Evidence.get(kind="photo")
        assert page.says("First case", "first case.webp")
        assert f'src="/evidence/{piece.id}"' in page.html
        for who in (mill, bo):
            response = await who.http.get(f"/evidence/{piece.id}")
            assert response.headers["content-type"] == "image/webp"
            assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"

    async def test_can_be_a_document_that_members_do_not_see(self, w, mill, bo, rival, root):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/evidence")
        page = await mill.send(form, files={"file": ("DFM.pdf", document(), "application/pdf")})
        piece = await Evidence.get(kind="document")
        assert page.says("DFM.pdf")
        for who in (mill, root):
            assert (await who.http.get(f"/evidence/{piece.id}")).status_code == 200
        for who in (bo, rival):
            assert (await who.http.get(f"/evidence/{piece.id}")).status_code == 404

    @pytest.mark.parametrize(
        ("name", "data", "kind", "sentence"),
        [
            ("report.pdf", b"not a pdf", "application/pdf", "Send the document as a complete PDF."),
            ("photo.png", b"not a photo", "image/png", "Send the photo as PNG, JPEG or WebP."),
            ("page.html", b"<script>alert(1)</script>", "text/html", "Send the photo as PNG, JPEG or WebP."),
            ("empty.png", b"", "image/png", "Choose a file."),
        ],
    )
    async def test_that_is_something_else_is_refused_beside_the_field(
        self, w, mill, name, data, kind, sentence
    ):
        order = await answered(w)
        path = await started(mill, order)
        form = (await at(mill, order)).form(f"{path}/evidence")
        page = await mill.send(form, 422, files={"file": (name, data, kind)}, note="As asked")
        assert page.says(sentence)
        assert 'id="error-REVIEW-file"' in page.html
        assert dict(page.form(f"{path}/evidence").fields)["note"] == "As asked"
        assert await Evidence.all().count() == 0

    async def test_without_words_or_file_is_refused(self, w, mill):
        order = await answered(w)
        path = await started(mill, order)
        page = await mill.send((await at(mill, order)).form(f"{path}/evidence"), 422)
        assert 'id="error-REVIEW-note"' in page.html
