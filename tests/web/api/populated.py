"""A world with something of everything, built once on SQLite and copied: for tests that try every route."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.accounts.tokens import create_token
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import forget_offers
from c2b.catalog.operations import add_manufacturer
from c2b.config import settings
from c2b.durable import enqueue
from c2b.durable.sweep import drain
from c2b.fulfillment import operations as fulfillment
from c2b.invoicing.queries import receipts_of
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.kit.http.rates import reset_memory
from c2b.purchasing import operations as purchasing
from tests import world
from tests.fulfillment.pictures import picture
from tests.web.api.client import BASE
from tests.web.api.offers import offer

#: Which campaign a route is tried on, where it is not the one in production.
STAGES = {
    "PUT /campaigns/{campaign}": "draft",
    "POST /campaigns/{campaign}/submission": "draft",
    "POST /campaigns/{campaign}/approval": "under_review",
    "POST /campaigns/{campaign}/return": "under_review",
    "POST /campaigns/{campaign}/cancellation": "open",
    "POST /campaigns/{campaign}/quote": "open",
    "POST /campaigns/{campaign}/version": "open",
    "POST /campaigns/{campaign}/participations": "open",
    "POST /campaigns/{campaign}/waitlist": "open",
}


@dataclass(frozen=True)
class Built:
    """The world on disk, what stands in its addresses, and a token for each actor."""

    file: Path
    data: Path
    names: dict[str, str]
    tokens: dict[str, str]
    digest: str

    def path(self, method: str, path: str) -> str:
        stage = STAGES.get(f"{method} {path}", "made")
        for name, value in {**self.names, "campaign": self.names[stage]}.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def sent(self, method: str, path: str) -> dict[str, Any]:
        """What is sent: a body that would be accepted from whoever may."""
        if path.endswith("/evidence"):
            return {"files": {"kind": (None, "note"), "note": (None, "All parts have arrived.")}}
        login = {"email": "eve@example.com", "password": "nine purple kettles", "name": "Eve"}
        bodies: dict[str, Any] = {
            "POST /users": login,
            "POST /tokens": {**login, "password": "not hers"},
            "PATCH /me": {"locale": "zh_CN"},
            "POST /campaigns": {"product": self.names["product"], **offer()},
            "PUT /campaigns/{campaign}": offer(),
            "POST /campaigns/{campaign}/version": {"version": 1, "answer_hours": 24},
            "POST /campaigns/{campaign}/quote": {"answers": world.ANSWERS},
            "POST /campaigns/{campaign}/participations": {"answers": world.ANSWERS},
            "POST /campaigns/{campaign}/waitlist": {"answers": world.ANSWERS},
            "PUT /participations/{participation}/requirement": {"answers": world.ANSWERS},
            "PUT /participations/{participation}/ballot": {"votes": {}},
            "PUT /participations/{participation}/delay": {"answer": "wait"},
            "POST /participations/{participation}/invoice": {
                "title_kind": "personal", "title": "Bo", "email": "bo@c2b.example",
            },
            "POST /invitation-openings": {"token": "guessed"},
            "POST /me/commission-withdrawals": {"currency": "CNY"},
            "POST /purchase-orders/{order}/payout-blocks": {"kind": "dispute", "reason": "Scratches."},
            "POST /payout-blocks/{block}/closing": {"note": "Replaced."},
            "POST /purchase-orders/{order}/extension": {"days": 20},
            "POST /purchase-orders/{order}/acknowledgment": {
                "revision": 1, "revision_digest": self.digest, "decision": "accepted", "signer_name": "Lin Mill",
            },
        }  # fmt: skip
        reasoned = path.rpartition("/")[2] in (
            "return",
            "cancellation",
            "revisions",
            "block",
            "rejection",
            "omission",
        )
        body = bodies.get(f"{method} {path}", {"reason": "Somebody asked."} if reasoned else None)
        return {"body": body} if body is not None else {}


async def build(file: Path, data: Path) -> Built:
    """A draft, a campaign under review, an open one, one whose order waits for an answer, and one in production."""
    w = await world.build()
    dee, rival = await world.person("Dee"), await _rival()
    draft = (await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer())).id
    review = (await campaigns.draft(w.ana, product_slug=w.product_slug, offer=w.offer())).id
    await campaigns.submit(w.ana, review)
    opened = await w.open_campaign()
    place = await w.join(opened, w.bo)
    await w.pay(place)
    await w.join(opened, dee)
    made, asked = [await _ordered(w, dee) for _ in range(2)]
    order = await _order(asked)
    document = await db.fetch_one("SELECT id FROM document LIMIT 1")
    assert document
    milestone, evidence = await _in_production(w, made)
    other = await create_token(w.bo, name="another")
    people: dict[str, Actor] = {
        "cy": w.cy, "bo": w.bo, "dee": dee, "ana": w.ana, "mill": w.mill, "rival": rival, "root": w.root
    }  # fmt: skip
    names = {
        "draft": draft, "under_review": review, "open": opened, "made": made, "product": w.product_slug, "version": "1",
        "token_id": other.id, "participation": place.participation_id, "order": order["id"],
        "document": document["id"], "milestone": milestone, "evidence": evidence, "run": f"ordering:{made}",
        "job": await _dead_job(), "block": "0" * 26,
        "receipt": (await receipts_of(place.participation_id))[0].id,
    }  # fmt: skip
    tokens = {name: (await create_token(actor, name="access")).secret for name, actor in people.items()}
    return Built(file, data, names, tokens, order["digest"])


async def _rival() -> Actor:
    maker = await add_manufacturer(
        slug="rival", name={"en": "Rival", "zh": "对手"}, party=world.PARTY, email="orders@rival.example"
    )
    return await world.person("Rival", "manufacturer", maker.id)


async def _ordered(w: world.World, dee: Actor) -> str:
    campaign = await w.open_campaign()
    await w.fill(campaign, 30)
    for who, quantity in ((w.bo, 10), (dee, 10)):
        await w.pay(await w.join(campaign, who, quantity=quantity))
    await drain()
    return campaign


async def _order(campaign: str) -> dict[str, Any]:
    row = await db.fetch_one(
        "SELECT o.id, r.digest FROM purchase_order o JOIN purchase_order_revision r ON r.purchase_order_id = o.id "
        "WHERE o.campaign_id = ?",
        campaign,
    )
    assert row
    return row


async def _in_production(w: world.World, campaign: str) -> tuple[str, str]:
    """The order accepted, a stage started and proven; ids of the stage and its photo."""
    order = await _order(campaign)
    await purchasing.acknowledge(
        w.mill,
        order["id"],
        revision=1,
        revision_digest=order["digest"],
        decision="accepted",
        signer_name="Lin Mill",
    )
    await drain()
    row = await db.fetch_one("SELECT id FROM milestone WHERE code = 'REVIEW'")
    assert row
    await fulfillment.start_stage(w.mill, row["id"])
    evidence = await fulfillment.add_evidence(
        w.mill, row["id"], kind="photo", filename="x.png", data=picture()
    )
    return row["id"], evidence


async def _dead_job() -> str:
    await enqueue("nobody.knows", key="access:dead", due_at=clock.now() - timedelta(days=1))
    await drain()
    row = await db.fetch_one("SELECT id FROM job WHERE state = 'dead'")
    assert row
    return str(row["id"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, database_templates: Any) -> Iterator[Built]:
    url = database_templates.sqlite()
    data = tmp_path_factory.mktemp("data")
    before = dict(os.environ)
    os.environ |= {"C2B_DATA_DIR": str(data), "C2B_BASE_URL": BASE}
    settings.cache_clear()
    wiring.connect()

    async def make() -> Built:
        database = await Database(url).open(for_every_task=True)
        try:
            return await build(Path(url.removeprefix("sqlite://")), data)
        finally:
            await db.fetch("PRAGMA wal_checkpoint(TRUNCATE)")
            await database.close()

    yield asyncio.run(make())
    os.environ.clear()
    os.environ |= before
    settings.cache_clear()


@pytest.fixture(autouse=True)
def fresh_settings(built: Built, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files of the built world, instead of a folder of the test's own."""
    monkeypatch.setenv("C2B_DATA_DIR", str(built.data))
    monkeypatch.setenv("C2B_BASE_URL", BASE)
    settings.cache_clear()
    reset_memory()
    forget_offers()
    yield
    settings.cache_clear()
