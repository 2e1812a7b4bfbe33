"""A refund that the provider refuses for good: seen by an admin, and made under a new key once it is possible."""

from __future__ import annotations

from c2b.durable.operations import retry_job
from c2b.kit import db
from c2b.participations import operations as participations
from c2b.payments.gateways.base import ProviderRefund
from tests import small
from tests.books import work
from tests.payments.test_refunding import paid


class TestARefundThatTheProviderRefused:
    async def test_is_asked_for_under_a_new_key_when_an_admin_tries_again(
        self, database, provider, monkeypatch
    ):
        w = await small.build()
        joined = await paid(w, await small.open_campaign(w), provider)
        refused: list[ProviderRefund] = []

        async def refuse(_self, **asked):
            refused.append(
                ProviderRefund(
                    refund_ref="r", key=asked["key"], amount_minor=asked["amount_minor"], status="failed"
                )
            )
            return refused[-1]

        async def known(_self, _ref):
            return refused

        with monkeypatch.context() as unwilling:
            unwilling.setattr(type(provider), "refund", refuse)
            unwilling.setattr(type(provider), "refunds", known)
            await participations.withdraw(w.members[-1], joined.participation_id)
            await work()
        job = await db.fetch_one("SELECT id, state FROM job WHERE kind = 'refund.send'")
        assert job
        assert job["state"] == "dead"
        assert await db.fetch("SELECT state, tries FROM refund") == [{"state": "failed", "tries": 1}]
        assert len(await db.fetch("SELECT id FROM event WHERE name = 'refund.died'")) == 1
        await retry_job(job["id"], actor_id=w.root.id)
        await work()
        assert await db.fetch("SELECT state FROM refund") == [{"state": "succeeded"}]
        state = await db.fetch_one("SELECT state FROM participation WHERE id = ?", joined.participation_id)
        assert state == {"state": "refunded"}
        assert len(refused) == 1
