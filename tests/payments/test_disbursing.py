"""Money that a person sends: once, by two people above a limit, with the bank's reference, and never in the open."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from c2b.config import settings
from c2b.kit import db
from c2b.kit.errors import Invalid
from c2b.payments import disbursing
from c2b.payments.disbursements import disbursement
from c2b.payments.disbursing import AnotherPerson, DecidedAlready, Payee
from tests import world

#: What a transfer is for hears of it; these are for nothing in particular.
pytestmark = pytest.mark.usefixtures("nobody_listens")
PAYEE = Payee(name="Bo Zhang", account="6222000012345678", bank="ICBC")


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """No reaction is told."""
    monkeypatch.setattr("c2b.events.operations._reactions", defaultdict(list))


async def proposed(subject: str = "s1", *, amount: int | None = None, by: str | None = None) -> str:
    found = await db.atomically(
        lambda: disbursing.propose(
            kind="payout", subject_id=subject, amount_minor=amount or settings().two_person_minor,
            currency="CNY", payee=PAYEE, proposed_by=by,
        )
    )  # fmt: skip
    assert found
    return found


async def row_of(id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM disbursement WHERE id = ?", id)
    assert row
    return row


class TestTwoPersons:
    async def test_whoever_proposed_does_not_approve(self, database):
        one, two = await world.person("One", "admin"), await world.person("Two", "admin")
        id = await proposed(by=one.id)
        with pytest.raises(AnotherPerson):
            await disbursing.approve(one, id)
        assert (await disbursement(one, id)).another
        await disbursing.approve(two, id)
        await disbursing.mark_sent(two, id, bank_reference="B-1")
        assert (await row_of(id))["state"] == "sent"

    async def test_whoever_approved_what_the_platform_proposed_does_not_send_it(self, database):
        one, two = await world.person("One", "admin"), await world.person("Two", "admin")
        id = await proposed()
        await disbursing.approve(one, id)
        with pytest.raises(AnotherPerson):
            await disbursing.mark_sent(one, id, bank_reference="B-1")
        assert (await disbursement(one, id)).actions == ("refuse",)
        await disbursing.mark_sent(two, id, bank_reference="B-1")

    async def test_the_database_refuses_one_person_whatever_the_code_does(self, database):
        one = await world.person("One", "admin")
        id = await proposed(by=one.id)
        with pytest.raises(IntegrityError, match="two_persons"):
            await db.execute("UPDATE disbursement SET approved_by = ? WHERE id = ?", one.id, id)

    async def test_one_is_enough_below_the_limit(self, database):
        one = await world.person("One", "admin")
        id = await proposed(amount=settings().two_person_minor - 1, by=one.id)
        await disbursing.approve(one, id)
        await disbursing.mark_sent(one, id, bank_reference="B-1")


class TestOnce:
    async def test_the_same_is_proposed_again_only_after_it_was_refused(self, database):
        one = await world.person("One", "admin")
        first = await proposed(amount=5)
        again = {"kind": "payout", "subject_id": "s1", "amount_minor": 5, "currency": "CNY", "payee": PAYEE}
        assert await db.atomically(lambda: disbursing.propose(**again)) is None
        await disbursing.refuse(one, first, reason="Wrong account.")
        second = await db.atomically(lambda: disbursing.propose(**again))
        assert second not in (None, first)

    async def test_nothing_is_decided_twice(self, database):
        one = await world.person("One", "admin")
        id = await proposed(amount=5)
        await disbursing.approve(one, id)
        with pytest.raises(DecidedAlready):
            await disbursing.approve(one, id)
        await disbursing.mark_sent(one, id, bank_reference="B-1")
        with pytest.raises(DecidedAlready):
            await disbursing.mark_sent(one, id, bank_reference="B-2")
        with pytest.raises(DecidedAlready):
            await disbursing.refuse(one, id, reason="too late")
        assert (await row_of(id))["bank_reference"] == "B-1"

    async def test_is_sent_only_approved_and_with_a_reference(self, database):
        one = await world.person("One", "admin")
        id = await proposed(amount=5)
        with pytest.raises(DecidedAlready):
            await disbursing.mark_sent(one, id, bank_reference="B-1")
        await disbursing.approve(one, id)
        with pytest.raises(Invalid):
            await disbursing.mark_sent(one, id, bank_reference=" \n ")
        with pytest.raises(Invalid):
            await disbursing.refuse(one, id, reason="")


class TestThePayee:
    async def test_is_sealed_in_the_database_and_whoever_looks_is_written_down(self, database):
        one = await world.person("One", "admin")
        id = await proposed(amount=5)
        assert PAYEE.account not in str(await row_of(id))
        assert (await disbursement(one, id)).account_end == "5678"
        assert await disbursing.reveal(one, id) == PAYEE
        looked = await db.fetch("SELECT actor_id, subject_id FROM event WHERE name = 'payee.revealed'")
        assert looked == [{"actor_id": one.id, "subject_id": id}]

    @pytest.mark.parametrize(
        ("name", "account", "field"), [("", "6222000012345678", "payee_name"), ("Bo", "12", "payee_account"),
                                       ("Bo", "DE89 3704!", "payee_account")],
    )  # fmt: skip
    def test_is_checked_before_it_is_kept(self, name, account, field):
        with pytest.raises(Invalid) as refused:
            disbursing.checked_payee(name, account)
        assert [fault.path for fault in refused.value.fields] == [field]

    def test_an_iban_is_kept_without_its_spaces(self):
        assert (
            disbursing.checked_payee("Bo", "de89 3704 0044 0532 0130 00").account == "DE89370400440532013000"
        )
