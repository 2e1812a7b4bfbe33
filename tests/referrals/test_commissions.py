"""Commissions: who earns, when it is theirs, and what a refund takes back."""

from __future__ import annotations

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from c2b.kit import clock, db
from c2b.kit.errors import Invalid
from c2b.kit.http.paging import Window
from c2b.kit.ids import new_id
from c2b.ledger.queries import balance, faults
from c2b.participations.models import Participation
from c2b.payments.refunding import book_refund, request_refund
from c2b.referrals import operations as referrals
from c2b.referrals.queries import my_commissions, sums_of
from c2b.referrals.withdrawing import NothingToWithdraw, WhoAreYou, WithdrawalUnderWay
from tests import world
from tests.referrals import earning
from tests.referrals.earning import BASE, FIRST, SECOND, SETTLED


async def bindings() -> list[tuple[str, str]]:
    rows = await db.fetch("SELECT inviter_id, invitee_id FROM referral_binding ORDER BY id")
    return [(row["inviter_id"], row["invitee_id"]) for row in rows]


class TestABinding:
    async def test_is_made_by_the_first_invitation_that_money_came_through_and_by_no_other(self, database):
        w = await earning.build()
        one, other = await earning.open_campaign(w), await earning.open_campaign(w)
        for campaign in (one, other):
            await w.pay(await w.join(campaign, w.bo))
        await earning.invite(w, one, w.bo, w.cy)
        dee = await world.person("Dee")
        await w.pay(await w.join(other, dee))
        await earning.invite(w, other, dee, w.cy)
        assert await bindings() == [(w.bo.id, w.cy.id)]

    async def test_is_made_once_however_often_the_job_runs(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        place = await earning.invite(w, campaign, w.ana, w.bo)
        assert not await db.atomically(lambda: referrals.bind(place))
        assert await bindings() == [(w.ana.id, w.bo.id)]

    async def test_never_closes_a_circle(self, database):
        w = await earning.build()
        one, two, three = [await earning.open_campaign(w) for _ in range(3)]
        dee = await world.person("Dee")
        await w.pay(await w.join(one, w.bo))
        await earning.invite(w, one, w.bo, w.cy)
        await earning.invite(w, two, w.ana, dee)
        await w.pay(await w.join(two, w.cy))
        await earning.invite(w, three, w.ana, w.cy)  # not the first
        await earning.invite(w, two, w.cy, w.bo)  # Bo invited Cy
        assert (w.cy.id, w.bo.id) not in await bindings()
        assert len(await bindings()) == 2

    async def test_is_refused_by_the_database_where_code_would_write_it(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        await w.pay(await w.join(campaign, w.bo))
        await earning.invite(w, campaign, w.bo, w.cy)
        for inviter, invitee in ((w.bo, w.bo), (w.ana, w.cy), (w.cy, w.bo)):
            with pytest.raises(IntegrityError):
                await write_binding(inviter.id, invitee.id)

    async def test_that_would_close_a_circle_with_another_at_the_same_instant_is_one_too_many(self, database):
        w = await earning.build()
        people = [(await world.person(f"P{n}")).id for n in range(6)]
        pairs = list(zip(people, [*people[1:], people[0]], strict=True))
        for _ in range(3):
            written = await asyncio.gather(*(write_binding(*pair) for pair in pairs), return_exceptions=True)
            assert sum(result is None for result in written) <= len(people) - 1
        assert len(await bindings()) == len(people) - 1
        assert w

    async def test_expires_with_time_and_with_orders(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        await earning.invite(w, campaign, w.ana, w.bo)
        await db.execute("UPDATE referral_binding SET orders_left = 1")
        await earning.lock(w, campaign)
        assert await referrals.expire_bindings() == 1
        later = await earning.open_campaign(w)
        await w.pay(await w.join(later, w.bo))
        await earning.lock(w, later)
        assert len(await db.fetch("SELECT id FROM commission")) == 1

    async def test_counts_for_nothing_that_was_paid_after_its_time(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        await earning.invite(w, campaign, w.ana, w.bo)
        await db.execute("UPDATE referral_binding SET expires_at = bound_at")
        await earning.lock(w, campaign)
        assert await db.fetch("SELECT id FROM commission") == []


async def write_binding(inviter: str, invitee: str) -> None:
    now = clock.now()
    await db.execute(
        "INSERT INTO referral_binding (id, inviter_id, invitee_id, invitation_id, campaign_id, state, orders_left, "
        "bound_at, expires_at) VALUES (?, ?, ?, 'i', 'c', 'bound', 5, ?, ?)",
        new_id(), inviter, invitee, now, now,
    )  # fmt: skip


class TestACommission:
    async def test_is_three_percent_of_the_settled_item_price_without_tax(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        await w.pay(await w.join(campaign, w.bo))
        place = await earning.invite(w, campaign, w.bo, w.cy, quantity=2)
        expected = (await sums_of(w.bo.id))[0]
        assert (expected.expected_orders, expected.estimated_minor) == (1, 0)
        assert await db.fetch("SELECT id FROM commission") == []  # promised nowhere before the price is final
        await earning.lock(w, campaign)
        row = await db.fetch_one("SELECT * FROM commission WHERE participation_id = ?", place)
        settled = (await Participation.get(id=place)).settled_minor
        assert row
        assert (row["base_minor"], row["rate_bp"]) == (85800 * 100 // 113, 300)
        assert settled is not None
        assert (row["amount_minor"], row["beneficiary_id"]) == (row["base_minor"] * 300 // 10000, w.bo.id)
        assert (await sums_of(w.bo.id))[0].expected_minor == 0

    async def test_is_its_members_when_the_order_can_no_longer_be_returned_and_not_before(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        await w.pay(await w.join(campaign, w.bo))
        place = await earning.invite(w, campaign, w.bo, w.cy)
        await earning.lock(w, campaign)
        await earning.pass_days(30)
        assert await earning.state_of(place) == ("estimated", "at_work", FIRST)
        await earning.deliver(campaign)
        await earning.pass_days(6)
        assert await earning.state_of(place) == ("estimated", "returnable", FIRST)
        assert await referrals.open_commissions(campaign) == 1
        before = await balance(f"escrow:{campaign}")
        await earning.pass_days(2)
        assert await earning.state_of(place) == ("confirmed", "who_are_you", FIRST)
        assert await earning.on_account(w.bo) == FIRST == before - await balance(f"escrow:{campaign}")
        assert await db.atomically(lambda: referrals.settle_commissions(campaign)) == 0
        assert await faults() == []

    async def test_is_written_for_one_level_without_and_for_two_with_an_approval_in_force(self, database):
        w = await earning.build()
        dee = await world.person("Dee")
        found = []
        for step in ("no approval", "approved", "revoked"):
            campaign = await earning.open_campaign(w)
            for who in (w.bo, w.cy) if found else (w.bo,):
                await w.pay(await w.join(campaign, who))
            if not found:
                await earning.invite(w, campaign, w.bo, w.cy)
            place = await earning.invite(w, campaign, w.cy, dee)
            if step == "approved":
                await referrals.allow_second_level(w.root, "cn", reference="Legal 2026-17", confirmed=True)
            if step == "revoked":
                await referrals.revoke_second_level(w.root, "cn")
            await earning.lock(w, campaign)
            rows = await db.fetch(
                "SELECT level, beneficiary_id, amount_minor FROM commission WHERE participation_id = ? ORDER BY level",
                place,
            )
            found.append([(row["level"], row["beneficiary_id"], row["amount_minor"]) for row in rows])
        one, two = (1, w.cy.id, FIRST), (2, w.bo.id, SECOND)
        assert found == [[one], [one, two], [one]]
        told = await db.fetch("SELECT name FROM event WHERE subject = 'commission_market' ORDER BY id")
        assert [row["name"] for row in told] == ["commission_market.approved", "commission_market.revoked"]

    async def test_of_a_second_level_needs_a_reference_and_a_second_confirmation(self, database):
        w = await earning.build()
        for reference, confirmed in (("", True), ("Legal 2026-17", False)):
            with pytest.raises(Invalid):
                await referrals.allow_second_level(w.root, "cn", reference=reference, confirmed=confirmed)

    async def test_of_somebody_further_away_is_refused_by_the_database(self, database):
        w = await earning.build()
        dee, eve = await world.person("Dee"), await world.person("Eve")
        campaign = await earning.open_campaign(w)
        await w.pay(await w.join(campaign, w.bo))
        for inviter, who in ((w.bo, w.cy), (w.cy, dee), (dee, eve)):
            place = await earning.invite(w, campaign, inviter, who)
        await referrals.allow_second_level(w.root, "cn", reference="Legal 2026-17", confirmed=True)
        await earning.lock(w, campaign)
        rows = await db.fetch(
            "SELECT beneficiary_id FROM commission WHERE participation_id = ? ORDER BY level", place
        )
        assert [row["beneficiary_id"] for row in rows] == [dee.id, w.cy.id]
        far = await db.fetch_one("SELECT id, inviter_id FROM referral_binding WHERE invitee_id = ?", w.cy.id)
        other = await w.join(await earning.open_campaign(w), eve)
        assert far
        for level in (1, 2, 3):
            with pytest.raises(IntegrityError):
                await db.execute(
                    "INSERT INTO commission (id, binding_id, beneficiary_id, participation_id, campaign_id, level, "
                    "base_minor, rate_bp, amount_minor, reversed_minor, currency, state, reason, estimated_at) "
                    "VALUES (?, ?, ?, ?, ?, ?, 100, 100, 1, 0, 'CNY', 'estimated', '', ?)",
                    new_id(), far["id"], far["inviter_id"], other.participation_id, campaign, level, clock.now(),
                )  # fmt: skip

    async def test_expires_when_nobody_asks_for_it_and_goes_back(self, database):
        w = await earning.build()
        campaign, place = await earning.earned(w)
        held = await balance(f"escrow:{campaign}")
        await earning.pass_days(366)
        assert await earning.state_of(place) == ("expired", "unclaimed", FIRST)
        assert await earning.on_account(w.bo) == 0
        assert await balance(f"escrow:{campaign}") == held + FIRST

    async def test_ends_when_an_admin_finds_that_the_invitation_was_none(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        place = await earning.invite(w, campaign, w.ana, w.bo)
        await earning.lock(w, campaign)
        row = await db.fetch_one("SELECT id FROM referral_binding")
        assert row
        await referrals.void_binding(w.root, row["id"], reason="One person, two accounts.")
        assert await earning.state_of(place) == ("expired", "not_counted", FIRST)


class TestARefund:
    async def test_before_the_confirmation_leaves_its_share(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        place = await earning.invite(w, campaign, w.ana, w.bo)
        await earning.lock(w, campaign)
        await earning.refund(place, minor=SETTLED // 3)
        assert await earning.state_of(place) == ("estimated", "at_work", FIRST * 2 // 3)
        await earning.deliver(campaign)
        await earning.pass_days(9)
        assert await earning.on_account(w.ana) == FIRST * 2 // 3

    async def test_of_everything_reverses_it_wherever_it_stands(self, database):
        w = await earning.build()
        campaign, place = await earning.earned(w)
        await earning.identify(w.bo)
        held = await balance(f"escrow:{campaign}")
        await earning.refund(place, reason="delay")
        assert await earning.state_of(place) == ("reversed", "refunded", 0)
        assert await earning.on_account(w.bo) == 0
        assert await balance(f"escrow:{campaign}") == held - SETTLED + FIRST

    async def test_that_is_on_its_way_holds_the_confirmation_up(self, database):
        w = await earning.build()
        campaign = await earning.open_campaign(w)
        place = await earning.invite(w, campaign, w.ana, w.bo)
        await earning.lock(w, campaign)
        await earning.deliver(campaign)
        payment = await db.fetch_one("SELECT id FROM payment WHERE participation_id = ?", place)
        assert payment
        await db.atomically(lambda: request_refund(payment["id"], reason="claim", amount_minor=SETTLED // 3))
        await earning.pass_days(9)
        assert (await earning.state_of(place))[0] == "estimated"
        await db.atomically(lambda: book_refund(f"refund:{payment['id']}:claim"))
        await earning.work()
        await earning.pass_days(1)
        assert await earning.state_of(place) == ("confirmed", "who_are_you", FIRST * 2 // 3)

    async def test_after_the_payout_is_netted_with_what_comes_next_and_never_below_zero(self, database):
        w = await earning.build()
        _, place = await earning.earned(w)
        await earning.identify(w.bo)
        await earning.pay_out(w.root, await referrals.withdraw(w.bo, currency="CNY"))
        assert await earning.state_of(place) == ("paid", "paid_out", FIRST)
        await earning.refund(place, reason="delay")
        assert await earning.state_of(place) == ("reversed", "refunded", 0)
        assert await earning.on_account(w.bo) == 0
        assert (await sums_of(w.bo.id))[0].netted_minor == FIRST
        campaign = await earning.open_campaign(w)
        await w.pay(await w.join(campaign, w.cy, quantity=2))
        await earning.lock(w, campaign)
        await earning.deliver(campaign)
        await earning.pass_days(9)
        twice = BASE * 2 * 300 // 10000
        own = (await sums_of(w.bo.id))[0]
        assert await earning.on_account(w.bo) in (twice - FIRST, twice - FIRST + 1)
        assert (own.netted_minor, own.payable_minor) == (0, await earning.on_account(w.bo))
        assert await faults() == []

    async def test_calls_an_open_payout_off_and_goes_around_one_that_is_being_sent(self, database):
        w = await earning.build()
        _, place = await earning.earned(w)
        await earning.identify(w.bo)
        asked = await referrals.withdraw(w.bo, currency="CNY")
        await earning.refund(place, minor=SETTLED // 3)
        row = await db.fetch_one("SELECT state, note FROM commission_withdrawal WHERE id = ?", asked)
        assert row == {"state": "refused", "note": "refunded"}
        assert await earning.on_account(w.bo) == FIRST * 2 // 3
        again = await referrals.withdraw(w.bo, currency="CNY")
        await referrals.approve(w.root, again)
        await earning.refund(place, reason="delay")
        assert await earning.on_account(w.bo) == FIRST * 2 // 3  # it has been promised to the bank


class TestAPayout:
    async def test_needs_an_identity_something_payable_and_no_other_under_way(self, database):
        w = await earning.build()
        _, place = await earning.earned(w)
        with pytest.raises(WhoAreYou):
            await referrals.withdraw(w.bo, currency="CNY")
        await earning.identify(w.bo)
        assert (await earning.state_of(place))[0] == "payable"
        with pytest.raises(NothingToWithdraw):
            await referrals.withdraw(w.bo, currency="EUR")
        results = await asyncio.gather(
            *(referrals.withdraw(w.bo, currency="CNY") for _ in range(4)), return_exceptions=True
        )
        assert sum(isinstance(each, str) for each in results) == 1
        assert all(isinstance(each, str | WithdrawalUnderWay) for each in results)

    async def test_is_for_adults_with_an_account_and_keeps_only_its_end_in_the_open(self, database):
        w = await earning.build()
        child = f"{clock.today().year - 17}-01-01"
        for wrong in ({"born_on": child}, {"born_on": "soon"}, {"account": "12"}, {"legal_name": ""}):
            fields = {
                "legal_name": "Bo Zhang",
                "born_on": "1990-05-01",
                "account": "6222000012345678",
                **wrong,
            }
            with pytest.raises(Invalid):
                await referrals.give_identity(w.bo, **fields)
        await earning.identify(w.bo)
        stored = str(await db.fetch("SELECT * FROM payee_identity"))
        assert "5678" not in stored
        assert "1990" not in stored
        known = (await my_commissions(w.bo, Window())).identity
        assert known
        assert (known.account_end, known.legal_name) == ("5678", "Bo Zhang")
        opened = await referrals.reveal(w.root, w.bo.id, withdrawal_id="w")
        assert opened.payee.account == "6222000012345678"
        assert await db.fetch("SELECT actor_id FROM event WHERE name = 'payee.revealed'") == [
            {"actor_id": w.root.id}
        ]

    async def test_that_is_refused_can_be_asked_for_again(self, database):
        w = await earning.build()
        _, place = await earning.earned(w)
        await earning.identify(w.bo)
        asked = await referrals.withdraw(w.bo, currency="CNY")
        assert await earning.state_of(place) == ("payable", "under_review", FIRST)
        with pytest.raises(Invalid):
            await referrals.refuse(w.root, asked, reason=" ")
        await referrals.refuse(w.root, asked, reason="The name is not the account's.")
        assert await earning.state_of(place) == ("payable", "ready", FIRST)
        await earning.pay_out(w.root, await referrals.withdraw(w.bo, currency="CNY"))
        assert await earning.state_of(place) == ("paid", "paid_out", FIRST)
        assert await earning.on_account(w.bo) == 0
        assert await balance("world:bank:CNY") == FIRST
        assert await faults() == []
