"""A member's tax invoice (fapiao): how it stands, asking for it, taking that back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.invoicing import operations
from c2b.invoicing.requests import InvoiceView, standing
from c2b.kit.errors import NotFound
from c2b.kit.i18n import gettext
from c2b.web.api.bodies import Optional, fields_of, one_of, text
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.invoices import REASONS
from c2b.web.views import idempotent, json_answer


@require_api("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{participation}/invoice: the latest request. 404 where there was none."""
    return await _now(request)


@require_api("consumer")
@idempotent
async def ask(request: Request) -> Response:
    """POST /participations/{participation}/invoice."""
    fields = await fields_of(
        request,
        title_kind=one_of("personal", "company"),
        title=text(most=160),
        tax_id=Optional(text(most=24), ""),
        email=text(most=254),
    )
    await operations.ask(actor_of(request), request.path_params["participation"], **fields)
    return await _now(request, status=201)


@require_api("consumer")
@idempotent
async def withdraw(request: Request) -> Response:
    """POST /participations/{participation}/invoice/withdrawal: until it is issued."""
    await operations.withdraw(actor_of(request), request.path_params["participation"])
    return await _now(request)


async def _now(request: Request, *, status: int = 200) -> Response:
    found = (await standing(actor_of(request), request.path_params["participation"])).latest
    if found is None:
        raise NotFound
    return json_answer(_shape(found), status=status)


def _shape(found: InvoiceView) -> dict[str, Any]:
    hidden = ("user_id", "member", "campaign_title", "campaign_code")
    shown = {key: value for key, value in asdict(found).items() if key not in hidden}
    return {**shown, "reason_text": gettext(REASONS[found.reason])}


ROUTES: list[Route] = [
    *resource("/participations/{participation:id}/invoice", get=show, post=ask),
    *resource("/participations/{participation:id}/invoice/withdrawal", post=withdraw),
]
