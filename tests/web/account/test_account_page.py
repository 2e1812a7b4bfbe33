"""One's own account: name, language, password, browsers and API tokens."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from c2b.accounts.confirmation import confirmation_path
from c2b.kit.db import fetch
from tests.web.account.conftest import PASSWORD, another_browser, bearer, log_in, sign_up, token_on


@pytest.fixture
def ana(client: TestClient) -> TestClient:
    sign_up(client)
    return client


def send(browser: TestClient, path: str, **fields: str):
    return browser.post(path, data={"csrf_token": token_on(browser, "/account"), **fields})


class TestTheName:
    def test_changes_in_the_header_too(self, ana: TestClient) -> None:
        assert send(ana, "/account/name", name="Ana <M>").headers["location"] == "/account"
        page = ana.get("/account").text
        assert page.count("Ana &lt;M&gt;") >= 2
        assert "Saved." in page
        assert "Saved." not in ana.get("/account").text

    def test_that_is_refused_comes_back_as_typed(self, ana: TestClient) -> None:
        page = send(ana, "/account/name", name="x" * 81)
        assert page.status_code == 422
        assert "x" * 81 in page.text
        assert 'id="error-name"' in page.text


class TestThePassword:
    def test_changed_logs_every_other_browser_out(self, ana: TestClient) -> None:
        phone = another_browser(ana)
        log_in(phone, "Ana")
        assert send(ana, "/account/password", current=PASSWORD, new="staple battery").status_code == 303
        assert ana.get("/mine").status_code == 200
        assert phone.get("/mine").status_code == 303

    def test_wrong_is_said_beside_its_field(self, ana: TestClient) -> None:
        page = send(ana, "/account/password", current="wrong horse", new="staple battery")
        assert page.status_code == 422
        assert 'id="error-current"' in page.text
        assert "staple battery" not in page.text


class TestAToken:
    def make(self, ana: TestClient, access: str = "write") -> str:
        page = send(ana, "/account/tokens", name="importer", days="30", access=access)
        assert page.status_code == 201
        found = re.search(r"c2b_[A-Za-z0-9_-]{43}", page.text)
        assert found
        return found[0]

    def test_is_shown_once(self, ana: TestClient) -> None:
        secret = self.make(ana)
        page = ana.get("/account").text
        assert secret not in page
        assert secret[:10] in page

    def test_opens_the_api_until_it_is_revoked(self, ana: TestClient) -> None:
        headers = {"Authorization": f"Bearer {self.make(ana)}"}
        assert ana.get("/api/v1/me", headers=headers).status_code == 200
        found = re.search(r"/account/tokens/(\w+)/revocation", ana.get("/account").text)
        assert found
        send(ana, f"/account/tokens/{found[1]}/revocation")
        assert ana.get("/api/v1/me", headers=headers).status_code == 401

    def test_may_only_read_unless_asked_for(self, ana: TestClient) -> None:
        headers = {"Authorization": f"Bearer {self.make(ana, 'read')}"}
        assert ana.get("/api/v1/me", headers=headers).status_code == 200
        refused = ana.post("/api/v1/me", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "read_only_token")

    def test_of_somebody_else_cannot_be_revoked(self, ana: TestClient) -> None:
        headers = {"Authorization": f"Bearer {self.make(ana)}"}
        found = re.search(r"/account/tokens/(\w+)/revocation", ana.get("/account").text)
        assert found
        cy = another_browser(ana)
        sign_up(cy, "Cy")
        assert send(cy, f"/account/tokens/{found[1]}/revocation").status_code == 404
        assert ana.get("/api/v1/me", headers=headers).status_code == 200

    @pytest.mark.parametrize("days", ["", "31", "x", "-1", "9" * 400])
    def test_without_a_good_end_is_not_made(self, ana: TestClient, days: str) -> None:
        page = send(ana, "/account/tokens", name="importer", days=days, access="read")
        assert page.status_code == 422
        assert 'id="error-days"' in page.text


class TestABrowser:
    def test_elsewhere_can_be_logged_out(self, ana: TestClient) -> None:
        phone = another_browser(ana)
        log_in(phone, "Ana")
        found = re.search(r"/account/sessions/(\w+)/end", ana.get("/account").text)
        assert found
        assert send(ana, f"/account/sessions/{found[1]}/end").status_code == 303
        assert phone.get("/mine").status_code == 303
        assert ana.get("/mine").status_code == 200


class TestTheLanguage:
    def test_of_a_visitor_follows_the_browser_then_their_choice(self, client: TestClient) -> None:
        chinese = client.get("/log-in", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert '<html lang="zh-CN">' in chinese.text
        assert chinese.headers["content-language"] == "zh-CN"
        assert "登录" in chinese.text
        done = client.post(
            "/language",
            data={"csrf_token": token_on(client), "locale": "zh_CN", "next": "/log-in?next=%2Fmine"},
        )
        assert (done.status_code, done.headers["location"]) == (303, "/log-in?next=%2Fmine")
        assert '<html lang="zh-CN">' in client.get("/log-in").text

    def test_of_an_account_is_kept_with_it(self, ana: TestClient) -> None:
        send(ana, "/language", locale="zh_CN", next="/account")
        phone = another_browser(ana)
        log_in(phone, "Ana")
        assert '<html lang="zh-CN">' in phone.get("/account").text

    def test_that_is_not_spoken_changes_nothing(self, ana: TestClient) -> None:
        assert send(ana, "/language", locale="../../etc", next="//evil.example").headers["location"] == "/"
        assert '<html lang="en">' in ana.get("/account").text

    def test_of_an_api_answer_is_the_programs(self, ana: TestClient) -> None:
        headers = {**bearer(ana), "Accept-Language": "zh-CN"}
        refused = ana.post("/api/v1/joins", headers=headers)
        assert refused.headers["content-language"] == "zh-CN"


class TestAConfirmation:
    def test_is_not_given_by_opening_the_link(self, ana: TestClient) -> None:
        path = self.path(ana)
        page = ana.get(path)
        assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
        assert "not confirmed" in ana.get("/account").text
        assert send(ana, path).status_code == 303
        assert "not confirmed" not in ana.get("/account").text

    def test_by_a_forged_link_is_404(self, ana: TestClient) -> None:
        assert send(ana, self.path(ana)[:-3] + "xyz").status_code == 404

    @staticmethod
    def path(ana: TestClient) -> str:
        assert ana.portal is not None
        (user,) = ana.portal.call(fetch, "SELECT id, email FROM user_account")
        return confirmation_path(user["id"], user["email"])
