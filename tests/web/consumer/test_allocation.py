"""What an organizer sees of a group that closed: who gets what, what is made, and what it costs."""

from __future__ import annotations

from typing import Any

from c2b.kit import db
from tests import world

FR4 = {"alternatives": [{"attribute": "case_color", "any_of": ["black"]}]}


async def locked(w: world.World, *colors: tuple[str, int], **wishes: Any) -> str:
    """The address of Ana's group, closed and locked with these colors and numbers of units."""
    campaign = await w.open_campaign(threshold=50, closes="at_deadline", objection_hours=0)
    for color, units in colors:
        who = await world.person(f"Member {color}")
        joined = await w.join(campaign, who, quantity=units, wishes=wishes.get(color), case_color=color)
        await w.pay(joined)
    await db.execute("UPDATE campaign SET state = 'closed' WHERE id = ?", campaign)
    assert await world.lock(campaign) == "locked"
    return f"/my/campaigns/{campaign}"


class TestTheOrganizersPageAfterTheClose:
    async def test_shows_a_group_in_which_everybody_got_their_first_choice(self, w, ana):
        page = await ana.get(await locked(w, ("navy", 20), ("navy", 20), ("navy", 20)))
        assert "Locked as proposed" in page.text
        assert "an alternative" not in page.text
        assert "with a small-lot fee" not in page.text

    async def test_shows_who_gets_something_else_and_which_option_is_not_made(self, w, ana):
        address = await locked(w, ("black", 20), ("black", 20), ("black", 10), ("navy", 5), navy=FR4)
        page = await ana.get(address)
        assert "an alternative" in page.text
        assert "not made" in page.text
        assert "second choice: Black" in page.text
