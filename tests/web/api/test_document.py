"""The document says what the routes do, and people can read it in their language."""

from __future__ import annotations

import json
import re

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.web import api
from c2b.web.api import openapi, reading
from c2b.web.auth import require_api
from c2b.web.views import json_answer
from tests.web.api.client import BASE


@require_api("admin")
async def forgotten(_: Request) -> Response:
    return json_answer({})


async def fetched(app, path: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE) as browser:
        return await browser.get(path, headers=headers)


class TestTheDocument:
    def test_is_valid_and_complete(self):
        assert list(openapi.faults()) == []
        assert list(openapi.differences(api.RESOURCES)) == []

    def test_misses_a_route_nobody_documented(self):
        more = [*api.RESOURCES, Route("/api/v1/forgotten", forgotten)]
        assert list(openapi.differences(more)) == ["GET /forgotten: not documented"]

    def test_misses_a_route_nobody_serves(self):
        less = [route for route in api.RESOURCES if route.path != "/api/v1/me/events"]
        assert list(openapi.differences(less)) == ["GET /me/events: nobody serves it"]

    def test_notices_a_route_that_others_may_call_than_it_says(self, monkeypatch):
        monkeypatch.setitem(openapi.document()["paths"]["/admin/jobs"]["get"], "x-roles", ["consumer"])
        assert list(openapi.differences(api.RESOURCES)) == ["GET /admin/jobs: x-roles should be ['admin']"]

    def test_notices_an_example_that_its_schema_refuses(self, monkeypatch):
        body = openapi.document()["paths"]["/tokens"]["post"]["requestBody"]["content"]["application/json"]
        monkeypatch.setitem(body, "example", {"email": 7})
        assert any("the example breaks its schema" in fault for fault in openapi.faults())

    def test_asks_for_a_key_wherever_a_token_moves_state_by_post(self):
        for path, method, operation in openapi.operations():
            keyed = any(each.get("$ref", "").endswith("/IdempotencyKey") for each in operation["parameters"])
            assert keyed == (method == "post" and bool(operation.get("x-roles"))), path

    async def test_is_served_to_programs_and_kept_by_them(self, app):
        answer = await fetched(app, "/api/openapi.json")
        assert answer.json()["openapi"] == "3.1.0"
        assert "x-zh" not in answer.text
        again = await fetched(app, "/api/openapi.json", **{"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


class TestThePage:
    @pytest.mark.parametrize("locale", ["en", "zh-CN"])
    async def test_shows_every_operation_in_the_readers_language(self, app, locale):
        text = (await fetched(app, "/api", **{"accept-language": locale})).text
        assert all(f'id="{operation["operationId"]}"' in text for _, _, operation in openapi.operations())
        assert ("Join" in text, "参团" in text) == ((True, False) if locale == "en" else (False, True))

    def test_leaves_no_english_sentence_in_chinese(self):
        drawn = re.sub(r"<pre.*?</pre>", "", str(reading.reference("zh_CN")["operations"]), flags=re.S)
        texts = re.findall(r"<dd>(.*?)</dd>|<p>(.*?)</p>", re.sub(r"<span.*?</span>", "", drawn), flags=re.S)
        sentences = [text for pair in texts for text in pair if len(text.split()) > 4]
        assert [text for text in sentences if not any(char >= "\u4e00" for char in text)] == []

    def test_says_the_same_as_the_document(self):
        drawn = reading.reference("en")["sections"]
        operations = [operation for section in drawn for operation in section.operations]
        assert len(operations) == sum(1 for _ in openapi.operations())
        join = next(operation for operation in operations if operation.anchor == "join")
        assert json.loads(join.body.example)["quantity"] == 2
        assert (join.keyed, join.roles) == (True, ("consumer",))
