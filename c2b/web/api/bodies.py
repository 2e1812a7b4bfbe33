"""Reading what a program sent: the right kind of value in every field, nothing we do not know, one fault per field.

What a value means (is this threshold allowed? does this option exist?) is for the domain to judge; here it is only
made sure that the domain gets numbers where it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.web.views import json_body

#: A check gets a value and where it stands, and gives the clean value or raises ``Wrong``.
Check = Callable[[Any, str], Any]
MOST_UNITS, MOST_MINOR = 1_000_000, 10**12


class Wrong(Exception):
    """Values of the wrong kind, each with its place."""

    def __init__(self, *faults: FieldError) -> None:
        self.faults = faults
        super().__init__(faults)


@dataclass(frozen=True)
class Optional:
    """A field that may be left out."""

    check: Check
    default: Any = None


async def fields_of(request: Request, **fields: Check | Optional) -> dict[str, Any]:
    """The fields of a JSON object. Raises Invalid with every fault, and what ``json_body`` raises."""
    try:
        found: dict[str, Any] = an_object(**fields)(await json_body(request), "")
    except Wrong as wrong:
        raise Invalid(fields=list(wrong.faults)) from None
    return found


def text(*, most: int = 500, least: int = 0) -> Check:
    """A string of so many characters."""

    def check(value: Any, path: str) -> str:
        if isinstance(value, str) and least <= len(value) <= most:
            return value
        raise _wrong(
            path, "text", N_("This must be text of {least} to {most} characters."), least=least, most=most
        )

    return check


def whole(*, least: int = 0, most: int = MOST_UNITS) -> Check:
    """An integer; ``true`` and ``1.0`` are none."""

    def check(value: Any, path: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        sentence = N_("This must be a whole number from {least} to {most}.")
        raise _wrong(path, "whole_number", sentence, least=least, most=most)

    return check


def truth(value: Any, path: str) -> bool:
    """``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    raise _wrong(path, "truth", N_("This must be true or false."))


def one_of(*choices: str) -> Check:
    """One of these words."""

    def check(value: Any, path: str) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise _wrong(path, "choice", N_("This must be one of: {choices}."), choices=", ".join(choices))

    return check


def instant(value: Any, path: str) -> datetime:
    """An instant with its offset (RFC 3339), in UTC."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    sentence = N_("This must be an instant with its offset, such as 2026-11-30T12:00:00Z.")
    raise _wrong(path, "instant", sentence)


def a_code(value: Any, path: str) -> str | int:
    """The code of an option: a word or a number, or yes or no."""
    if isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= 64):
        return value
    raise _wrong(path, "code", N_("This must be the code of an option."))


def mapping(value: Any, path: str) -> dict[str, Any]:
    """A JSON object whose content the product schema judges."""
    if isinstance(value, dict):
        return value
    raise _wrong(path, "object", N_("This must be an object."))


def a_list(of: Check, *, most: int) -> Check:
    """A list of so many values."""

    def check(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list) or len(value) > most:
            raise _wrong(path, "list", N_("This must be a list of at most {most} entries."), most=most)
        return _all([(str(place), each, of) for place, each in enumerate(value)], path)

    return check


def an_object(**fields: Check | Optional) -> Check:
    """An object with these fields and no others."""

    def check(value: Any, path: str) -> dict[str, Any]:
        given: Mapping[str, Any] = mapping(value, path)
        faults = [
            FieldError(_at(path, name), "unknown", N_("There is no such field here."))
            for name in list(given)[:20]
            if name not in fields
        ]
        faults += [
            FieldError(_at(path, name), "required", N_("This is needed."))
            for name, field in fields.items()
            if name not in given and not isinstance(field, Optional)
        ]
        present = [(name, given[name], _check(field)) for name, field in fields.items() if name in given]
        try:
            values = _all(present, path)
        except Wrong as wrong:
            raise Wrong(*faults, *wrong.faults) from None
        if faults:
            raise Wrong(*faults)
        defaults = {name: field.default for name, field in fields.items() if isinstance(field, Optional)}
        return {**defaults, **dict(zip([name for name, _, _ in present], values, strict=True))}

    return check


def _all(places: list[tuple[str, Any, Check]], path: str) -> list[Any]:
    values: list[Any] = []
    faults: list[FieldError] = []
    for name, value, check in places:
        try:
            values.append(check(value, _at(path, name)))
        except Wrong as wrong:
            faults += wrong.faults
    if faults:
        raise Wrong(*faults)
    return values


def _check(field: Check | Optional) -> Check:
    return field.check if isinstance(field, Optional) else field


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong(path: str, code: str, sentence: str, **params: Any) -> Wrong:
    return Wrong(FieldError(path, code, sentence, params))
