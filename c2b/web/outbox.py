"""The local outbox: where mails land when there is no mail server.

Admins read all of them, in the one-process demo everybody those addressed to them. With a mail server these pages do
not exist. A mail's HTML is shown in a frame that may run nothing and may load nothing.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from c2b.accounts.rules import Actor
from c2b.kit.errors import NotFound
from c2b.kit.http.headers import content_security_policy
from c2b.kit.http.paging import slice_of, window_of
from c2b.kit.i18n import LANGUAGE_NAMES
from c2b.notifications.queries import MailView, latest_mails, mail_of
from c2b.web.auth import actor_of, require
from c2b.web.navigation import sees_mails
from c2b.web.pages import page

#: Our own policy, and one frame of ours.
WITH_FRAME = f"{content_security_policy()}; frame-src 'self'"
#: Nothing in a mail runs, loads or sends; its links may lead this window on when somebody clicks them.
IN_FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-top-navigation-by-user-activation allow-popups"
)
#: Links in a frame would open in the frame.
TO_THE_WINDOW = '<base target="_top">'


@require()
async def index(request: Request) -> Response:
    """GET /outbox?cursor=: the newest first."""
    actor = _reader(request)
    window = window_of(request.query_params)
    rows = await latest_mails(
        limit=window.limit + 1,
        before=str(window.after[0]) if window.after else None,
        recipient_id=None if actor.is_admin else actor.id,
    )
    found = slice_of(rows, window, lambda mail: (mail.id,))
    return page(
        request,
        "pages/outbox/index.html",
        mails=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
        everything=actor.is_admin,
        languages=dict(LANGUAGE_NAMES),
    )


@require()
async def show(request: Request) -> Response:
    """GET /outbox/{id}: as its reader sees it, and as plain text."""
    mail = await _own(_reader(request), request.path_params["id"])
    return page(
        request,
        "pages/outbox/mail.html",
        headers={"Content-Security-Policy": WITH_FRAME},
        mail=mail,
        languages=dict(LANGUAGE_NAMES),
    )


@require()
async def content(request: Request) -> Response:
    """GET /outbox/{id}/content: the HTML alone, for the frame."""
    mail = await _own(_reader(request), request.path_params["id"])
    html = mail.html.replace("<head>", f"<head>{TO_THE_WINDOW}", 1)
    return HTMLResponse(html, headers={"Content-Security-Policy": IN_FRAME, "X-Frame-Options": "SAMEORIGIN"})


def _reader(request: Request) -> Actor:
    actor = actor_of(request)
    if not sees_mails(actor):
        raise NotFound
    return actor


async def _own(actor: Actor, mail_id: str) -> MailView:
    mail = await mail_of(mail_id)
    if not actor.is_admin and mail.recipient_id != actor.id:
        raise NotFound
    return mail


routes = [
    Route("/outbox", index, methods=["GET"]),
    Route("/outbox/{id:id}", show, methods=["GET"]),
    Route("/outbox/{id:id}/content", content, methods=["GET"]),
]
