"""A manufacturer's month: the sums, and that page, paper and workbook say the same."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from c2b.kit import clock
from c2b.kit.errors import NotFound
from c2b.kit.money import exponent
from c2b.kit.months import next_month
from c2b.ledger.queries import balance
from c2b.payouts.documents import page_of, plain, workbook_of
from c2b.payouts.statements import Line, Statement, statements
from tests import world
from tests.payouts.paid import ordered
from tests.payouts.test_money_back import propose, send


def month(currency: str, *amounts: int, opening: int = 0, reference: str = "B-1") -> Statement:
    """A month of these movements."""
    lines, left = [], opening
    for minor in amounts:
        left += minor
        at = datetime(2026, 11, 26, 4, tzinfo=UTC)
        lines.append(
            Line(
                at=at, what="=1+1", order="PO-1", reference=reference, amount_minor=minor, balance_minor=left
            )
        )
    return Statement(
        manufacturer_name="Mill",
        month=date(2026, 11, 1),
        currency=currency,
        opening_minor=opening,
        lines=tuple(lines),
    )


def amounts_of(data: bytes) -> list[tuple[Decimal | None, Decimal]]:
    """The two columns of amounts of a workbook's only sheet, exact."""
    (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    rows = list(sheet.iter_rows(min_row=2, min_col=5, max_col=6, values_only=True))
    return [(None if a is None else Decimal(str(a)), Decimal(str(b))) for a, b in rows]


@pytest.mark.usefixtures("database", "files", "_quick_documents")
class TestTheSums:
    async def test_begin_where_the_month_before_ended_and_end_at_the_balance_of_the_book(self):
        paid = await ordered()
        first = clock.now().astimezone(UTC).date().replace(day=1)
        await paid.release("goods-1")
        amount = (await paid.part("goods-1"))["amount_minor"]
        await send(await propose(paid))
        await paid.reach("OQC")
        await paid.release("goods-2")
        second = (await paid.part("goods-2"))["amount_minor"]
        (found,) = await statements(paid.mill, month=first)
        assert [line.amount_minor for line in found.lines] == [amount, -amount, second]
        assert [line.balance_minor for line in found.lines] == [amount, 0, second]
        assert (found.opening_minor, found.released_minor, found.taken_minor) == (0, amount + second, amount)
        assert found.closing_minor == found.opening_minor + found.released_minor - found.taken_minor
        assert found.closing_minor == await balance(paid.payable) + await balance(paid.recourse)
        assert found.lines[1].reference == "B-1"
        (after,) = await statements(paid.mill, month=next_month(first))
        assert (after.opening_minor, after.lines, after.closing_minor) == (second, (), second)
        (before,) = await statements(paid.mill, month=next_month(first, -1))
        assert (before.opening_minor, before.closing_minor) == (0, 0)

    async def test_are_for_its_manufacturer_and_for_admins(self):
        paid = await ordered()
        await paid.release("goods-1")
        maker, day = paid.walk.locked.world.manufacturer_id, clock.today().replace(day=1)
        assert await statements(paid.root, month=day, manufacturer_id=maker) == await statements(
            paid.mill, month=day
        )
        rival = (await world.build()).mill
        assert await statements(rival, month=day, manufacturer_id=maker) == []
        with pytest.raises(NotFound):
            await statements(await world.person("Cy"), month=day, manufacturer_id=maker)


class TestPaperAndWorkbook:
    @pytest.mark.parametrize(
        ("currency", "written"), [("CNY", "1234.56"), ("JPY", "123456"), ("KWD", "123.456")]
    )
    def test_say_what_the_page_says_whatever_the_currency(self, currency, written):
        found = month(currency, 123456, -200001, opening=7)
        (paper,) = page_of([found])["statements"]
        assert [line[4] for line in paper["lines"]] == [written, plain(-200001, currency)]
        assert (paper["opening"], paper["closing"]) == (plain(7, currency), plain(-76538, currency))
        scale = 10 ** exponent(currency)
        expected = [(None, 7), (123456, 123463), (-200001, -76538), (None, -76538)]
        assert amounts_of(workbook_of([found], locale="en")) == [
            (None if a is None else Decimal(a) / scale, Decimal(b) / scale) for a, b in expected
        ]

    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "https://x.example", "=HYPERLINK(1)"]
    )
    def test_never_hold_a_formula_or_a_link(self, text):
        data = workbook_of([month("CNY", 5, reference=text)], locale="en")
        (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
        assert not any(cell.hyperlink for cell in cells)
        assert sheet["D3"].value == text
