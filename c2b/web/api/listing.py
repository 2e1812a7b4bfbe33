"""Lists: ``{"items": [...], "next": cursor or null}``, and the filters that an address may carry."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError
from c2b.kit.http.paging import Slice, Window, slice_of, window_of
from c2b.kit.i18n import N_
from c2b.web.views import json_answer

T = TypeVar("T")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._*-]{0,159}")


class BadFilter(AppError):
    status = 400
    code = "bad_filter"
    message = N_("The filter {name} does not take this value.")


def listed(found: Slice[T], shape: Callable[[T], Any] = lambda item: item) -> Response:
    """One slice of a list."""
    return json_answer({"items": [shape(item) for item in found.items], "next": found.next_cursor})


async def newest_first(
    request: Request,
    fetch: Callable[..., Awaitable[list[dict[str, Any]]]],
    shape: Callable[[dict[str, Any]], Any],
) -> Response:
    """A slice of a query that takes ``limit`` and ``before`` (an id)."""
    window = window_of(request.query_params)
    rows = await fetch(limit=window.limit + 1, before=str(window.after[0]) if window.after else None)
    return listed(slice_of(rows, window, lambda row: (row["id"],)), shape)


def window(request: Request, *fields: type) -> Window:
    """The slice that ``?limit=`` and ``?cursor=`` ask for; a cursor of several ``fields`` where one is not enough."""
    return window_of(request.query_params, fields=fields or (str,))


def word(request: Request, name: str, among: Iterable[str] | None = None) -> str | None:
    """The filter ``?name=``: a word, one of ``among`` where these are known. Raises BadFilter."""
    value = request.query_params.get(name)
    if value is None:
        return None
    if not _WORD.fullmatch(value) or (among is not None and value not in among):
        raise BadFilter(name=name)
    return value


def number(request: Request, name: str, *, most: int) -> int | None:
    """The filter ``?name=`` as a whole number from 1. Raises BadFilter."""
    value = request.query_params.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10 and 1 <= int(value) <= most):
        raise BadFilter(name=name)
    return int(value)
