"""Invitations: personal, unguessable, and remembered."""

from __future__ import annotations

import pytest

from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.participations import operations as participations
from c2b.referrals import operations as referrals
from tests import world


class TestAnInvitation:
    async def test_is_one_link_per_member_and_campaign_that_no_table_contains(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.join(campaign, w.bo)
        first, again = await referrals.my_link(w.bo, campaign), await referrals.my_link(w.bo, campaign)
        assert first == again
        token = first.url.rsplit("/", 1)[1]
        assert len(token) == 43
        assert token not in str(await db.fetch("SELECT * FROM invitation"))
        assert (await referrals.my_link(w.ana, campaign)).url != first.url

    async def test_is_not_for_somebody_outside(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        with pytest.raises(NotFound):
            await referrals.my_link(w.cy, campaign)
        with pytest.raises(NotFound):
            await referrals.open_link("x" * 43)

    async def test_is_counted_when_opened_and_credited_when_somebody_pays(self, database):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.join(campaign, w.bo)
        link = await referrals.my_link(w.bo, campaign)
        invited = await referrals.open_link(link.url.rsplit("/", 1)[1])
        assert (invited.inviter_name, invited.campaign_id) == ("Bo", campaign)
        credited = await referrals.valid_for(invited.invitation_id, campaign_id=campaign, actor=w.cy)
        joined = await participations.join(w.cy, campaign, answers=world.ANSWERS, invitation_id=credited)
        await w.pay(joined)
        now = await referrals.my_link(w.bo, campaign)
        assert (now.opened, now.joined) == (1, 1)

    async def test_never_credits_oneself_or_another_campaign(self, database):
        w = await world.build()
        one, other = await w.open_campaign(), await w.open_campaign()
        mine = await referrals.my_link(w.ana, one)
        assert await referrals.valid_for(mine.id, campaign_id=one, actor=w.ana) is None
        assert await referrals.valid_for(mine.id, campaign_id=other, actor=w.bo) is None
        assert await referrals.valid_for(mine.id, campaign_id=one, actor=w.bo) == mine.id
