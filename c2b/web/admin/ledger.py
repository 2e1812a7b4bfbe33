"""The book for admins: accounts, what moved on one of them and why, and the trial balance of a month."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from c2b.insights.owners import owners_of, pages_of
from c2b.kit.http.paging import window_of
from c2b.kit.i18n import N_, gettext
from c2b.kit.months import month_of
from c2b.ledger import exploring, queries
from c2b.ledger.rules import CHART
from c2b.web.auth import require
from c2b.web.pages import page

#: What moved money, in words.
CAUSES = {
    "payment": N_("Payment"),
    "refund": N_("Refund"),
    "refund_failed": N_("Refund that came back"),
    "bank_line": N_("Line of our bank statement"),
    "bank_own": N_("Our own money, by the bank statement"),
    "bank_return": N_("Sent back to its sender"),
    "release": N_("Part released to a manufacturer"),
    "payout": N_("Payout to a manufacturer"),
    "netting": N_("Netted with what is owed back"),
    "shortage": N_("Less, since units were short"),
    "fee": N_("Platform fee"),
    "commission": N_("Commission earned"),
    "commission_back": N_("Commission taken back"),
    "commission_expired": N_("Commission expired"),
    "commission_paid": N_("Commission paid out"),
    "provider_fee": N_("Fee kept by a provider"),
    "settlement": N_("Provider's payout to the bank"),
    "rest": N_("Rest of a finished campaign"),
}


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One movement in words. ``page``: where its cause is shown, or nothing."""

    entry: exploring.Entry
    cause: str
    page: str
    other: str


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/ledger?kind=&currency=&cursor=."""
    window, known = window_of(request.query_params), await exploring.currencies()
    kind = _one_of(request, "kind", [each.prefix for each in CHART])
    currency = _one_of(request, "currency", known)
    found = await exploring.accounts(window, kind=kind, currency=currency)
    return page(
        request, "pages/admin/ledger.html", lines=found.items, next_cursor=found.next_cursor,
        first=window.after is None, kind=kind, currency=currency, currencies=[(each, each) for each in known],
        owners=await owners_of(line.id for line in found.items),
        kinds=[(each.prefix, gettext(each.title)) for each in CHART],
    )  # fmt: skip


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/ledger/accounts/{account}?cursor=: newest first, each with the balance after it."""
    account_id, window = request.path_params["account"], window_of(request.query_params)
    line = await exploring.account(account_id)
    found = await exploring.entries(account_id, window)
    owners = await owners_of([account_id, *(each.other for each in found.items)])
    pages = await pages_of((each.cause, each.cause_id) for each in found.items)
    return page(
        request, "pages/admin/ledger_account.html", line=line, owner=owners.get(account_id, ""),
        lines=[
            EntryLine(
                entry=each, cause=gettext(CAUSES.get(each.cause, each.cause)),
                page=pages.get((each.cause, each.cause_id), ""), other=owners.get(each.other, ""),
            )
            for each in found.items
        ],
        next_cursor=found.next_cursor, first=window.after is None,
    )  # fmt: skip


@require("admin")
async def trial_balance(request: Request) -> Response:
    """GET /admin/ledger/trial-balance?month=2026-11, with whatever is wrong with the book itself."""
    month = month_of(request.query_params.get("month"))
    trials = await exploring.trial_balance(month)
    names = await owners_of(own.id for trial in trials for kind in trial.kinds for own in kind.accounts)
    return page(
        request,
        "pages/admin/trial_balance.html",
        trials=trials,
        month=month.isoformat()[:7],
        owners=names,
        faults=await queries.faults(),
    )


def _one_of(request: Request, name: str, known: list[str]) -> str:
    asked = request.query_params.get(name, "")
    return asked if asked in known else ""
