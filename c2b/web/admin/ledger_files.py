"""The book as tables for spreadsheet programs: the movements of an account, the trial balance of a month."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from c2b.insights.owners import owners_of
from c2b.kit import sheets
from c2b.kit.downloads import Download
from c2b.kit.http.paging import Window
from c2b.kit.i18n import gettext
from c2b.kit.ids import sha256_hex
from c2b.kit.money import Amount
from c2b.kit.months import BEIJING, month_of
from c2b.ledger import exploring
from c2b.ledger.exploring import Sums, Trial
from c2b.web.admin.ledger import CAUSES
from c2b.web.auth import require

#: An account may have more; the file then holds the latest and says so in its last line.
MOST = 100_000
Row = list[sheets.Cell]


@require("admin")
async def movements(request: Request) -> Response:
    """GET /admin/ledger/accounts/{account}/movements.csv (.xlsx): newest first, in the reader's language."""
    account_id = request.path_params["account"]
    line = await exploring.account(account_id)
    part = await exploring.entries(account_id, Window(limit=MOST))
    found = part.items
    owners = await owners_of({each.other for each in found})
    heads: Row = [
        gettext("When"), gettext("Cause"), gettext("Its number"), gettext("Other account"), gettext("Owner"),
        gettext("Movement"), gettext("Balance after it"), gettext("Currency"), gettext("Movement in minor units"),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            each.at.astimezone(BEIJING).isoformat(timespec="seconds"),
            gettext(CAUSES.get(each.cause, each.cause)), each.cause_id, each.other, owners.get(each.other, ""),
            Amount(each.change_minor, line.currency), Amount(each.balance_minor, line.currency), line.currency,
            each.change_minor,
        ]
        for each in found
    ]  # fmt: skip
    if part.next_cursor:
        rows.append([gettext("There are older movements than these: the page shows them.")])
    return _file(request, "movements", [heads, *rows])


@require("admin")
async def trial_balance(request: Request) -> Response:
    """GET /admin/ledger/trial-balance.csv (.xlsx)?month=: account by account."""
    month = month_of(request.query_params.get("month"))
    trials = await exploring.trial_balance(month)
    owners = await owners_of(own.id for trial in trials for kind in trial.kinds for own in kind.accounts)
    heads: Row = [
        gettext("Currency"), gettext("Kind"), gettext("Account of the book"), gettext("Owner"),
        gettext("At the beginning"), gettext("Debit"), gettext("Credit"), gettext("At the end"),
    ]  # fmt: skip
    rows = [row for trial in trials for row in _rows(trial, owners)]
    return _file(request, f"trial-balance-{month:%Y-%m}", [heads, *rows])


def _rows(trial: Trial, owners: dict[str, str]) -> Iterator[Row]:
    for kind in trial.kinds:
        for own in kind.accounts:
            yield [
                trial.currency,
                gettext(kind.kind.title),
                own.id,
                owners.get(own.id, ""),
                *_sums(own, trial),
            ]


def _sums(own: Sums, trial: Trial) -> Row:
    amounts = (own.opening_minor, own.debit_minor, own.credit_minor, own.closing_minor)
    return [Amount(minor, trial.currency) for minor in amounts]


def _file(request: Request, name: str, rows: list[Row]) -> Response:
    return table_file(name, rows, workbook=request.url.path.endswith(".xlsx"))


def table_file(name: str, rows: list[Row], *, workbook: bool) -> Response:
    """A table as a workbook, or as CSV."""
    if workbook:
        data, media_type, suffix = sheets.xlsx_of(name, rows), sheets.XLSX, "xlsx"
    else:  # Excel wants the mark
        data, media_type, suffix = sheets.csv_of(rows).encode("utf-8-sig"), "text/csv; charset=utf-8", "csv"
    file = Download(f"{name}.{suffix}", media_type, data, sha256_hex(data))
    return Response(file.data, headers=file.headers())
