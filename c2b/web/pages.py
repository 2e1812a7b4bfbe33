"""Answering with a page or a fragment: the same partial serves both, and every page gets the same frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from c2b.config import ROOT
from c2b.kit import templating
from c2b.kit.errors import AppError, FieldError
from c2b.kit.http.csrf import csrf_field, csrf_token
from c2b.kit.http.redirects import safe_next
from c2b.kit.http.statics import Statics
from c2b.web.auth import current_actor
from c2b.web.flash import clear, flash_of
from c2b.web.navigation import Link, links_for

STATIC = Statics(ROOT / "c2b" / "web" / "static")
templating.share(static=STATIC.url, csrf_field=csrf_field, csrf_token=csrf_token)

MAX_FIELDS = 200


@dataclass(frozen=True)
class Frame:
    """What the layout shows around a page. ``name`` is ``None`` when nobody is logged in."""

    path: str
    name: str | None
    role: str | None
    links: list[Link]
    flash: tuple[str, str] | None


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    here: str = "",
    **context: Any,
) -> HTMLResponse:
    """A whole page from ``templates/pages/…``. The context holds primitives and frozen dataclasses only.

    ``here`` is where this page can be read again, if it answers a form that was sent to another address.
    """
    frame = frame_of(request, here=here)
    html = templating.render(template, frame=frame, **context)
    response = HTMLResponse(html, status_code=status, headers=headers)
    response.headers["Vary"] = "Cookie"
    if frame.flash:
        clear(response)
    return response


def fragment(
    template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """A part of a page, for htmx to swap in."""
    return HTMLResponse(templating.render(template, **context), status_code=status, headers=headers)


def refused_form(
    request: Request, template: str, error: AppError, *, values: Mapping[str, Any], **context: Any
) -> HTMLResponse:
    """The page again, with the error's status and what was typed: sentences beside fields, or one above the form."""
    return page(
        request,
        template,
        status=error.status,
        headers=getattr(error, "headers", None),
        values=dict(values),
        errors=errors_by_field(error.fields),
        notice=None if error.fields else error.text(),
        **context,
    )


def errors_by_field(errors: list[FieldError]) -> dict[str, str]:
    """The first sentence for each field, in the reader's language."""
    texts: dict[str, str] = {}
    for error in errors:
        texts.setdefault(error.path, error.text())
    return texts


def frame_of(request: Request, *, here: str = "") -> Frame:
    """The layout's part of a page's context. Its path is one to come back to, after a log-in or in another language."""
    actor = current_actor(request)
    path = request.url.path
    return Frame(
        path=path + (f"?{request.url.query}" if request.url.query else "")
        if request.method == "GET"
        else _readable(request, here or path),
        name=actor.name if actor else None,
        role=actor.role if actor else None,
        links=links_for(actor, path),
        flash=flash_of(request),
    )


def _readable(request: Request, path: str) -> str:
    """The path if it can be read with GET, else the nearest one above it."""
    routes = request.app.routes
    while path and safe_next(path, routes=routes, default="") != path:
        path = path.rpartition("/")[0]
    return path or "/"


def next_of(request: Request, form: FormData | None = None, *, default: str = "/") -> str:
    """Where to go on to: ``next`` of the form or the address, if it is one of our own pages."""
    target = form.get("next") if form is not None else request.query_params.get("next")
    return safe_next(str(target) if target else None, routes=request.app.routes, default=default)


async def form_of(request: Request, *, max_files: int = 0, max_fields: int = MAX_FIELDS) -> FormData:
    """The fields of a posted form; more files or fields than named are refused with 400."""
    return await request.form(max_files=max_files, max_fields=max_fields)
