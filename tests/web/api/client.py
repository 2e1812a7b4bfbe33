"""Programs that use the API: each acts for one person, and every answer they get is held against the document.

Strictly: an answer with a field or a status that the document does not name fails the test.
"""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from typing import Any

import httpx2
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from starlette.applications import Starlette

from c2b.accounts.rules import Actor
from c2b.accounts.tokens import create_token
from c2b.web.api import openapi
from c2b.web.api.routing import V1

BASE = "http://testserver"


class Program:
    """One person's program. ``actor`` ``None``: it has no token."""

    def __init__(
        self, app: Starlette, actor: Actor | None = None, *, token: str = "", locale: str = "en"
    ) -> None:
        self.actor = actor
        headers = {"Accept-Language": locale.replace("_", "-")}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    @classmethod
    async def of(cls, app: Starlette, actor: Actor, *, can_write: bool = True, locale: str = "en") -> Program:
        """A program with a fresh token of this person."""
        new = await create_token(actor, name="test", days=365, can_write=can_write)
        return cls(app, actor, token=new.secret, locale=locale)

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The answer's JSON; a path below /api/v1."""
        return self._read(await self.send("GET", path, params=query), status)

    async def post(self, path: str, body: Any = None, status: int = 200, *, key: str | None = None) -> Any:
        return self._read(await self.send("POST", path, body=body, key=key or uuid.uuid4().hex), status)

    async def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self._read(await self.send("PUT", path, body=body), status)

    async def send(
        self, method: str, path: str, *, body: Any = None, key: str | None = None, **more: Any
    ) -> httpx2.Response:
        """Send anything, and hold the answer against the document."""
        headers = {**({"Idempotency-Key": key} if key else {}), **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        response = await self.http.request(method, V1 + path, headers=headers, **more)
        conforms(method, path, response)
        return response

    async def everything(self, path: str, **query: Any) -> list[Any]:
        """All items of a list, slice after slice."""
        items, cursor = [], None
        while True:
            found = await self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            items += found["items"]
            cursor = found["next"]
            if cursor is None:
                return items

    @staticmethod
    def _read(response: httpx2.Response, status: int) -> Any:
        assert response.status_code == status, f"{response.status_code}: {response.text}"
        return response.json() if response.content else None


def conforms(method: str, path: str, response: httpx2.Response) -> None:
    """The status is documented for this operation, and the body is what the document says, no more and no less."""
    operation = _operation(method, path)
    assert operation is not None, f"{method} {path} is not documented"
    answer = operation["responses"].get(str(response.status_code))
    assert answer is not None, f"{method} {path} answered {response.status_code}: {response.text[:400]}"
    if "$ref" in answer:
        answer = openapi.document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    media = response.headers.get("content-type", "").partition(";")[0]
    if "content" not in answer:
        assert not response.content
        return
    assert media in answer["content"], f"{method} {path} answered with {media}"
    schema = answer["content"][media]["schema"]
    if schema.get("format") != "binary":
        found = _strict(json.dumps(schema)).iter_errors(response.json())
        errors = [f"{error.json_path} {error.message}" for error in found]
        assert not errors, f"{method} {path}: {errors[:5]}"


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """The documented operation; a path without parameters goes before one with."""
    found = [
        (template.count("{"), operation)
        for template, verb, operation in openapi.operations()
        if verb == method.lower() and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


@cache
def _strict(schema: str) -> Any:
    """A validator that refuses fields nobody documented."""
    rooted = {**json.loads(schema), "components": openapi.document()["components"]}
    return Draft202012Validator(_closed(rooted), registry=Registry(), format_checker=FormatChecker())


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: value if key in ("examples", "example") else _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and isinstance(node.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
