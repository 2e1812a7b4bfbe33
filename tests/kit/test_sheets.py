"""Tables for spreadsheet programs run no formula, and their amounts are exact numbers."""

import csv
import io

import openpyxl
import pytest

from c2b.kit.money import Amount
from c2b.kit.sheets import csv_of, major, number_format, workbook

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_becomes_a_text(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_of([[text]]), newline=""))
    assert cell == f"'{text}"


def test_an_ordinary_text_stays_as_it_is() -> None:
    assert csv_of([["Ana", 'a "b", c', "定制团"]]) == '"Ana","a ""b"", c","定制团"\r\n'


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(-5, "CNY", "-0.05"), (0, "CNY", "0.00"), (-1200, "JPY", "-1200"), (-1234500, "KWD", "-1234.500")],
)
def test_amounts_stay_numbers_with_the_decimals_of_their_currency(
    minor: int, currency: str, text: str
) -> None:
    assert csv_of([[Amount(minor, currency), minor]]) == f'"{text}","{minor}"\r\n'
    assert str(major(Amount(minor, currency))) == text


@pytest.mark.parametrize(("currency", "shape"), [("JPY", "#,##0"), ("CNY", "#,##0.00"), ("KWD", "#,##0.000")])
def test_a_workbook_shows_the_decimals_of_the_currency(currency: str, shape: str) -> None:
    assert number_format(currency) == {"num_format": shape}


def test_a_workbook_takes_no_text_for_a_formula_link_or_number() -> None:
    out = io.BytesIO()
    book = workbook(out)
    sheet = book.add_worksheet()
    for row, text in enumerate(("=1+1", "https://c2b.example", "12")):
        sheet.write(row, 0, text)
    book.close()
    cells = [row[0] for row in openpyxl.load_workbook(io.BytesIO(out.getvalue())).active.iter_rows()]
    assert [(cell.data_type, cell.hyperlink) for cell in cells] == [("s", None)] * 3
