"""The book on the pages of admins."""

from __future__ import annotations

import csv
import io

import openpyxl

from c2b.kit import clock, db
from c2b.kit.months import BEIJING
from c2b.web.admin import ledger_files
from tests.payments.statement.story import came
from tests.web.consumer.browser import Browser


async def test_is_read_from_an_account_to_the_place_that_paid(w, root):
    campaign = await w.open_campaign(closes="at_deadline")
    joined = await w.join(campaign, quantity=2)
    await w.pay(joined)
    page = await root.get("/admin/ledger")
    assert page.says("Held for a campaign", "Navy seventy-five", "With payment providers and banks")
    page = await root.get(f"/admin/ledger/accounts/escrow:{campaign}")
    assert page.says("Navy seventy-five", "Payment", "With payment providers and banks")
    assert f'href="/admin/participations/{joined.participation_id}"' in page.html
    assert page.says("+CN¥1,278.00 CN¥1,278.00")


async def test_says_from_where_more_went_than_came(w, root):
    await came(w.root, 500)
    page = await root.get("/admin/ledger")
    assert page.says("our bank", "-CN¥5.00")
    assert "more went out" not in page.text
    await db.execute("UPDATE account SET balance_minor = 700 WHERE id = 'world:bank:CNY'")
    assert (await root.get("/admin/ledger")).says("CN¥7.00 more went out than came in")


async def test_adds_up_in_the_month(w, root):
    await w.pay(await w.join(await w.open_campaign(closes="at_deadline")))
    page = await root.get(f"/admin/ledger/trial-balance?month={clock.today().isoformat()[:7]}")
    assert page.says(
        "CNY adds up", "Held for a campaign", "Together", "Account by account", "Navy seventy-five"
    )
    assert (await root.get("/admin/ledger/trial-balance?month=2020-01")).says(
        "Nothing had moved by the end of this month."
    )
    for rubbish in ("rubbish", "9999-12", "0001-01", "2026-13"):
        page = await root.get(f"/admin/ledger/trial-balance?month={rubbish}", 422)
        assert page.says("Enter a month like 2026-11.")


async def test_says_that_a_balance_differs_from_its_movements(w, root):
    campaign = await w.open_campaign(closes="at_deadline")
    await w.pay(await w.join(campaign))
    assert "damaged" not in (await root.get("/admin/ledger/trial-balance")).text
    await db.execute(
        "UPDATE account SET balance_minor = balance_minor + 1 WHERE id = ?", f"escrow:{campaign}"
    )
    page = await root.get("/admin/ledger/trial-balance")
    assert page.says("The book is damaged.", f"escrow:{campaign}: stored 63901, recomputed 63900")


async def test_says_in_the_file_that_there_is_more(w, root, monkeypatch):
    campaign = await w.open_campaign(closes="at_deadline")
    for _ in range(2):
        await w.pay(await w.join(campaign))
    monkeypatch.setattr(ledger_files, "MOST", 1)
    data = await fetched(root, f"/admin/ledger/accounts/escrow:{campaign}/movements.csv")
    assert data.decode("utf-8-sig").splitlines()[2].startswith('"There are older movements')


async def test_is_honest_when_it_is_empty_and_takes_no_rubbish(w, root):
    page = await root.get("/admin/ledger")
    assert (
        page.says("No account yet.") and 'aria-current="page"' in page.html.partition("/admin/money")[2][:60]
    )
    assert (await root.get("/admin/ledger?kind=escrow")).says("No account is like that.")
    assert (await root.get("/admin/ledger?kind=x&currency=y")).says("No account yet.")
    await root.get("/admin/ledger/accounts/escrow:none", 404)


async def test_is_for_admins_alone(w, bo, root):
    for path in ("/admin/ledger", "/admin/ledger/trial-balance", "/admin/ledger/accounts/escrow:none"):
        await bo.get(path, 404)


async def fetched(root: Browser, path: str) -> bytes:
    answer = (await root.get(path)).response
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


async def test_leaves_as_tables_in_which_nothing_is_a_formula(w, root):
    campaign = await w.open_campaign(closes="at_deadline")
    await w.pay(await w.join(campaign))
    await db.execute("UPDATE campaign SET title = '=HYPERLINK(1)' WHERE id = ?", campaign)
    outside = "/admin/ledger/accounts/world:sandbox:CNY/movements"
    data = (await fetched(root, outside + ".csv")).decode("utf-8-sig")
    heads, row = csv.reader(io.StringIO(data, newline=""))
    assert heads[0] == "When" and len(heads) == len(row) == 9
    assert row[4:] == ["'=HYPERLINK(1)", "-639.00", "-639.00", "CNY", "-63900"]
    sheet = openpyxl.load_workbook(io.BytesIO(await fetched(root, outside + ".xlsx"))).active
    cells = next(iter(sheet.iter_rows(min_row=2)))
    assert (cells[4].value, cells[4].data_type) == ("=HYPERLINK(1)", "s")
    assert (cells[5].value, cells[5].data_type, cells[8].value) == (-639, "n", -63900)
    month = clock.now().astimezone(BEIJING)
    data = (await fetched(root, f"/admin/ledger/trial-balance.csv?month={month:%Y-%m}")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    assert {row["Account of the book"]: row["At the end"] for row in rows} == {
        "world:sandbox:CNY": "-639.00", f"escrow:{campaign}": "639.00",
    }  # fmt: skip
    await fetched(root, "/admin/ledger/trial-balance.xlsx?month=2020-01")
