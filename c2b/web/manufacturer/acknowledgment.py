"""The manufacturer's answer to a purchase order: accepted or rejected, signed by name for one revision hash."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.purchasing.operations import acknowledge
from c2b.purchasing.queries import order_view
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.manufacturer.orders import view
from c2b.web.pages import form_of, refused_form

FIELDS = ("decision", "signer_name", "signer_role", "note")
SAID = {
    "accepted": N_("Purchase order {number} is accepted. Production can be planned now."),
    "rejected": N_("Purchase order {number} is rejected. The platform reads your note and answers."),
}


@require("manufacturer")
async def create(request: Request) -> Response:
    """POST /manufacturer/orders/{id}/acknowledgment: once; the same answer again leads to the same page."""
    actor, order_id = actor_of(request), request.path_params["id"]
    form = await form_of(request)
    values = {name: str(form.get(name, "")) for name in FIELDS}
    try:
        answer = await acknowledge(
            actor,
            order_id,
            revision=_revision(form),
            revision_digest=str(form.get("revision_digest", "")),
            **values,
        )
    except (Invalid, Conflict) as error:
        order = await order_view(actor, order_id)
        context = await view(actor, order)
        return refused_form(request, "pages/manufacturer/order.html", error, values=values, **context)
    order = await order_view(actor, order_id)
    response = see_other(f"/manufacturer/orders/{order_id}")
    flash(response, SAID[answer.decision], number=order.line.number)
    return response


def _revision(form: FormData) -> int:
    """The revision that was read; 0, which none has, for anything that is not a number."""
    text = str(form.get("revision", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
