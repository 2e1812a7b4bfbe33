"""API tokens: made with a form, shown once on the page that answers it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts import tokens
from c2b.kit.errors import AppError
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.account.profile import TEMPLATE, account_view, refused
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import form_of, page


@require()
async def create(request: Request) -> Response:
    """POST /account/tokens: the answer is the only page that ever shows the secret."""
    form = await form_of(request)
    values = {"token_name": str(form.get("name", "")), "days": str(form.get("days", ""))}
    days = int(values["days"]) if values["days"] in {"30", "90", "365"} else 0
    can_write = form.get("access") == "write"
    try:
        new = await tokens.create_token(
            actor_of(request), name=values["token_name"], days=days, can_write=can_write
        )
    except AppError as error:
        return await refused(request, error, values=values, part="token")
    view = {**await account_view(request), "new_token": new.secret}
    return page(request, TEMPLATE, status=201, values={}, errors={}, notice=None, **view)


@require()
async def revoke(request: Request) -> Response:
    """POST /account/tokens/{id}/revocation: it stops working at once."""
    await tokens.revoke_token(actor_of(request), request.path_params["id"])
    response = see_other("/account")
    flash(response, N_("The token is revoked."))
    return response
