"""Confirming an address. Mail programs open links by themselves, so opening one changes nothing yet."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.confirmation import confirm_email
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.auth import public
from c2b.web.flash import flash
from c2b.web.pages import page


@public
async def show(request: Request) -> Response:
    """GET /email-confirmations/{token}: a page with one button."""
    headers = {"Referrer-Policy": "no-referrer"}
    return page(request, "pages/account/confirmation.html", headers=headers, path=request.url.path)


@public
async def confirm(request: Request) -> Response:
    """POST /email-confirmations/{token}. Raises NotFound for a link that is not ours."""
    await confirm_email(request.path_params["token"])
    response = see_other("/")
    flash(response, N_("Your e-mail address is confirmed."))
    return response
