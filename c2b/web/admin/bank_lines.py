"""Our bank's statement for admins: enter its lines or read a file, say what each pays, or send it back."""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from c2b.kit import clock
from c2b.kit.errors import AppError, Conflict, FieldError, Invalid
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.kit.money import exponent, parse_money
from c2b.payments.disbursing import Payee, checked_payee
from c2b.payments.gateways import enabled, gateway
from c2b.payments.statement import deciding, keeping, reading
from c2b.payments.statement.entering import Line, enter, enter_all
from c2b.payments.statement.importing import MAX_BYTES, read_statement
from c2b.web.admin.deciding import decided
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import errors_by_field, form_of, page

HERE = "/admin/bank-lines"
NO_STORE = {"Cache-Control": "no-store"}
STATE_WORDS = {
    "open": (N_("To decide"), "wait"),
    "assigned": (N_("Assigned"), "good"),
    "returning": (N_("Going back"), "wait"),
    "returned": (N_("Sent back"), "neutral"),
    "own": (N_("Our own money"), "neutral"),
}
FIT_WORDS = {
    reading.FITS: (N_("Makes up the payment"), "good"),
    reading.SHORT: (N_("Too little: the rest is waited for"), "wait"),
    reading.OVER: (N_("Too much: the rest goes back"), "wait"),
    reading.LATE: (N_("The place is gone: all of it goes back"), "bad"),
    reading.PAID: (N_("This payment is paid"), "bad"),
    reading.OTHER: (N_("Another currency"), "bad"),
}
STRANDED = (N_("A part, and the rest is not waited for"), "bad")
_TYPED = ("booked_on", "amount", "currency", "payer_name", "account", "bank", "text", "reference")


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/bank-lines?state=&cursor=: what waits for a decision, unless told otherwise."""
    return await _list(request)


@require("admin")
async def create(request: Request) -> Response:
    """POST /admin/bank-lines: one line, typed from the statement."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")).strip() for name in _TYPED}
    try:
        line_id = await enter(actor_of(request), _typed_line(typed))
    except (Invalid, Conflict) as error:
        return await _list(request, error=error, typed=typed)
    response = see_other(f"{HERE}/{line_id}")
    flash(response, N_("The line is in the book."))
    return response


@require("admin")
async def read_file(request: Request) -> Response:
    """POST /admin/bank-lines/import: the lines of a CSV file, all of them or none."""
    form = await form_of(request, max_files=1)
    try:
        sent = form.get("file")
        data = await sent.read(MAX_BYTES + 1) if isinstance(sent, UploadFile) else b""
        if not data:
            raise Invalid(fields=[FieldError("file", "required", N_("Choose a file."))])
        found = read_statement(data)
        entered = await enter_all(actor_of(request), found.lines)
    except (Invalid, Conflict) as error:
        return await _list(request, error=error, reading_file=True)
    finally:
        await form.close()
    response = see_other(HERE)
    flash(
        response, N_("Lines: {new} new, {known} known before, {outgoing} left out because money went out."),
        new=entered.new, known=entered.known, outgoing=found.outgoing,
    )  # fmt: skip
    return response


@require("admin")
async def assign_fitting(request: Request) -> Response:
    """POST /admin/bank-lines/fitting: all that exactly make up the payment whose reference they carry."""
    done = await deciding.assign_fitting(actor_of(request))
    response = see_other(HERE)
    flash(response, N_("Payments confirmed: {n}."), n=done)
    return response


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/bank-lines/{id}."""
    return await _one(request)


@require("admin")
async def assign(request: Request) -> Response:
    """POST /admin/bank-lines/{id}/assignment: it pays ``payment``, or the one whose ``reference`` was typed."""
    form = await form_of(request)
    payment_id, written = str(form.get("payment", "")), str(form.get("written", ""))
    try:
        if not payment_id:
            payment_id = await reading.by_reference(written) or ""
        if not payment_id:
            raise Invalid(fields=[FieldError("written", "unknown", N_("No payment has this reference."))])
        captured = await deciding.assign(actor_of(request), request.path_params["id"], payment_id)
    except (Invalid, Conflict) as error:
        return await _one(request, error=error, typed={"written": written})
    response = see_other(f"{HERE}/{request.path_params['id']}")
    flash(
        response,
        N_("The payment is confirmed.") if captured else N_("Kept for this payment; the rest is missing."),
    )
    return response


@require("admin")
async def send_back(request: Request) -> Response:
    """POST /admin/bank-lines/{id}/return: propose the transfer back to the sender."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in ("note", "payee_name", "payee_account", "payee_bank")}
    return await decided(
        _send_back(request, typed), N_("The bank transfer is proposed. It is approved and sent like every transfer."),
        to=f"{HERE}/{request.path_params['id']}", again=lambda error: _one(request, error=error, typed=typed),
    )  # fmt: skip


@require("admin")
async def keep(request: Request) -> Response:
    """POST /admin/bank-lines/{id}/own: no member sent it; ``what``: ``payout:<id>``, a provider, or other."""
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in ("what", "what_note")}
    kind, _, payout = typed["what"].partition(":")
    said = {"payout_id": payout} if kind == "payout" else {"source": typed["what"]}
    doing = keeping.keep(actor_of(request), request.path_params["id"], note=typed["what_note"], **said)
    return await decided(
        doing, N_("Written down as our own money."), to=f"{HERE}/{request.path_params['id']}",
        again=lambda error: _one(request, error=error, typed=typed),
    )  # fmt: skip


@require("admin")
async def reopen(request: Request) -> Response:
    """POST /admin/bank-lines/{id}/reopening: it was not our own money."""
    reason = str((await form_of(request)).get("reason", ""))
    return await decided(
        keeping.reopen(actor_of(request), request.path_params["id"], note=reason),
        N_("The line waits for a decision again."), to=f"{HERE}/{request.path_params['id']}",
        again=lambda error: _one(request, error=error, typed={"reason": reason}),
    )  # fmt: skip


async def _send_back(request: Request, typed: dict[str, str]) -> None:
    payee: Payee | None = None
    if typed["payee_account"].strip():
        payee = checked_payee(typed["payee_name"], typed["payee_account"], typed["payee_bank"])
    await deciding.send_back(actor_of(request), request.path_params["id"], payee=payee, note=typed["note"])


def _typed_line(typed: dict[str, str]) -> Line:
    """Raises ``Invalid`` for what is no amount or no date; the rest is looked at by ``enter``."""
    wrong, amount, booked_on = [], 0, clock.today()
    try:
        exponent(typed["currency"])
        amount = parse_money(typed["amount"], typed["currency"])
    except ValueError:
        wrong.append(FieldError("amount", "amount", N_("This is no amount: write 1234.50.")))
    try:
        booked_on = date.fromisoformat(typed["booked_on"])
    except ValueError:
        wrong.append(FieldError("booked_on", "date", N_("This is no date: write 2026-11-23.")))
    if wrong:
        raise Invalid(fields=wrong)
    more = {name: typed[name] for name in ("currency", "payer_name", "account", "bank", "text", "reference")}
    return Line(booked_on=booked_on, amount_minor=amount, **more)


async def _list(
    request: Request,
    *,
    error: AppError | None = None,
    typed: dict[str, str] | None = None,
    reading_file: bool = False,
) -> Response:
    state = request.query_params.get("state", "open")
    state = state if state in ("", *reading.STATES) else "open"
    window = window_of(request.query_params)
    found = await reading.lines(window, state=state)
    said = errors_by_field(error.fields) if error and not reading_file else {}
    faults = [(each.path, each.text()) for each in error.fields] if error and reading_file else []
    return page(
        request, "pages/admin/bank_lines.html", status=error.status if error else 200, headers=NO_STORE, here=HERE,
        lines=found.items, next_cursor=found.next_cursor, first=window.after is None, state=state,
        waiting=await reading.waiting(), fitting=len(await reading.fitting()), errors=said, faults=faults,
        typed=typed or {"booked_on": clock.today().isoformat()}, currencies=_currencies(),
        notice=error.text() if error and not said and not faults else None,
        states_to_choose=[(code, gettext(text)) for code, (text, _) in STATE_WORDS.items()], **_words(),
    )  # fmt: skip


async def _one(
    request: Request, *, error: AppError | None = None, typed: dict[str, str] | None = None
) -> Response:
    view = await reading.line(request.path_params["id"])
    said = errors_by_field(error.fields) if error else {}
    return page(
        request, "pages/admin/bank_line.html", status=error.status if error else 200, headers=NO_STORE,
        here=f"{HERE}/{view.line.id}", view=view, errors=said, typed=typed or {},
        notice=error.text() if error and not said else None, **_words(),
    )  # fmt: skip


def _currencies() -> list[tuple[str, str]]:
    """Those of our accounts first; the usual ones where no account is set up."""
    ours = sorted(gateway("bank").capabilities.currencies) if "bank" in enabled() else []
    return [(code, code) for code in dict.fromkeys([*ours, "CNY", "EUR", "USD", "JPY"])]


def _words() -> dict[str, Any]:
    return {
        "states": {code: (gettext(text), tone) for code, (text, tone) in STATE_WORDS.items()},
        "stranded": (gettext(STRANDED[0]), STRANDED[1]),
        "fits": {code: (gettext(text), tone) for code, (text, tone) in FIT_WORDS.items()},
    }
