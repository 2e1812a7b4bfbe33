"""A manufacturer's month on the page, on paper and as a workbook: the same sums, for whom they are meant."""

from __future__ import annotations

import io

import openpyxl
import pikepdf
import pytest

from c2b.kit import db
from c2b.kit.money import format_money
from c2b.payouts import operations as payouts
from tests.referrals import earning
from tests.web.manufacturer.house import answered
from tests.world import person

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
async def paid(w, app) -> int:
    """Mill has been released its first part, and paid it: minor units."""
    order = await answered(w)
    (part,) = await db.fetch(
        "SELECT id, amount_minor FROM payment_release WHERE campaign_id = ? AND state = 'releasable'",
        order.campaign_id,
    )
    await payouts.release(w.root, part["id"])
    await earning.send(
        await person("Rut", "admin"), await payouts.pay_out(w.root, w.manufacturer_id, currency="CNY")
    )
    return int(part["amount_minor"])


async def test_says_what_was_released_and_paid(paid, w, mill, root):
    amount = format_money(paid, "CNY", "en")
    for browser, path in (
        (mill, "/manufacturer/statement"),
        (root, f"/admin/payouts/manufacturers/{w.manufacturer_id}/statement"),
    ):
        page = await browser.get(path)
        assert page.says(amount, f"−{amount}" if f"−{amount}" in page.text else f"-{amount}")
        assert {f"{path}.pdf", f"{path}.xlsx"} <= {link.partition("?")[0] for link in page.links}


async def test_of_a_month_without_anything_says_so(paid, mill):
    page = await mill.get("/manufacturer/statement?month=2020-01")
    assert format_money(paid, "CNY", "en") not in page.text


@pytest.mark.parametrize("month", ["2026-13", "soon", "2026-11-01"])
async def test_of_a_month_that_is_none_says_how_to_write_one(paid, mill, month):
    page = await mill.get(f"/manufacturer/statement?month={month}", 422)
    assert page.says("Enter a month like 2026-11.")


async def test_on_paper_and_in_the_workbook_says_the_same(paid, mill):
    response = (await mill.get("/manufacturer/statement.pdf")).response
    assert response.headers["content-type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(response.content)) as pdf:
        assert len(pdf.pages) == 1
    response = (await mill.get("/manufacturer/statement.xlsx")).response
    assert response.headers["content-type"] == XLSX
    (sheet,) = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets
    amounts = [row[0] for row in sheet.iter_rows(min_row=2, min_col=5, max_col=5, values_only=True)]
    assert amounts == [None, paid / 100, -paid / 100, None]


async def test_is_nobody_elses(paid, w, bo, rival, mill):
    other = f"/admin/payouts/manufacturers/{w.manufacturer_id}/statement"
    for suffix in ("", ".pdf", ".xlsx"):
        for browser in (bo, mill, rival):
            await browser.get(other + suffix, 404)
        await bo.get("/manufacturer/statement" + suffix, 404)
    assert format_money(paid, "CNY", "en") not in (await rival.get("/manufacturer/statement")).text
