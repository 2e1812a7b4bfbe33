"""The web application with a few routes of its own to try its promises on, on a fresh database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from c2b.accounts import operations
from c2b.config import settings
from c2b.kit import clock
from c2b.kit.db import Database, execute, fetch
from c2b.kit.errors import Conflict, FieldError, Invalid
from c2b.web.app_factory import create_app
from c2b.web.auth import actor_of, public, require, require_api
from c2b.web.views import idempotent, json_answer, json_body

PASSWORD = "correct horse"
FIELD = re.compile(r'name="csrf_token" value="([^"]+)"')


@public
async def start(_request: Request) -> Response:
    return PlainTextResponse("start")


@require("consumer")
async def mine(request: Request) -> Response:
    return PlainTextResponse(actor_of(request).name)


@require("manufacturer", "admin")
async def theirs(request: Request) -> Response:
    return PlainTextResponse(actor_of(request).name)


@require()
async def change(request: Request) -> Response:
    async with request.form() as form:
        upload = form.get("file")
        size = len(await upload.read()) if isinstance(upload, UploadFile) else 0
        return PlainTextResponse(f"changed {form.get('value', '')} {size}")


@public
async def broken(_request: Request) -> Response:
    raise RuntimeError("secret detail")


@public
async def refused(_request: Request) -> Response:
    raise Invalid(fields=[FieldError("quantity", "range", "Use {least} to {most} characters; a few words are fine.",
                                     {"least": 10, "most": 128})])  # fmt: skip


@public
async def webhook(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@require_api("consumer")
async def api_me(request: Request) -> Response:
    return json_answer({"id": actor_of(request).id})


@require_api("consumer")
@idempotent
async def api_join(request: Request) -> Response:
    body = await json_body(request)
    number = len(await fetch("SELECT id FROM rate_count WHERE id LIKE 'join-%'"))
    insert = "INSERT INTO rate_count (id, hits, expires_at) VALUES (?, 1, ?)"
    await execute(insert, f"join-{number}", clock.now())
    if body.get("fail"):
        raise Conflict
    return json_answer({"number": number}, status=201, location=f"/api/v1/joins/{number}")


@require_api("admin")
async def api_admin(_request: Request) -> Response:
    return json_answer({})


ROUTES = [
    Route("/", start),
    Route("/mine", mine),
    Route("/mine/{part}", mine),
    Route("/theirs", theirs),
    Route("/change", change, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    Route("/broken", broken),
    Route("/refused", refused, methods=["GET", "POST"]),
    Route("/webhooks/sandbox", webhook, methods=["POST"]),
    Route("/api/v1/me", api_me, methods=["GET", "POST"]),
    Route("/api/v1/joins", api_join, methods=["POST"]),
    Route("/api/v1/admin", api_admin),
    Route("/api/v1/broken", broken),
    Route("/api/v1/refused", refused, methods=["POST"]),
]


def application(database_url: str, **changes: object) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        database = await Database(database_url).open(for_every_task=True)
        yield
        await database.close()

    return create_app(ROUTES, settings=replace(settings(), **changes), lifespan=lifespan)  # type: ignore[arg-type]


@pytest.fixture
def app(sqlite_url: str) -> Starlette:
    return application(sqlite_url)


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    """A browser that nobody is logged in with. Redirects are not followed: they are what is tested."""
    with TestClient(app, follow_redirects=False) as browser:
        yield browser


def another_browser(client: TestClient) -> TestClient:
    """A second browser on the same running application."""
    other = TestClient(client.app, follow_redirects=False)
    other.portal = client.portal
    return other


def token_on(client: TestClient, path: str = "/log-in") -> str:
    """The token in a form of a page."""
    page = client.get(path, follow_redirects=True)
    found = FIELD.search(page.text)
    assert found, page.text
    return found[1]


def sign_up(client: TestClient, name: str = "Ana", **more: str) -> Response:
    fields = {"name": name, "email": f"{name.lower()}@example.com", "password": PASSWORD, **more}
    return client.post("/sign-up", data={"csrf_token": token_on(client), **fields})


def bearer(client: TestClient, name: str = "Ana", **more: object) -> dict[str, str]:
    """The header of a fresh API token of somebody who has signed up."""
    from c2b.accounts.tokens import exchange_password

    async def make() -> str:
        given = {"email": f"{name.lower()}@example.com", "password": PASSWORD, "name": "test", **more}
        return (await exchange_password(**given)).secret  # type: ignore[arg-type]

    assert client.portal is not None
    return {"Authorization": f"Bearer {client.portal.call(make)}"}


def make_person(client: TestClient, name: str, role: str, manufacturer_id: str | None = None) -> None:
    async def make() -> None:
        await operations.create_user(
            name=name,
            email=f"{name.lower()}@example.com",
            password=PASSWORD,
            role=role,
            manufacturer_id=manufacturer_id,
        )  # type: ignore[arg-type]

    assert client.portal is not None
    client.portal.call(make)


def log_in(client: TestClient, name: str, **more: str) -> Response:
    fields = {"email": f"{name.lower()}@example.com", "password": PASSWORD, **more}
    return client.post("/log-in", data={"csrf_token": token_on(client), **fields})
