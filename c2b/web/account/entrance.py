"""Signing up, logging in and logging out, and coming back to where somebody was."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts import operations
from c2b.kit.errors import AppError
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, current_locale
from c2b.web.auth import client_ip, current_actor, public
from c2b.web.flash import flash
from c2b.web.navigation import home_of
from c2b.web.pages import form_of, next_of, page, refused_form
from c2b.web.security import forget, remember, session_token


@public
async def show_sign_up(request: Request) -> Response:
    """GET /sign-up?next=: the form; somebody who is logged in goes on at once."""
    return _entrance(request, "pages/account/sign_up.html")


@public
async def sign_up(request: Request) -> Response:
    """POST /sign-up: make the account and go on to ``next``."""
    form = await form_of(request)
    values = {name: str(form.get(name, "")) for name in ("name", "email")}
    onward = next_of(request, form)
    try:
        opened = await operations.sign_up(
            **values,
            password=str(form.get("password", "")),
            locale=current_locale(),
            ip=client_ip(request),
            user_agent=request.headers.get("user-agent", ""),
        )
    except AppError as error:
        return refused_form(request, "pages/account/sign_up.html", error, values=values, next=onward)
    response = see_other(onward)
    remember(response, opened)
    flash(response, N_("Welcome, {name}."), name=opened.actor.name)
    return response


@public
async def show_log_in(request: Request) -> Response:
    """GET /log-in?next=: the form; somebody who is logged in goes on at once."""
    return _entrance(request, "pages/account/log_in.html")


@public
async def log_in(request: Request) -> Response:
    """POST /log-in: open a session, end the one of the old cookie, go on to ``next``."""
    form = await form_of(request)
    email, onward = str(form.get("email", "")), next_of(request, form)
    try:
        opened = await operations.log_in(
            email=email,
            password=str(form.get("password", "")),
            ip=client_ip(request),
            user_agent=request.headers.get("user-agent", ""),
            replaces=session_token(request),
        )
    except AppError as error:
        return refused_form(request, "pages/account/log_in.html", error, values={"email": email}, next=onward)
    response = see_other(home_of(opened.actor) if onward == "/" else onward)
    remember(response, opened)
    return response


@public
async def log_out(request: Request) -> Response:
    """POST /log-out: end the session; twice is once."""
    token = session_token(request)
    if token:
        await operations.log_out(token)
    response = see_other("/")
    forget(response)
    flash(response, N_("You are logged out."), kind="info")
    return response


def _entrance(request: Request, template: str) -> Response:
    onward = next_of(request)
    actor = current_actor(request)
    if actor is not None:
        return see_other(home_of(actor) if onward == "/" else onward)
    return page(request, template, values={}, errors={}, notice=None, next=onward)
