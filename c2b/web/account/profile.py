"""One's own account: name, password, and the browsers that are logged in."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts import operations, queries, rules
from c2b.kit.errors import AppError
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.account.browsers import browser_of
from c2b.web.auth import actor_of, client_ip, require
from c2b.web.flash import flash
from c2b.web.pages import form_of, page, refused_form
from c2b.web.security import remember

TEMPLATE = "pages/account/account.html"


@require()
async def show(request: Request) -> Response:
    """GET /account."""
    return page(request, TEMPLATE, values={}, errors={}, notice=None, **await account_view(request))


@require()
async def rename(request: Request) -> Response:
    """POST /account/name."""
    name = str((await form_of(request)).get("name", ""))
    try:
        await operations.rename(actor_of(request), name=name)
    except AppError as error:
        return await refused(request, error, values={"name": name}, part="name")
    return _saved()


@require()
async def change_password(request: Request) -> Response:
    """POST /account/password: every other browser is logged out."""
    form = await form_of(request)
    try:
        opened = await operations.change_password(
            actor_of(request),
            current=str(form.get("current", "")),
            new=str(form.get("new", "")),
            ip=client_ip(request),
            user_agent=request.headers.get("user-agent", ""),
        )
    except AppError as error:
        return await refused(request, error, values={}, part="password")
    response = see_other("/account")
    remember(response, opened)
    flash(response, N_("Your password is changed. All other browsers are logged out."))
    return response


@require()
async def end_session(request: Request) -> Response:
    """POST /account/sessions/{id}/end."""
    await operations.end_session(actor_of(request), request.path_params["id"])
    return _saved()


async def account_view(request: Request) -> dict[str, Any]:
    """What the page shows besides the forms' own values."""
    actor = actor_of(request)
    return {
        "profile": await queries.profile_of(actor),
        "sessions": [_row(session) for session in await queries.sessions_of(actor)],
        "tokens": await queries.tokens_of(actor),
        "session_id": actor.session_id,
        "token_days": rules.TOKEN_DAYS,
        "new_token": None,
        "part": None,
    }


async def refused(request: Request, error: AppError, *, values: dict[str, Any], part: str) -> Response:
    """The page again; ``part`` is the form the errors belong to."""
    view = {**await account_view(request), "part": part}
    return refused_form(request, TEMPLATE, error, values=values, **view)


def _row(session: queries.SessionView) -> dict[str, Any]:
    return {
        "id": session.id,
        "browser": browser_of(session.user_agent),
        "created_at": session.created_at,
        "seen_at": session.seen_at,
    }


def _saved() -> Response:
    response = see_other("/account")
    flash(response, N_("Saved."))
    return response
