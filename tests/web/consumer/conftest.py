"""The consumer pages as an application, beside a sandbox provider whose webhooks reach it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Route

from c2b import wiring
from c2b.campaigns.queries import forget_offers
from c2b.config import settings
from c2b.kit.db import Database
from c2b.kit.http.rates import reset_memory
from c2b.payments import gateways
from c2b.payments.gateways.sandbox import checkout
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.web import consumer, webhooks
from c2b.web.app_factory import create_app
from c2b.web.auth import public
from tests import world
from tests.web.consumer.browser import BASE, Browser


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files and counters of one test only; an address that the sandbox leads back to."""
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("C2B_BASE_URL", BASE)
    settings.cache_clear()
    wiring.connect()
    reset_memory()
    forget_offers()
    yield
    settings.cache_clear()


@pytest.fixture
def app() -> Starlette:
    sandbox_pages = [
        Route(route.path, public(route.endpoint), methods=list(route.methods or ()))
        for route in checkout.routes(gateways.sandbox)
    ]
    return create_app(
        [*consumer.routes, *webhooks.routes, *sandbox_pages],
        settings=settings(),
        without_cookies=("/sandbox/",),
    )


@pytest.fixture
def sandbox(app: Starlette, tmp_path: Path) -> Iterator[SandboxGateway]:
    """A provider whose notifications arrive at ``app``."""

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport) as shop:
            return (await shop.post(url, headers=dict(headers), content=body)).status_code

    secret = settings().sandbox_secret
    gateway = SandboxGateway(tmp_path / "provider.sqlite3", base_url=BASE, secret=secret, send=post)
    with gateways.replaced_by(gateway):
        yield gateway
    gateway.store.close()


@pytest_asyncio.fixture
async def w(database: Database) -> world.World:
    """The cast, and Mill's keyboard."""
    return await world.build()


@pytest_asyncio.fixture
async def campaign(w: world.World) -> str:
    """The address of an open campaign of Ana's."""
    row = await _slug(await w.open_campaign())
    return f"/campaigns/{row}"


async def _slug(campaign_id: str) -> str:
    from c2b.kit import db

    row = await db.fetch_one("SELECT slug FROM campaign WHERE id = ?", campaign_id)
    assert row
    return str(row["slug"])


@pytest_asyncio.fixture
async def bo(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.bo)


@pytest_asyncio.fixture
async def ana(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.ana)


@pytest_asyncio.fixture
async def cy(app: Starlette, w: world.World) -> Browser:
    return await Browser.of(app, w.cy)


@pytest.fixture
def stranger(app: Starlette) -> Browser:
    """Somebody without an account."""
    return Browser(app)
