"""The mail to somebody who takes part from a lower price on promises no place that does not count yet."""

from __future__ import annotations

import pytest

from c2b.durable.sweep import drain
from tests.notifications import stories

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")
IF_LOWER = {"commit_below_minor": 42900}


async def test_says_that_the_place_counts_once_the_price_is_reached_or_that_it_does():
    """Cy waits for a price that 80 units bring; when Ana's units come, it is there."""
    w = await stories.cast()
    campaign = await w.open_campaign(closes="at_deadline")
    await stories.pay(w.cy, await w.join(campaign, w.cy, quantity=2, wishes=IF_LOWER))
    await drain()
    text = (await stories.mail_to("cy.cyrano", "participation_joined")).text
    assert "your place is kept. It counts once the group reaches the lower price" in " ".join(text.split())
    assert "in “Navy seventy-five” counts" not in text and "difference comes back" not in text
    await w.fill(campaign, 78)
    await stories.pay(w.ana, await w.join(campaign, w.ana, quantity=2, wishes=IF_LOWER))
    await drain()
    text = (await stories.mail_to("ana.ferreira", "participation_joined")).text
    assert "place in “Navy seventy-five” counts" in " ".join(text.split())
