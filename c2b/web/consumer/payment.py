"""Paying for a place: choose a way where there are several, then on to the provider's page or to our QR code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.plans import AUTHORIZE
from c2b.campaigns.queries import campaign_for
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, gettext
from c2b.kit.money import plain_money
from c2b.participations.queries import own
from c2b.payments.asking import may_pay
from c2b.payments.choosing import Checkout, Way, open_checkout, ways_on_pages
from c2b.payments.gateways import gateway
from c2b.payments.gateways.bank.references import printed
from c2b.payments.gateways.bank.settings import is_iban
from c2b.payments.statement.payers import arrived_of
from c2b.web.auth import actor_of, require
from c2b.web.consumer.invitation import code_of
from c2b.web.consumer.join import to_checkout
from c2b.web.consumer.payer import inside, to_payer
from c2b.web.pages import form_of, page

#: Seconds after which the page with a code looks again.
LOOK_AGAIN = 5

_NAMES = {
    ("sandbox", "page"): N_("Test payment"),
    ("stripe", "page"): N_("Card"),
    ("wechatpay", "qr"): N_("WeChat Pay"),
    ("wechatpay", "jsapi"): N_("WeChat Pay"),
    ("alipay", "page"): N_("Alipay"),
    ("alipay", "qr"): N_("Alipay, by QR code"),
    ("bank", "transfer"): N_("Bank transfer"),
}
_HOW = {
    ("sandbox", "page"): N_("For trying out: no real money moves."),
    ("stripe", "page"): N_("You go on to Stripe\u2019s page. Your card number never reaches us."),
    ("wechatpay", "qr"): N_("You scan a code with WeChat on your phone."),
    ("wechatpay", "jsapi"): N_("You pay right here in WeChat."),
    ("alipay", "page"): N_("You go on to Alipay\u2019s page and come back here."),
    ("alipay", "qr"): N_("You scan a code with Alipay on your phone."),
    ("bank", "transfer"): N_(
        "You transfer the sum from your bank. It takes one to three working days to arrive."
    ),
}
_HELD = N_(
    "It is held now and charged at the close: never more than you see here, and nothing if the group fails."
)
_CHARGED = N_("If the group fails, all of it comes back by itself, by the way you paid.")


@dataclass(frozen=True)
class Choice:
    """A way to pay in words: ``value`` is what the form sends."""

    value: str
    name: str
    how: str


@require("consumer")
async def show(request: Request) -> Response:
    """GET /participations/{id}/payment: the QR code of the open payment, or inside WeChat the page that opens its pay
    sheet, else the ways to choose from.

    ``?choose`` shows the ways also while a code is open. Raises NotFound for what is not one's own.
    """
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    campaign = await campaign_for(actor, row["campaign_id"])
    authorized = campaign["payment_plan"] == AUTHORIZE and row["state"] != "pending_payment"
    if authorized or not may_pay({**row, "group_state": row["campaign_state"]}):
        return see_other(f"/participations/{row['id']}")
    app = inside(request)
    ways = await ways_on_pages(row["id"], inside=app)
    opened = await open_checkout(row["id"])
    if opened and "choose" not in request.query_params:
        if opened.client and opened.way in ways and opened.stale:
            return to_payer(request, row["id"])
        if opened.client and opened.way in ways:
            client = json.dumps(dict(opened.client), sort_keys=True)
            return _opened_page(
                request,
                "pages/consumer/payment_bridge.html",
                row,
                opened,
                several=len(ways) > 1,
                client=client,
            )
        if opened.transfer:  # shown as long as it is open: the money may be on its way
            filled = credit_transfer(opened)
            return _opened_page(
                request, "pages/consumer/payment_transfer.html", row, opened, several=len(ways) > 1,
                to=opened.transfer, reference=printed(opened.transfer["reference"]),
                arrived_minor=await arrived_of(opened.payment_id), qr=code_of(filled) if filled else None,
            )  # fmt: skip
        if opened.qr_text and opened.way in ways:
            return _opened_page(
                request, "pages/consumer/payment_code.html", row, opened, several=len(ways) > 1,
                qr=code_of(opened.qr_text), seconds=LOOK_AGAIN,
            )  # fmt: skip
    held = campaign["payment_plan"] == AUTHORIZE and row["state"] == "pending_payment"
    return page(
        request,
        "pages/consumer/payment.html",
        participation_id=row["id"],
        title=row["title"],
        amount_minor=row["due_minor"] - row["captured_minor"],
        currency=row["currency"],
        choices=[choice_of(way) for way in ways],
        value=value_of(opened.way if opened and opened.way in ways else ways[0]) if ways else "",
        money=gettext(_HELD if held else _CHARGED),
        until=opened.until if opened else row["reserved_until"],
        transfer_days=0 if row["state"] != "pending_payment" or (opened and opened.transfer) else _days(ways),
        arrived_minor=await arrived_of(opened.payment_id) if opened and opened.transfer else 0,
    )


@require("consumer")
async def create(request: Request) -> Response:
    """POST /participations/{id}/payment: in the way that was chosen, or in the only one there is."""
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    name, _, method = str((await form_of(request)).get("way") or "").partition(":")
    ways = await ways_on_pages(row["id"], inside=inside(request))
    if not name and len(ways) > 1:
        return see_other(f"/participations/{row['id']}/payment")
    way = Way(name, method) if name else next(iter(ways), None)
    if way and way.method == "jsapi" and way in ways:
        return to_payer(request, row["id"])
    return await to_checkout(actor, row["id"], gateway_name=name[:20], method=method[:20])


def _days(ways: Sequence[Way]) -> int:
    """How long a place waits for money that takes days; 0 where none does."""
    reserves = (gateway(way.gateway).capabilities.reserves for way in ways)
    return max((each.days for each in reserves if each), default=0)


def credit_transfer(opened: Checkout) -> str:
    """What banking apps of the euro area fill their form from (EPC069-12, version 2); empty for other accounts."""
    to = opened.transfer
    if opened.currency != "EUR" or not is_iban(to["account"]):
        return ""
    lines = ("BCD", "002", "1", "SCT", to["bic"], to["holder"][:70], to["account"],
             f"EUR{plain_money(opened.amount_minor, 'EUR')}", "", to["reference"])  # fmt: skip
    return "\n".join(lines)


def _opened_page(
    request: Request, template: str, row: dict[str, Any], opened: Checkout, **more: Any
) -> Response:
    return page(
        request, template, participation_id=row["id"], title=row["title"], amount_minor=opened.amount_minor,
        currency=opened.currency, choice=choice_of(opened.way), until=opened.until, **more,
    )  # fmt: skip


def choice_of(way: Way) -> Choice:
    key = (way.gateway, way.method)
    return Choice(
        value=value_of(way),
        name=gettext(_NAMES[key]) if key in _NAMES else way.gateway,
        how=gettext(_HOW[key]) if key in _HOW else "",
    )


def value_of(way: Way) -> str:
    return f"{way.gateway}:{way.method}"
