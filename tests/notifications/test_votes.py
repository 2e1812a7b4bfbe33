"""What people are told when their vote is over."""

from __future__ import annotations

from collections import Counter

import pytest

from c2b.notifications.models import Mail
from tests.notifications import stories
from tests.notifications.stories import failed_jobs, mail_to

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


class TestTheEndOfAVote:
    async def test_is_told_once_to_everybody_who_stays_and_to_the_organizer(self):
        await stories.decided()
        assert await failed_jobs() == []
        told = Counter(await stories.mails())
        stayed = {who.partition(".")[0] for template, who in told if template == "vote_closed"}
        assert stayed == {"ana", "bo", "dee"}
        assert [who for template, who in told if template == "campaign_vote_closed"] == ["ana.ferreira"]
        assert set(told.values()) == {1}

    async def test_says_what_came_out_with_how_many_votes_and_what_it_means(self):
        await stories.decided()
        mail = await mail_to("dee", "vote_closed")
        assert "The vote on “Mounting”" in mail.text
        assert "Gasket mount: 20 first votes" in mail.text
        assert "It was your first choice." in mail.text
        bo = await mail_to("bo.lindqvist", "vote_closed")
        assert "您把它排在第2位" in bo.text
        ana = await mail_to("ana.ferreira", "vote_closed")
        assert "You had not ranked anything." in ana.text
        assert (
            "1 member had made something else their condition"
            in (await mail_to("ana.ferreira", "campaign_vote_closed")).text
        )

    async def test_tells_who_had_not_paid_that_the_place_is_free_because_of_it(self):
        await stories.decided()
        (mail,) = await Mail.filter(template="reservation_expired")
        assert "the members have decided" in mail.text

    async def test_tells_who_lost_their_condition_that_they_are_out_and_why(self):
        await stories.decided()
        mail = await mail_to("cy.cyrano", "participation_left_out")
        assert "The group decided for Gasket mount, which you did not want" in mail.text
        assert "On its way back to you: CN¥" in mail.text
        assert "refund_done" in {template for template, who in await stories.mails() if who == "cy.cyrano"}
