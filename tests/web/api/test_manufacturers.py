"""A manufacturer's way through the API: the order, the stages and their evidence; and what admins do beside it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from c2b.durable import enqueue
from c2b.durable.sweep import drain
from c2b.fulfillment.models import Milestone
from c2b.kit import db
from tests.fulfillment import pictures
from tests.fulfillment.walking import running
from tests.purchasing.locked import _quick_documents, locked_campaign
from tests.web.api.client import Program

__all__ = ["_quick_documents"]
pytestmark = pytest.mark.usefixtures("_quick_documents")


async def ready_stage(mill: Program, campaign: str) -> dict[str, Any]:
    """The first stage that Mill may start."""
    timeline = await mill.get(f"/campaigns/{campaign}/timeline")
    return next(stage for stage in timeline["stages"] if "start" in stage["actions"])


async def proven(mill: Program, path: str, data: bytes, *, key: str, kind: str = "photo") -> httpx2.Response:
    """The answer to a piece of evidence."""
    form: dict[str, Any] = {"data": {"kind": kind}, "files": {"file": ("x.png", data)}}
    return await mill.send("POST", f"{path}/evidence", key=key, **form)


class TestAnOrder:
    async def test_is_rejected_with_a_reason_issued_again_and_accepted(self, database, app):
        locked = await locked_campaign()
        await locked.issued()
        mill, root = await Program.of(app, locked.world.mill), await Program.of(app, locked.world.root)
        [line] = await mill.everything("/purchase-orders", state="issued")
        path = f"/purchase-orders/{line['id']}"
        order = await mill.get(path)
        assert (line["campaign_title"], order["totals"]["gross_minor"]) == ("", order["total_minor"])
        answer = {"revision": 1, "revision_digest": order["digest"], "signer_name": "Mo Fang"}
        refused = await mill.post(f"{path}/acknowledgment", {**answer, "decision": "rejected"}, 422)
        assert [each["path"] for each in refused["errors"]] == ["note"]
        wrong = {**answer, "decision": "accepted", "revision_digest": "0" * 64}
        assert (await mill.post(f"{path}/acknowledgment", wrong, 409))["code"] == "not_this_revision"
        await mill.post(
            f"{path}/acknowledgment", {**answer, "decision": "rejected", "note": "Another carton."}, 201
        )
        await drain()
        assert await root.post(f"{path}/revisions", {"reason": "Another carton."}, 201) == {"revision": 2}
        await drain()
        again = await mill.get(path)
        assert (again["revision"], again["may_answer"], len(again["revisions"])) == (2, True, 2)
        assert (await mill.get(path, revision=1))["shown_revision"] == 1
        await root.post(f"{path}/extension", {"days": 20}, 201)
        accepted = {**answer, "decision": "accepted", "revision": 2, "revision_digest": again["digest"]}
        first = await mill.post(f"{path}/acknowledgment", accepted, 201, key="yes")
        assert await mill.post(f"{path}/acknowledgment", accepted, 201, key="yes") == first


class TestAStage:
    async def test_is_started_proven_stopped_resumed_and_closed(self, database, app):
        walk = await running()
        campaign = walk.locked.campaign_id
        mill, root = await Program.of(app, walk.mill), await Program.of(app, walk.root)
        stage = await ready_stage(mill, campaign)
        path = f"/milestones/{stage['id']}"
        await mill.post(f"{path}/start")
        await mill.post(f"{path}/completion", status=422)  # not proven yet
        stopped = await mill.post(f"{path}/block", {"reason": "The glue is late."})
        assert (
            next(each for each in stopped["stages"] if each["id"] == stage["id"])["reason"]
            == "The glue is late."
        )
        await mill.post(f"{path}/resumption")
        for number in range(3):
            answer = await proven(mill, path, pictures.picture(size=(40 + number, 40)), key=str(number))
            assert answer.status_code == 201
        await mill.post(f"{path}/completion")
        row = await Milestone.get(id=stage["id"])
        if row.state == "submitted":
            await root.post(f"{path}/rejection", {"reason": "Too dark."})
            await mill.post(f"{path}/resumption")
            await mill.post(f"{path}/completion")
            await root.post(f"{path}/approval")
        assert (await Milestone.get(id=stage["id"])).state == "approved"
        [line] = await mill.everything("/timelines", running="true")
        assert line["done"] >= 3

    async def test_takes_evidence_once_however_the_form_was_written(self, database, app):
        walk = await running()
        mill = await Program.of(app, walk.mill)
        stage = await ready_stage(mill, walk.locked.campaign_id)
        path = f"/milestones/{stage['id']}"
        await mill.post(f"{path}/start")
        photo = pictures.photo_with_place()
        first = await proven(mill, path, photo, key="once")
        again = await proven(mill, path, photo, key="once")  # each call writes another boundary
        assert first.request.headers["content-type"] != again.request.headers["content-type"]
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        other = await proven(mill, path, pictures.picture(), key="once")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert len(await db.fetch("SELECT id FROM evidence")) == 1
        file = await mill.send("GET", first.headers["location"].removeprefix("/api/v1"))
        assert b"SecretCamera" not in file.content
        assert file.headers["content-disposition"].startswith("attachment")

    async def test_refuses_what_is_no_evidence(self, database, app):
        walk = await running()
        mill = await Program.of(app, walk.mill)
        stage = await ready_stage(mill, walk.locked.campaign_id)
        path = f"/milestones/{stage['id']}"
        await mill.post(f"{path}/start")
        wrong = {
            "not_a_picture": await proven(mill, path, b"<svg/>", key="1"),
            "not_a_pdf": await proven(mill, path, b"hello", key="2", kind="document"),
            "empty": await proven(mill, path, b"", key="3"),
            "choice": await proven(mill, path, b"x", key="4", kind="video"),
        }
        for code, answer in wrong.items():
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
        too_much = await proven(mill, path, b"x" * (8 * 1024 * 1024 + 1), key="5")
        assert too_much.status_code == 413
        as_json = await mill.send("POST", f"{path}/evidence", body={"kind": "note"}, key="6")
        assert as_json.status_code == 415
        assert await db.fetch("SELECT id FROM evidence") == []


class TestADeadJob:
    async def test_is_seen_and_retried_by_an_admin(self, database, app):
        walk = await running()
        root = await Program.of(app, walk.root)
        await enqueue("nobody.knows", key="dead:1")
        await drain()
        [job] = await root.everything("/admin/jobs", state="dead")
        assert "no handler" in job["error"]
        retried = await root.post(f"/admin/jobs/{job['id']}/retry", key="again")
        assert (retried["state"], retried["failures"]) == ("ready", 0)
        assert await root.post(f"/admin/jobs/{job['id']}/retry", key="again") == retried
        await root.post(f"/admin/jobs/{job['id']}/retry", status=409)
        told = await root.everything("/admin/events", name="job.*", subject_id=job["id"])
        assert {each["name"] for each in told} == {"job.died", "job.retried"}
