"""What admins see exists for admins only."""

from __future__ import annotations

import pytest

from c2b.web import admin
from tests.web.consumer.browser import Browser, Form
from tests.web.manufacturer.house import answered, browsers_of, token_of

PAGES = [route.path for route in admin.routes if "GET" in route.methods and route.path.startswith("/admin")]
FORMS = [route.path for route in admin.routes if "POST" in route.methods]


async def _ids(w) -> dict[str, str]:
    order = await answered(w)
    return {
        "campaigns": order.campaign_id,
        "orders": order.id,
        "runs": f"ordering:{order.campaign_id}",
        "jobs": "x",
    }


def _filled(path: str, ids: dict[str, str]) -> str:
    kind = path.split("/")[2] if path.count("/") > 1 else ""
    return path.replace("{id}", ids.get(kind, "x")).replace("{milestone}", "x").replace("{move}", "start")


async def test_every_page_of_admins_does_not_exist_for_others(w, app, mill, root):
    ids = await _ids(w)
    others = [mill, *await browsers_of(app, w.ana, w.bo, w.cy)]
    for path in (_filled(page, ids) for page in PAGES):
        for who in others:
            await who.get(path, 404)
        assert (await Browser(app).get(path)).path == "/log-in"
        assert (await root.get(path, 404 if path.endswith("/jobs/x") else 200)).path == path


async def test_every_form_of_admins_does_not_exist_for_others(w, app, mill):
    ids = await _ids(w)
    for who in (mill, *await browsers_of(app, w.ana, w.bo)):
        token = await token_of(who)
        for path in (_filled(page, ids) for page in FORMS):
            fields = [("csrf_token", token), ("reason", "Because."), ("days", "7")]
            await who.send(Form(path, "post", fields), 404)


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_of_admins_is_taken_from_elsewhere(w, root, path):
    await root.send(Form(_filled(path, {}), "post", [("csrf_token", "forged")]), 403)
