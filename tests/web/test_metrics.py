"""Figures for monitoring: for whoever has the token, and true."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette

from c2b.config import settings
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.web import metrics
from c2b.web.app_factory import create_app
from tests.web.consumer.browser import Browser


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Starlette:
    monkeypatch.setenv("C2B_METRICS_TOKEN", "a long one")
    settings.cache_clear()
    yield create_app(metrics.routes, settings=settings())
    settings.cache_clear()


async def read(app: Starlette, token: str = "a long one") -> tuple[int, str]:
    browser = Browser(app)
    answer = await browser.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.text


async def test_open_differences_and_the_latest_day_are_told_for_each_gateway(database, app):
    assert 'c2b_reconciliation_cases_open{gateway="sandbox"} 0' in (await read(app))[1]
    now = clock.now()
    for day in (now.date().replace(day=1), now.date().replace(day=2)):
        await db.execute(
            "INSERT INTO reconciliation (id, gateway, day, state, payments, refunds, settlements, differences, "
            "started_at) VALUES (?, 'sandbox', ?, 'done', 0, 0, 0, 1, ?)", new_id(), day, now,
        )  # fmt: skip
    for subject, state in (("a", "open"), ("b", "open"), ("c", "closed")):
        await db.execute(
            "INSERT INTO reconciliation_case (id, gateway, kind, subject, state, note, found_on, opened_at) "
            "VALUES (?, 'sandbox', 'amount', ?, ?, 'seen', ?, ?)", new_id(), subject, state, now.date(), now,
        )  # fmt: skip
    status, text = await read(app)
    assert status == 200
    assert 'c2b_reconciliation_cases_open{gateway="sandbox"} 2' in text
    second = int(now.replace(day=2, hour=0, minute=0, second=0, microsecond=0).timestamp())
    assert f'c2b_reconciliation_latest_day_timestamp_seconds{{gateway="sandbox"}} {second}' in text
    for name in ("c2b_refunds_waiting 0", "c2b_bank_transfers_waiting 0", "c2b_jobs_dead 0"):
        assert f"\n{name}\n" in text


async def test_without_the_token_there_is_nothing(database, app, monkeypatch):
    assert (await read(app, "another"))[0] == 404
    monkeypatch.setenv("C2B_METRICS_TOKEN", "")
    settings.cache_clear()
    assert (await read(app, ""))[0] == 404
