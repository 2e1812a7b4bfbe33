"""Commissions for admins: payouts to review, everything that was earned, and which market pays how many levels."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.referrals import operations, queries
from c2b.referrals.identities import Identity
from c2b.referrals.markets import markets
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.consumer.commissions import NO_STORE, STATES, WITHDRAWAL_STATES, words
from c2b.web.flash import flash
from c2b.web.pages import errors_by_field, form_of, page

BINDING_STATES = {
    "bound": (N_("In force"), "good"),
    "expired": (N_("Ended"), "neutral"),
    "void": (N_("Does not count"), "bad"),
}


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/commissions?state=&cursor=: payouts that members asked for, newest first."""
    state = _one_of(request, queries.WITHDRAWAL_STATES)
    window = window_of(request.query_params)
    found = await queries.withdrawals(window, state=state)
    return page(
        request, "pages/admin/commissions.html", lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, state=state, waiting=await queries.waiting(), options=_options(WITHDRAWAL_STATES),
        **words(),
    )  # fmt: skip


@require("admin")
async def earned(request: Request) -> Response:
    """GET /admin/commissions/earned?state=&cursor=: every commission, newest first."""
    state = _one_of(request, queries.STATES)
    window = window_of(request.query_params)
    found = await queries.commissions(window, state=state)
    return page(
        request, "pages/admin/commissions_earned.html", lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, state=state, options=_options(STATES), **words(),
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/commissions/withdrawals/{id}."""
    return await _withdrawal(request)


@require("admin")
async def approve(request: Request) -> Response:
    """POST /admin/commissions/withdrawals/{id}/approval: the bank transfer is proposed."""
    doing = operations.approve(actor_of(request), request.path_params["id"])
    return await _decided(request, doing, N_("Approved. The bank transfer waits to be sent."))


@require("admin")
async def refuse(request: Request) -> Response:
    """POST /admin/commissions/withdrawals/{id}/refusal: the member reads the reason."""
    reason = str((await form_of(request)).get("reason", ""))
    doing = operations.refuse(actor_of(request), request.path_params["id"], reason=reason)
    return await _decided(request, doing, N_("Refused. The member has been told why."), typed=reason)


@require("admin")
async def reveal(request: Request) -> Response:
    """POST /admin/commissions/withdrawals/{id}/identity: read the identity in the open; that is written down."""
    view = await queries.withdrawal_view(request.path_params["id"])
    identity = await operations.reveal(actor_of(request), view.line.user_id, withdrawal_id=view.line.id)
    return await _withdrawal(request, opened=identity)


@require("admin")
async def void(request: Request) -> Response:
    """POST /admin/commissions/bindings/{id}/voiding: an invitation that was none earns nothing more."""
    form = await form_of(request)
    await operations.void_binding(
        actor_of(request), request.path_params["id"], reason=str(form.get("reason", ""))
    )
    response = see_other("/admin/commissions")
    flash(response, N_("The invitation does not count any more."))
    return response


@require("admin")
async def show_markets(request: Request) -> Response:
    """GET /admin/commissions/markets."""
    return await _markets(request)


@require("admin")
async def allow(request: Request) -> Response:
    """POST /admin/commissions/markets/{market}/approval: first the reference, then the same again to confirm it."""
    form = await form_of(request)
    market, reference = request.path_params["market"], str(form.get("reference", "")).strip()
    if reference and form.get("confirmed") != "yes":
        titles = {each.code: each.title for each in await markets()}
        if market in titles:
            return page(
                request, "pages/admin/market_confirmation.html", here="/admin/commissions/markets", market=market,
                title=gettext(titles[market]), reference=reference[:160],
            )  # fmt: skip
    try:
        await operations.allow_second_level(
            actor_of(request), market, reference=reference, confirmed=form.get("confirmed") == "yes"
        )
    except (Invalid, Conflict) as error:
        return await _markets(request, error=error, market=market)
    response = see_other("/admin/commissions/markets")
    flash(response, N_("Orders that lock from now on pay two levels there."))
    return response


@require("admin")
async def revoke(request: Request) -> Response:
    """POST /admin/commissions/markets/{market}/revocation."""
    try:
        await operations.revoke_second_level(actor_of(request), request.path_params["market"])
    except Conflict as error:
        return await _markets(request, error=error, market=request.path_params["market"])
    response = see_other("/admin/commissions/markets")
    flash(response, N_("Revoked. Nothing new is earned at the second level there."))
    return response


async def _decided(request: Request, doing: Awaitable[None], message: str, *, typed: str = "") -> Response:
    return await decided(
        doing, message, to=f"/admin/commissions/withdrawals/{request.path_params['id']}",
        again=lambda error: _withdrawal(request, error=error, typed=typed),
    )  # fmt: skip


async def _withdrawal(
    request: Request, *, error: AppError | None = None, typed: str = "", opened: Identity | None = None
) -> Response:
    view = await queries.withdrawal_view(request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/withdrawal.html", status=error.status if error else 200, headers=NO_STORE,
        here=f"/admin/commissions/withdrawals/{view.line.id}", view=view, opened=opened, errors=said, typed=typed,
        notice=error.text() if error and not said else None,
        binding_states={code: (gettext(text), tone) for code, (text, tone) in BINDING_STATES.items()}, **words(),
    )  # fmt: skip


async def _markets(request: Request, *, error: AppError | None = None, market: str = "") -> Response:
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/markets.html", status=error.status if error else 200,
        here="/admin/commissions/markets", markets=[(each, gettext(each.title)) for each in await markets()],
        errors=said, wrong=market, notice=error.text() if error and not said else None,
    )  # fmt: skip


def _options(states: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, (text, _) in states.items()]


def _one_of(request: Request, known: tuple[str, ...]) -> str:
    asked = request.query_params.get("state", "")
    return asked if asked in known else ""
