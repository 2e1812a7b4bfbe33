"""Batches of bank transfers: two admins at once, and what of a batch does not bear it."""

from __future__ import annotations

import asyncio

import pytest

from c2b.config import settings
from c2b.kit import db
from c2b.kit.errors import Invalid, NotFound
from c2b.kit.ids import new_id
from c2b.payments import batches, disbursing
from c2b.payments.batches import Done, FiledBefore
from tests import world
from tests.payments.test_disbursing import PAYEE, nobody_listens

__all__ = ["nobody_listens"]
pytestmark = pytest.mark.usefixtures("nobody_listens", "database")


async def proposed(payee: disbursing.Payee | None = PAYEE, amount_minor: int = 500) -> str:
    found = await db.atomically(
        lambda: disbursing.propose(
            kind="commission", subject_id=new_id(), amount_minor=amount_minor, currency="CNY", payee=payee
        )
    )
    assert found
    return found


async def test_two_admins_at_once_do_each_transfer_once():
    root, rut = await world.person("Root", "admin"), await world.person("Rut", "admin")
    ids = [await proposed() for _ in range(4)]
    both = await asyncio.gather(batches.approve_many(root, ids), batches.approve_many(rut, ids[::-1]))
    assert sum(each.done for each in both) == sum(each.left for each in both) == 4
    files = await asyncio.gather(
        *(batches.file_for_bank(who, ids) for who in (root, rut)), return_exceptions=True
    )
    assert sorted(isinstance(each, FiledBefore) for each in files) == [False, True]
    both = await asyncio.gather(
        *(batches.send_many(who, ids, bank_reference="ICBC-1") for who in (root, rut))
    )
    assert sum(each.done for each in both) == 4
    assert len(await db.fetch("SELECT id FROM event WHERE name = 'disbursement.sent'")) == 4


async def test_a_file_leaves_out_whose_account_nobody_knows():
    root = await world.person("Root", "admin")
    known, unknown = await proposed(), await proposed(None)
    assert await batches.approve_many(root, [known, unknown]) == Done(2, 0)
    assert [each.id for each in await batches.file_for_bank(root, [known, unknown])] == [known]
    with pytest.raises(Invalid):
        await batches.file_for_bank(root, [unknown])


async def test_a_file_leaves_out_what_the_same_admin_has_approved_and_may_not_send():
    root, rut = await world.person("Root", "admin"), await world.person("Rut", "admin")
    small, large = await proposed(), await proposed(amount_minor=settings().two_person_minor)
    assert await batches.approve_many(root, [small, large]) == Done(2, 0)
    assert [each.id for each in await batches.file_for_bank(root, [small, large])] == [small]
    assert [each.id for each in await batches.file_for_bank(rut, [large])] == [large]


async def test_a_batch_is_for_admins_and_has_a_size():
    root, bo = await world.person("Root", "admin"), await world.person("Bo")
    ids = [await proposed()]
    for who, chosen, refusal in (
        (bo, ids, NotFound),
        (root, [], Invalid),
        (root, ["x"] * 3 + [*map(str, range(100))], Invalid),
    ):
        for doing in (
            batches.approve_many(who, chosen),
            batches.send_many(who, chosen, bank_reference="ICBC-1"),
            batches.file_for_bank(who, chosen),
        ):
            with pytest.raises(refusal):
                await doing
    with pytest.raises(Invalid):
        await batches.send_many(root, ids, bank_reference=" ")
