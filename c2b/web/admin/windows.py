"""Windows of payment providers that end while campaigns are not finished: what can be done, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.rules import may_change
from c2b.kit.errors import AppError
from c2b.kit.i18n import N_, gettext
from c2b.payments import ending
from c2b.payments.decided import CHOICES, Decided, decisions
from c2b.payments.watching import ending_windows
from c2b.payouts.queries import to_approve
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.pages import errors_by_field, form_of, page

WORDS = {
    "release": N_("Release what the manufacturer has earned before it ends"),
    "refund": N_("Refund everybody before it ends"),
    "anew": N_("Give back, and collect anew at a provider whose window is longer"),
    "by_bank": N_("Let it end; refunds after it go by bank transfer"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One window with what can be done about it now. ``earned_minor``: parts that can be released, minor units."""

    window: dict[str, Any]
    action: str
    earned_minor: int
    may_cancel: bool
    decided: Decided | None


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/money/windows: what ends within thirty days, or has ended."""
    return await _page(request)


@require("admin")
async def decide(request: Request) -> Response:
    """POST /admin/money/windows/{id}/{gateway}/{window}: what will be done about it, and why."""
    form, asked = await form_of(request), request.path_params
    typed = {name: str(form.get(name, "")) for name in ("choice", "note")}
    return await decided(
        ending.decide(actor_of(request), asked["id"], gateway=asked["gateway"], window=asked["window"], **typed),
        N_("Your decision is kept. It moves no money by itself."), to="/admin/money/windows",
        again=lambda error: _page(request, error=error, typed=typed, at=request.url.path),
    )  # fmt: skip


async def _page(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None, at: str = ""
) -> Response:
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/windows.html", status=error.status if error else 200, rows=await _rows(),
        choices=[(code, gettext(WORDS[code])) for code in CHOICES], errors=said, typed=typed or {}, at=at,
        words={code: gettext(text) for code, text in WORDS.items()},
        notice=error.text() if error and not said else None,
    )  # fmt: skip


async def _rows() -> list[Row]:
    windows = await ending_windows()
    known = await decisions(each["campaign_id"] for each in windows)
    earned: dict[str, int] = {}
    for part, order in await to_approve():
        earned[order.campaign_id] = earned.get(order.campaign_id, 0) + part.amount_minor
    return [
        Row(
            window=each,
            action=f"/admin/money/windows/{each['campaign_id']}/{each['gateway']}/{each['window']}",
            earned_minor=earned.get(each["campaign_id"], 0),
            may_cancel=may_change(each["state"], "canceled"),
            decided=known.get(ending.key_of(each)),
        )
        for each in windows
    ]
