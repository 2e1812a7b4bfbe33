"""An address that leads nowhere is answered in words, whoever asks and whatever stands in it."""

from __future__ import annotations

import re

import httpx2
import pytest
from starlette.routing import Route

from c2b.accounts.models import Session
from c2b.app import routes
from c2b.config import settings
from c2b.kit import clock
from c2b.kit.db import Database
from c2b.kit.ids import new_token, sha256_hex
from c2b.web.app_factory import create_app
from tests import world

STRANGE = ("x", "x" * 26, "x" * 27, "x" * 300, "%00", "..", "%F0%9F%98%80", "a%27%20OR%201=1")
SAFE = ("GET", "HEAD")


@pytest.fixture
def _own_files(tmp_path, monkeypatch):
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


async def logged_in(user_id: str) -> dict[str, str]:
    """The cookie of a browser."""
    token, now = new_token(), clock.now()
    await Session.create(
        user_id=user_id,
        token_hash=sha256_hex(token),
        created_at=now,
        seen_at=now,
        expires_at=now.replace(year=now.year + 1),
    )
    return {"session": token}


@pytest.mark.usefixtures("_own_files")
@pytest.mark.parametrize("who", ["nobody", "bo", "mill", "root"])
async def test_nowhere_is_never_an_error_of_ours(sqlite_url, who):
    async with Database(sqlite_url):
        w = await world.build()
        app = create_app(routes(settings()), settings=settings())
        cookies = await logged_in(getattr(w, who).id) if who != "nobody" else {}
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://testserver", cookies=cookies
        ) as browser:
            broken = []
            for route in app.routes:
                if (
                    not isinstance(route, Route)
                    or "{" not in route.path
                    or not set(route.methods or ()) & set(SAFE)
                ):
                    continue
                for name in STRANGE:
                    answer = await browser.get(re.sub(r"{[^}]+}", name, route.path))
                    if answer.status_code not in (200, 303, 307, 400, 401, 403, 404, 405, 410):
                        broken.append((route.path, name[:30], answer.status_code))
    assert broken == []
