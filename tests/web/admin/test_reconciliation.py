"""Differences to a provider's record on the pages: ours beside theirs, closed once, with a note."""

from __future__ import annotations

from datetime import date

from c2b.kit import clock, db
from c2b.payments.comparing import Difference
from c2b.payments.reconciling import _begin, _open
from tests import world
from tests.web.consumer.browser import Browser

DAY = date(2026, 11, 25)
OTHER_AMOUNT = Difference(
    kind="amount", subject="cs_1", payment_id=None,
    ours={"amount_minor": 10900, "currency": "CNY", "status": "captured"},
    theirs={"amount_minor": 9900, "currency": "CNY", "status": "captured"},
)  # fmt: skip
UNKNOWN = Difference(kind="refund_missing_here", subject="re_1", payment_id=None, ours=None,
                     theirs={"amount_minor": 5, "status": "succeeded", "payment": "cs_1"})  # fmt: skip


class Mine:
    async def hold(self) -> None: ...


async def opened(found: Difference) -> str:
    await db.atomically(lambda: _open("stripe", DAY, found))
    row = await db.fetch_one("SELECT id FROM reconciliation_case WHERE subject = ?", found.subject)
    assert row
    return str(row["id"])


async def done() -> None:
    await db.atomically(lambda: _begin(Mine(), "stripe", DAY))
    await db.execute(
        "UPDATE reconciliation SET state = 'done', payments = 7, differences = 1, finished_at = ?",
        clock.now(),
    )


async def test_an_admin_sees_both_sides_and_closes_it_once(w, app, root):
    id = await opened(OTHER_AMOUNT)
    page = await root.get("/admin/reconciliation")
    assert page.says("Another amount", "cs_1", "Still open (1)", "No day was compared yet.")
    page = await root.get(f"/admin/reconciliation/{id}")
    assert page.says("CN¥109.00", "CN¥99.00")
    other = await Browser.of(app, await world.person("Other", "admin"))
    seen = await other.get(page.path)
    page = await root.send(page.form("/closing"), 422, note=" ")
    assert page.says("Say what it was and what was done about it.")
    page = await root.send(page.form("/closing"), note="The provider's fee; settled with them.")
    assert page.says("How it ended", "The provider's fee; settled with them.")
    assert (await other.send(seen.form("/closing"), 409, note="Me too.")).says("closed already")
    assert (await root.get("/admin/reconciliation")).says("No difference here.")
    assert (await root.get("/admin/reconciliation?state=closed")).says("cs_1")


async def test_one_side_may_know_nothing(w, root):
    page = await root.get(f"/admin/reconciliation/{await opened(UNKNOWN)}")
    assert page.says("We know nothing of it.", "A refund that we did not ask for", "5 minor units")


async def test_a_day_is_compared_again_once(w, root):
    await done()
    page = await root.get("/admin/reconciliation")
    assert page.says("stripe", "1 difference")
    again = page.form("/days/stripe/2026-11-25")
    assert (await root.send(again)).says("The day is compared again.", "Under way")
    assert (await root.send(again)).says("This is under way already.")
    jobs = await db.fetch("SELECT key FROM job WHERE kind = 'reconciliation.run'")
    assert [row["key"] for row in jobs] == ["reconcile:stripe:2026-11-25:0"]
