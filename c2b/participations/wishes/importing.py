"""Requirements from a file (CSV or JSON), read and judged by the same code as the form and the API.

CSV: one line per person; ``name`` and ``quantity``, then one column per answer with its dotted path
(``engraving.text``); several choices of one attribute are separated by ``|``. What a member would take instead:
``any_of.case_color`` ("black|silver"), ``alternative.1.plate`` (what is different from the first choice; "-" leaves an
answer out), ``limit``, ``otherwise``, ``fee_limit``, ``ask_first``; amounts as people write them ("439.00"). JSON: a
list of ``{"name", "quantity", "answers", "preferences"}``. Ballots: ``vote.<attribute>`` (choices, the best first) and
``only.<attribute>`` (the outcomes that are accepted), separated by ``|``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.kit.errors import FieldError, Invalid
from c2b.participations.operations import requirement
from c2b.participations.rules import Priced
from c2b.participations.wishes.columns import answers_of, is_wish, preferences_of

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 10_000
#: Line, name, quantity, answers and preferences, as they stand in the file.
Row = tuple[int, str, Any, Any, Any]


@dataclass(frozen=True)
class ImportedRow:
    """One line of the file: ready to join with (``priced``), or what is wrong with it (``faults``)."""

    line: int
    name: str
    quantity: int
    answers: dict[str, Any]
    priced: Priced | None
    faults: list[FieldError]


def read_requirements(path: Path, offer: JoinOffer) -> Iterator[ImportedRow]:
    """The lines of a file against a campaign's offer, in order. Raises ``ValueError`` for a file that is none."""
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_BYTES} bytes")
    rows = _from_json(data) if path.suffix == ".json" else _from_csv(data, offer)
    try:
        for number, (line, name, quantity, answers, preferences) in enumerate(rows):
            if number >= MAX_ROWS:
                raise ValueError(f"{path.name} has more than {MAX_ROWS} lines")
            yield _judge(offer, line, name, quantity, answers, preferences)
    except (csv.Error, MalformedJson) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def _judge(
    offer: JoinOffer, line: int, name: str, quantity: Any, answers: Any, preferences: Any
) -> ImportedRow:
    shown = quantity if isinstance(quantity, int) else 0
    kept = answers if isinstance(answers, dict) else {}
    try:
        priced = requirement(offer, answers=answers, quantity=quantity, preferences=preferences)
    except Invalid as error:
        return ImportedRow(
            line, name, shown, kept, None, error.fields or [FieldError("", error.code, error.message)]
        )
    return ImportedRow(line, name, shown, kept, priced, [])


def _from_csv(data: bytes, offer: JoinOffer) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    if not reader.fieldnames or "quantity" not in reader.fieldnames:
        raise ValueError("the first line must name the columns, quantity among them")
    for row in reader:
        if None in row:  # an unquoted comma: what would be read is not what was meant
            raise ValueError(f"line {reader.line_num} has more cells than the first line names")
        cells = {column: text for column, text in row.items() if column and text}
        wishes = {name: text for name, text in cells.items() if is_wish(name, offer)}
        plain = {name: text for name, text in cells.items() if name not in wishes}
        answers = answers_of(offer, plain)
        yield (
            reader.line_num, row.get("name") or "", _whole(row["quantity"]), answers,
            preferences_of(offer, plain, wishes),
        )  # fmt: skip


def _from_json(data: bytes) -> Iterator[Row]:
    rows = strict_loads(data, max_bytes=MAX_BYTES)
    if not isinstance(rows, list):
        raise ValueError("the file must hold a list of requirements")
    for number, row in enumerate(rows, start=1):
        fields = row if isinstance(row, dict) else {}
        yield (
            number,
            str(fields.get("name", "")),
            fields.get("quantity"),
            fields.get("answers"),
            fields.get("preferences"),
        )


def _whole(text: str | None) -> Any:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text
