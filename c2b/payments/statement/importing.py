"""A bank's statement as a CSV file: read into lines, or every fault by its row; nothing is guessed.

The first row names the columns, in English or as Chinese banks export them. What went out (below zero) is none of
ours to assign and is left out. A file without the bank's own numbers gets a number from what each line says, so that
the same file read twice is still each line once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from c2b.kit.canonical import one_line
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.kit.money import parse_money
from c2b.payments.statement.entering import Line, faults_of

MAX_BYTES, MAX_ROWS, MAX_FAULTS = 1_000_000, 2_000, 50
#: Column → the names it may have, lower case.
COLUMNS = {
    "booked_on": ("booked_on", "date", "booking date", "交易日期", "交易时间", "记账日期", "日期"),
    "amount": ("amount", "credit", "金额", "收入金额", "贷方金额", "贷方发生额", "交易金额"),
    "currency": ("currency", "币种", "货币"),
    "payer_name": ("payer_name", "payer", "name", "对方户名", "付款人", "付款方户名"),
    "account": ("account", "payer_account", "iban", "对方账号", "付款账号"),
    "bank": ("bank", "payer_bank", "bic", "对方开户行", "付款行"),
    "text": ("text", "remittance", "purpose", "附言", "摘要", "用途"),
    "reference": ("reference", "bank_reference", "流水号", "交易流水号", "凭证号"),
}
NEEDED = ("booked_on", "amount")
_AMOUNT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_NAMES = {name: column for column, names in COLUMNS.items() for name in names}
#: Columns by the names that people read.
_SHOWN = {"booked_on": "date"}
_CURRENCIES = {"人民币": "CNY", "RMB": "CNY", "美元": "USD", "欧元": "EUR"}


@dataclass(frozen=True)
class Statement:
    """The incoming lines of a file, and how many rows were left out because money went out (or none moved)."""

    lines: tuple[Line, ...]
    outgoing: int


def read_statement(data: bytes, *, currency: str = "CNY") -> Statement:
    """Lines of a file in UTF-8 or GB 18030, separated by comma, semicolon or tab.

    ``currency``: of rows that tell none. Raises ``Invalid`` with the faults, ``file`` or ``row 7.amount``, at most
    fifty.
    """
    if len(data) > MAX_BYTES:
        raise _refused("too_large", N_("The file is too large: {most} bytes at most."), most=MAX_BYTES)
    rows = _rows(_text(data))
    columns = [_NAMES.get(one_line(name).lower(), "") for name in rows[0]] if rows else []
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise _refused(
            "columns",
            N_("The first row must name the columns; missing: {columns}."),
            columns=", ".join(_SHOWN.get(name, name) for name in missing),
        )
    if len(rows) > MAX_ROWS + 1:
        raise _refused("too_many", N_("The file has too many rows: {most} at most."), most=MAX_ROWS)
    lines, wrong, outgoing = [], list[FieldError](), 0
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows[1:], start=2):
        told = dict(zip(columns, (one_line(cell) for cell in row), strict=False))
        if not any(told.values()):
            continue
        found = _line(told, currency, seen)
        if found is None:
            outgoing += 1
        elif isinstance(found, Line):
            lines.append(found)
        else:
            wrong += [
                FieldError(
                    f"row {number}.{_SHOWN.get(each.path, each.path)}", each.code, each.message, each.params
                )
                for each in found
            ]
    if wrong:
        raise Invalid(fields=wrong[:MAX_FAULTS])
    return Statement(tuple(lines), outgoing)


def _line(told: dict[str, str], usual: str, seen: Counter[str]) -> Line | list[FieldError] | None:
    """``None`` for what went out."""
    currency = told.get("currency", "").upper() or usual
    currency = _CURRENCIES.get(currency, currency)
    amount, booked_on = _amount(told.get("amount", ""), currency), _day(told.get("booked_on", ""))
    wrong = []
    if amount is None:
        wrong.append(FieldError("amount", "amount", N_("This is no amount: write 1234.50.")))
    elif amount <= 0:
        return None
    if booked_on is None:
        wrong.append(FieldError("booked_on", "date", N_("This is no date: write 2026-11-23.")))
    if amount is None or booked_on is None:
        return wrong
    line = Line(
        reference=told.get("reference", "")[:80],
        booked_on=booked_on,
        amount_minor=amount,
        currency=currency,
        payer_name=told.get("payer_name", ""),
        account="" if "*" in told.get("account", "") else told.get("account", ""),  # masked: as good as none
        bank=told.get("bank", ""),
        text=told.get("text", ""),
    )
    if not line.reference:
        line = _numbered(line, seen)
    return faults_of(line) or line


def _numbered(line: Line, seen: Counter[str]) -> Line:
    """Two equal rows of one file are two lines; the same row of the same file is the same line."""
    said = "\x1f".join(
        (
            line.booked_on.isoformat(),
            str(line.amount_minor),
            line.currency,
            line.payer_name,
            line.account,
            line.text,
        )
    )
    mark = hashlib.sha256(said.encode()).hexdigest()[:24]
    seen[mark] += 1
    return replace(line, reference=f"csv:{mark}:{seen[mark]}")


def _amount(text: str, currency: str) -> int | None:
    """Minor units, below zero for what went out; ``None`` for what is none. An empty cell is nothing that came."""
    text = text.replace(" ", "")
    if not text:
        return 0
    if not _AMOUNT.fullmatch(text):
        return None
    try:
        minor = parse_money(text.lstrip("+-"), currency)
    except ValueError:
        return None
    return -minor if text.startswith("-") else minor


def _day(text: str) -> date | None:
    match = _DAY.match(text)
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("encoding", N_("The file is no text in UTF-8 or GB 18030."))


def _rows(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    except csv.Error as error:
        raise _refused("csv", N_("The file is no table of comma-separated values.")) from error


def _refused(code: str, message: str, **params: object) -> Invalid:
    return Invalid(fields=[FieldError("file", code, message, dict(params))])
