"""The rooms of money for admins, each with what waits there."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from c2b.invoicing import requests as invoices
from c2b.kit.i18n import N_, gettext
from c2b.payments import cases, disbursements, refunds
from c2b.payments.ending import undecided
from c2b.payments.statement import reading as statement
from c2b.payouts import queries as payouts
from c2b.referrals import queries as commissions
from c2b.web.auth import require
from c2b.web.pages import page


@dataclass(frozen=True)
class Room:
    """One room: where it is, what it is for, how many things in it wait for a person."""

    path: str
    title: str
    about: str
    waiting: int


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/money."""
    found = [
        ("/admin/refunds?state=waiting", N_("Refunds"), N_("What does not go back by itself."),
         await refunds.waiting()),
        ("/admin/payouts", N_("Payouts to manufacturers"), N_("Parts to release, and what manufacturers are owed."),
         len(await payouts.to_approve())),
        ("/admin/commissions", N_("Commissions"), N_("Payouts that members ask for."), await commissions.waiting()),
        ("/admin/bank-lines", N_("Bank statement"), N_("What has come in: what it pays, and what goes back."),
         await statement.waiting()),
        ("/admin/disbursements", N_("Bank transfers"), N_("To approve and to send."), await disbursements.waiting()),
        ("/admin/invoices", N_("Tax invoices"), N_("To issue, and to take back by red notes."),
         await invoices.waiting()),
        ("/admin/reconciliation", N_("Reconciliation"), N_("Differences to the providers' records."),
         await cases.open_cases()),
        ("/admin/money/windows", N_("Windows that end"), N_("Providers that soon hold or refund no more."),
         await undecided()),
    ]  # fmt: skip
    found.append(
        ("/admin/ledger", N_("The book"), N_("Every account, and every movement with its cause."), 0)
    )
    rooms = [Room(path, gettext(title), gettext(about), waiting) for path, title, about, waiting in found]
    return page(request, "pages/admin/money.html", rooms=rooms)
