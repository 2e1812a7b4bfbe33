"""Signing up, logging in and out in a browser: back to where you came from, and out for good."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from c2b.config import settings
from tests.kit.test_http_redirects import EVIL
from tests.web.account.conftest import (
    PASSWORD,
    another_browser,
    application,
    log_in,
    make_person,
    sign_up,
    token_on,
)


class TestSomebodyWithoutAnAccount:
    def test_is_asked_to_log_in_and_led_back(self, client: TestClient) -> None:
        asked = client.get("/mine/quiet-75?tab=price&x=ä")
        assert (asked.status_code, asked.headers["location"]) == (
            303,
            "/log-in?next=%2Fmine%2Fquiet-75%3Ftab%3Dprice%26x%3D%25C3%25A4",
        )
        form = client.get(asked.headers["location"])
        assert 'name="next" value="/mine/quiet-75?tab=price&amp;x=%C3%A4"' in form.text
        done = sign_up(client, next="/mine/quiet-75?tab=price")
        assert (done.status_code, done.headers["location"]) == (303, "/mine/quiet-75?tab=price")
        assert client.get("/mine").text == "Ana"

    def test_whose_form_needed_a_log_in_comes_back_to_its_page(self, client: TestClient) -> None:
        token = token_on(client)
        sent = client.post(
            "/change", data={"csrf_token": token}, headers={"Referer": "http://testserver/mine/quiet-75?x=1"}
        )
        assert sent.headers["location"] == "/log-in?next=%2Fmine%2Fquiet-75%3Fx%3D1"

    def test_is_led_by_htmx_as_well(self, client: TestClient) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/mine/a"}
        assert client.get("/mine", headers=headers).headers["hx-redirect"] == "/log-in?next=%2Fmine%2Fa"

    @pytest.mark.parametrize("target", [target for target in EVIL if target and "\x00" not in target])
    def test_is_never_led_away(self, client: TestClient, target: str) -> None:
        done = sign_up(client, next=target)
        assert done.headers["location"] == "/"
        assert client.get("/log-in", params={"next": target}).headers["location"] == "/"

    def test_sees_beside_each_field_what_to_change(self, client: TestClient) -> None:
        page = sign_up(client, email="<ana>", password="short", next="/mine")
        assert page.status_code == 422
        assert 'aria-describedby="error-email" aria-invalid="true"' in page.text
        assert 'value="&lt;ana&gt;"' in page.text
        assert 'name="next" value="/mine"' in page.text
        assert "short" not in page.text
        assert "set-cookie" not in page.headers


class TestLoggingIn:
    def test_says_the_same_whoever_is_missing(self, client: TestClient) -> None:
        sign_up(client)
        stranger = another_browser(client)
        wrong = log_in(stranger, "Ana", password="wrong horse").text
        nobody = log_in(stranger, "Cyx", password="wrong horse").text
        assert "do not belong together" in wrong
        assert wrong.replace("ana@", "x@") == nobody.replace("cyx@", "x@")

    def test_gives_a_new_session(self, client: TestClient) -> None:
        sign_up(client)
        old = client.cookies["session"]
        client.post("/log-out", data={"csrf_token": token_on(client, "/account")})
        log_in(client, "Ana")
        assert client.cookies["session"] != old

    def test_does_not_keep_a_session_somebody_planted(self, client: TestClient) -> None:
        planted = another_browser(client)
        sign_up(planted, "Cy")
        sign_up(client)
        client.post("/log-out", data={"csrf_token": token_on(client, "/account")})
        client.cookies.set("session", planted.cookies["session"], domain="testserver.local", path="/")
        cys = client.cookies["session"]
        log_page = client.get("/account")
        assert "cy@example.com" in log_page.text
        fields = {
            "csrf_token": token_on(client, "/account"),
            "email": "ana@example.com",
            "password": PASSWORD,
        }
        assert client.post("/log-in", data=fields).status_code == 303
        assert (
            another_browser(client).get("/account", headers={"Cookie": f"session={cys}"}).status_code == 303
        )

    def test_is_refused_after_too_many_failures_with_the_time_to_wait(self, client: TestClient) -> None:
        sign_up(client)
        stranger = another_browser(client)
        codes = [log_in(stranger, "Ana", password="wrong horse").status_code for _ in range(11)]
        assert codes == [422] * 10 + [429]
        page = log_in(stranger, "Ana")
        assert page.status_code == 429
        assert int(page.headers["retry-after"]) > 0
        assert "Too many attempts" in page.text

    def test_of_somebody_logged_in_goes_on(self, client: TestClient) -> None:
        sign_up(client)
        assert client.get("/log-in?next=/mine").headers["location"] == "/mine"


class TestLoggingOut:
    def test_makes_the_old_cookie_worthless(self, client: TestClient) -> None:
        sign_up(client)
        stolen = client.cookies["session"]
        gone = client.post("/log-out", data={"csrf_token": token_on(client, "/account")})
        assert gone.headers["location"] == "/"
        assert "session" not in client.cookies
        thief = another_browser(client)
        assert thief.get("/mine", headers={"Cookie": f"session={stolen}"}).status_code == 303

    def test_is_not_done_by_a_link(self, client: TestClient) -> None:
        sign_up(client)
        assert client.get("/log-out").status_code == 405
        assert client.get("/mine").status_code == 200


class TestTheCookie:
    def test_is_out_of_reach_of_scripts_and_other_sites(self, client: TestClient) -> None:
        cookie = sign_up(client).headers["set-cookie"].split(", ")[0].lower()
        assert cookie.startswith("session=")
        assert {"httponly", "samesite=lax", "path=/", "max-age=1209600"} <= set(cookie.split("; "))

    def test_is_bound_to_the_host_over_https(self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        secure = replace(settings(), base_url="https://c2b.example")
        monkeypatch.setattr("c2b.web.security.settings", lambda: secure)
        monkeypatch.setattr("c2b.web.flash.settings", lambda: secure)
        app = application(sqlite_url, base_url="https://c2b.example")
        with TestClient(app, base_url="https://c2b.example", follow_redirects=False) as client:
            answer = sign_up(client)
            cookies = answer.headers.get_list("set-cookie")
            assert any(one.startswith("__Host-session=") for one in cookies)
            assert all("Secure" in one and "Path=/" in one and "Domain" not in one for one in cookies)
            assert "__Host-visitor" in client.cookies
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
            assert client.get("/mine").text == "Ana"


class TestRoles:
    @pytest.mark.parametrize(
        ("name", "role", "page", "status"),
        [
            ("Ana", "consumer", "/mine", 200),
            ("Ana", "consumer", "/theirs", 404),
            ("Mill", "manufacturer", "/theirs", 200),
            ("Mill", "manufacturer", "/mine", 404),
            ("Root", "admin", "/theirs", 200),
            ("Root", "admin", "/mine", 404),
        ],
    )
    def test_see_what_is_theirs(
        self, client: TestClient, name: str, role: str, page: str, status: int
    ) -> None:
        make_person(client, name, role, "m1" if role == "manufacturer" else None)
        log_in(client, name)
        assert client.get(page).status_code == status

    def test_do_not_tell_whether_a_page_exists(self, client: TestClient) -> None:
        sign_up(client)
        client.get("/account")  # the welcome has been shown
        hidden, missing = client.get("/theirs"), client.get("/nowhere")
        assert hidden.status_code == missing.status_code == 404
        strip = [page.text.replace("/theirs", "").replace("/nowhere", "") for page in (hidden, missing)]
        assert strip[0] == strip[1]
