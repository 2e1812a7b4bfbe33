"""What comes to our own account: in the book at once, captured once, and everything else back to its sender."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from c2b.kit import clock, db, faults
from c2b.kit.errors import Invalid, NotFound
from c2b.ledger.queries import balance
from c2b.participations.operations import keep_reservations, withdraw
from c2b.payments import disbursing
from c2b.payments.asking import check_out
from c2b.payments.by_hand import pay_by_hand
from c2b.payments.capturing import ask_again
from c2b.payments.choosing import NoSuchWay
from c2b.payments.disbursing import Payee, opened
from c2b.payments.gateways import gateway
from c2b.payments.statement.deciding import (
    LineDecided,
    OtherCurrency,
    PaidAlready,
    assign,
    keep_parts,
    send_back,
)
from c2b.payments.statement.entering import EnteredAlready, enter, enter_all
from tests import small, world
from tests.books import assert_books, work
from tests.payments.paying import payment_of, state_of
from tests.payments.statement.story import (
    ACCOUNT,
    asked_by_transfer,
    came,
    line,
    line_row,
    open_campaign,
    place_of,
    transfers_out,
)

SUSPENSE, BANK = "suspense:bank:CNY", "world:bank:CNY"


async def sent(w, transfer: dict, reference: str = "OUT-1") -> None:
    """Approved by one admin and sent by another."""
    other = await world.person("Rut", "admin")
    await disbursing.approve(other, transfer["id"])
    await disbursing.mark_sent(w.root, transfer["id"], bank_reference=reference)


class TestALine:
    async def test_is_in_the_book_from_the_moment_it_is_entered_and_once(self, database, provider):
        w = await small.build()
        first = line(5000)
        await enter(w.root, first)
        with pytest.raises(EnteredAlready):
            await enter(w.root, first)
        assert (await enter_all(w.root, [first, line(700)])).new == 1
        assert (await balance(SUSPENSE), await balance(BANK)) == (5700, -5700)
        await assert_books(database, None, settled=False)

    async def test_entered_again_with_another_amount_is_refused_and_nothing_of_its_file_stays(
        self, database, provider
    ):
        w = await small.build()
        await enter(w.root, line(5000, reference="ONE"))
        with pytest.raises(Invalid) as refused:
            await enter_all(w.root, [line(100), line(5001, reference="ONE")])
        assert refused.value.fields[0].code == "differs"
        assert await balance(SUSPENSE) == 5000

    async def test_that_makes_no_sense_is_refused_by_field(self, database, provider):
        w = await small.build()
        wrong = line(
            0, currency="XXX", reference="", account="12", booked_on=clock.today() + timedelta(days=1)
        )
        with pytest.raises(Invalid) as refused:
            await enter(w.root, wrong)
        assert {each.path for each in refused.value.fields} == {
            "amount", "currency", "reference", "account", "booked_on",
        }  # fmt: skip

    async def test_is_for_admins_only_and_keeps_the_account_sealed(self, database, provider):
        w = await small.build()
        with pytest.raises(NotFound):
            await enter(w.ana, line(5000))
        row = await line_row(await came(w.root, 5000))
        assert ACCOUNT not in str(row)
        assert opened(row["payer_sealed"]) == Payee(name="Bo Zhang", account=ACCOUNT, bank="ICBC")


class TestAPaymentByTransfer:
    async def test_keeps_its_place_for_days_and_never_beyond_the_deadline(self, database, provider):
        w = await small.build()
        campaign = await open_campaign(w, deadline=clock.now() + timedelta(days=4))
        joined, payment, opened = await asked_by_transfer(w, campaign)
        place = await place_of(joined)
        assert db.instant(place["reserved_until"]) == opened.until == clock.now() + timedelta(days=4) or (
            timedelta(days=3, hours=23) < opened.until - clock.now() <= timedelta(days=4)
        )
        assert opened.transfer["reference"] == payment["provider_ref"]
        back = await check_out(w.members[-1], joined.participation_id, gateway_name="sandbox")
        assert back.until - clock.now() <= timedelta(minutes=30)

    async def test_is_not_offered_when_it_would_come_too_late(self, database, provider):
        w = await small.build()
        campaign = await open_campaign(w, deadline=clock.now() + timedelta(days=2))
        with pytest.raises(NoSuchWay):
            await asked_by_transfer(w, campaign)

    async def test_is_captured_by_the_line_that_pays_it_and_makes_a_member(self, database, provider):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"], text=payment["provider_ref"])
        assert await assign(w.root, line_id, payment["id"])
        assert await state_of(joined) == "joined"
        row = await payment_of(joined)
        assert (row["state"], row["refunded_minor"]) == ("succeeded", 0)
        assert await balance(SUSPENSE) == 0
        assert await balance(f"escrow:{payment['campaign_id']}") == payment["amount_minor"]
        with pytest.raises(LineDecided):
            await send_back(w.root, line_id, note="Too late.")
        clock.shift(timedelta(minutes=5))
        await ask_again()  # the clock's own question changes nothing
        await assert_books(database, None, settled=False)

    async def test_in_parts_counts_when_the_last_part_has_come(self, database, provider):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        first = await came(w.root, 1000)
        assert not await assign(w.root, first, payment["id"])
        assert await state_of(joined) == "pending_payment"
        assert (await gateway("bank").read(payment["provider_ref"])).status == "created"
        assert await assign(w.root, await came(w.root, payment["amount_minor"] - 1000), payment["id"])
        assert await state_of(joined) == "joined"
        (event,) = await db.fetch("SELECT payload FROM event WHERE name = 'payment.part_arrived'")
        assert str(payment["amount_minor"] - 1000) in str(event["payload"])
        await assert_books(database, None, settled=False)

    async def test_of_too_much_keeps_the_price_and_sends_the_rest_back(self, database, provider):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"] + 77)
        assert await assign(w.root, line_id, payment["id"])
        assert await state_of(joined) == "joined"
        (back,) = await transfers_out()
        assert (back["amount_minor"], back["subject_id"]) == (77, line_id)
        assert await balance(SUSPENSE) == 77
        await sent(w, back)
        assert await balance(SUSPENSE) == 0
        assert (await line_row(line_id))["returned_at"] is not None
        told = await gateway("bank").read(payment["provider_ref"])
        assert (told.status, told.amount_minor) == ("captured", payment["amount_minor"])
        await assert_books(database, None, settled=False)

    async def test_a_surplus_whose_transfer_was_called_off_is_proposed_again(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"] + 77, account="")
        await assign(w.root, line_id, payment["id"])
        (back,) = await transfers_out()
        to = Payee(name="Bo Zhang", account="DE02120300000000202051")
        with pytest.raises(LineDecided):
            await send_back(w.root, line_id, payee=to, note="Their IBAN.")
        await disbursing.refuse(w.root, back["id"], reason="No account.")
        await send_back(w.root, line_id, payee=to, note="Their IBAN.")
        again = (await transfers_out())[-1]
        assert (again["amount_minor"], opened(again["payee_sealed"])) == (77, to)
        await sent(w, again)
        with pytest.raises(LineDecided):
            await send_back(w.root, line_id, payee=to, note="Once more.")

    async def test_of_another_currency_or_paid_already_is_not_taken(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        with pytest.raises(OtherCurrency):
            await assign(w.root, await came(w.root, 9000, currency="EUR"), payment["id"])
        await assign(w.root, await came(w.root, payment["amount_minor"]), payment["id"])
        second = await came(w.root, payment["amount_minor"])
        with pytest.raises(PaidAlready):
            await assign(w.root, second, payment["id"])
        assert (await line_row(second))["state"] == "open"
        assert await balance(SUSPENSE) == payment["amount_minor"]

    async def test_nobody_has_heard_of_is_not_found(self, database, provider):
        w = await small.build()
        line_id = await came(w.root, 9000)
        with pytest.raises(NotFound):
            await assign(w.root, line_id, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        with pytest.raises(NotFound):
            await assign(w.ana, line_id, "01ARZ3NDEKTSV4RRFFQ69G5FAV")

    async def test_that_comes_too_late_goes_back_where_it_came_from(self, database, provider):
        w = await small.build()
        joined, payment, opened_at = await asked_by_transfer(w, await open_campaign(w))
        clock.set(opened_at.until + timedelta(minutes=1))
        await keep_reservations()
        assert await state_of(joined) == "expired"
        assert await assign(w.root, await came(w.root, payment["amount_minor"]), payment["id"])
        assert await state_of(joined) == "expired"
        (refund,) = await db.fetch("SELECT * FROM refund")
        assert (refund["reason"], bool(refund["by_hand"]), refund["state"]) == ("late", True, "requested")
        (back,) = await transfers_out("refund")
        to = opened(back["payee_sealed"])
        assert to is not None
        assert to.account == ACCOUNT
        await sent(w, back)
        assert (await db.fetch("SELECT state FROM refund"))[0]["state"] == "succeeded"
        assert (await balance(BANK), await balance(SUSPENSE)) == (0, 0)
        await assert_books(database, None)

    @pytest.mark.parametrize("others", ["DE02120300000000202051", ""])
    async def test_from_several_accounts_goes_back_only_where_a_person_says(self, database, provider, others):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        await assign(w.root, await came(w.root, 1000), payment["id"])
        await assign(
            w.root, await came(w.root, payment["amount_minor"] - 1000, account=others), payment["id"]
        )
        assert await state_of(joined) == "joined"
        await withdraw(w.members[-1], joined.participation_id)
        await work()
        (refund,) = await db.fetch("SELECT * FROM refund")
        assert (refund["state"], bool(refund["by_hand"]), await transfers_out("refund")) == (
            "requested",
            True,
            [],
        )
        await pay_by_hand(w.root, refund["id"], payee=Payee(name="Bo Zhang", account=ACCOUNT))
        (back,) = await transfers_out("refund")
        await sent(w, back)
        await assert_books(database, None)

    async def test_whoever_turned_to_another_way_and_pays_both_gets_the_second_back(self, database, provider):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        await check_out(w.members[-1], joined.participation_id, gateway_name="sandbox")
        other = await payment_of(joined)
        assert other["gateway"] == "sandbox"
        await provider.pay(other["provider_ref"])
        clock.shift(timedelta(minutes=3))
        await ask_again()
        assert await state_of(joined) == "joined"
        assert await assign(w.root, await came(w.root, payment["amount_minor"]), payment["id"])
        (refund,) = await db.fetch("SELECT reason, payment_id FROM refund")
        assert (refund["reason"], refund["payment_id"]) == ("late", payment["id"])
        assert await state_of(joined) == "joined"


class TestMoneyThatPaysNothing:
    async def test_goes_back_with_a_reason_once(self, database, provider):
        w = await small.build()
        line_id = await came(w.root, 9000, text="rent")
        with pytest.raises(Invalid):
            await send_back(w.root, line_id)
        await send_back(w.root, line_id, note="Not for us.")
        with pytest.raises(LineDecided):
            await send_back(w.root, line_id, note="Not for us.")
        (back,) = await transfers_out()
        await sent(w, back)
        assert (await line_row(line_id))["state"] == "returned"
        assert (await balance(SUSPENSE), await balance(BANK)) == (0, 0)
        await assert_books(database, None)

    async def test_needs_an_account_where_the_statement_told_none(self, database, provider):
        w = await small.build()
        line_id = await came(w.root, 9000, account="")
        with pytest.raises(Invalid) as refused:
            await send_back(w.root, line_id, note="Not for us.")
        assert refused.value.fields[0].path == "payee_account"
        await send_back(
            w.root, line_id, note="Not for us.", payee=Payee(name="A", account="DE02120300000000202051")
        )

    async def test_waits_for_a_decision_again_when_its_transfer_was_called_off(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"])
        await send_back(w.root, line_id, note="Not for us.")
        (back,) = await transfers_out()
        await disbursing.refuse(w.root, back["id"], reason="It was for Bo after all.")
        assert (await line_row(line_id))["state"] == "open"
        assert await assign(w.root, line_id, payment["id"])
        await assert_books(database, None, settled=False)

    async def test_a_part_whose_rest_never_comes_goes_back(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, 1000)
        await assign(w.root, line_id, payment["id"])
        await send_back(w.root, line_id, note="The rest never came.")
        (back,) = await transfers_out()
        await sent(w, back)
        assert await balance(SUSPENSE) == 0
        # and what comes afterwards has to make up the whole amount
        assert not await assign(w.root, await came(w.root, payment["amount_minor"] - 1), payment["id"])


class TestAPartWhoseRestNeverComes:
    @pytest.mark.parametrize("known", [True, False])
    async def test_goes_back_by_itself_once_where_its_account_is_known(self, database, provider, known):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, 1000, account=ACCOUNT if known else "")
        await assign(w.root, line_id, payment["id"])
        assert await keep_parts() == 0
        await check_out(w.members[-1], joined.participation_id, gateway_name="sandbox")
        assert [await keep_parts(), await keep_parts()] == [int(known), 0]
        assert (await line_row(line_id))["state"] == ("returning" if known else "assigned")
        assert [each["amount_minor"] for each in await transfers_out()] == [1000] * known
        told = await db.fetch("SELECT payload FROM event WHERE name = 'payment.part_returned'")
        assert len(told) == int(known)
        if known:
            await sent(w, (await transfers_out())[0])
            assert (await line_row(line_id))["state"] == "returned"
            assert await balance(SUSPENSE) == 0


class TestTwoAdminsAtOnce:
    async def test_one_line_is_decided_once(self, database, provider):
        w = await small.build()
        rut = await world.person("Rut", "admin")
        for _ in range(5):
            campaign = await open_campaign(w)
            payments = [(await asked_by_transfer(w, campaign))[1] for _ in range(2)]
            line_id = await came(w.root, payments[0]["amount_minor"])
            done = await asyncio.gather(
                assign(w.root, line_id, payments[0]["id"]),
                assign(rut, line_id, payments[1]["id"]),
                send_back(rut, line_id, note="Not for us."),
                assign(w.root, line_id, payments[0]["id"]),
                return_exceptions=True,
            )
            assert sum(not isinstance(each, BaseException) for each in done) == 1, done
        await assert_books(database, None, settled=False)

    async def test_two_lines_for_one_payment_capture_it_once(self, database, provider):
        w = await small.build()
        rut = await world.person("Rut", "admin")
        for _ in range(5):
            _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
            lines = [await came(w.root, payment["amount_minor"] - 100) for _ in range(3)]
            done = await asyncio.gather(
                *(
                    assign(who, each, payment["id"])
                    for who, each in zip((w.root, rut, rut), lines, strict=True)
                ),
                return_exceptions=True,
            )
            assert sorted(str(each) for each in done if isinstance(each, bool)) == ["False", "True"], done
            (moved,) = await db.fetch(
                "SELECT amount_minor FROM transfer WHERE cause = 'payment' AND cause_id = ?", payment["id"]
            )
            assert moved["amount_minor"] == payment["amount_minor"]
        await assert_books(database, None, settled=False)


class Cut(BaseException):
    """The power went out."""


class TestCutOff:
    @pytest.mark.parametrize("at", ["line:assigned", "webhook:before commit"])
    async def test_anywhere_nothing_is_half_done_and_the_next_try_does_all(
        self, database, provider, monkeypatch, at
    ):
        w = await small.build()
        joined, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"] + 9)

        def cut(name: str) -> None:
            if name == at:
                raise Cut

        with monkeypatch.context() as off, pytest.raises(Cut):
            off.setattr(faults, "point", cut)
            await assign(w.root, line_id, payment["id"])
        assert ((await line_row(line_id))["state"], await state_of(joined)) == ("open", "pending_payment")
        assert await balance(SUSPENSE) == payment["amount_minor"] + 9
        assert await transfers_out() == []
        assert await assign(w.root, line_id, payment["id"])
        assert [each["amount_minor"] for each in await transfers_out()] == [9]
        await assert_books(database, None, settled=False)
