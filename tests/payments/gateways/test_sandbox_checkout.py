"""The checkout page, as a browser without JavaScript meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from c2b.config import ROOT
from c2b.kit import clock
from c2b.payments.gateways.base import Started
from c2b.payments.gateways.sandbox.checkout import routes
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.gateways.sandbox.record import Record, record_of
from tests.payments.gateways.cast import BASE, NOON, Shop, order


@pytest.fixture
def visitor(sandbox: SandboxGateway) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes(lambda: sandbox)), BASE, follow_redirects=False) as client:
        yield client


@pytest.fixture
async def started(sandbox: SandboxGateway) -> Started:
    return await sandbox.start(**order())


def token_on(page: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def click(visitor: TestClient, started: Started, choice: str, **headers: str):  # type: ignore[no-untyped-def]
    token = token_on(visitor.get(started.redirect_url).text)
    return visitor.post(
        started.redirect_url,
        data={"token": token, "choice": choice},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def record(sandbox: SandboxGateway) -> Record:
    return record_of(sandbox.store.path)


class TestThePage:
    def test_shows_who_asks_for_how_much_and_that_it_is_a_sandbox(
        self, visitor: TestClient, started: Started
    ) -> None:
        page = visitor.get(started.redirect_url)
        assert page.status_code == 200
        for words in ("Sandbox: no real money moves.", "C2B asks for", "CN¥459.00", "Tidal 75 keyboard"):
            assert words in page.text
        assert page.headers["content-language"] == "en"

    async def test_speaks_the_language_the_shop_asked_for_or_the_reader_chose(
        self, visitor: TestClient, sandbox: SandboxGateway
    ) -> None:
        chinese = await sandbox.start(**order("start:zh", locale="zh_CN"))
        page = visitor.get(chinese.redirect_url)
        assert '<html lang="zh-CN">' in page.text
        assert "不会发生真实扣款" in page.text
        assert "支付 ¥459.00" in page.text
        assert "Pay late" in visitor.get(chinese.redirect_url + "?lang=en").text
        assert "延迟支付" in visitor.get(chinese.redirect_url + "?lang=../../etc").text

    def test_has_every_sentence_in_chinese(self, visitor: TestClient, started: Started) -> None:
        templates = "".join(path.read_text() for path in (ROOT / "templates/pages/sandbox").glob("*.html"))
        sentences = {unescape(text) for text in re.findall(r'_\(["\'](.+?)["\'][,)]', templates)}
        catalog = (ROOT / "locales/zh_CN/sandbox.po").read_text()
        assert len(sentences) > 20
        assert [text for text in sentences if f'msgid "{text}"' not in catalog] == []

    async def test_escapes_what_the_shop_wrote(self, visitor: TestClient, sandbox: SandboxGateway) -> None:
        evil = await sandbox.start(**order("evil", description='"><script>alert(1)</script>'))
        page = visitor.get(evil.redirect_url).text
        assert "<script" not in page
        assert "&lt;script&gt;" in page

    def test_has_nothing_a_strict_policy_forbids(self, visitor: TestClient, started: Started) -> None:
        found: list[str] = []

        class Look(HTMLParser):
            def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
                names = [name for name, _ in attrs]
                found.extend(name for name in names if name == "style" or name.startswith("on"))
                found.extend([tag] if tag in ("script", "style", "iframe") else [])

        Look().feed(visitor.get(started.redirect_url).text)
        assert found == []

    def test_is_kept_out_of_caches_and_its_address_out_of_other_sites(
        self, visitor: TestClient, started: Started
    ) -> None:
        headers = visitor.get(started.redirect_url).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"

    def test_changes_nothing_by_being_looked_at(
        self, visitor: TestClient, sandbox: SandboxGateway, started: Started
    ) -> None:
        before = record(sandbox)
        clock.set(NOON + timedelta(hours=1))
        assert "Checkout expired" in visitor.get(started.redirect_url).text
        assert record(sandbox) == before

    def test_is_found_by_its_reference_only(self, visitor: TestClient) -> None:
        for method in (visitor.get, visitor.post):
            answer = method("/sandbox/checkout/sbx_guess")
            assert answer.status_code == 404
            assert "No such checkout" in answer.text


class TestAClick:
    @pytest.mark.parametrize(
        ("choice", "status", "told", "then"),
        [
            ("pay", "captured", ["payment.captured"], "This payment is complete."),
            ("decline", "failed", ["payment.failed"], "Payment declined"),
            ("twice", "captured", ["payment.captured"] * 2, "This payment is complete."),
            ("out_of_order", "captured", ["payment.captured"], "This payment is complete."),
            ("late", "created", [], "The money will arrive on Nov 23, 2026, 12:31 UTC."),
        ],
    )
    def test_does_what_it_says_tells_the_shop_and_goes_back(
        self,
        visitor: TestClient,
        sandbox: SandboxGateway,
        shop: Shop,
        started: Started,
        choice: str,
        status: str,
        told: list[str],
        then: str,
    ) -> None:
        answer = click(visitor, started, choice)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/payments/bo-1")
        assert [payment.status for payment in record(sandbox).payments] == [status]
        assert shop.kinds() == told
        page = visitor.get(started.redirect_url).text
        assert then in page
        assert "<form" not in page
        assert f'href="{BASE}/payments/bo-1"' in page

    def test_again_changes_nothing_and_shows_how_it_stands(
        self, visitor: TestClient, sandbox: SandboxGateway, started: Started
    ) -> None:
        token = token_on(visitor.get(started.redirect_url).text)
        click(visitor, started, "pay")
        before = record(sandbox)
        again = visitor.post(started.redirect_url + "?lang=zh_CN", data={"token": token, "choice": "decline"})
        assert again.status_code == 303
        assert again.headers["location"] == started.redirect_url.removeprefix(BASE) + "?lang=zh_CN"
        assert record(sandbox) == before

    @pytest.mark.parametrize(
        "data",
        [{"choice": "pay"}, {"choice": "pay", "token": ""}, {"choice": "pay", "token": "é" * 64}],
        ids=["no token", "empty token", "guessed token"],
    )
    def test_without_the_pages_token_is_refused(
        self, visitor: TestClient, sandbox: SandboxGateway, started: Started, data: dict[str, str]
    ) -> None:
        assert visitor.post(started.redirect_url, data=data).status_code == 403
        assert record(sandbox).payments[0].status == "created"

    async def test_with_the_token_of_another_checkout_is_refused(
        self, visitor: TestClient, sandbox: SandboxGateway, started: Started
    ) -> None:
        other = await sandbox.start(**order("start:cy", payment_id="cy-1"))
        token = token_on(visitor.get(other.redirect_url).text)
        answer = visitor.post(started.redirect_url, data={"choice": "pay", "token": token})
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
            {"origin": "http://evil.example"},
        ],
        ids=str,
    )
    def test_from_another_site_is_refused(
        self, visitor: TestClient, sandbox: SandboxGateway, started: Started, headers: dict[str, str]
    ) -> None:
        assert click(visitor, started, "pay", **headers).status_code == 403
        assert record(sandbox).payments[0].status == "created"

    @pytest.mark.parametrize("choice", ["", "refund", "PAY"])
    def test_on_no_known_button_is_refused(self, visitor: TestClient, started: Started, choice: str) -> None:
        assert click(visitor, started, choice).status_code == 400

    def test_survives_a_shop_that_does_not_answer(
        self, visitor: TestClient, sandbox: SandboxGateway, shop: Shop, started: Started
    ) -> None:
        shop.answers = [0]
        assert click(visitor, started, "pay").status_code == 303
        (delivery,) = record(sandbox).deliveries
        assert (delivery.delivered, delivery.latest_status, delivery.attempts) == (False, 0, 1)

    def test_with_a_large_or_odd_form_is_refused(self, visitor: TestClient, started: Started) -> None:
        files = {"choice": ("a.bin", b"x" * 5000)}
        assert visitor.post(started.redirect_url, files=files).status_code == 400
