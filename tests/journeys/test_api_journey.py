"""The whole story through the HTTP API alone: three roles, from a draft to goods that everybody holds.

Nothing is done behind the API's back but what other companies and time do: the provider's checkout, and the clock.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from PIL import Image
from starlette.applications import Starlette

from c2b.campaigns.counting import keep_deadlines
from c2b.durable.sweep import drain
from c2b.kit import clock
from c2b.ledger import queries as ledger
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from tests import world
from tests.web.api.client import Program
from tests.web.api.offers import offer

PASSWORD = "nine purple kettles"


async def newcomer(app: Starlette, name: str) -> Program:
    """Somebody signs up and gets a token, as any program would."""
    anybody, email = Program(app), f"{name.lower()}@example.com"
    await anybody.post("/users", {"name": name, "email": email, "password": PASSWORD}, 201)
    body = {"email": email, "password": PASSWORD, "name": "journey", "days": 365}
    return Program(app, token=(await anybody.post("/tokens", body, 201))["token"])


async def join_and_pay(
    member: Program,
    sandbox: SandboxGateway,
    slug: str,
    *,
    quantity: int,
    link: str | None = None,
    **answers: Any,
) -> str:
    """A paid place; its id. ``link``: the invitation it is credited to."""
    body: dict[str, Any] = {"answers": {**world.ANSWERS, **answers}, "quantity": quantity}
    quoted = await member.post(f"/campaigns/{slug}/quote", body)
    assert quoted["valid"], quoted["errors"]
    body |= {"invitation_id": link} if link else {}
    place = await member.post(f"/campaigns/{slug}/participations", body, 201)
    assert place["total_minor"] == quoted["quote"]["total_minor"]
    checkout = await member.post(f"/participations/{place['id']}/payment", status=201)
    await sandbox.pay(checkout["checkout_url"].rpartition("/")[2])
    assert (await member.get(f"/participations/{place['id']}"))["state"] in ("joined", "confirmed")
    return str(place["id"])


async def settle(sandbox: SandboxGateway) -> None:
    """Let the workers work, and the provider tell what it has done."""
    await drain()
    await sandbox.deliver_due()
    await drain()


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    return out.getvalue()


async def prove(mill: Program, stage: dict[str, Any]) -> None:
    """What the gate still lacks, as a photo or as notes."""
    for number in range(max(stage["missing_evidence"], 1)):
        answer = await mill.send(
            "POST", f"/milestones/{stage['id']}/evidence", key=f"{stage['id']}:photo:{number}",
            data={"kind": "photo", "note": f"{stage['code']} {number}"},
            files={"file": ("line.png", photo(), "image/png")},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text


async def walk(mill: Program, root: Program, campaign: str) -> dict[str, Any]:
    """Every stage, in whatever order their gates allow, three days apart."""
    for _ in range(80):
        timeline: dict[str, Any] = await mill.get(f"/campaigns/{campaign}/timeline")
        if timeline["delivered_on"]:
            return timeline
        stage = next(each for each in timeline["stages"] if each["actions"] or each["state"] == "submitted")
        path = f"/milestones/{stage['id']}"
        if "start" in stage["actions"]:
            await mill.post(f"{path}/start")
        elif stage["missing_evidence"] or ("submit" not in stage["actions"] and "prove" in stage["actions"]):
            await prove(mill, stage)
        elif "submit" in stage["actions"]:
            clock.shift(timedelta(days=3))
            await mill.post(f"{path}/completion")
        else:
            await root.post(f"{path}/approval")
    raise AssertionError(f"stuck at {stage}")


async def test_a_campaign_goes_from_a_draft_to_the_door(database, app, sandbox):
    w = await world.build()
    ana, bo = await newcomer(app, "Ana"), await newcomer(app, "Bo")
    cy, dee = await newcomer(app, "Cy"), await newcomer(app, "Dee")
    mill, root = await Program.of(app, w.mill, locale="zh_CN"), await Program.of(app, w.root)

    # Ana drafts, Root sends it back, Ana mends it, Root approves
    drafted = await ana.post("/campaigns", {"product": w.product_slug, **offer(closes="at_deadline")}, 201)
    campaign, slug = drafted["id"], drafted["slug"]
    await ana.post(f"/campaigns/{campaign}/submission")
    await root.post(f"/campaigns/{campaign}/return", {"reason": "Say who it is for."})
    await ana.put(f"/campaigns/{campaign}", offer(closes="at_deadline", story="For the whole club."))
    await ana.post(f"/campaigns/{campaign}/submission")
    await root.post(f"/campaigns/{campaign}/approval")

    # the friends join through Ana's link, Dee leaves again with her money
    link = await ana.post(f"/campaigns/{campaign}/invitation")
    target = await Program(app).post("/invitation-openings", {"token": link["url"].rpartition("/")[2]})
    bos = await join_and_pay(bo, sandbox, slug, quantity=20, link=target["invitation_id"])
    await join_and_pay(cy, sandbox, slug, quantity=20)
    dees = await join_and_pay(dee, sandbox, slug, quantity=1)
    await dee.post(f"/participations/{dees}/withdrawal")
    await settle(sandbox)
    assert (await dee.get(f"/participations/{dees}"))["state"] == "refunded"
    for name in ("Eve", "Fay"):
        engraving = {"text": name, "font": "sans", "position": "weight_back"}
        await join_and_pay(await newcomer(app, name), sandbox, slug, quantity=20, engraving=engraving)
    progress = await Program(app).get(f"/campaigns/{slug}/progress")
    assert (progress["state"], progress["paid"], progress["missing"]) == ("threshold_met", 80, 0)
    assert (await ana.post(f"/campaigns/{campaign}/invitation"))["joined"] == 1

    # the deadline closes the group: locked, ordered, the difference to the better tier comes back
    await close_at_deadline(sandbox)
    assert (await bo.get(f"/campaigns/{slug}"))["state"] == "ordered"
    place = await bo.get(f"/participations/{bos}")
    assert place["total_minor"] - place["settled_minor"] == 20 * (45900 - 42900)
    money = await bo.get(f"/participations/{bos}/payments")
    assert [(each["reason"], each["state"]) for each in money["refunds"]] == [
        ("price_difference", "succeeded")
    ]

    # Mill reads the order, its two documents and its unit list, and accepts it
    [line] = await mill.everything("/purchase-orders")
    order = await mill.get(f"/purchase-orders/{line['id']}")
    assert (order["may_answer"], sum(each["quantity"] for each in order["lines"])) == (True, 80)
    assert {each["locale"] for each in order["documents"]} == {"en", "zh_CN"}
    for document in order["documents"]:
        pdf = await mill.send("GET", f"/documents/{document['id']}")
        assert pdf.content.startswith(b"%PDF-")
        assert len(pdf.content) == document["size_bytes"]
    units = await mill.everything(f"/purchase-orders/{line['id']}/units", limit=50)
    assert len({each["unit_id"] for each in units}) == 80
    assert sum(bool(each["personalization"]) for each in units) == 40
    answer = {
        "revision": 1,
        "revision_digest": order["digest"],
        "decision": "accepted",
        "signer_name": "Lin Mill",
    }
    await mill.post(f"/purchase-orders/{line['id']}/acknowledgment", answer, 201)
    await settle(sandbox)
    assert (await bo.get(f"/campaigns/{slug}/purchase-order"))["state"] in ("acknowledged", "in_production")

    # stage after stage, until everybody holds what they asked for
    timeline = await walk(mill, root, campaign)
    await settle(sandbox)
    assert all(stage["state"] in ("approved", "skipped") for stage in timeline["stages"])
    assert (await bo.get(f"/campaigns/{slug}"))["state"] == "completed"
    assert (await bo.get(f"/participations/{bos}"))["state"] == "delivered"
    seen = await bo.get(f"/campaigns/{slug}/timeline")
    proof = next(piece for stage in seen["stages"] for piece in stage["evidence"])
    assert (await bo.send("GET", f"/evidence/{proof['id']}")).content[:4] == b"RIFF"

    # what admins see: all runs done, nothing dead, the book in order
    runs = await root.everything("/admin/runs")
    assert {(run["workflow"], run["state"]) for run in runs} == {
        ("closing", "done"),
        ("ordering", "done"),
        ("settling", "waiting"),  # what the manufacturer has still to get is not due
    }
    assert await root.everything("/admin/jobs", state="dead") == []
    assert await ledger.faults() == []
    told = {event["name"] for event in await bo.everything(f"/campaigns/{slug}/events", limit=100)}
    assert {"campaign.opened", "campaign.locked", "purchase_order.acknowledged", "milestone.reached"} <= told


async def close_at_deadline(sandbox: SandboxGateway) -> None:
    """Time passes, the clock process looks, the workers work."""
    clock.shift(timedelta(days=20, minutes=1))
    await keep_deadlines()
    await settle(sandbox)
