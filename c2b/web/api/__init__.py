"""The JSON API: the operations and views that the pages use, for programs."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from c2b.web.api import page
from c2b.web.api.v1 import (
    campaigns,
    commissions,
    foreseen,
    insights,
    invitations,
    invoices,
    machinery,
    offers,
    participations,
    payments,
    payouts,
    people,
    products,
    purchase_orders,
    quotes,
    receipts,
    timelines,
    versions,
)

#: Joining first: addresses are tried in this order.
_MODULES = (
    participations, people, products, campaigns, offers, quotes, payments, invitations, commissions, payouts, receipts,
    invoices, purchase_orders, timelines, machinery, insights, foreseen, versions,
)  # fmt: skip


#: Every route below /api/v1.
RESOURCES: list[Route] = [route for module in _MODULES for route in module.ROUTES]

#: The API, its document, and the page to read it on.
routes: list[BaseRoute] = [*RESOURCES, *page.ROUTES]
