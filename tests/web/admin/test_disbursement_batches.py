"""Many bank transfers at once on the pages: chosen, approved, put into a file for the bank, booked as sent."""

from __future__ import annotations

import csv
import io

import pytest

from c2b.config import settings
from c2b.kit import db
from c2b.kit.ids import new_id
from tests import world
from tests.payments.test_disbursing import PAYEE, nobody_listens
from tests.web.admin.test_disbursements import proposed
from tests.web.consumer.browser import Browser, Form, Page

__all__ = ["nobody_listens"]
pytestmark = pytest.mark.usefixtures("nobody_listens")
PROPOSED, APPROVED = "/admin/disbursements?state=proposed", "/admin/disbursements?state=approved"


async def some(*amounts: int) -> list[str]:
    return [await proposed(new_id(), amount) for amount in amounts]


async def states() -> list[str]:
    return [row["state"] for row in await db.fetch("SELECT state FROM disbursement ORDER BY id")]


def batch(page: Page) -> Form:
    return next(form for form in page.forms if form.method == "post" and "?state=" in form.action)


def to_file(page: Page) -> Form:
    form = batch(page)
    return Form(form.action.replace("dispatches", "files"), "post", form.fields, form.buttons)


class TestTheChosen:
    async def test_are_approved_and_the_others_are_not(self, w, app, root):
        first, second, _ = await some(500, 600, 700)
        page = await root.get(PROPOSED)
        assert (await root.send(batch(page), 422)).says("Choose between one and a hundred.")
        page = await root.send(batch(page), id=[first, second, "nothing", first])
        assert page.says("Done: 2. Left, because it takes another person or was decided meanwhile: 1.")
        assert await states() == ["approved", "approved", "proposed"]

    async def test_are_all_of_the_page_by_one_link(self, w, app, root):
        await some(500, 600)
        page = await root.get(f"{PROPOSED}&all=1")
        assert (await root.send(batch(page))).says("Approved: 2.")
        page = await root.get(f"{APPROVED}&all=1")
        assert (await root.send(batch(page), 422, bank_reference=" ")).says("Enter the reference")
        assert (await root.send(batch(page), bank_reference="ICBC-77")).says("Booked as sent: 2.")
        rows = await db.fetch("SELECT state, bank_reference FROM disbursement")
        assert [tuple(row.values()) for row in rows] == [("sent", "ICBC-77")] * 2

    async def test_that_take_two_persons_are_left_to_the_other(self, w, app, root):
        await some(500, settings().two_person_minor)
        await root.send(batch(await root.get(f"{PROPOSED}&all=1")))
        page = await root.send(batch(await root.get(f"{APPROVED}&all=1")), bank_reference="ICBC-77")
        assert page.says("Done: 1. Left, because it takes another person")
        assert await states() == ["sent", "approved"]
        other = await Browser.of(app, await world.person("Other", "admin"))
        page = await other.send(batch(await other.get(f"{APPROVED}&all=1")), bank_reference="ICBC-78")
        assert page.says("Booked as sent: 1.")


class TestAFileForTheBank:
    async def test_names_payees_and_accounts_and_is_written_down(self, w, app, root):
        (one,) = await some(99_956)
        await root.send(batch(await root.get(f"{PROPOSED}&all=1")))
        page = await root.get(f"{APPROVED}&all=1")
        assert PAYEE.account not in page.html
        response = (await root.send(to_file(page), format="csv")).response
        assert "no-store" in response.headers["cache-control"]
        _, row = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
        assert row[:6] == [one, PAYEE.name, PAYEE.account, PAYEE.bank, "999.56", "CNY"]
        (told,) = await db.fetch("SELECT actor_id FROM event WHERE name = 'payee.revealed'")
        assert told["actor_id"] == w.root.id
        assert (await root.send(to_file(page), 409)).says("in a file already")
        assert (await root.get(APPROVED)).says("in a file of")
        # what may be on its way is not chosen with all others
        assert (await root.send(batch(await root.get(f"{APPROVED}&all=1")), 422)).says("Choose between")

    async def test_holds_what_was_in_another_one_only_when_somebody_says_so(self, w, app, root):
        one, two = await some(500, 600)
        await root.send(batch(await root.get(f"{PROPOSED}&all=1")))
        page = await root.get(APPROVED)
        await root.send(to_file(page), id=one)
        page = await root.send(to_file(page), 409, id=[one, two])
        assert page.says("Again, also what is in a file already")
        response = (await root.send(to_file(page), id=[one, two], again="yes")).response
        assert response.content[:2] == b"PK"

    async def test_holds_nothing_that_is_not_approved(self, w, app, root):
        (one,) = await some(500)
        page = await root.get(PROPOSED)
        form = Form("/admin/disbursements/files?state=approved", "post", batch(page).fields)
        assert (await root.send(form, 422, id=one)).says("Choose between")
