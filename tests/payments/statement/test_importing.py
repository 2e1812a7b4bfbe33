"""A bank's file: lines, or every fault by its row; the same file twice is each line once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.kit import clock
from c2b.kit.errors import Invalid
from c2b.payments.statement.entering import enter_all
from c2b.payments.statement.importing import MAX_BYTES, MAX_FAULTS, MAX_ROWS, read_statement
from tests import small

HEAD = "date,amount,currency,payer,account,text,reference\n"


def faults(data: bytes) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read_statement(data)
    return {each.path: each.code for each in refused.value.fields}


class TestAFile:
    def test_gives_its_incoming_lines(self):
        day = clock.today().isoformat()
        found = read_statement(
            (
                HEAD + f'{day},"1,234.50",CNY,Bo,6222000012345678,RF00 X,A1\n{day},-9,CNY,Shop,,,A2\n\n'
            ).encode()
        )
        (line,) = found.lines
        assert (line.amount_minor, line.currency, line.payer_name) == (123450, "CNY", "Bo")
        assert (line.text, line.reference, line.booked_on) == ("RF00 X", "A1", clock.today())
        assert found.outgoing == 1

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_of_a_chinese_bank_is_understood(self, encoding, separator):
        rows = (
            ("交易日期", "金额", "币种", "对方户名", "对方账号", "附言", "流水号"),
            ("20261120", "88.00", "人民币", "张波", "6222000012345678", "定制团", "2026112000017"),
        )
        (line,) = read_statement("\n".join(separator.join(row) for row in rows).encode(encoding)).lines
        assert (line.booked_on, line.amount_minor, line.currency) == (date(2026, 11, 20), 8800, "CNY")
        assert (line.payer_name, line.text) == ("张波", "定制团")

    def test_counts_minor_units_by_currency(self):
        found = read_statement(b"date,amount,currency\n2026-11-20,500,JPY\n2026-11-20,1.234,KWD\n")
        assert [line.amount_minor for line in found.lines] == [500, 1234]

    def test_with_a_masked_account_tells_none(self):
        (line,) = read_statement(
            "交易时间,贷方发生额,对方账号\n2026-11-20,9.00,6222****1234\n".encode()
        ).lines
        assert (line.amount_minor, line.account) == (900, "")

    async def test_read_twice_is_each_line_once_and_equal_rows_are_two(self, database):
        w = await small.build()
        data = b"date,amount,payer\n2026-11-20,5.00,Bo\n2026-11-20,5.00,Bo\n2026-11-20,6.00,Bo\n"
        first = await enter_all(w.root, read_statement(data).lines)
        again = await enter_all(w.root, read_statement(data).lines)
        assert ((first.new, first.known), (again.new, again.known)) == ((3, 0), (0, 3))


class TestARefusedFile:
    def test_names_every_fault_by_its_row(self):
        tomorrow = (clock.today() + timedelta(days=1)).isoformat()
        rows = ('2026-11-20,"12,50",CNY', "soon,5,CNY", f"{tomorrow},5,XXX", "2026-11-20,1.005,CNY")
        assert faults((HEAD + "\n".join(f"{row},,,," for row in rows)).encode()) == {
            "row 2.amount": "amount", "row 3.date": "date", "row 4.amount": "amount", "row 5.amount": "amount",
        }  # fmt: skip
        assert faults((HEAD + f"{tomorrow},5,CNY,,12,,\n").encode()) == {
            "row 2.date": "future", "row 2.account": "account",
        }  # fmt: skip

    def test_says_at_most_fifty(self):
        assert len(faults((HEAD + "2026-11-20,x,CNY,,,,\n" * 99).encode())) == MAX_FAULTS

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "columns"),
            (b"a,b\n1,2\n", "columns"),
            (b"\xff\xfe\x00\xff", "encoding"),
            (b"date,amount\n" + b"x" * MAX_BYTES, "too_large"),
            (b"date,amount\n" + b"2026-11-20,1\n" * (MAX_ROWS + 1), "too_many"),
        ],
    )
    def test_that_is_no_statement(self, data, code):
        assert faults(data)["file"] == code

    @given(st.binary(max_size=400))
    def test_never_ends_in_another_way(self, rubbish):
        for data in (rubbish, b"date,amount,currency,account\n" + rubbish):
            with suppress(Invalid):
                assert read_statement(data).outgoing >= 0
