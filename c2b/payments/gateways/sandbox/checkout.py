"""The provider's hosted checkout: the page a person pays on, as the website of another company.

It has no accounts and no cookies. Who knows the 256-bit reference may see and decide; a decision needs the form token
that only the page carries, and browsers that say where a request comes from must say "this site".
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from c2b.kit import clock
from c2b.kit.http.csrf import comes_from_us
from c2b.kit.i18n import LOCALES, use_locale
from c2b.kit.templating import render
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.sandbox.gateway import CHECKOUT, SandboxGateway
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payments.gateways.sandbox.payments import LATENESS, CheckoutClosed, find, is_open
from c2b.payments.gateways.sandbox.store import instant

MERCHANT = "C2B"
#: The reference is in the address: keep the page out of caches, and the address out of what other sites are told.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutView:
    """What the page shows. ``status``: open, on_its_way, captured, failed, expired."""

    ref: str
    status: str
    merchant: str
    amount_minor: int
    currency: str
    description: str
    expires_at: datetime
    arrives_at: datetime
    return_url: str
    form_token: str
    locale: str


def routes(gateway: Callable[[], SandboxGateway]) -> list[Route]:
    """The pages, to be mounted by the application. ``gateway`` gives the sandbox at the time of the request."""

    async def show(request: Request) -> Response:
        return await _show(gateway(), request)

    async def decide(request: Request) -> Response:
        return await _decide(gateway(), request)

    path = CHECKOUT + "{ref}"
    return [
        Route(path, show, methods=["GET"], name="sandbox_checkout"),
        Route(path, decide, methods=["POST"], name="sandbox_decision"),
    ]


async def _show(sandbox: SandboxGateway, request: Request) -> Response:
    try:
        view = await asyncio.to_thread(_view, sandbox, request.path_params["ref"], clock.now())
    except GatewayRefused:
        return _page("pages/sandbox/unknown.html", request, locale="en", status=404)
    return _page("pages/sandbox/checkout.html", request, locale=view.locale, view=view)


async def _decide(sandbox: SandboxGateway, request: Request) -> Response:
    ref = request.path_params["ref"]
    async with request.form(max_files=0, max_fields=4, max_part_size=1024) as form:
        token, choice = str(form.get("token", "")), str(form.get("choice", ""))
    try:
        view = await asyncio.to_thread(_view, sandbox, ref, clock.now())
        behavior = Behavior(choice)
    except GatewayRefused:
        return _page("pages/sandbox/unknown.html", request, locale="en", status=404)
    except ValueError:
        return Response("unknown choice", 400, media_type="text/plain")
    if not _from_our_page(request, token, view.form_token):
        return Response("this did not come from the checkout page", 403, media_type="text/plain")
    try:
        await sandbox.choose(ref, behavior)
    except CheckoutClosed:  # a second click, or the last second went by: the page tells how it stands
        return RedirectResponse(f"{request.url.path}?{request.url.query}", 303, headers=_HEADERS)
    told = BackgroundTask(sandbox.deliver_due, provider_ref=ref)
    return RedirectResponse(view.return_url, 303, headers=_HEADERS, background=told)


def _view(sandbox: SandboxGateway, ref: str, now: datetime) -> CheckoutView:
    with sandbox.store.read() as db:
        row = find(db, ref)
    expires_at = instant(row["expires_at"])
    return CheckoutView(
        ref=ref,
        status=_status(row["status"], is_open(row, now), row["captures_at"] is not None),
        merchant=MERCHANT,
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        description=row["description"],
        expires_at=expires_at,
        arrives_at=instant(row["captures_at"]) if row["captures_at"] else expires_at + LATENESS,
        return_url=row["return_url"],
        form_token=_form_token(sandbox, ref),
        locale=row["locale"],
    )


def _status(stored: str, open_now: bool, promised: bool) -> str:
    if stored != "created":
        return stored
    if open_now:
        return "open"
    return "on_its_way" if promised else "expired"


def _page(template: str, request: Request, *, locale: str, status: int = 200, **context: object) -> Response:
    wanted = request.query_params.get("lang", "")
    spoken = wanted if wanted in LOCALES else locale if locale in LOCALES else "en"
    with use_locale(spoken):
        html = render(template, path=request.url.path, **context)
    return HTMLResponse(html, status, headers={**_HEADERS, "Content-Language": spoken.replace("_", "-")})


def _form_token(sandbox: SandboxGateway, ref: str) -> str:
    return hmac.new(sandbox.secrets[0], f"checkout form\n{ref}".encode(), hashlib.sha256).hexdigest()


def _from_our_page(request: Request, given: str, expected: str) -> bool:
    return comes_from_us(request.headers) and hmac.compare_digest(given.encode(), expected.encode())
