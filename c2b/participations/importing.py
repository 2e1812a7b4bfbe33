"""Requirements from a file (CSV or JSON), read and judged by the same code as the form and the API.

CSV: one line per person; ``name`` and ``quantity``, then one column per answer with its dotted path
(``engraving.text``); several choices of one attribute are separated by ``|``. Ballots are in columns
``vote.<attribute>`` (choices, the best first) and ``only.<attribute>`` (the outcomes that are accepted), separated
alike. JSON: a list of ``{"name", "quantity", "answers", "preferences"}``, the last optional.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.reading import answers_from_form
from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.kit.errors import FieldError, Invalid
from c2b.participations.operations import requirement
from c2b.participations.rules import Priced

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 10_000
_OWN = ("variant", "unit")
_NAMED = ("name", "quantity")
#: How columns about votes begin, and what of a ballot they hold.
_BALLOT = {"vote.": "ranking", "only.": "only"}


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


def _from_csv(data: bytes, offer: JoinOffer) -> Iterator[tuple[int, str, Any, Any, Any]]:
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    if not reader.fieldnames or "quantity" not in reader.fieldnames:
        raise ValueError("the first line must name the columns, quantity among them")
    several = {each.name for each in offer.schema.parsed.attributes if each.kind == "choices"}
    for row in reader:
        if None in row:  # an unquoted comma: what would be read is not what was meant
            raise ValueError(f"line {reader.line_num} has more cells than the first line names")
        pairs = [
            (f"answers.{column}", value)
            for column, text in row.items()
            if column and column not in _NAMED and text and not column.startswith(tuple(_BALLOT))
            for value in (text.split("|") if column in several else [text])
        ]
        answers = answers_from_form(offer.schema.parsed, pairs, _OWN, fixed=offer.batch_answers)
        votes = _ballots(row, offer)
        preferences = {"votes": votes} if votes else None
        yield reader.line_num, row.get("name") or "", _whole(row["quantity"]), answers, preferences


def _ballots(row: dict[str, str], offer: JoinOffer) -> dict[str, Any]:
    """What the columns of a line say about open votes; codes that are none are passed on, to be refused aloud."""
    found: dict[str, Any] = {}
    open_ones = {vote.attribute: vote for vote in offer.votes}
    for column, text in row.items():
        start, _, name = column.partition(".")
        if text and f"{start}." in _BALLOT:
            choices = open_ones[name].choices if name in open_ones else ()
            known = {str(code): code for code in choices}
            codes = [known.get(each.strip(), each.strip()) for each in text.split("|")]
            found.setdefault(name, {})[_BALLOT[f"{start}."]] = codes
    return found


def _from_json(data: bytes) -> Iterator[tuple[int, str, Any, Any, Any]]:
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
