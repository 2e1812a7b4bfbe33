"""A form from elsewhere changes nothing: every kind of body, every sign of origin, every wrong token."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.web.account.conftest import another_browser, sign_up, token_on

BODIES = {
    "form": lambda token: {"data": {"csrf_token": token, "value": "1"}},
    "multipart": lambda token: {
        "data": {"csrf_token": token, "value": "1"},
        "files": {"file": ("a.png", b"x" * 100_000)},
    },
    "header, form": lambda token: {"data": {"value": "1"}, "headers": {"X-CSRF-Token": token}},
    "header, no body": lambda token: {"headers": {"X-CSRF-Token": token}},
    "header, text": lambda token: {
        "content": "value=1",
        "headers": {"X-CSRF-Token": token, "Content-Type": "text/plain"},
    },
}
#: What a browser says about where a request was made → is it ours?
ORIGINS = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": ""}, False),
    ({"Origin": "http://testserver"}, True),
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "http://testserver.evil.example"}, False),
    ({"Origin": "http://testserver:8080"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": ""}, False),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, False),
]


@pytest.fixture
def ana(client: TestClient) -> TestClient:
    assert sign_up(client).status_code == 303
    return client


def send(browser: TestClient, method: str, body: str, token: str, headers: dict[str, str]) -> int:
    given = BODIES[body](token)
    given["headers"] = {**given.get("headers", {}), **headers}
    return browser.request(method, "/change", **given).status_code


class TestAForm:
    @pytest.mark.parametrize("body", BODIES)
    @pytest.mark.parametrize(("origin", "ours"), ORIGINS, ids=str)
    def test_is_taken_from_our_own_pages_only(
        self, ana: TestClient, body: str, origin: dict[str, str], ours: bool
    ) -> None:
        assert send(ana, "POST", body, token_on(ana, "/account"), origin) == (200 if ours else 403)

    @pytest.mark.parametrize("body", BODIES)
    @pytest.mark.parametrize(
        "wrong", ["none", "empty", "made up", "another session's", "from before the log-in"]
    )
    def test_needs_the_token_of_its_session(self, client: TestClient, body: str, wrong: str) -> None:
        before = token_on(client)
        sign_up(client)
        bo = another_browser(client)
        sign_up(bo, "Bo")
        token = {
            "made up": "x" * 43,
            "another session's": token_on(bo, "/account"),
            "from before the log-in": before,
        }
        assert send(client, "POST", body, token.get(wrong, ""), {"Sec-Fetch-Site": "same-origin"}) == 403
        assert send(client, "POST", body, token_on(client, "/account"), {}) == 200

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_is_checked_for_every_unsafe_method(self, ana: TestClient, method: str) -> None:
        assert send(ana, method, "header, no body", "", {}) == 403
        assert send(ana, method, "header, no body", token_on(ana, "/account"), {}) == 200

    def test_reaches_the_page_whole(self, ana: TestClient) -> None:
        token = token_on(ana, "/account")
        long = "ä" * 100_000
        assert ana.post("/change", data={"csrf_token": token, "value": long}).text == f"changed {long} 0"
        sent = ana.post(
            "/change", data={"csrf_token": token, "value": "1"}, files={"file": ("a.png", b"x" * 3_000_000)}
        )
        assert sent.text == "changed 1 3000000"

    def test_that_is_refused_says_what_to_do_and_carries_a_good_token(self, ana: TestClient) -> None:
        page = ana.post("/change", data={"value": "1"})
        assert page.status_code == 403
        assert "reload the page" in page.text
        assert "Ana" in page.text

    def test_of_a_visitor_is_bound_to_their_browser(self, client: TestClient) -> None:
        token = token_on(client)
        stranger = another_browser(client)
        fields = {"csrf_token": token, "email": "ana@example.com", "password": "wrong horse"}
        assert stranger.post("/log-in", data=fields).status_code == 403
        assert client.post("/log-in", data=fields).status_code == 422

    def test_token_further_back_than_the_first_field_is_not_searched_for(self, ana: TestClient) -> None:
        fields = {"value": "x" * 9000, "csrf_token": token_on(ana, "/account")}
        assert ana.post("/change", data=fields).status_code == 403


class TestWhatReadsNoCookies:
    def test_needs_no_token(self, ana: TestClient) -> None:
        assert (
            ana.post("/webhooks/sandbox", content=b"{}", headers={"Origin": "https://pay.example"}).text
            == "2"
        )

    def test_does_not_know_who_is_logged_in(self, ana: TestClient) -> None:
        assert ana.get("/mine").text == "Ana"
        assert ana.get("/api/v1/me").status_code == 401
        assert ana.post("/api/v1/me", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401

    def test_pages_do_not_read_bearer_tokens(self, ana: TestClient) -> None:
        from tests.web.account.conftest import bearer

        assert another_browser(ana).get("/mine", headers=bearer(ana)).status_code == 303
