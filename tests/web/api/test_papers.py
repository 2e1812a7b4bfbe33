"""A program reads receipts and asks for a tax invoice for its owner."""

from __future__ import annotations

import pytest

from c2b import wiring
from c2b.durable.sweep import drain
from c2b.kit import db
from tests import world
from tests.web.api.client import Program

WISH = {
    "title_kind": "company",
    "title": "腾讯科技",
    "tax_id": "9144030071526726XG",
    "email": "a@c2b.example",
}


@pytest.fixture
async def place(database):
    wiring.connect()
    w = await world.build()
    joined = await w.join(await w.open_campaign(), w.bo)
    await w.pay(joined)
    await drain()
    return w, f"/participations/{joined.participation_id}"


class TestPapers:
    async def test_a_receipt_is_listed_with_what_it_says_and_downloaded_once(self, app, place, monkeypatch):
        async def quick(content, *, locale):
            return f"%PDF-1.7 {content['number']} {locale} %%EOF".encode()

        monkeypatch.setattr("c2b.invoicing.documents.render_receipt", quick)
        w, path = place
        bo, root = await Program.of(app, w.bo), await Program.of(app, w.root)
        (told,) = (await bo.get(f"{path}/receipts"))["items"]
        assert (told["kind"], told["plan"], told["gateway"]) == ("payment", "full", "sandbox")
        assert (await bo.get(f"{path}/payments"))["payments"][0]["id"] == told["subject_id"]
        for who in (bo, root):
            file = await who.send("GET", f"/receipts/{told['id']}")
            assert file.content.startswith(b"%PDF-1.7 RC-")
            again = await who.send(
                "GET", f"/receipts/{told['id']}", headers={"If-None-Match": file.headers["etag"]}
            )
            assert again.status_code == 304

    async def test_an_invoice_is_asked_for_and_taken_back(self, app, place):
        w, path = place
        bo = await Program.of(app, w.bo)
        await bo.get(f"{path}/invoice", 404)
        assert (await bo.post(f"{path}/invoice", WISH, 409))["code"] == "invoice_not_yet"
        await db.execute("UPDATE participation SET state = 'delivered'")
        await bo.post(f"{path}/invoice", {**WISH, "tax_id": "9144030071526726XX"}, 422)
        told = await bo.post(f"{path}/invoice", WISH, 201)
        assert (told["state"], told["number"]) == ("requested", None)
        assert told["reason_text"].startswith("It is issued within")
        assert (await bo.post(f"{path}/invoice", WISH, 409))["code"] == "invoice_asked_already"
        assert (await bo.post(f"{path}/invoice/withdrawal", None, 200))["state"] == "withdrawn"
        assert (await bo.post(f"{path}/invoice/withdrawal", None, 409))["code"] == "invoice_not_open"
