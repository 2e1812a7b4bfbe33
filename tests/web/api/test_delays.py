"""A program answers a delay for its owner."""

from __future__ import annotations

import pytest

from c2b.kit import db
from tests.payouts.paid import ordered
from tests.payouts.test_guarding import late
from tests.purchasing.locked import _quick_documents, files
from tests.web.api.client import Program

__all__ = ["_quick_documents", "files"]
pytestmark = pytest.mark.usefixtures("database", "files", "_quick_documents")


class TestADelay:
    async def test_is_read_and_answered_once(self, database, app):
        paid = await ordered()
        who = paid.walk.locked.world.bo
        bo = await Program.of(app, who)
        row = await db.fetch_one("SELECT id FROM participation WHERE user_id = ?", who.id)
        assert row
        path = f"/participations/{row['id']}/delay"
        await bo.get(path, 404)
        assert (await bo.put(path, {"answer": "wait"}, 409))["code"] == "no_delay_to_answer"
        await late(paid, 1)
        told = await bo.get(path)
        assert told["forecast_delivery"] > told["promised_delivery"]
        assert (told["express"], told["waits"], told["open"]) == (False, False, True)
        await bo.put(path, {"answer": "perhaps"}, 422)
        for _ in range(2):
            await bo.put(path, {"answer": "wait"})
        told = await bo.get(path)
        assert (told["waits"], told["open"]) == (True, False)
        assert (await bo.put(path, {"answer": "leave"}, 409))["code"] == "no_delay_to_answer"
        events = await db.fetch("SELECT id FROM event WHERE name = 'participation.delay_accepted'")
        assert len(events) == 1
