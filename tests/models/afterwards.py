"""What comes after the order as a machine: factory, claims, delays, refunds by hand, payouts, commissions in any order.

Two groups are locked and ordered when it begins. After every step the books are compared with the provider's record
and with what everybody is due. At the end the people finish what they began, and every refund must have been made.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.changes import CampaignNotReady
from c2b.durable.operations import JobNotDead
from c2b.fulfillment import delays
from c2b.fulfillment.calendar import CalendarTooShort
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, Invalid, NotFound
from c2b.payments import by_hand, claiming, disbursing
from c2b.payments.capturing import ask_again
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from c2b.payments.gateways.sandbox.notices import tell
from c2b.payments.gateways.sandbox.payments import find
from c2b.payouts import operations as payouts
from c2b.payouts.blocking import BlockClosed, BlockedAlready
from c2b.payouts.paying import NothingToPay
from c2b.payouts.releasing import EscrowShort, NotReleasable
from c2b.payouts.shortage import ClaimedAlready, NoSuchOrder
from c2b.purchasing.operations import acknowledge
from c2b.referrals import operations as referrals
from c2b.referrals.identities import WithdrawalOpen
from c2b.referrals.withdrawing import NothingToWithdraw, WhoAreYou, WithdrawalDecided, WithdrawalUnderWay
from tests.books import MONEY, faults_of_books, work
from tests.dues import faults_of_dues
from tests.models.driving import ANY, Driven, Opening
from tests.models.ordered import (
    FOLLOWING,
    KINDS,
    STAGES,
    Ordered,
    close_next,
    fail_inspection,
    tick,
    what_comes_of_releasing,
)  # fmt: skip
from tests.payments.test_by_hand import PAYEE
from tests.purchasing.locked import Locked

WAITS = st.sampled_from([timedelta(hours=2), timedelta(days=1), timedelta(days=3), timedelta(days=31)])
#: Which admin acts.
WHO = st.integers(0, 1)


class Afterwards(Driven):
    """Two groups of six units with one manufacturer, four members, two admins."""

    KINDS = KINDS
    AGAIN = (*MONEY, *FOLLOWING)
    w: Ordered

    def __init__(self, opening: Opening, folder: Path, *, record: Path) -> None:
        super().__init__(opening, folder, record=record)
        self.refusing = False
        self._may_refuse()
        self.places = self.run(db.fetch("SELECT id, user_id, campaign_id FROM participation ORDER BY id"))

    # ------------------------------------------------------------------ the factory

    @initialize(both=st.booleans(), delivered=st.booleans())
    def mill_accepts(self, both: bool, delivered: bool) -> None:
        """Often the first group has been delivered as well, so that what comes then is reached."""
        for n in range(1 + both):
            self.acceptance(n)
        self.run(work(*KINDS))
        if delivered:
            self.a_group_is_delivered(0)

    @rule(n=ANY)
    def acceptance(self, n: int) -> None:
        locked = Locked(self.w.world, self._group(n))

        async def accept() -> None:
            signature = await locked.signature()
            await acknowledge(self.w.world.mill, (await locked.order()).id, **signature)

        self.trying(accept(), Conflict)

    @rule(n=ANY)
    def a_stage_is_closed(self, n: int) -> None:
        """The next of the stages that somebody is paid for, or that end the story."""
        self.trying(close_next(self.w.world, self._group(n)), Conflict)

    @rule(n=ANY)
    def a_group_is_delivered(self, n: int) -> None:
        """All stages, and what follows from them."""
        for _ in STAGES:
            self.trying(close_next(self.w.world, self._group(n)), Conflict)
        self.run(work(*KINDS))

    @rule(n=ANY)
    def the_inspection_does_not_pass(self, n: int) -> None:
        self.trying(fail_inspection(self.w.world, self._group(n)), Conflict)

    # ------------------------------------------------------------------ payouts

    @rule(n=ANY, admin=WHO)
    def a_part_is_released(self, n: int, admin: int) -> None:
        """Refused exactly when something blocks, its day has not come, or the money has gone back."""
        row = self._one("SELECT * FROM payment_release ORDER BY campaign_id, code", n)
        if row:
            expected = self.run(what_comes_of_releasing(row))
            found = self.trying(payouts.release(self.w.admins[admin], row["id"]), Conflict)
            assert type(found) is expected, (found, expected)

    @rule(admin=WHO)
    def a_payout_is_proposed(self, admin: int) -> None:
        maker = self.w.world.manufacturer_id
        self.trying(payouts.pay_out(self.w.admins[admin], maker, currency="CNY"), NothingToPay)

    @rule(admin=WHO)
    def mill_is_paid_what_is_due(self, admin: int) -> None:
        """The usual way: released, proposed by one admin, approved and sent by the other."""
        for row in self._all("SELECT id FROM payment_release WHERE state = 'releasable' ORDER BY id"):
            self.trying(payouts.release(self.w.admins[admin], row["id"]), EscrowShort)
        self.a_payout_is_proposed(admin)
        self._send_all(1 - admin)

    @rule(n=ANY)
    def an_admin_blocks_payouts(self, n: int) -> None:
        act = payouts.open_block(self.w.world.root, self._group(n), kind="manual", reason="Wait.")
        self.trying(act, BlockedAlready)

    @rule(n=ANY)
    def an_admin_closes_a_block(self, n: int) -> None:
        row = self._one("SELECT id FROM payout_block ORDER BY id", n)
        if row:
            self.trying(payouts.close_block(self.w.world.root, row["id"], note="Looked at."), BlockClosed)

    @rule(n=ANY, admin=WHO, act=st.sampled_from(["approve", "approve", "send", "send", "refuse"]))
    def a_bank_transfer_goes_on(self, n: int, admin: int, act: str) -> None:
        row = self._one("SELECT id FROM disbursement ORDER BY id", n)
        if row:
            self._go_on(row["id"], admin, act)

    @rule(n=ANY)
    def a_bank_transfer_is_sent_twice_at_once(self, n: int) -> None:
        row = self._one("SELECT id FROM disbursement WHERE state = 'approved' ORDER BY id", n)

        async def twice(transfer: str) -> list[Any]:
            acts = [disbursing.mark_sent(who, transfer, bank_reference="B-2") for who in self.w.admins]
            return await asyncio.gather(*acts, return_exceptions=True)

        if row:
            assert all(found is None or isinstance(found, Conflict) for found in self.run(twice(row["id"])))

    # ------------------------------------------------------------------ money that goes back

    @rule(n=ANY, share=st.sampled_from([1, 10, 50, 100]), again=st.booleans())
    def a_claim(self, n: int, share: int, again: bool) -> None:
        """A share of what was paid, or the same claim once more."""
        self.trying(self._claim(self._place(n), share, again), Conflict, Invalid)

    @rule(n=ANY, units=st.integers(1, 2))
    def units_never_came(self, n: int, units: int) -> None:
        place = self._place(n)

        async def write_down() -> Any:
            found = await db.fetch(
                "SELECT id FROM ordered_unit WHERE participation_id = ? ORDER BY id", place["id"]
            )
            missing = [row["id"] for row in found[:units]]
            return await payouts.short_delivery(
                self.w.world.root, place["campaign_id"], unit_ids=missing, note="Lost."
            )

        self.trying(write_down(), NoSuchOrder, ClaimedAlready)

    @rule(n=ANY, waits=st.booleans())
    def a_member_answers_a_delay(self, n: int, waits: bool) -> None:
        place = self._place(n)
        act = delays.wait if waits else delays.leave
        self.trying(act(self._owner(place), place["id"]), delays.NothingToChoose)

    @rule()
    def everybody_waits(self) -> None:
        for n in range(len(self.places)):
            self.a_member_answers_a_delay(n, True)

    @rule(n=ANY)
    def an_admin_lets_somebody_leave(self, n: int) -> None:
        act = claiming.cancel_for_delay(self.w.world.root, self._place(n)["id"], note="Too late.")
        self.trying(act, claiming.NotOfThisPlace)

    @rule(n=ANY, sure=st.integers(0, 3))
    def a_group_is_called_off(self, n: int, sure: int) -> None:
        """Rarely, since nothing comes after it."""
        if not sure:
            self.trying(campaigns.cancel(self.w.world.root, self._group(n), reason="Fire."), CampaignNotReady)

    @rule(refusing=st.booleans())
    def the_provider_refuses_refunds(self, refusing: bool) -> None:
        self.refusing = refusing

    @rule(n=ANY)
    def a_refund_comes_back(self, n: int) -> None:
        """A closed account, say: the provider has the money again and tells us."""
        with self.provider.store.write() as record:
            rows = record.execute("SELECT * FROM refund WHERE status = 'succeeded' ORDER BY ref").fetchall()
            if not rows:
                return
            row = rows[n % len(rows)]
            record.execute("UPDATE refund SET status = 'failed' WHERE ref = ?", (row["ref"],))
            record.execute(
                "UPDATE payment SET refunded_minor = refunded_minor - ? WHERE ref = ?",
                (row["amount_minor"], row["payment_ref"]),
            )
            tell(
                record, find(record, row["payment_ref"]), "refund.failed", occurred_at=clock.now(), now=clock.now(),
                faults=Misbehavior(), refund=row,
            )  # fmt: skip

    @rule(n=ANY, admin=WHO)
    def a_refund_is_paid_by_hand(self, n: int, admin: int) -> None:
        row = self._one("SELECT id FROM refund ORDER BY id", n)
        if row:
            self._pay_by_hand(row["id"], admin)

    @rule(n=ANY)
    def a_refund_is_tried_again(self, n: int) -> None:
        row = self._one("SELECT id FROM refund WHERE state <> 'succeeded' ORDER BY id", n)
        if row:
            self.trying(by_hand.try_again(self.w.world.root, row["id"]), JobNotDead, NotFound)

    # ------------------------------------------------------------------ commissions

    @rule(who=st.integers(0, 1))
    def an_inviter_says_who_they_are(self, who: int) -> None:
        self.trying(
            referrals.give_identity(
                self.w.members[who], legal_name="Bo Zhang", born_on="1990-05-01", account="6222000012345678"
            ),
            WithdrawalOpen,
        )

    @rule(who=st.integers(0, 1))
    def an_inviter_asks_for_their_money(self, who: int) -> None:
        act = referrals.withdraw(self.w.members[who], currency="CNY")
        self.trying(act, WhoAreYou, NothingToWithdraw, WithdrawalUnderWay)

    @rule(n=ANY, admin=WHO, agrees=st.booleans())
    def an_admin_looks_at_a_withdrawal(self, n: int, admin: int, agrees: bool) -> None:
        row, who = self._one("SELECT id FROM commission_withdrawal ORDER BY id", n), self.w.admins[admin]
        if row and agrees:
            self.trying(referrals.approve(who, row["id"]), WithdrawalDecided)
        elif row:
            self.trying(referrals.refuse(who, row["id"], reason="A typo."), WithdrawalDecided)

    @rule(who=st.integers(0, 1), admin=WHO)
    def an_inviter_is_paid(self, who: int, admin: int) -> None:
        """The usual way: named, asked for, looked at, sent."""
        self.an_inviter_says_who_they_are(who)
        self.an_inviter_asks_for_their_money(who)
        for row in self._all("SELECT id FROM commission_withdrawal WHERE state = 'requested' ORDER BY id"):
            self.trying(referrals.approve(self.w.admins[admin], row["id"]))
        self._send_all(1 - admin)

    # ------------------------------------------------------------------ the clock

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        clock.shift(wait)

    @rule()
    def nothing_can_be_returned_any_more(self) -> None:
        """What was delivered before is the members' for good, and commissions on it are confirmed."""
        clock.shift(timedelta(days=9))
        self.trying(tick(), CalendarTooShort)
        self.run(work(*KINDS))

    @rule()
    def the_clock_ticks(self) -> None:
        self.trying(tick(), CalendarTooShort)

    # ------------------------------------------------------------------ what must always be true

    @invariant()
    def everybody_has_what_is_theirs(self) -> None:
        found = self.run(faults_of_dues())
        assert not found, found

    def teardown(self) -> None:
        with self.stack:
            self._run_out()

    def _run_out(self) -> None:
        """Everybody finishes what they began, the provider behaves again, and a season goes by."""
        self.refusing = False
        self.provider.misbehave(Misbehavior())
        for _ in range(8):
            clock.shift(timedelta(days=8))
            self.run(self.provider.deliver_due())
            self.run(ask_again())
            self.trying(tick(), CalendarTooShort)
            self.run(work(*KINDS))
            self._finish()
        found = self.run(faults_of_books(self.provider.store.path, settled=True))
        found += self.run(faults_of_dues(settled=True))
        assert not found, found
        rows = self.run(
            db.fetch(
                "SELECT c.id, s.state FROM campaign c JOIN payment_schedule s ON s.campaign_id = c.id "
                "WHERE c.state IN ('completed', 'canceled') AND s.state = 'running' AND NOT EXISTS (SELECT 1 FROM "
                "payment_release r WHERE r.campaign_id = c.id AND r.state = 'releasable')"  # its escrow is short
            )
        )
        assert not rows, f"books that stay open: {rows}"

    def _finish(self) -> None:
        """What waits for people is done: refunds by hand, blocks, parts, bank transfers."""
        root = self.w.world.root
        for row in self._all("SELECT id FROM refund WHERE state <> 'succeeded'"):
            if isinstance(self.trying(by_hand.try_again(root, row["id"]), JobNotDead, NotFound), JobNotDead):
                self._pay_by_hand(row["id"], 0)
        for row in self._all("SELECT id FROM payout_block WHERE closed_at IS NULL"):
            self.trying(payouts.close_block(root, row["id"], note="It is over."), BlockClosed)
        for row in self._all("SELECT id FROM payment_release WHERE state = 'releasable'"):
            self.trying(payouts.release(root, row["id"]), EscrowShort, NotReleasable)
        for row in self._all("SELECT id FROM disbursement WHERE state IN ('proposed', 'approved')"):
            for admin, act in ((1, "approve"), (0, "approve"), (0, "send"), (1, "send")):
                self._go_on(row["id"], admin, act)

    # ------------------------------------------------------------------ below the line

    async def _claim(self, place: dict[str, Any], share: int, again: bool) -> None:
        held = await db.fetch_one(
            "SELECT COALESCE(SUM(amount_minor), 0) AS minor FROM payment WHERE participation_id = ? "
            "AND state = 'succeeded'",
            place["id"],
        )
        assert held
        await claiming.claim(
            self.w.world.root, place["id"], amount_minor=int(held["minor"]) * share // 100, note="A scratch.",
            number=max(await claiming.next_claim(place["id"]) - again, 1),
        )  # fmt: skip

    def _pay_by_hand(self, refund: str, admin: int) -> None:
        act = by_hand.pay_by_hand(self.w.admins[admin], refund, payee=PAYEE)
        self.trying(act, by_hand.NotByHand, by_hand.ProposedAlready)

    def _go_on(self, transfer: str, admin: int, act: str) -> None:
        who = self.w.admins[admin]
        acts = {
            "approve": lambda: disbursing.approve(who, transfer),
            "send": lambda: disbursing.mark_sent(who, transfer, bank_reference="B-1"),
            "refuse": lambda: disbursing.refuse(who, transfer, reason="Wrong account."),
        }
        self.trying(acts[act](), disbursing.AnotherPerson, disbursing.DecidedAlready)

    def _send_all(self, admin: int) -> None:
        for row in self._all(
            "SELECT id FROM disbursement WHERE state IN ('proposed', 'approved') ORDER BY id"
        ):
            self._go_on(row["id"], admin, "approve")
            self._go_on(row["id"], admin, "send")

    def _may_refuse(self) -> None:
        refund = self.provider.refund

        async def refusing(**asked: Any) -> Any:
            if self.refusing:
                raise GatewayRefused("closed_account")
            return await refund(**asked)

        self.provider.refund = refusing

    def _group(self, n: int) -> str:
        return self.w.groups[n % len(self.w.groups)]

    def _place(self, n: int) -> dict[str, Any]:
        return self.places[n % len(self.places)]

    def _owner(self, place: dict[str, Any]) -> Actor:
        return next(who for who in self.w.members if who.id == place["user_id"])

    def _all(self, sql: str) -> list[dict[str, Any]]:
        return self.run(db.fetch(sql))

    def _one(self, sql: str, n: int) -> dict[str, Any] | None:
        rows = self._all(sql)
        return rows[n % len(rows)] if rows else None
