"""Tables for spreadsheet programs, as CSV and as workbooks: texts stay texts, and amounts are exact numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import xlsxwriter

from c2b.kit.money import Amount, exponent

#: What spreadsheet programs take for the beginning of a formula (OWASP, CSV injection), full-width forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | Amount
#: The media type of a workbook.
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_of(rows: Iterable[Iterable[Cell]]) -> str:
    """Comma separated values (RFC 4180). Texts are made harmless; amounts are in major units, below zero too."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: str) -> str:
    """Text that no spreadsheet program runs: a leading apostrophe makes a formula a text."""
    risky = cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA)
    return f"'{cell}" if risky else cell


def major(amount: Amount) -> Decimal:
    """Major units with exactly the currency's decimals: -1234500 minor units of KWD are -1234.500."""
    return Decimal(amount.minor).scaleb(-exponent(amount.currency))


def workbook(out: io.BytesIO) -> xlsxwriter.Workbook:
    """A new workbook, written to ``out`` when closed, that makes no formula, link or number of a text."""
    return xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )


def number_format(currency: str) -> dict[str, Any]:
    """How cells with amounts of a currency look: grouped, with its number of decimals."""
    places = exponent(currency)
    return {"num_format": "#,##0" + ("." + "0" * places if places else "")}


def _plain(cell: Cell) -> str:
    if isinstance(cell, Amount):
        return format(major(cell), "f")
    return harmless(cell) if isinstance(cell, str) else str(cell)


def xlsx_of(title: str, rows: Iterable[Iterable[Cell]]) -> bytes:
    """A workbook of one sheet, its first row bold: the cells of ``csv_of``, amounts and whole numbers as numbers."""
    out = io.BytesIO()
    book = workbook(out)
    sheet, strong = book.add_worksheet(title[:31]), book.add_format({"bold": True})
    formats: dict[str, Any] = {}
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, Amount):
                if cell.currency not in formats:
                    formats[cell.currency] = book.add_format(number_format(cell.currency))
                sheet.write_number(number, column, major(cell), formats[cell.currency])
            elif isinstance(cell, int):
                sheet.write_number(number, column, cell)
            else:
                sheet.write_string(number, column, cell, None if number else strong)
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()
