"""Admins are told of money that does not move by itself."""

from __future__ import annotations

import pytest

from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.notifications.models import Mail
from c2b.payments.gateways import sandbox
from c2b.payments.models import Payment
from c2b.payments.reconciling import run_again
from c2b.payments.refunding import request_refund
from tests.notifications import stories
from tests.notifications.collected import stuck

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


class TestAnAdmin:
    async def test_is_told_of_refunds_that_wait_and_of_records_that_differ(self):
        await stuck()
        died = await Mail.get(template="refund_died")
        assert died.to_address.startswith("root.rootsdottir@")
        assert died.subject == "sandbox refuses a refund of CN¥1.00"
        assert "it came back to the provider" in died.text
        waits = await Mail.get(template="refund_by_hand")
        assert waits.subject == "CN¥1.00 has to be refunded by hand"
        row = await db.fetch_one("SELECT id FROM refund WHERE by_hand")
        assert row
        assert f"https://c2b.example/admin/refunds/{row['id']}" in waits.text
        assert "Bo Lindqvist" not in waits.text + died.text
        differs = await Mail.get(template="reconciliation_differs")
        assert differs.subject == "2 differences to the record of sandbox of Nov 23, 2026"

    async def test_is_told_of_a_days_record_once(self):
        await stuck()
        await db.execute("UPDATE reconciliation_case SET state = 'closed', note = 'x', theirs = '{}'")
        await run_again("sandbox", clock.now().date().replace(day=23))
        await drain()
        events = await db.fetch("SELECT id FROM event WHERE name = 'reconciliation.differs'")
        assert len(events) == 2
        assert await Mail.filter(template="reconciliation_differs").count() == 1

    async def test_is_told_once_of_a_refund_that_its_provider_refuses(self):
        found = await stories.cast()
        joined = await stories.join_and_pay(found, await found.open_campaign(), found.bo, 2)
        payment = await Payment.get(participation_id=joined.participation_id)
        with sandbox().store.write() as record:  # all of it went back, they say
            record.execute("UPDATE payment SET refunded_minor = amount_minor")
        await db.atomically(lambda: request_refund(payment.id, reason="claim", amount_minor=100, number=1))
        await drain()
        assert await db.fetch("SELECT id FROM job WHERE state = 'dead' AND kind = 'refund.send'") != []
        assert "over_refund" in (await Mail.get(template="refund_died")).text
        assert await Mail.filter(template="job_died").count() == 0
