"""What a provider tells us, as it arrives: once, believed only when it is signed, answered only when it is booked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from c2b.kit import db
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from tests import world
from tests.web.api.client import BASE, Program


async def told(app, headers: dict[str, str], body: bytes, gateway: str = "sandbox") -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as provider:
        return await provider.post(f"/webhooks/{gateway}", headers=headers, content=body)


async def paid(app, sandbox, w: world.World) -> tuple[str, list[tuple[dict[str, str], bytes]]]:
    """Bo's paid place, and the notification, which did not arrive yet."""
    notices: list[tuple[dict[str, str], bytes]] = []

    async def lose(_url: str, headers: Any, body: bytes) -> int:
        notices.append((dict(headers), body))
        return 500

    bo = await Program.of(app, w.bo)
    campaign = await w.open_campaign()
    place = await bo.post(f"/campaigns/{campaign}/participations", {"answers": world.ANSWERS}, 201)
    checkout = await bo.post(f"/participations/{place['id']}/payment", status=201)
    sandbox.send = lose
    await sandbox.pay(checkout["checkout_url"].rpartition("/")[2], Behavior.PAY)
    return place["id"], notices


async def state_of(participation_id: str) -> str:
    row = await db.fetch_one("SELECT state FROM participation WHERE id = ?", participation_id)
    assert row
    return str(row["state"])


class TestANotification:
    async def test_is_booked_once_however_often_and_at_once_it_comes(self, database, app, sandbox):
        w = await world.build()
        place, [notice] = await paid(app, sandbox, w)
        answers = await asyncio.gather(*(told(app, *notice) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.headers["c2b-verdict"] for answer in answers) == ["captured"] + ["known"] * 19
        assert await state_of(place) == "joined"
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'payment.captured'")) == 1

    @pytest.mark.parametrize("fault", ["unsigned", "changed", "too large"])
    async def test_that_we_cannot_believe_changes_nothing(self, database, app, sandbox, fault):
        w = await world.build()
        place, [(headers, body)] = await paid(app, sandbox, w)
        if fault == "unsigned":
            headers = {"content-type": "application/json"}
        else:
            body = body.replace(b"CNY", b"JPY") if fault == "changed" else body + b" " * 256 * 1024
        answer = await told(app, headers, body)
        assert answer.status_code == (413 if fault == "too large" else 400)
        assert answer.headers["content-type"] == "application/problem+json"
        assert await state_of(place) == "pending_payment"
        assert await db.fetch("SELECT id FROM gateway_event") == []

    async def test_that_we_fail_to_book_is_answered_with_an_error_so_that_it_comes_again(
        self, database, app, sandbox, monkeypatch
    ):
        w = await world.build()
        place, [notice] = await paid(app, sandbox, w)

        async def fail(*_: Any, **__: Any) -> bool:
            raise RuntimeError("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr("c2b.payments.capturing.confirm_payment", fail)
            answer = await told(app, *notice)
        assert answer.status_code == 500
        assert "disk" not in answer.text
        assert await db.fetch("SELECT id FROM gateway_event") == []
        assert (await told(app, *notice)).headers["c2b-verdict"] == "captured"
        assert await state_of(place) == "joined"

    async def test_of_a_provider_we_do_not_have_is_not_found(self, database, app, sandbox):
        assert (await told(app, {}, b"{}", gateway="nobody")).status_code == 404


class TestAWayToPay:
    async def test_may_be_named_and_must_be_one_there_is(self, database, app, sandbox):
        w = await world.build()
        bo = await Program.of(app, w.bo)
        place = await bo.post(
            f"/campaigns/{await w.open_campaign()}/participations", {"answers": world.ANSWERS}, 201
        )
        path = f"/participations/{place['id']}/payment"
        usual = await bo.post(path, status=201)
        assert (usual["gateway"], usual["method"], usual["qr_text"], usual["client"]) == (
            "sandbox",
            "page",
            "",
            {},
        )
        assert await bo.post(path, {"gateway": "sandbox", "method": "page"}, 201) == usual
        for way in ({"gateway": "stripe"}, {"method": "qr"}):
            assert (await bo.post(path, way, 409))["code"] == "no_such_way_to_pay"
        await bo.post(path, {"gateway": 7}, 422)
