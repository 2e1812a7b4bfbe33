"""Pages for those who look after everything: what waits for a decision, every campaign and order, and the machinery."""

from starlette.routing import Route

from c2b.web import outbox
from c2b.web.admin import (
    approvals,
    campaign,
    campaigns,
    commissions,
    events,
    jobs,
    orders,
    payouts,
    runs,
    timeline,
    windows,
)
from c2b.web.consumer import lives, version
from c2b.web.manufacturer import statement

routes = [
    Route("/admin", approvals.index, methods=["GET"]),
    Route("/admin/campaigns", campaigns.index, methods=["GET"]),
    Route("/admin/campaigns/{id:id}", campaign.show, methods=["GET"]),
    Route("/admin/campaigns/{id:id}/approval", approvals.approve, methods=["POST"]),
    Route("/admin/campaigns/{id:id}/return", approvals.send_back, methods=["POST"]),
    Route("/admin/campaigns/{id:id}/cancellation", campaign.cancel, methods=["POST"]),
    Route("/admin/campaigns/{id:id}/options", lives.show_admin, methods=["GET"]),
    Route("/admin/campaigns/{id:id}/version", version.show_admin, methods=["GET"]),
    Route("/admin/campaigns/{id:id}/version", version.create_admin, methods=["POST"]),
    Route("/admin/campaigns/{id:id}/timeline", timeline.show, methods=["GET"]),
    Route(
        "/admin/campaigns/{id:id}/timeline/milestones/{milestone}/{move}", timeline.change, methods=["POST"]
    ),
    Route("/admin/money/windows", windows.index, methods=["GET"]),
    Route("/admin/orders", orders.index, methods=["GET"]),
    Route("/admin/orders/{id:id}", orders.show, methods=["GET"]),
    Route("/admin/orders/{id:id}/extension", orders.extend, methods=["POST"]),
    Route("/admin/orders/{id:id}/revision", orders.reissue, methods=["POST"]),
    Route("/admin/commissions", commissions.index, methods=["GET"]),
    Route("/admin/commissions/earned", commissions.earned, methods=["GET"]),
    Route("/admin/commissions/markets", commissions.show_markets, methods=["GET"]),
    Route("/admin/commissions/markets/{market}/approval", commissions.allow, methods=["POST"]),
    Route("/admin/commissions/markets/{market}/revocation", commissions.revoke, methods=["POST"]),
    Route("/admin/commissions/withdrawals/{id:id}", commissions.show, methods=["GET"]),
    Route("/admin/commissions/withdrawals/{id:id}/approval", commissions.approve, methods=["POST"]),
    Route("/admin/commissions/withdrawals/{id:id}/refusal", commissions.refuse, methods=["POST"]),
    Route("/admin/commissions/withdrawals/{id:id}/identity", commissions.reveal, methods=["POST"]),
    Route("/admin/commissions/bindings/{id:id}/voiding", commissions.void, methods=["POST"]),
    Route("/admin/payouts", payouts.index, methods=["GET"]),
    Route("/admin/payouts/orders", payouts.orders, methods=["GET"]),
    Route("/admin/payouts/orders/{id:id}", payouts.show, methods=["GET"]),
    Route("/admin/payouts/orders/{id:id}/blocks", payouts.block, methods=["POST"]),
    Route("/admin/payouts/orders/{id:id}/blocks/{block:id}", payouts.unblock, methods=["POST"]),
    Route("/admin/payouts/orders/{id:id}/shortage", payouts.shorten, methods=["POST"]),
    Route("/admin/payouts/manufacturers/{id:id}/statement", statement.show, methods=["GET"]),
    Route("/admin/payouts/manufacturers/{id:id}/statement.pdf", statement.document, methods=["GET"]),
    Route("/admin/payouts/manufacturers/{id:id}/statement.xlsx", statement.workbook, methods=["GET"]),
    Route("/admin/payouts/releases/{id:id}", payouts.release, methods=["POST"]),
    Route("/admin/payouts/manufacturers/{id:id}", payouts.pay, methods=["POST"]),
    Route("/admin/runs", runs.index, methods=["GET"]),
    Route("/admin/runs/{id:name}", runs.show, methods=["GET"]),
    Route("/admin/jobs", jobs.index, methods=["GET"]),
    Route("/admin/jobs/{id:name}", jobs.show, methods=["GET"]),
    Route("/admin/jobs/{id:name}/retry", jobs.retry, methods=["POST"]),
    Route("/admin/events", events.index, methods=["GET"]),
    *outbox.routes,
]
