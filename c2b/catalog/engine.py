"""jsonschema made safe for schemas and answers that strangers write.

Four things differ from `Draft202012Validator`: patterns run on RE2 (linear time, and `$` is the very end),
`uniqueItems` compares hashes (linear too), whole numbers are integers and nothing else, and references never
leave the document. The attacks behind each are in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import re2
from jsonschema import Draft202012Validator, FormatChecker, TypeChecker, ValidationError, validators
from referencing import Registry

_SHA256 = re2.compile("^[0-9a-f]{64}$")
_DAY = re2.compile("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
#: A compiled pattern may take this much memory; RE2 refuses what needs more, such as (a{1000}){1000}.
_PATTERN_MEMORY = 1 << 20


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The pattern on the linear-time engine. Raises ValueError for look-around, back-references and bombs."""
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error


def is_sha256(value: object) -> bool:
    """64 lowercase hex digits. Other types pass: `format` speaks about text only."""
    return not isinstance(value, str) or _SHA256.search(value) is not None


def is_day(value: object) -> bool:
    """A day that exists, YYYY-MM-DD (RFC 3339, full-date)."""
    if not isinstance(value, str):
        return True
    if _DAY.search(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


FORMATS = {"sha256": is_sha256, "date": is_day}


def safe_validator(schema: Mapping[str, Any]) -> Any:
    """A compiled validator that reaches nothing outside `schema`. Takes milliseconds: keep it."""
    return _Safe(schema, registry=Registry(), format_checker=_formats())


def _pattern(_: Any, pattern: str, instance: object, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and compile_pattern(pattern).search(instance) is None:
        yield ValidationError("does not match the pattern")


def _unique_items(_: Any, wanted: bool, instance: object, __: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        seen = {json.dumps(item, sort_keys=True, default=repr) for item in instance}
        if len(seen) != len(instance):
            yield ValidationError("has an item twice")


def _is_integer(_: TypeChecker, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, test in FORMATS.items():
        checker.checks(name)(test)
    return checker


_Safe = validators.extend(
    Draft202012Validator,
    {"pattern": _pattern, "uniqueItems": _unique_items},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_integer}
    ),
)
