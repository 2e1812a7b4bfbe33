"""It is late: the member's page asks, and takes the answer once."""

from __future__ import annotations

import pytest

from c2b.kit import db
from tests.payouts.paid import ordered
from tests.payouts.test_guarding import late
from tests.purchasing.locked import _quick_documents  # noqa: F401
from tests.web.consumer.browser import Browser

pytestmark = pytest.mark.usefixtures("database", "_quick_documents")


@pytest.fixture
async def bo_and_place(database, app) -> tuple[Browser, str]:
    paid = await ordered()
    bo = paid.walk.locked.world.bo
    row = await db.fetch_one("SELECT id FROM participation WHERE user_id = ?", bo.id)
    assert row
    browser, place = await Browser.of(app, bo), f"/participations/{row['id']}"
    assert "It will be later than promised" not in (await browser.get(place)).text
    await late(paid, 1)
    await browser.log_in(bo)  # weeks have passed
    return browser, place


class TestADelay:
    async def test_asks_the_member_and_takes_waiting_for_an_answer(self, bo_and_place):
        bo, place = bo_and_place
        page = await bo.get(place)
        assert page.says(
            "It will be later than promised", "You choose: wait for it, or leave", "Without your answer by"
        )
        page = await bo.send(page.form("/delay"), button="wait")
        assert page.says("Thank you for waiting", "You wait")
        assert "I wait" not in page.text

    async def test_lets_the_member_leave_with_everything(self, bo_and_place):
        bo, place = bo_and_place
        form = (await bo.get(place)).form("/delay")
        page = await bo.send(form, button="leave")
        assert page.says("All of your money is on its way back to you.", "did not want to wait")
        assert "It will be later" not in page.text
        await bo.send(form, button="leave")
        row = await db.fetch_one("SELECT COUNT(*) AS n FROM refund WHERE reason = 'delay'")
        assert row == {"n": 1}
        assert (await bo.send(form, button="wait")).says("There is no delay to answer here")

    async def test_is_nobody_elses_to_answer(self, bo_and_place, app, w):
        _, place = bo_and_place
        cy = await Browser.of(app, w.cy)
        token = (await cy.get("/my/participations")).forms[0].fields[0][1]
        response = await cy.http.post(f"{place}/delay", data={"csrf_token": token, "answer": "leave"})
        assert response.status_code == 404
        assert await db.fetch("SELECT id FROM refund WHERE reason = 'delay'") == []
