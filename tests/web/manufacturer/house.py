"""The pages of all three roles as one application, and campaigns far enough along to have an order and a timeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from c2b import wiring
from c2b.accounts.models import User
from c2b.accounts.rules import Actor
from c2b.campaigns.queries import forget_offers
from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.fulfillment import operations as fulfillment
from c2b.fulfillment.models import Milestone
from c2b.fulfillment.queries import timeline_of
from c2b.kit import db
from c2b.kit.db import Database
from c2b.kit.http.rates import reset_memory
from c2b.kit.ids import sha256_hex
from c2b.purchasing import issuing, operations
from c2b.purchasing.documents import RenderedDocument
from c2b.purchasing.models import PurchaseOrder, PurchaseOrderRevision
from c2b.web import admin, consumer, manufacturer
from c2b.web.app_factory import create_app
from tests import world
from tests.fulfillment.pictures import document
from tests.web.consumer.browser import BASE, Browser

__all__ = ["app", "bo", "fresh", "mill", "rival", "root", "w"]

ENGRAVING = {"engraving": {"text": "-2-3", "font": "kai", "position": "weight_back"}}
#: What no manufacturer may ever read: names and addresses of people, and words of theirs.
PRIVATE = re.compile(r"Ferreira|Lindqvist|Member\d|\b(ana|bo|member\d+)-\w+@|Navy seventy-five|A quiet board")


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files and counters of one test only, and documents that take no time to draw."""
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("C2B_BASE_URL", BASE)
    monkeypatch.setattr(issuing, "render_purchase_order", _draw)
    settings.cache_clear()
    wiring.connect()
    reset_memory()
    forget_offers()
    yield
    settings.cache_clear()


async def _draw(snapshot: Any, *, locale: str, acknowledgment_url: str) -> RenderedDocument:
    data = f"%PDF-1.7 {snapshot.digest} {locale} {acknowledgment_url} %%EOF".encode()
    return RenderedDocument(data=data, sha256=sha256_hex(data), pages=1)


@pytest.fixture
def app() -> Starlette:
    return create_app([*consumer.routes, *manufacturer.routes, *admin.routes], settings=settings())


@pytest_asyncio.fixture
async def w(database: Database) -> world.World:
    """The cast; Ana and Bo have names that nothing else contains."""
    built = await world.build()
    for actor, name in ((built.ana, "Ana Ferreira"), (built.bo, "Bo Lindqvist")):
        await User.filter(id=actor.id).update(name=name)
    await User.filter(id=built.mill.id).update(locale="en")
    return built


@pytest_asyncio.fixture
async def mill(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.mill)


@pytest_asyncio.fixture
async def root(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.root)


@pytest_asyncio.fixture
async def bo(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.bo)


@pytest_asyncio.fixture
async def rival(app: Starlette, w: world.World) -> Browser:
    """Somebody of another manufacturer."""
    return await Browser.of(app, (await world.build()).mill)


async def issued(w: world.World) -> PurchaseOrder:
    """The order of a full group, in the manufacturer's hands: fifty keyboards, ten of them engraved for Bo."""
    campaign_id = await w.open_campaign(threshold=50)
    await w.pay(await w.join(campaign_id, w.bo, quantity=10, **ENGRAVING))
    await w.fill(campaign_id, 40)
    await drain()
    return await PurchaseOrder.get(campaign_id=campaign_id)


async def answered(w: world.World, decision: str = "accepted", note: str = "") -> PurchaseOrder:
    """An order that Mill has answered."""
    order = await issued(w)
    revision = await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=order.revision)
    await operations.acknowledge(
        w.mill, order.id, revision=order.revision, revision_digest=revision.digest, decision=decision,
        signer_name="Mo Fang", note=note,
    )  # fmt: skip
    await drain()
    return await PurchaseOrder.get(id=order.id)


async def submitted_gate(w: world.World) -> tuple[PurchaseOrder, Milestone]:
    """An order on the tooled timeline, and its first stage that an admin closes, reported as done."""
    await db.execute("UPDATE product SET timeline = 'TOOLED' WHERE id = ?", w.product_id)
    order = await answered(w)
    while True:
        rows = (await timeline_of(w.root, order.campaign_id)).stages
        row = next(each for each in rows if "start" in each.actions)
        await fulfillment.start_stage(w.mill, row.id)
        for number in range(row.missing_evidence):
            data = document(str(number).encode())
            await fulfillment.add_evidence(w.mill, row.id, kind="document", filename="report.pdf", data=data)
        await fulfillment.submit_stage(w.mill, row.id)
        if row.closes_on == "approval":
            return order, await Milestone.get(id=row.id)


async def stage(order: PurchaseOrder, code: str) -> Milestone:
    return await Milestone.get(timeline__campaign_id=order.campaign_id, code=code)


async def browsers_of(app: Starlette, *people: Actor) -> list[Browser]:
    return [await Browser.of(app, each) for each in people]


async def token_of(browser: Browser) -> str:
    """The token that this browser's forms carry."""
    return dict((await browser.get("/account")).form("/log-out").fields)["csrf_token"]
