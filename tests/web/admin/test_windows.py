"""Windows that end too early: seen with what can be done, decided once, and no more alerts for one that may end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from c2b.kit import clock, db
from c2b.payments.watching import keep_windows
from tests import small
from tests.books import provider
from tests.payments.paying import payment_of
from tests.payments.test_refunding import paid

__all__ = ["provider"]


@pytest.fixture
async def campaign(w, app, provider) -> str:
    """Somebody has paid, and the provider refunds it for twelve days more."""
    home = await small.build()
    payment = await payment_of(await paid(home, await small.open_campaign(home), provider))
    await db.execute(
        "UPDATE payment SET refund_until = ? WHERE id = ?", clock.now() + timedelta(days=12), payment["id"]
    )
    return str(payment["campaign_id"])


async def decided() -> list[dict[str, Any]]:
    return await db.fetch("SELECT * FROM event WHERE name = 'campaign.window_decided'")


async def test_none_says_so(w, app, root):
    assert (await root.get("/admin/money/windows")).says("No window ends soon.")


async def test_one_shows_when_it_ends_and_what_can_be_done(campaign, root):
    page = await root.get("/admin/money/windows")
    assert page.says("12 days left", "makes no more refunds", "Refund everybody: cancel the campaign")
    assert page.says("Nothing that the manufacturer has earned waits to be released.")
    assert f"/admin/campaigns/{campaign}#cancel" in page.links
    assert (await root.get(f"/admin/campaigns/{campaign}")).says("Cancel this campaign")


async def test_a_decision_is_kept_once_with_its_reason_and_can_be_changed(campaign, root):
    page = await root.get("/admin/money/windows")
    form = page.form(f"/admin/money/windows/{campaign}/sandbox/refund")
    assert (await root.send(form, 422, choice="release", note=" ")).says("Please say why.")
    assert (await root.send(form, 422, choice="hope", note="x")).says("Choose what will be done.")
    assert await decided() == []
    for _ in range(2):
        page = await root.send(form, choice="refund", note="It takes too long.")
    assert page.says("Decided", "Refund everybody before it ends", "It takes too long.", "Root")
    assert len(await decided()) == 1
    page = await root.send(form, choice="by_bank", note="We wait.")
    assert page.says("Let it end; refunds after it go by bank transfer", "We wait.")
    assert "It takes too long." not in page.text


async def test_only_an_undecided_one_waits_in_the_room_of_money(campaign, root):
    assert _waits((await root.get("/admin/money")).html) == "1"
    form = (await root.get("/admin/money/windows")).form("/sandbox/refund")
    await root.send(form, choice="by_bank", note="We wait.")
    assert _waits((await root.get("/admin/money")).html) == ""


async def test_one_that_may_end_is_not_alerted_any_more(campaign, root):
    form = (await root.get("/admin/money/windows")).form("/sandbox/refund")
    await root.send(form, choice="refund", note="It takes too long.")
    assert await keep_windows() == 1
    await root.send(form, choice="by_bank", note="We wait.")
    clock.shift(timedelta(days=6))
    assert await keep_windows() == 0


async def test_one_that_does_not_end_cannot_be_decided(campaign, root, bo):
    form = (await root.get("/admin/money/windows")).form("/sandbox/refund")
    form.action = form.action.replace("/refund", "/hold")
    await root.send(form, 404, choice="refund", note="x")
    assert await decided() == []


def _waits(html: str) -> str:
    """The number beside the room of windows."""
    row = re.search(r'href="/admin/money/windows".*?</li>', html, re.DOTALL)
    assert row
    found = re.search(r'class="badge[^"]*"[^>]*>\D*(\d+)', row[0])
    return found[1] if found else ""
