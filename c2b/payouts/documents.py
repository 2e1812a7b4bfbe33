"""A monthly statement as a PDF, drawn in a child process, and as a workbook in which no text is ever a formula."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from c2b.kit import i18n, pdf, sheets
from c2b.kit.i18n import gettext
from c2b.kit.money import Amount, plain_money
from c2b.kit.months import ZONE
from c2b.payouts.statements import Statement


async def render_statement(found: Sequence[Statement], *, locale: str) -> bytes:
    """The statements of a month as one PDF. Raises ``kit.pdf.RenderFailed`` (may be retried)."""
    with i18n.use_locale(locale, zone=ZONE):
        context = page_of(found)
    template = pdf.Template(name="documents/statement.html", context=context, locale=locale, zone=ZONE)
    with tempfile.TemporaryDirectory(prefix="c2b-statement-") as name:
        part = await pdf.render_part(template, into=Path(name) / "statement.pdf")
        return await asyncio.to_thread(part.path.read_bytes)


def page_of(found: Sequence[Statement]) -> dict[str, Any]:
    """What stands on paper, in the present language."""
    return {
        "lang": i18n.current_locale().replace("_", "-"),
        "title": gettext("Statement {month}", month=f"{found[0].month:%Y-%m}"),
        "name": found[0].manufacturer_name,
        "statements": [
            {
                "currency": each.currency,
                "opening": plain(each.opening_minor, each.currency),
                "released": plain(each.released_minor, each.currency),
                "taken": plain(-each.taken_minor, each.currency),
                "closing": plain(each.closing_minor, each.currency),
                "lines": [
                    [i18n.format_datetime(line.at), line.what, line.order, line.reference,
                     plain(line.amount_minor, each.currency), plain(line.balance_minor, each.currency)]
                    for line in each.lines
                ],
            }
            for each in found
        ],
    }  # fmt: skip


def plain(minor: int, currency: str) -> str:
    """An amount with its sign in front."""
    return ("−" if minor < 0 else "") + plain_money(abs(minor), currency)


def workbook_of(found: Sequence[Statement], *, locale: str) -> bytes:
    """The same as a workbook: a sheet for each currency, amounts as numbers in major units, all texts as texts."""
    out = io.BytesIO()
    book = sheets.workbook(out)
    with i18n.use_locale(locale, zone=ZONE):
        for each in found:
            _sheet(book, each)
    book.close()
    return out.getvalue()


def _sheet(book: xlsxwriter.Workbook, of: Statement) -> None:
    sheet = book.add_worksheet(of.currency)
    strong = book.add_format({"bold": True})
    number = book.add_format(sheets.number_format(of.currency))
    heads = (gettext("Date"), gettext("What"), gettext("Order"), gettext("Bank reference"), gettext("Amount"),
             gettext("Running balance"))  # fmt: skip
    for column, width in enumerate((20, 34, 18, 24, 16, 16)):
        sheet.set_column(column, column, width)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, strong)
    _row(sheet, 1, ["", gettext("Balance before"), "", ""], [None, of.opening_minor], of.currency, number)
    for index, line in enumerate(of.lines, start=2):
        texts = [i18n.format_datetime(line.at), line.what, line.order, line.reference]
        _row(sheet, index, texts, [line.amount_minor, line.balance_minor], of.currency, number)
    end = ["", gettext("Balance after"), "", ""]
    _row(sheet, len(of.lines) + 2, end, [None, of.closing_minor], of.currency, number)
    sheet.freeze_panes(1, 0)


def _row(
    sheet: Any, index: int, texts: Sequence[str], amounts: Sequence[int | None], currency: str, number: Any
) -> None:
    for column, text in enumerate(texts):
        sheet.write_string(index, column, text)
    for column, minor in enumerate(amounts, start=len(texts)):
        if minor is not None:
            # a number is a decimal text in the file: the exact decimal goes in, no binary fraction
            sheet.write_number(index, column, sheets.major(Amount(minor, currency)), number)
