"""Bank transfers in the life of groups: members choose them, lines come in any amount and order, admins decide.

The statement knows nothing of anybody's intentions: a line may pay a part, too much, a place that is gone, or nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.payments import disbursing
from c2b.payments.asking import NothingToPay, check_out
from c2b.payments.by_hand import pay_by_hand
from c2b.payments.choosing import NoSuchWay
from c2b.payments.gateways.bank.references import printed
from c2b.payments.statement.deciding import (
    LineDecided,
    OtherCurrency,
    PaidAlready,
    assign,
    assign_fitting,
    keep_parts,
    send_back,
)
from c2b.payments.statement.entering import EnteredAlready, Line, enter
from c2b.payments.statement.keeping import OTHER, keep, reopen
from tests.models.driving import ANY
from tests.models.machine import CLOSES, PLANS, Lifecycle

#: What comes for a payment, in percent of what it lacks; and what is said of it.
SHARES = st.sampled_from([100, 100, 100, 40, 130])
#: What members and admins do about one payment, at once: lines by their share, and one that is sent back.
ACTS = st.sampled_from(
    [["100"], ["100"], ["40", "100"], ["130"], ["40", "back", "100"], ["130", "back"], ["40"]]
)
SAID = st.sampled_from(["reference", "reference", "reference", "nothing"])
_OPEN = "SELECT * FROM bank_line WHERE state = 'open' ORDER BY id"
_ASKED = (
    "SELECT p.*, COALESCE((SELECT SUM(l.amount_minor - l.return_minor) FROM bank_line l WHERE l.payment_id = p.id "
    "AND l.state = 'assigned'), 0) AS arrived FROM payment p WHERE p.gateway = 'bank' AND p.provider_ref IS NOT NULL "
    "ORDER BY p.id"
)
#: What waits for a person: open lines, parts whose rest never came, and what was too much where no transfer goes back.
_LEFT = (
    "SELECT l.id FROM bank_line l LEFT JOIN payment p ON p.id = l.payment_id WHERE l.state = 'open' OR "
    "(l.state = 'assigned' AND (p.state <> 'succeeded' OR (l.return_minor > 0 AND l.returned_at IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM disbursement d WHERE d.kind = 'return' AND d.subject_id = l.id AND d.state <> 'refused'))))"
)
_REFUNDS = (
    "SELECT r.id FROM refund r WHERE r.by_hand AND r.state = 'requested' AND NOT EXISTS (SELECT 1 FROM disbursement d "
    "WHERE d.kind = 'refund' AND d.subject_id = r.id AND d.state <> 'refused') ORDER BY r.id"
)
_TRANSFERS = "SELECT id FROM disbursement WHERE state IN ('proposed', 'approved') ORDER BY id"


class ByTransfer(Lifecycle):
    """The life of groups with members who pay by bank transfer."""

    #: A transfer takes three days.
    OPEN_FOR = timedelta(days=4)
    lines = 0

    @initialize(closes=CLOSES, plan=PLANS, some=st.lists(ACTS, min_size=1, max_size=4))
    def first_group(self, closes: str, plan: str, some: list[list[str]]) -> None:
        self._open(3, 5, closes, plan, [])
        for who, acts in enumerate(some):
            self.join_and_transfer(0, who, 1, acts)

    @rule(n=ANY, who=st.integers(0, 5), quantity=st.integers(1, 2), acts=ACTS)
    def join_and_transfer(self, n: int, who: int, quantity: int, acts: list[str]) -> None:
        """The usual ways, so that what lies far apart meets within a few steps."""
        if not self._join(n, who, quantity, "fr4"):
            return
        self.a_transfer_is_chosen(-1)
        for act in acts:
            asked = self._asked()
            if act == "back":
                self.a_line_is_sent_back(-1)
            elif asked:
                self.a_line_comes(len(asked) - 1, int(act), "reference", False)
                self.a_line_is_assigned(-1, len(asked) - 1)

    @precondition(lambda self: self.places)
    @rule(n=ANY)
    def a_transfer_is_chosen(self, n: int) -> None:
        who, joined = self._place(n)
        self.trying(check_out(who, joined.participation_id, gateway_name="bank"), NothingToPay, NoSuchWay)

    @precondition(lambda self: self._asked())
    @rule(n=ANY, share=SHARES, said=SAID, again=st.booleans())
    def a_line_comes(self, n: int, share: int, said: str, again: bool) -> None:
        """``again``: the statement is read twice."""
        asked = self._asked()
        payment = asked[n % len(asked)]
        missing = max(payment["amount_minor"] - int(payment["arrived"]), 1)
        self.lines += 1
        line = Line(
            reference=f"S-{self.lines}", booked_on=clock.today(), amount_minor=max(missing * share // 100, 1),
            currency="CNY", payer_name="Bo Zhang", account="6222000012345678" if n % 3 else "",
            text=printed(payment["provider_ref"]) if said == "reference" else "thanks",
        )  # fmt: skip
        for _ in range(1 + again):
            self.trying(enter(self.w.root, line), EnteredAlready)

    @rule()
    def whatever_fits_is_confirmed(self) -> None:
        self.run(assign_fitting(self.w.root))

    @precondition(lambda self: self._asked())
    @rule(n=ANY, m=ANY)
    def a_line_is_assigned(self, n: int, m: int) -> None:
        """To any payment, whatever its text says: admins err."""
        asked, found = self._asked(), self.run(db.fetch(_OPEN))
        if found:
            line, payment = found[n % len(found)], asked[m % len(asked)]
            self.trying(assign(self.w.root, line["id"], payment["id"]), PaidAlready, OtherCurrency)

    @rule(n=ANY)
    def a_line_is_sent_back(self, n: int) -> None:
        """Open ones, and parts; of what has captured a payment only what was too much."""
        found = self.run(db.fetch("SELECT id FROM bank_line ORDER BY id"))
        if found:
            line = found[n % len(found)]["id"]
            self.trying(send_back(self.w.root, line, payee=PAYEE, note="Not for us."), LineDecided)

    @rule(n=ANY, again=st.booleans())
    def a_line_is_our_own(self, n: int, again: bool) -> None:
        """``again``: it was not, and waits for a decision once more."""
        found = self.run(db.fetch(_OPEN))
        if found:
            line = found[n % len(found)]["id"]
            self.run(keep(self.w.root, line, source=OTHER, note="Interest."))
            if again:
                self.run(reopen(self.w.root, line, note="It was a member's."))

    @rule()
    def parts_that_are_not_waited_for_go_back(self) -> None:
        self.run(keep_parts())

    @rule(n=ANY, act=st.sampled_from(["go on", "go on", "refuse"]))
    def a_bank_transfer_goes_on(self, n: int, act: str) -> None:
        found = self.run(db.fetch(_TRANSFERS))
        if not found:
            return
        transfer = found[n % len(found)]["id"]
        if act == "refuse":
            self.run(disbursing.refuse(self.w.root, transfer, reason="The account is closed."))
        else:
            self.run(self._carry_out(transfer))

    async def _carry_out(self, transfer: str) -> None:
        """One step further: approved, or sent."""
        row = await db.fetch_one("SELECT state FROM disbursement WHERE id = ?", transfer)
        if row and row["state"] == "proposed":
            await disbursing.approve(replace(self.w.root, id=new_id()), transfer)  # two persons, always
        else:
            await disbursing.mark_sent(self.w.root, transfer, bank_reference=f"B-{transfer[-6:]}")

    async def others_act(self) -> None:
        """What admins do about what is clear: confirm what fits, approve and send."""
        await assign_fitting(self.w.root)
        await keep_parts()
        for row in await db.fetch(_REFUNDS):
            await pay_by_hand(self.w.root, row["id"], payee=PAYEE)
        for _ in ("approved", "sent"):
            for row in await db.fetch(_TRANSFERS):
                await self._carry_out(row["id"])

    async def others_finish(self) -> None:
        """In the end nothing that came is left undecided."""
        for row in await db.fetch(_LEFT):
            await send_back(self.w.root, row["id"], payee=PAYEE, note="It pays nothing.")
        await self.others_act()

    def _asked(self) -> list[dict[str, Any]]:
        return self.run(db.fetch(_ASKED))


PAYEE = disbursing.Payee(name="Bo Zhang", account="6222000012345678", bank="ICBC")
