"""The API as an application of its own, beside a sandbox provider that posts its webhooks into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from c2b import wiring
from c2b.campaigns.queries import forget_offers
from c2b.config import settings
from c2b.kit.http.rates import reset_memory
from c2b.payments import gateways
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.web import api, webhooks
from c2b.web.app_factory import create_app
from tests.web.api.client import BASE


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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
    return create_app([*api.routes, *webhooks.routes], settings=settings())


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
