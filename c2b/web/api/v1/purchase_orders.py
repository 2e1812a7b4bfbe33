"""Purchase orders: for their manufacturer and admins; members learn number and state."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.kit.errors import NotFound
from c2b.purchasing import operations, queries
from c2b.purchasing.shown import STATE_LABELS, UnitRow
from c2b.web.api.bodies import Optional, fields_of, one_of, text, whole
from c2b.web.api.listing import listed, number, window, word
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer


@require_api("manufacturer", "admin")
async def index(request: Request) -> Response:
    """GET /purchase-orders?state=: newest first."""
    state = word(request, "state", STATE_LABELS)
    return listed(await queries.orders_of(actor_of(request), window(request), state=state))


@require_api("manufacturer", "admin")
async def show(request: Request) -> Response:
    """GET /purchase-orders/{order}?revision=: the current revision, or an earlier one."""
    revision = number(request, "revision", most=9999)
    view = await queries.order_view(actor_of(request), request.path_params["order"], revision=revision)
    fields = {name: getattr(view, name) for name in view.__dataclass_fields__ if name not in ("line", "page")}
    return json_answer({**view.line.__dict__, "shown_revision": revision or view.line.revision, **fields})


@require_api("manufacturer", "admin")
async def units(request: Request) -> Response:
    """GET /purchase-orders/{order}/units: opaque unit ids with the personal work on each."""
    found = await queries.units_of(actor_of(request), request.path_params["order"], window(request))
    return listed(found, _unit)


@require_api("manufacturer", "admin")
async def document(request: Request) -> Response:
    """GET /documents/{document}: the PDF, to be saved."""
    file = await queries.document_file(actor_of(request), request.path_params["document"])
    headers = file.headers()
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    return Response(file.data, headers=headers)


@require_api("manufacturer")
@idempotent
async def acknowledge(request: Request) -> Response:
    """POST /purchase-orders/{order}/acknowledgment: accept or reject the revision with this hash."""
    fields = await fields_of(
        request,
        revision=whole(least=1, most=9999),
        revision_digest=text(least=64, most=64),
        decision=one_of("accepted", "rejected"),
        signer_name=text(most=200),
        signer_role=Optional(text(most=200), ""),
        note=Optional(text(most=4000), ""),
    )
    answer = await operations.acknowledge(actor_of(request), request.path_params["order"], **fields)
    return json_answer(answer, status=201)


@require_api("admin")
@idempotent
async def extend(request: Request) -> Response:
    """POST /purchase-orders/{order}/extension: more days for the manufacturer's answer."""
    fields = await fields_of(request, days=whole(least=1, most=operations.MAX_EXTENSION_DAYS))
    until = await operations.extend_validity(actor_of(request), request.path_params["order"], **fields)
    return json_answer({"validity_until": until}, status=201)


@require_api("admin")
@idempotent
async def reissue(request: Request) -> Response:
    """POST /purchase-orders/{order}/revisions: the next revision, after a rejection or when the time ran out."""
    fields = await fields_of(request, reason=text(most=2000))
    revision = await operations.reissue(actor_of(request), request.path_params["order"], **fields)
    return json_answer({"revision": revision}, status=201)


@require_api("consumer", "admin")
async def brief(request: Request) -> Response:
    """GET /campaigns/{campaign}/purchase-order: number and state, for members, organizer and admins."""
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["campaign"])
    found = await queries.order_brief(actor, campaign["id"])
    if found is None:
        raise NotFound
    return json_answer(found)


def _unit(row: UnitRow) -> dict[str, Any]:
    """A unit; the dash that paper shows for no personal work is an empty list here."""
    personal = [] if row.personalization == ["–"] else row.personalization
    return {"unit_id": row.unit_id, "line_no": row.line_no, "personalization": personal}


ROUTES: list[Route] = [
    *resource("/purchase-orders", get=index),
    *resource("/purchase-orders/{order:id}", get=show),
    *resource("/purchase-orders/{order:id}/units", get=units),
    *resource("/purchase-orders/{order:id}/acknowledgment", post=acknowledge),
    *resource("/purchase-orders/{order:id}/extension", post=extend),
    *resource("/purchase-orders/{order:id}/revisions", post=reissue),
    *resource("/documents/{document:id}", get=document),
    *resource("/campaigns/{campaign:name}/purchase-order", get=brief),
]
