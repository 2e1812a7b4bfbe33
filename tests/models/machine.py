"""The life of groups as a machine that Hypothesis drives: people, provider, clock and workers in any order.

After every step the books are compared with the provider's record and the counters with the rows. At the end
everything is let run out, and every group must have come to one end with every cent where it belongs.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from c2b.campaigns import operations as campaigns
from c2b.campaigns.changes import CampaignNotReady
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.queries import join_offer
from c2b.kit import clock, db
from c2b.kit.errors import AppError
from c2b.participations import operations as participations
from c2b.participations.joining import AlreadyMember, CampaignNotOpen, GroupFull, Joined
from c2b.participations.models import GONE
from c2b.participations.revising import BeingAllocated
from c2b.payments.asking import NothingToPay, start_checkout
from c2b.payments.capturing import ask_again
from c2b.payments.collecting import keep_reminders
from c2b.payments.gateways.base import GatewayTimeout, GatewayUnavailable
from c2b.payments.gateways.sandbox.misbehavior import Behavior, Misbehavior
from c2b.payments.gateways.sandbox.payments import CheckoutClosed
from tests import small, world
from tests.books import faults_of_books, work
from tests.models.driving import ANY, Driven, Opening

PLATES = st.sampled_from(["fr4", "fr4", "pc", "brass", "pom"])
WAITS = st.sampled_from([timedelta(minutes=2), timedelta(minutes=31), timedelta(hours=3), timedelta(days=1)])
CLOSES = st.sampled_from(["on_threshold", "at_deadline"])
PLANS = st.sampled_from(["full", "full", "deposit", "authorize"])
#: The members, by their number, who take part only from the lower price on where there is one to count on.
FROM_LOWER = (4, 5)
#: Who is there from the start: mostly not enough, so that the next step decides.
WISHES = st.lists(st.tuples(st.integers(1, 2), PLATES), max_size=3)


class Lifecycle(Driven):
    """Up to three groups of two to eight units, six members who may each come and go."""

    OPEN_FOR = timedelta(days=3)

    def __init__(self, opening: Opening, folder: Path, *, plan: str = "") -> None:
        super().__init__(opening, folder)
        self.only_plan = plan  # every group has this one; any, unless told
        self.groups: list[str] = []
        self.places: list[tuple[Any, Joined]] = []

    # ------------------------------------------------------------------ organizers and admins

    @initialize(closes=CLOSES, plan=PLANS, wishes=WISHES)
    def first_group(self, closes: str, plan: str, wishes: list[tuple[int, str]]) -> None:
        self._open(3, 4, closes, plan, wishes)

    @precondition(lambda self: len(self.groups) < 3)
    @rule(threshold=st.integers(2, 5), more=st.integers(0, 3), closes=CLOSES, plan=PLANS, wishes=WISHES)
    def open_another(
        self, threshold: int, more: int, closes: str, plan: str, wishes: list[tuple[int, str]]
    ) -> None:
        self._open(threshold, more, closes, plan, wishes)

    @precondition(lambda self: len(self.groups) > 1)
    @rule(n=ANY, admin=st.booleans())
    def cancel(self, n: int, admin: bool) -> None:
        who = self.w.root if admin else self.w.ana
        self.trying(campaigns.cancel(who, self._group(n), reason="Called off."), CampaignNotReady)

    # ------------------------------------------------------------------ members

    @rule(n=ANY, who=st.integers(0, 5), quantity=st.integers(1, 3), plate=PLATES)
    def join(self, n: int, who: int, quantity: int, plate: str) -> None:
        self._join(n, who, quantity, plate)

    @rule(n=ANY, who=st.integers(0, 5), quantity=st.integers(1, 3), plate=PLATES)
    def join_and_pay(self, n: int, who: int, quantity: int, plate: str) -> None:
        """The usual way, so that groups fill within a few steps."""
        if self._join(n, who, quantity, plate):
            self._check_out(-1)
            self._choose(-1, Behavior.PAY)
            self.run(self.provider.deliver_due())

    @precondition(lambda self: self.places)
    @rule(n=ANY)
    def check_out(self, n: int) -> None:
        self._check_out(n)

    @precondition(lambda self: self.places)
    @rule(n=ANY, behavior=st.sampled_from(list(Behavior)))
    def decide_at_the_checkout(self, n: int, behavior: Behavior) -> None:
        self._choose(n, behavior)

    @precondition(lambda self: self.places)
    @rule()
    def everybody_pays_what_is_asked(self) -> None:
        """Balances, mostly: what the close of a group asks its members for."""
        for n in range(len(self.places)):
            self._check_out(n)
            self._choose(n, Behavior.PAY)
        self.run(self.provider.deliver_due())

    @precondition(lambda self: self.places)
    @rule(n=ANY)
    def money_comes_late(self, n: int) -> None:
        """After the reservation has run out."""
        self._check_out(n)
        self._choose(n, Behavior.LATE)
        clock.shift(timedelta(minutes=32))
        self.run(participations.keep_reservations())
        self.run(self.provider.deliver_due())

    @precondition(lambda self: self.places)
    @rule(n=ANY)
    def withdraw(self, n: int) -> None:
        who, joined = self._place(n)
        self.trying(participations.withdraw(who, joined.participation_id), participations.TooLate)

    @precondition(lambda self: self.places)
    @rule(n=ANY, plate=PLATES)
    def revise(self, n: int, plate: str) -> None:
        """Another plate; whoever chooses PC is in only from the lower price on from now."""
        who, joined = self._place(n)
        self.trying(
            participations.revise(
                who, joined.participation_id, answers={**world.ANSWERS, "plate": plate},
                preferences=self.run(_preferences(joined.campaign_id, True)) if plate == "pc" else None,
            ),
            participations.TooLate, participations.PriceWouldRise, participations.PayFirst, BeingAllocated,
        )  # fmt: skip

    # ------------------------------------------------------------------ the clock

    @rule(wait=WAITS)
    def time_passes(self, wait: timedelta) -> None:
        clock.shift(wait)

    @rule()
    def deadlines_are_kept(self) -> None:
        self.run(keep_deadlines())

    @rule()
    def balances_are_reminded_of(self) -> None:
        self.run(keep_reminders())

    @rule()
    def reservations_are_kept(self) -> None:
        self.run(participations.keep_reservations())

    # ------------------------------------------------------------------ what must always be true

    @invariant()
    def no_group_has_two_outcomes(self) -> None:
        rows = self.run(
            db.fetch(
                "SELECT campaign_id, COUNT(*) AS n FROM campaign_transition WHERE to_state IN ('locked', 'failed') "
                "OR (to_state = 'canceled' AND from_state <> 'locked') GROUP BY campaign_id HAVING COUNT(*) > 1"
            )
        )
        assert not rows, rows

    @invariant()
    def a_group_has_come_together_exactly_while_enough_units_count(self) -> None:
        """Counted from the rows, price by price: those who take part in a tier bring it, or it is not there."""
        wrong = self.run(_wrong_thresholds())
        assert not wrong, wrong

    def teardown(self) -> None:
        with self.stack:
            if self.groups:
                self.run(self._run_out())

    async def _run_out(self) -> None:
        """Everybody stops acting, the provider behaves again, and days go by."""
        self.provider.misbehave(Misbehavior())
        for _ in range(21):  # also an overdue balance, and the offer of its place to somebody else
            clock.shift(timedelta(days=1))
            await self.provider.deliver_due()
            await ask_again()
            await participations.keep_reservations()
            await keep_deadlines()
            await keep_reminders()
            await work()
            await self.others_act()
        await self.others_finish()
        found = await faults_of_books(self.provider.store.path, settled=True)
        assert not found, found
        for group in await db.fetch("SELECT id, state, paid, threshold FROM campaign"):
            assert group["state"] in ("locked", "failed", "canceled"), group
            frozen = await db.fetch_one(
                "SELECT canonical FROM frozen_batch WHERE campaign_id = ?", group["id"]
            )
            if group["state"] == "locked":
                assert group["paid"] >= group["threshold"]
                assert frozen
                assert world.json.loads(frozen["canonical"])["campaign"]["quantity"] == group["paid"]

    async def others_act(self) -> None:
        """What else is done on each of those days."""

    async def others_finish(self) -> None:
        """What else is done after the last of them."""

    # ------------------------------------------------------------------ below the line

    def _open(self, threshold: int, more: int, closes: str, plan: str, wishes: list[tuple[int, str]]) -> None:
        plan, cap = self.only_plan or plan, threshold + more
        tiers = tuple(tier for tier in small.TIERS if tier.from_quantity <= cap)
        self.groups.append(
            self.run(
                small.open_campaign(
                    self.w,
                    threshold=threshold,
                    cap=cap,
                    tiers=tiers,
                    closes=closes,
                    payment_plan=plan,
                    deposit_percent=20 if plan == "deposit" else 0,
                    deadline=clock.now() + self.OPEN_FOR,
                )
            )
        )
        for who, (quantity, plate) in enumerate(wishes):
            self.join_and_pay(-1, who, quantity, plate)

    def _join(self, n: int, who: int, quantity: int, plate: str) -> bool:
        """Join, and be refused exactly when the group is over, the person has a place, or there is none left."""
        group, person = self._group(n), self.w.members[who]
        expected = self.run(_expected(group, person.id, quantity))
        answers, wishes = {**world.ANSWERS, "plate": plate}, self.run(_preferences(group, who in FROM_LOWER))
        found = self.trying(
            participations.join(person, group, answers=answers, quantity=quantity, preferences=wishes),
            CampaignNotOpen, AlreadyMember, GroupFull,
        )  # fmt: skip
        assert type(found) is expected
        if expected is Joined:
            self.places.append((person, found))
        return expected is Joined

    def _check_out(self, n: int) -> None:
        who, joined = self._place(n)
        self.trying(
            start_checkout(who, joined.participation_id), NothingToPay, GatewayUnavailable, GatewayTimeout
        )

    def _choose(self, n: int, behavior: Behavior) -> None:
        _, joined = self._place(n)
        rows = self.run(
            db.fetch(
                "SELECT provider_ref FROM payment WHERE participation_id = ? AND provider_ref IS NOT NULL "
                "AND gateway = 'sandbox'",
                joined.participation_id,
            )
        )
        for row in rows:
            self.trying(self.provider.choose(row["provider_ref"], behavior), CheckoutClosed)

    def _group(self, n: int) -> str:
        return self.groups[n % len(self.groups)]

    def _place(self, n: int) -> tuple[Any, Joined]:
        return self.places[n % len(self.places)]


async def _expected(group: str, user_id: str, quantity: int) -> type[AppError] | type[Joined]:
    row = await db.fetch_one("SELECT state, cap, reserved, deadline FROM campaign WHERE id = ?", group)
    assert row
    deadline = db.instant(row["deadline"])
    assert deadline
    if row["state"] not in ("open", "threshold_met") or deadline <= clock.now():
        return CampaignNotOpen
    places = await db.fetch(
        "SELECT state FROM participation WHERE campaign_id = ? AND user_id = ?", group, user_id
    )
    if any(place["state"] not in GONE for place in places):
        return AlreadyMember
    return GroupFull if row["reserved"] + quantity > row["cap"] else Joined


async def _preferences(group: str, lower: bool) -> dict[str, Any]:
    prices = [tier.unit_price_minor for tier in (await join_offer(group)).promised]
    return {"commit_below_minor": prices[1]} if lower and len(prices) > 1 else {}


async def _wrong_thresholds() -> list[str]:
    wrong = []
    for group in await db.fetch(
        "SELECT id, state, threshold, tiers FROM campaign WHERE state IN ('open', 'threshold_met')"
    ):
        paid = await db.fetch(
            "SELECT quantity, commit_below_minor FROM participation WHERE campaign_id = ? "
            "AND state IN ('joined', 'needs_attention')",
            group["id"],
        )
        tiers = world.json.loads(group["tiers"]) if isinstance(group["tiers"], str) else group["tiers"]
        counted = 0
        for number, tier in enumerate(tiers):
            here = sum(
                row["quantity"]
                for row in paid
                if row["commit_below_minor"] is None or tier["unit_price_minor"] <= row["commit_below_minor"]
            )
            counted = max(counted, here if here >= tier["from_quantity"] or not number else 0)
        if (counted >= group["threshold"]) != (group["state"] == "threshold_met"):
            wrong.append(f"{group['state']} group counts {counted} of {group['threshold']}")
    return wrong
