"""What admins see exists for admins only."""

from __future__ import annotations

import pytest

from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.payments.disbursing import propose
from c2b.payments.refunding import request_refund
from c2b.web import admin
from tests.payments.statement.story import came
from tests.web.consumer.browser import Browser, Form
from tests.web.manufacturer.house import answered, browsers_of, token_of

FILES = (".pdf", ".xlsx")  # what is drawn for admins is drawn for manufacturers: see there
PAGES = [
    route.path
    for route in admin.routes
    if "GET" in route.methods and route.path.startswith("/admin") and not route.path.endswith(FILES)
]
FORMS = [route.path for route in admin.routes if "POST" in route.methods]


async def _ids(w) -> dict[str, str]:
    order = await answered(w)
    run = f"ordering:{order.campaign_id}"
    await db.execute("UPDATE job SET state = 'dead' WHERE run_id = ?", run)
    row = await db.fetch_one("SELECT id FROM job WHERE run_id = ?", run)
    assert row
    payout = new_id()
    await db.execute(
        "INSERT INTO commission_withdrawal (id, user_id, amount_minor, currency, state, note, requested_at) "
        "VALUES (?, ?, 1138, 'CNY', 'requested', '', ?)",
        payout,
        w.bo.id,
        clock.now(),
    )
    transfer = await db.atomically(
        lambda: propose(kind="payout", subject_id=payout, amount_minor=5, currency="CNY", payee=None)
    )
    assert transfer
    case = new_id()
    await db.execute(
        "INSERT INTO reconciliation_case (id, gateway, kind, subject, state, note, found_on, opened_at) "
        "VALUES (?, 'sandbox', 'amount', 'x', 'open', '', ?, ?)",
        case,
        clock.now().date(),
        clock.now(),
    )
    payment = await db.fetch_one("SELECT id FROM payment LIMIT 1")
    assert payment
    async with db.transaction():
        assert await request_refund(payment["id"], reason="claim", amount_minor=1)
    refund = await db.fetch_one(
        "SELECT r.id, p.participation_id FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.reason = 'claim'"
    )
    assert refund
    request = new_id()
    await db.execute(
        "INSERT INTO invoice_request (id, participation_id, user_id, campaign_id, title_kind, title, tax_id, email, "
        "amount_minor, red_minor, currency, state, red_numbers, note, requested_at) "
        "VALUES (?, ?, ?, ?, 'personal', 'Bo', '', 'bo@c2b.example', 5, 0, 'CNY', 'requested', '[]', '', ?)",
        request, refund["participation_id"], w.bo.id, order.campaign_id, clock.now(),
    )  # fmt: skip
    return {
        "invoices": request,
        "refunds": refund["id"],
        "participations": refund["participation_id"],
        "reconciliation": case,
        "disbursements": transfer,
        "bank-lines": await came(w.root, 500),
        "campaigns": order.campaign_id, "payouts": order.campaign_id,
        "manufacturers": order.manufacturer_id, "orders": order.id, "runs": run, "jobs": row["id"],
        "commissions": payout,
    }  # fmt: skip


def _filled(path: str, ids: dict[str, str]) -> str:
    kind = path.split("/")[2] if path.count("/") > 1 else ""
    kind = "manufacturers" if "/manufacturers/" in path else kind
    path = (
        path.replace(":id}", "}")
        .replace(":name}", "}")
        .replace("{market}", "cn")
        .replace("{block}", "x" * 26)
        .replace("{account}", f"escrow:{ids.get('campaigns')}")
    )
    return (
        path.replace("{id}", ids.get(kind, "x" * 26)).replace("{milestone}", "x").replace("{move}", "start")
    )


async def test_every_page_of_admins_does_not_exist_for_others(w, app, mill, root):
    ids = await _ids(w)
    others = [mill, *await browsers_of(app, w.ana, w.bo, w.cy)]
    for path in (_filled(page, ids) for page in PAGES):
        for who in others:
            await who.get(path, 404)
        assert (await Browser(app).get(path)).path == "/log-in"
        assert (await root.get(path)).path == path


async def test_every_form_of_admins_does_not_exist_for_others(w, app, mill):
    ids = await _ids(w)
    for who in (mill, *await browsers_of(app, w.ana, w.bo)):
        token = await token_of(who)
        for path in (_filled(page, ids) for page in FORMS):
            fields = [("csrf_token", token), ("reason", "Because."), ("days", "7")]
            await who.send(Form(path, "post", fields), 404)
    assert len(await db.fetch("SELECT 1 FROM job WHERE state = 'dead'")) == 1


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_of_admins_is_taken_from_elsewhere(w, root, path):
    await root.send(Form(_filled(path, {}), "post", [("csrf_token", "forged")]), 403)
