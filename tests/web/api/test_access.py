"""Who may call what: every actor tries every route of the table, and each answer is the one that stands here.

The routes come from the application itself, so one that nobody listed fails. Whoever is refused leaves no trace.
The rights are in our code, not in the database, so the world is built once, on SQLite, and copied for each route.
"""

from __future__ import annotations

import shutil

import pytest

from c2b.kit import db
from c2b.kit.db import Database
from c2b.web import api
from c2b.web.api.routing import V1, documented, is_refusal
from tests.web.api.client import Program
from tests.web.api.populated import Built, built, fresh_settings

__all__ = ["built", "fresh_settings"]

ACTORS = ("nobody", "cy", "bo", "dee", "ana", "mill", "rival", "root")
#: Statuses in the order of ACTORS: nobody is logged in, Cy has nothing to do with it, Bo is a member and Dee another
#: one, Ana organizes, Mill makes, Rival is another manufacturer, Root is an admin.
EVERYBODY = "200 200 200 200 200 200 200 200"
WITH_A_TOKEN = "401 200 200 200 200 200 200 200"
CONSUMERS = "401 200 200 200 200 403 403 403"
ADMINS = "401 403 403 403 403 403 403 200"
TABLE = {
    "POST /users": "201 201 201 201 201 201 201 201",
    "POST /tokens": "422 422 422 422 422 422 422 422",
    "GET /me": WITH_A_TOKEN,
    "PATCH /me": WITH_A_TOKEN,
    "GET /me/tokens": WITH_A_TOKEN,
    "DELETE /me/tokens/{token_id}": "401 404 204 404 404 404 404 404",
    "GET /me/events": WITH_A_TOKEN,
    "GET /products": EVERYBODY,
    "GET /products/{product}": EVERYBODY,
    "GET /products/{product}/schemas": EVERYBODY,
    "GET /products/{product}/schemas/{version}": EVERYBODY,
    "GET /campaigns": EVERYBODY,
    "POST /campaigns": "401 201 201 201 201 403 403 403",
    "GET /campaigns/{campaign}": EVERYBODY,
    "PUT /campaigns/{campaign}": "401 404 404 404 200 403 403 403",
    "GET /campaigns/{campaign}/progress": EVERYBODY,
    "GET /campaigns/{campaign}/preview": EVERYBODY,
    "GET /campaigns/{campaign}/transitions": EVERYBODY,
    "GET /campaigns/{campaign}/demand": EVERYBODY,
    "GET /campaigns/{campaign}/events": "401 404 200 200 200 200 404 200",
    "GET /campaigns/{campaign}/members": "401 404 404 404 200 404 404 200",
    "GET /campaigns/{campaign}/money": "401 404 404 404 200 403 403 200",
    "GET /campaigns/{campaign}/option-lives": "401 404 404 404 200 403 403 200",
    "GET /campaigns/{campaign}/allocation": "401 404 404 404 200 403 403 200",
    "GET /campaigns/{campaign}/versions/{version}": "401 404 404 404 200 403 403 200",
    "POST /campaigns/{campaign}/version": "401 404 404 404 409 403 403 409",
    "POST /campaigns/{campaign}/submission": "401 404 404 404 200 403 403 403",
    "POST /campaigns/{campaign}/approval": ADMINS,
    "POST /campaigns/{campaign}/return": ADMINS,
    "POST /campaigns/{campaign}/cancellation": "401 404 404 404 200 403 403 200",
    "GET /me/campaigns": CONSUMERS,
    "GET /admin/campaigns": ADMINS,
    "POST /campaigns/{campaign}/quote": EVERYBODY,
    "POST /campaigns/{campaign}/participations": "401 201 409 409 201 403 403 403",
    "POST /campaigns/{campaign}/waitlist": "401 201 409 409 201 403 403 403",
    "GET /me/participations": CONSUMERS,
    "GET /participations/{participation}/reconfirmation": "401 404 200 404 404 403 403 403",
    "GET /participations/{participation}": "401 404 200 404 404 403 403 403",
    "PUT /participations/{participation}/ballot": "401 404 409 404 404 403 403 403",
    "PUT /participations/{participation}/requirement": "401 404 200 404 404 403 403 403",
    "POST /participations/{participation}/withdrawal": "401 404 200 404 404 403 403 403",
    "GET /participations/{participation}/proposal": "401 404 404 404 404 403 403 403",
    "POST /participations/{participation}/acceptance": "401 404 409 404 404 403 403 403",
    "GET /participations/{participation}/delay": "401 404 404 404 404 403 403 403",
    "PUT /participations/{participation}/delay": "401 404 409 404 404 403 403 403",
    "POST /participations/{participation}/payment": "401 404 409 404 404 403 403 403",
    "GET /participations/{participation}/payments": "401 404 200 404 404 403 403 403",
    "GET /participations/{participation}/receipts": "401 404 200 404 404 403 403 403",
    "GET /participations/{participation}/invoice": "401 404 404 404 404 403 403 403",
    "POST /participations/{participation}/invoice": "401 404 409 404 404 403 403 403",
    "POST /participations/{participation}/invoice/withdrawal": "401 404 409 404 404 403 403 403",
    "GET /receipts/{receipt}": "401 404 200 404 404 403 403 200",
    "POST /campaigns/{campaign}/invitation": "401 404 200 200 200 403 403 403",
    "GET /me/commissions": CONSUMERS,
    "GET /me/commission-sums": CONSUMERS,
    "GET /me/commission-withdrawals": CONSUMERS,
    "POST /me/commission-withdrawals": "401 409 409 409 409 403 403 403",
    "GET /me/statement": "401 403 403 403 403 200 200 403",
    "GET /purchase-orders/{order}/payments": "401 403 403 403 403 404 404 404",
    "POST /purchase-orders/{order}/payout-blocks": "401 403 403 403 403 403 403 404",
    "POST /payout-blocks/{block}/closing": "401 403 403 403 403 403 403 404",
    "POST /invitation-openings": "404 404 404 404 404 404 404 404",
    "GET /purchase-orders": "401 403 403 403 403 200 200 200",
    "GET /purchase-orders/{order}": "401 403 403 403 403 200 404 200",
    "GET /purchase-orders/{order}/units": "401 403 403 403 403 200 404 200",
    "POST /purchase-orders/{order}/acknowledgment": "401 403 403 403 403 201 404 403",
    "POST /purchase-orders/{order}/extension": "401 403 403 403 403 403 403 201",
    "POST /purchase-orders/{order}/revisions": "401 403 403 403 403 403 403 409",
    "GET /documents/{document}": "401 403 403 403 403 200 404 200",
    "GET /campaigns/{campaign}/purchase-order": "401 404 200 200 200 403 403 200",
    "GET /timelines": "401 403 403 403 403 200 200 200",
    "GET /campaigns/{campaign}/timeline": "401 404 200 200 200 200 404 200",
    "GET /evidence/{evidence}": "401 404 200 200 200 200 404 200",
    "POST /milestones/{milestone}/start": "401 403 403 403 403 200 404 200",
    "POST /milestones/{milestone}/evidence": "401 403 403 403 403 201 404 201",
    "POST /milestones/{milestone}/completion": "401 403 403 403 403 200 404 200",
    "POST /milestones/{milestone}/block": "401 403 403 403 403 200 404 200",
    "POST /milestones/{milestone}/resumption": "401 403 403 403 403 200 404 200",
    "POST /milestones/{milestone}/approval": "401 403 403 403 403 403 403 409",
    "POST /milestones/{milestone}/rejection": "401 403 403 403 403 403 403 409",
    "POST /milestones/{milestone}/omission": "401 403 403 403 403 403 403 200",
    "GET /admin/runs": ADMINS,
    "GET /admin/runs/{run}": ADMINS,
    "GET /admin/reconciliation/days": ADMINS,
    "GET /admin/reconciliation/cases": ADMINS,
    "GET /admin/jobs": ADMINS,
    "GET /admin/jobs/{job}": ADMINS,
    "POST /admin/jobs/{job}/retry": ADMINS,
    "GET /admin/events": ADMINS,
}
ROUTES = [
    (method, documented(route.path).removeprefix(V1))
    for route in api.RESOURCES
    if not is_refusal(route)
    for method in sorted(set(route.methods or ()) - {"HEAD"})
]


async def trace() -> list[int]:
    """What a refused call must not change."""
    tables = (
        "event",
        "job",
        "participation",
        "campaign",
        "payment",
        "evidence",
        "acknowledgment",
        "idempotency_key",
    )
    rows = [await db.fetch(f"SELECT COUNT(*) AS n FROM {table}") for table in tables]
    return [found[0]["n"] for found in rows]


def test_the_table_names_every_route_and_no_other():
    assert set(TABLE) == {f"{method} {path}" for method, path in ROUTES}


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part)
async def test_each_actor_gets_what_is_theirs(built: Built, app, tmp_path, method, path):
    wanted = dict(zip(ACTORS, TABLE[f"{method} {path}"].split(), strict=True))
    got = {}
    for number, name in enumerate(ACTORS):
        copy = tmp_path / f"{number}.sqlite3"
        shutil.copy(built.file, copy)
        database = await Database(f"sqlite://{copy}").open(for_every_task=True)
        try:
            program = Program(app, token=built.tokens.get(name, ""))
            before = await trace()
            key = "access" if method == "POST" else None
            answer = await program.send(method, built.path(method, path), key=key, **built.sent(method, path))
            got[name] = str(answer.status_code)
            if answer.status_code >= 400:
                assert await trace() == before, f"{name} was refused and left a trace"
        finally:
            await database.close()
            copy.unlink()
    assert got == wanted
