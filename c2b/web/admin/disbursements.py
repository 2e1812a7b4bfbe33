"""Bank transfers for admins: what waits for approval or to be sent, each with its payee and what this admin may do."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError
from c2b.kit.http.paging import window_of
from c2b.kit.i18n import N_, gettext
from c2b.payments import disbursements, disbursing
from c2b.payments.batches import FiledBefore
from c2b.payments.disbursements import KINDS, STATES
from c2b.payments.disbursing import Payee
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.pages import errors_by_field, form_of, page

STATE_WORDS = {
    "proposed": (N_("To approve"), "wait"),
    "approved": (N_("To send"), "wait"),
    "sent": (N_("Sent"), "good"),
    "refused": (N_("Called off"), "neutral"),
}
KIND_WORDS = {
    "refund": N_("Refund"),
    "payout": N_("Payout to a manufacturer"),
    "commission": N_("Commission"),
    "return": N_("Back to its sender"),
}
#: Where an admin reads what a transfer is for.
SUBJECTS = {
    "payout": "/admin/payouts",
    "commission": "/admin/commissions/withdrawals/{id}",
    "refund": "/admin/refunds/{id}",
    "return": "/admin/bank-lines/{id}",
}
NO_STORE = {"Cache-Control": "no-store"}


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/disbursements?state=&kind=&cursor=&all=: newest first; ``all`` has every one of the page chosen."""
    return await listed(request, chosen=() if "all" not in request.query_params else None)


async def listed(
    request: Request, *, chosen: Collection[str] | None = (), error: AppError | None = None, typed: str = ""
) -> Response:
    """The list, with these of it chosen (``None``: all that were in no file yet), and what is wrong with a batch."""
    state, kind = _one_of(request, "state", STATES), _one_of(request, "kind", KINDS)
    window = window_of(request.query_params)
    found = await disbursements.disbursements(window, state=state, kind=kind)
    if chosen is None:
        chosen = {line.id for line in found.items if not line.filed_at}
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/disbursements.html", status=error.status if error else 200, chosen=chosen, typed=typed,
        errors=said, notice=said.get("id") or (error.text() if error and not said else None),
        filed=isinstance(error, FiledBefore), lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, state=state, kind=kind, waiting=await disbursements.waiting(),
        states_to_choose=[(code, gettext(text)) for code, (text, _) in STATE_WORDS.items()],
        kinds_to_choose=[(code, gettext(text)) for code, text in KIND_WORDS.items()], **_words(),
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/disbursements/{id}."""
    return await _one(request)


@require("admin")
async def reveal(request: Request) -> Response:
    """POST /admin/disbursements/{id}/payee: read the account in the open; that is written down."""
    payee = await disbursing.reveal(actor_of(request), request.path_params["id"])
    return await _one(request, opened=payee)


@require("admin")
async def approve(request: Request) -> Response:
    """POST /admin/disbursements/{id}/approval."""
    doing = disbursing.approve(actor_of(request), request.path_params["id"])
    return await _decided(request, doing, N_("Approved. It waits to be sent."))


@require("admin")
async def refuse(request: Request) -> Response:
    """POST /admin/disbursements/{id}/refusal."""
    reason = str((await form_of(request)).get("reason", ""))
    doing = disbursing.refuse(actor_of(request), request.path_params["id"], reason=reason)
    return await _decided(request, doing, N_("Called off. Nothing was sent."), typed=reason)


@require("admin")
async def send(request: Request) -> Response:
    """POST /admin/disbursements/{id}/dispatch: the bank has carried it out, under this reference."""
    reference = str((await form_of(request)).get("bank_reference", ""))
    doing = disbursing.mark_sent(actor_of(request), request.path_params["id"], bank_reference=reference)
    return await _decided(request, doing, N_("Booked as sent."), typed=reference)


async def _decided(request: Request, doing: Awaitable[None], message: str, *, typed: str = "") -> Response:
    return await decided(
        doing, message, to=f"/admin/disbursements/{request.path_params['id']}",
        again=lambda error: _one(request, error=error, typed=typed),
    )  # fmt: skip


async def _one(
    request: Request, *, error: AppError | None = None, typed: str = "", opened: Payee | None = None
) -> Response:
    view = await disbursements.disbursement(actor_of(request), request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/disbursement.html", status=error.status if error else 200, headers=NO_STORE,
        here=f"/admin/disbursements/{view.line.id}", view=view, opened=opened, errors=said, typed=typed,
        notice=error.text() if error and not said else None,
        subject=SUBJECTS[view.line.kind].format(id=view.line.subject_id), **_words(),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    return {
        "states": {code: (gettext(text), tone) for code, (text, tone) in STATE_WORDS.items()},
        "kinds": {code: gettext(text) for code, text in KIND_WORDS.items()},
    }


def _one_of(request: Request, name: str, known: tuple[str, ...]) -> str:
    asked = request.query_params.get(name, "")
    return asked if asked in known else ""
