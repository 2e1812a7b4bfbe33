"""Going back to where somebody came from, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match

MAX_LENGTH = 2000


def safe_next(target: str | None, *, routes: Sequence[BaseRoute], default: str = "/") -> str:
    """``target`` if it is a path (with query) that one of our own pages answers with GET, else ``default``.

    Browsers read backslashes as slashes and drop tabs and newlines, so ``/\\evil`` and ``/<tab>/evil`` leave the
    house: anything but printable ASCII without backslash is refused before the path is looked at.
    """
    if not target or len(target) > MAX_LENGTH or not target.isascii() or not target.isprintable():
        return default
    if "\\" in target or " " in target or not target.startswith("/") or target.startswith("//"):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.fragment:
        return default
    scope = {"type": "http", "method": "GET", "path": parts.path, "root_path": "", "headers": []}
    known = any(route.matches(dict(scope))[0] is Match.FULL for route in routes)
    return target if known else default


def see_other(path: str) -> RedirectResponse:
    """303: the answer to a form that was accepted. ``path`` is one of ours."""
    return RedirectResponse(path, status_code=303)
