"""What every answer carries, and how a refusal is said to people and to programs."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from c2b.config import settings
from c2b.web.app_factory import create_app
from tests.web.account.conftest import bearer, sign_up, token_on

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
CHINESE = {"Accept-Language": "zh-CN"}


class TestEveryAnswer:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/", 200),
            ("GET", "/log-in", 200),
            ("GET", "/mine", 303),
            ("GET", "/nowhere", 404),
            ("GET", "/broken", 500),
            ("POST", "/", 403),
            ("GET", "/api/v1/me", 401),
            ("GET", "/api/v1/broken", 500),
            ("GET", "/static/base.css", 200),
        ],
    )
    def test_carries_the_headers(self, client: TestClient, method: str, path: str, status: int) -> None:
        quiet = TestClient(client.app, raise_server_exceptions=False, follow_redirects=False)
        answer = quiet.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["x-request-id"]
        assert "strict-transport-security" not in answer.headers
        if not path.startswith("/static"):
            assert answer.headers["cache-control"] == "no-store"

    def test_holds_nothing_inline(self, client: TestClient) -> None:
        sign_up(client)
        for path in ("/account", "/nowhere"):
            page = client.get(path).text
            assert " style=" not in page
            assert " onclick=" not in page
            assert "<style" not in page
            assert "<script>" not in page

    def test_points_at_files_by_their_hash(self, client: TestClient) -> None:
        page = client.get("/log-in").text
        for address in {part.split('"')[0] for part in page.split('="') if part.startswith("/static/")}:
            answer = client.get(address)
            assert (answer.status_code, answer.headers["cache-control"]) == (
                200,
                "public, max-age=31536000, immutable",
            )


class TestARefusal:
    def test_of_a_page_is_a_page_in_the_readers_language(self, client: TestClient) -> None:
        page = client.get("/nowhere", headers=CHINESE)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert '<html lang="zh-CN">' in page.text
        assert "这里没有内容" in page.text

    def test_of_the_api_is_a_problem_in_the_readers_language(self, client: TestClient) -> None:
        answer = client.post("/api/v1/refused", headers=CHINESE)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["request_id"] == answer.headers["x-request-id"]
        del body["request_id"]
        assert body == {
            "type": "urn:c2b:problem:invalid",
            "title": HTTPStatus(422).phrase,
            "status": 422,
            "code": "invalid",
            "detail": "有几项内容需要再看一下。",
            "errors": [
                {"path": "quantity", "code": "range", "message": "请使用 10 至 128 个字符，几个词即可。"}
            ],
        }

    def test_of_an_htmx_request_is_a_notice_to_swap_in(self, client: TestClient) -> None:
        part = client.get("/refused", headers={"HX-Request": "true"})
        assert part.status_code == 422
        assert part.text.lstrip().startswith('<div class="notice')

    @pytest.mark.parametrize("path", ["/broken", "/api/v1/broken"])
    def test_of_something_unexpected_tells_nothing_and_reaches_the_log(
        self, client: TestClient, path: str
    ) -> None:
        with pytest.raises(RuntimeError, match="secret detail"):
            client.get(path)
        answer = TestClient(client.app, raise_server_exceptions=False).get(path)
        assert answer.status_code == 500
        assert "secret detail" not in answer.text
        assert answer.headers["x-request-id"] in answer.text

    @pytest.mark.parametrize("path", ["/mine", "/api/v1/me"])
    def test_of_a_method_says_which_are_allowed(self, client: TestClient, path: str) -> None:
        sign_up(client)
        answer = client.request("DELETE", path, headers={"X-CSRF-Token": token_on(client, "/account")})
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]

    def test_of_a_body_that_is_too_large_is_413_for_people_and_programs(self, client: TestClient) -> None:
        sign_up(client)
        token = token_on(client, "/account")
        form = client.post("/change", data={"csrf_token": token, "value": "x" * 1_100_000})
        assert (form.status_code, "1024 KB" in form.text, "Ana" in form.text) == (413, True, True)
        program = client.post("/api/v1/joins", content=b"x" * 70_000, headers=bearer(client))
        assert (program.status_code, program.json()["code"]) == (413, "body_too_large")
        assert client.post("/webhooks/sandbox", content=b"x" * 200_000).status_code == 200
        assert client.post("/webhooks/sandbox", content=b"x" * 300_000).status_code == 413

    def test_of_a_slash_too_many_is_404_not_a_redirect_to_the_host_header(self, client: TestClient) -> None:
        assert client.get("/log-in/", headers={"Host": "evil.example"}).status_code == 404

    def test_without_a_database_still_has_words(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def gone(_token: str) -> None:
            raise ConnectionError("no database")

        monkeypatch.setattr("c2b.web.auth.actor_of_session", gone)
        quiet = TestClient(client.app, raise_server_exceptions=False)
        page = quiet.get("/log-in", headers={"Cookie": "session=x", **CHINESE})
        assert page.status_code == 500
        assert "我们这边出了点问题" in page.text
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["x-request-id"]


class TestTheApi:
    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Bearer",
            "Bearer ",
            "Bearer x",
            "Basic YTpi",
            "Token x",
            "bearer c2b_" + "x" * 43,
            "Bearer \x7f",
        ],
    )
    def test_needs_a_good_token(self, client: TestClient, header: str) -> None:
        answer = client.get("/api/v1/me", headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_needed")
        assert answer.headers["www-authenticate"] == 'Bearer realm="c2b"'

    def test_knows_the_owner_of_a_token(self, client: TestClient) -> None:
        sign_up(client)
        assert client.get("/api/v1/me", headers=bearer(client)).status_code == 200

    def test_refuses_another_role(self, client: TestClient) -> None:
        sign_up(client)
        answer = client.get("/api/v1/admin", headers=bearer(client))
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role")

    @pytest.mark.parametrize(
        ("kind", "body", "status", "code"),
        [
            ("text/plain", b"{}", 415, "not_json"),
            ("application/x-www-form-urlencoded", b"a=1", 415, "not_json"),
            ("application/json", b"{", 400, "malformed_json"),
            ("application/json", b'{"a":1,"a":2}', 400, "malformed_json"),
            ("application/json", b"[]", 400, "not_an_object"),
            ("application/json", b"\xff", 400, "malformed_json"),
        ],
    )
    def test_reads_json_objects_only(
        self, client: TestClient, kind: str, body: bytes, status: int, code: str
    ) -> None:
        sign_up(client)
        headers = {**bearer(client), "Content-Type": kind, "Idempotency-Key": "k"}
        answer = client.post("/api/v1/joins", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestAPostSentTwice:
    def test_acts_once(self, client: TestClient) -> None:
        sign_up(client)
        headers = {**bearer(client), "Idempotency-Key": "key-1"}
        first = client.post("/api/v1/joins", json={}, headers=headers)
        again = client.post("/api/v1/joins", json={}, headers=headers)
        assert (first.status_code, first.json()) == (201, {"number": 0})
        assert (again.status_code, again.content, again.headers["location"]) == (
            first.status_code,
            first.content,
            first.headers["location"],
        )
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        headers["Idempotency-Key"] = "key-2"
        assert client.post("/api/v1/joins", json={}, headers=headers).json() == {"number": 1}

    def test_with_other_content_is_refused(self, client: TestClient) -> None:
        sign_up(client)
        headers = {**bearer(client), "Idempotency-Key": "key-1"}
        client.post("/api/v1/joins", json={}, headers=headers)
        refused = client.post("/api/v1/joins", json={"x": 1}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")

    def test_without_a_key_is_refused(self, client: TestClient) -> None:
        sign_up(client)
        refused = client.post("/api/v1/joins", json={}, headers=bearer(client))
        assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_missing")

    def test_that_failed_left_nothing_and_may_try_again(self, client: TestClient) -> None:
        sign_up(client)
        headers = {**bearer(client), "Idempotency-Key": "key-1"}
        for _ in range(2):
            assert client.post("/api/v1/joins", json={"fail": True}, headers=headers).status_code == 409
        headers["Idempotency-Key"] = "key-2"
        assert client.post("/api/v1/joins", json={}, headers=headers).json() == {"number": 0}


class TestPuttingTheApplicationTogether:
    def test_refuses_a_route_that_does_not_say_who_may_call_it(self) -> None:
        async def forgotten(_request: Request) -> Response:
            return PlainTextResponse("")

        with pytest.raises(ValueError, match="/forgotten"):
            create_app([Route("/forgotten", forgotten)], settings=settings())
