"""The ways in which a member may pay: every enabled gateway that carries the campaign's plan, with its methods.

A payment belongs to one gateway for good. Who would rather pay elsewhere gets a new payment, and the open one is closed
here and at its provider; should both be paid nevertheless, the second goes back by itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from c2b.campaigns.plans import overdue_at
from c2b.kit import clock, db
from c2b.kit.errors import AppError, Conflict
from c2b.kit.i18n import N_
from c2b.payments.gateways import enabled, gateway
from c2b.payments.gateways.base import Started
from c2b.payments.plans import fitting_gateways

log = logging.getLogger(__name__)

#: Methods that a browser alone is enough for; ``jsapi`` needs the provider's own app.
ON_PAGES = ("page", "qr", "transfer")
_QR, CLIENT, TRANSFER = "qr:", "client:", "transfer:"
#: A prepared payment in the provider's app is good for two hours; it is prepared anew before that.
STALE = timedelta(minutes=100)
#: What a payment's ``checkout_url`` begins with where its provider has no page.
NO_PAGES = (_QR, CLIENT, TRANSFER)


class NoSuchWay(Conflict):
    """The gateway or method is not one that this place can be paid by (any more)."""

    code = "no_such_way_to_pay"
    message = N_("This place cannot be paid in that way. Please choose another.")


@dataclass(frozen=True)
class Way:
    """One way to pay: a gateway's name and one of its methods (``page``, ``qr``, ``jsapi``, ``transfer``)."""

    gateway: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """An open payment and where it is paid: at ``url`` if there is one, else by ``qr_text``, ``client`` or ``transfer``
    (``Started``), until ``until``."""

    payment_id: str
    way: Way
    amount_minor: int
    currency: str
    holds: bool
    until: datetime
    url: str = ""
    qr_text: str = ""
    client: Mapping[str, str] = field(default_factory=dict)
    transfer: Mapping[str, str] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Whether what ``client`` holds was made so long ago that the provider's app may not take it any more."""
        stamp = self.client.get("timeStamp", "")
        return stamp.isdigit() and clock.now().timestamp() - int(stamp) > STALE.total_seconds()


@runtime_checkable
class Closes(Protocol):
    """A provider where an open checkout can be closed before its time."""

    async def close(self, provider_ref: str) -> None:
        """Let nobody pay there any more. Raises ``GatewayRefused("already_paid")``."""
        ...


@runtime_checkable
class TellsPayers(Protocol):
    """A provider with an app of its own, in whose browser it tells who somebody is: what ``jsapi`` needs."""

    @property
    def tells_payers(self) -> bool:
        """Whether it is set up for that."""
        ...

    def payer_page(self, *, back: str, state: str) -> str:
        """Where the browser goes; it comes ``back`` with ``code`` and ``state`` (88 letters and digits)."""
        ...

    async def payer_of(self, code: str) -> str:
        """Whose code it is; good once. Raises ``GatewayRefused`` (``payer_code``) and ``GatewayUnavailable``."""
        ...


def payers_of(gateway_name: str) -> TellsPayers | None:
    """The provider that tells who pays, if it is one, enabled and set up for it."""
    if gateway_name not in enabled():
        return None
    found = gateway(gateway_name)
    return found if isinstance(found, TellsPayers) and found.tells_payers else None


async def ways_of(participation_id: str) -> tuple[Way, ...]:
    """All ways to pay for a place, the usual one first; empty where no gateway fits any more."""
    row = await db.fetch_one(
        "SELECT c.payment_plan, c.deadline, c.balance_days, c.currency, c.batch_answers, p.timeline "
        "FROM participation t JOIN campaign c ON c.id = t.campaign_id JOIN product p ON p.id = c.product_id "
        "WHERE t.id = ?",
        participation_id,
    )
    return ways(row) if row else ()


async def ways_on_pages(participation_id: str, *, inside: str = "") -> list[Way]:
    """Those of ``ways_of`` that can be offered on a page of ours.

    ``inside``: the gateway in whose own app the browser is. There nobody can scan the code on their own screen, so
    ``jsapi`` stands in its place where that gateway tells who pays.
    """
    instead = bool(inside and payers_of(inside))
    here = {True: ("page", "jsapi", "transfer"), False: ON_PAGES}
    return [
        way
        for way in await ways_of(participation_id)
        if way.method in here[instead and way.gateway == inside]
    ]


def ways(campaign: Mapping[str, Any]) -> tuple[Way, ...]:
    """``campaign``: as ``fitting_gateways`` wants it. What would come after the deadline only is not among them."""
    found = []
    deadline = db.instant(campaign["deadline"])
    assert deadline
    left = deadline - clock.now()
    for name in fitting_gateways(campaign):
        can = gateway(name).capabilities
        in_time = left <= timedelta() or left >= can.arrives_within
        if in_time and (not can.currencies or campaign["currency"] in can.currencies):
            found += [Way(name, method) for method in can.methods]
    return tuple(found)


def chosen(among: tuple[Way, ...], *, gateway_name: str, method: str) -> Way | None:
    """The way that is meant; ``None`` when nothing is named and none is left. Raises ``NoSuchWay``."""
    named = gateway_name or method
    fits = [way for way in among if gateway_name in ("", way.gateway) and method in ("", way.method)]
    if named and not fits:
        raise NoSuchWay
    return fits[0] if fits else None


def place_of(started: Started) -> str:
    """Where a payment is paid, as its row keeps it: the page's address, or what to draw, or what the script needs."""
    if started.qr_text:
        return _QR + started.qr_text
    if started.client:
        return CLIENT + json.dumps(dict(started.client), sort_keys=True)
    if started.transfer:
        return TRANSFER + json.dumps(dict(started.transfer), sort_keys=True, ensure_ascii=False)
    return started.redirect_url


def checkout_of(row: Mapping[str, Any], *, reserved_until: Any) -> Checkout:
    """The checkout of an open payment's row; without an answer of its provider yet it has no address."""
    place, due_at = row["checkout_url"], db.instant(row["due_at"])
    until = overdue_at(due_at) if due_at else db.instant(reserved_until)
    assert until
    method = method_of(row)
    return Checkout(
        payment_id=row["id"],
        way=Way(row["gateway"], method),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        holds=bool(row["holds"]),
        until=until,
        url="" if place.startswith(NO_PAGES) else place,
        qr_text=place.removeprefix(_QR) if place.startswith(_QR) else "",
        client=json.loads(place.removeprefix(CLIENT)) if place.startswith(CLIENT) else {},
        transfer=json.loads(place.removeprefix(TRANSFER)) if place.startswith(TRANSFER) else {},
    )


def method_of(row: Mapping[str, Any]) -> str:
    """By which method an open payment was started; the usual one of its gateway where nothing is known yet."""
    place, methods = row["checkout_url"], gateway(row["gateway"]).capabilities.methods
    if place.startswith(_QR):
        return "qr"
    if place.startswith(CLIENT):
        return "jsapi"
    if place.startswith(TRANSFER):
        return "transfer"
    pages = [method for method in methods if method not in ("qr", "jsapi")]
    return pages[0] if place and pages else methods[0]


async def open_checkout(participation_id: str) -> Checkout | None:
    """The open payment of a place whose provider has answered; ``None`` also once the place is nobody's any more."""
    row = await db.fetch_one(
        "SELECT p.*, t.reserved_until FROM payment p JOIN participation t ON t.id = p.participation_id "
        "WHERE p.participation_id = ? AND p.state = 'created' AND p.checkout_url <> '' "
        "AND (p.due_at IS NOT NULL OR t.reserved_until IS NOT NULL)",
        participation_id,
    )
    return checkout_of(row, reserved_until=row["reserved_until"]) if row else None


async def close_at_provider(gateway_name: str, provider_ref: str | None) -> None:
    """Close what was left behind there, as far as that provider can; what is paid nevertheless is found by asking."""
    provider = gateway(gateway_name)
    if provider_ref is None or not isinstance(provider, Closes):
        return
    try:
        await provider.close(provider_ref)
    except AppError as error:
        log.warning("could not close %s at %s: %s", provider_ref, gateway_name, error.code)
