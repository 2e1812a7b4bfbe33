"""Lists in slices that stay right while rows come and go: a cursor names the last row seen, not a page number."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from c2b.kit.errors import AppError
from c2b.kit.i18n import N_

T = TypeVar("T")
DEFAULT_LIMIT, MAX_LIMIT = 25, 100
Key = tuple[str | int, ...]


class BadCursor(AppError):
    status = 400
    code = "bad_cursor"
    message = N_("This place in the list is not known. Please start again from its beginning.")


class BadLimit(AppError):
    status = 400
    code = "bad_limit"
    message = N_("The limit must be a whole number from 1 to {most}.")


@dataclass(frozen=True)
class Window:
    """Which slice is wanted: at most ``limit`` rows after the row whose sort key is ``after``."""

    limit: int = DEFAULT_LIMIT
    after: Key | None = None


@dataclass(frozen=True)
class Slice(Generic[T]):
    """Rows of one slice and the cursor of the next, ``None`` at the end."""

    items: list[T]
    next_cursor: str | None


def window_of(query: Mapping[str, str], *, fields: Sequence[type] = (str,)) -> Window:
    """The window that ``?limit=`` and ``?cursor=`` ask for; a cursor holds values of the types ``fields``.

    Raises BadCursor and BadLimit.
    """
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:4]) <= MAX_LIMIT) or len(limit) > 4:
        raise BadLimit(most=MAX_LIMIT)
    cursor = query.get("cursor")
    return Window(limit=int(limit), after=read_cursor(cursor, fields=fields) if cursor else None)


def slice_of(rows: Sequence[T], window: Window, key: Callable[[T], Key]) -> Slice[T]:
    """A slice from ``window.limit + 1`` fetched rows: the extra one only says that there is more."""
    items = list(rows[: window.limit])
    more = len(rows) > window.limit
    return Slice(items, cursor_of(*key(items[-1])) if more else None)


def cursor_of(*values: str | int) -> str:
    """An opaque cursor that holds the sort key of a row."""
    return urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *, fields: Sequence[type]) -> Key:
    """The sort key in a cursor. Raises BadCursor for anything we would not have made."""
    try:
        values = json.loads(urlsafe_b64decode(cursor[:512].encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        raise BadCursor from None
    if not isinstance(values, list) or [type(value) for value in values] != list(fields):
        raise BadCursor
    if any(isinstance(value, str) and not value.isprintable() for value in values):
        raise BadCursor
    return tuple(values)
