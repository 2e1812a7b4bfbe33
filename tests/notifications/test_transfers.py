"""Whoever pays by bank transfer has it in writing: where to, what is missing, what was too much."""

from __future__ import annotations

import pytest

from c2b.durable.models import Job
from c2b.notifications.models import Mail
from c2b.payments.gateways.bank.references import printed
from c2b.payments.models import Payment
from tests.notifications.collected import transferred

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


async def test_each_step_is_told_once_in_the_members_language():
    story = await transferred()
    payment = await Payment.get(user_id=story.world.bo.id)
    asked, short, over = [
        await Mail.get(template=name, recipient_id=story.world.bo.id)
        for name in ("transfer_asked", "transfer_short", "transfer_over")
    ]
    assert {asked.to_address, short.to_address, over.to_address} == {asked.to_address}
    assert printed(payment.provider_ref) in asked.text and "0000000000000000" in asked.text
    assert f"/participations/{payment.participation_id}/payment" in asked.text
    assert "银行转账" in asked.subject
    assert "¥10.00" in short.text and printed(payment.provider_ref) in short.text
    assert "¥10.00" in over.text
    assert await Mail.filter(template="participation_joined").count() == 1


async def test_who_sent_a_part_and_leaves_is_told_that_it_goes_back():
    story = await transferred()
    returned = await Mail.get(template="transfer_returned")
    assert returned.recipient_id == story.world.cy.id
    assert "¥5.00" in returned.text
    left = await Mail.get(template="participation_withdrawn")
    assert "not paid for" in left.text
    # what was to be told of the part came too late, and is left out without a fault
    assert await Job.filter(failures__gt=0).count() == 0
    assert not await Mail.filter(template="transfer_short", recipient_id=story.world.cy.id).exists()
