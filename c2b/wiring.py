"""The one table: event → who reacts.

A reaction runs inside the transaction that records the event and may only write jobs and runs, so that an event and
what must follow it are one.
"""

from __future__ import annotations

import importlib

from c2b.campaigns import windows
from c2b.durable import enqueue, start
from c2b.events.operations import Happening, Reaction, subscribe
from c2b.kit.ids import new_id
from c2b.notifications.announcing import REACTIONS as TELL
from c2b.participations.closing.objecting import go_on
from c2b.participations.foresight.previewing import ask as ask_preview
from c2b.payments.by_hand import refund_sent
from c2b.payments.collecting import go_on_collecting
from c2b.payments.plans import terms
from c2b.payments.statement.deciding import return_refused, return_sent
from c2b.payouts import guarding
from c2b.payouts import reacting as payouts
from c2b.payouts.operations import payout_refused, payout_sent
from c2b.referrals.operations import came_invited, has_commissions, transfer_refused, transfer_sent

#: Modules whose import registers jobs and workflows.
_HANDLERS = (
    "c2b.durable.runs",
    "c2b.payments.operations",
    "c2b.payments.holding",
    "c2b.payments.reminding",
    "c2b.payments.watching",
    "c2b.payments.refunding",
    "c2b.payments.reconciling",
    "c2b.purchasing.jobs",
    "c2b.fulfillment.jobs",
    "c2b.payouts.jobs",
    "c2b.invoicing.jobs",
    "c2b.notifications.jobs",
    "c2b.participations.foresight.previewing",
    "c2b.referrals.jobs",
    "workflows.closing",
    "workflows.ordering",
    "workflows.settling",
)


async def _close(happening: Happening) -> None:
    campaign, number = happening.subject_id, happening.payload["round"]
    await start("closing", f"closing:{campaign}:{number}", {"campaign_id": campaign})


async def _go_on(happening: Happening) -> None:
    if happening.campaign_id:
        await go_on(happening.campaign_id, happening.subject_id)


async def _order(happening: Happening) -> None:
    campaign = happening.subject_id
    await start("ordering", f"ordering:{campaign}", {"campaign_id": campaign})


async def _settle(happening: Happening) -> None:
    campaign = happening.subject_id
    await start("settling", f"settling:{campaign}", {"campaign_id": campaign})


async def _refund_everybody(happening: Happening) -> None:
    campaign = happening.subject_id
    await enqueue("campaign.refund", key=f"refund:campaign:{campaign}", args={"campaign_id": campaign})


async def _withdraw_order(happening: Happening) -> None:
    campaign = happening.subject_id
    await enqueue("purchase_order.withdraw", key=f"withdraw:{campaign}", args={"campaign_id": campaign})


async def _refund_one(happening: Happening) -> None:
    if happening.payload.get("paid"):
        participation = happening.subject_id
        reason = "overdue" if happening.name == "participation.overdue" else "withdrawal"
        if happening.name == "participation.left_out":
            cause = happening.payload.get("outcome", happening.payload).get("cause")
            reason = "option_minimum" if cause == "minimum" else "left_out"
        await enqueue(
            "participation.refund",
            key=f"refund:participation:{participation}",
            args={"participation_id": participation, "reason": reason},
        )


async def _bind(happening: Happening) -> None:
    participation = happening.subject_id
    if await came_invited(participation):
        await enqueue("referral.bind", key=f"bind:{participation}", args={"participation_id": participation})


async def _estimate(happening: Happening) -> None:
    campaign = happening.subject_id
    await enqueue("commission.estimate", key=f"commissions:{campaign}", args={"campaign_id": campaign})


async def _reverse(happening: Happening) -> None:
    """Only what was earned on can be reversed: most refunds are of places that never locked."""
    participation = happening.payload["participation_id"]
    if await has_commissions(participation):
        await enqueue(
            "commission.reverse",
            key=f"commission:reverse:{happening.subject_id}",
            args={"participation_id": participation},
        )


async def _commission_sent(happening: Happening) -> None:
    if happening.payload["kind"] == "commission":
        await transfer_sent(happening.payload["subject_id"], actor_id=happening.actor_id)


async def _refund_sent(happening: Happening) -> None:
    if happening.payload["kind"] == "refund":
        await refund_sent(happening.payload["subject_id"])


async def _payout_sent(happening: Happening) -> None:
    told = happening.payload
    if told["kind"] == "payout":
        await payout_sent(
            told["subject_id"], actor_id=happening.actor_id, amount_minor=told["amount_minor"],
            currency=told["currency"], bank_reference=told["bank_reference"],
        )  # fmt: skip


async def _return_sent(happening: Happening) -> None:
    if happening.payload["kind"] == "return":
        await return_sent(happening.payload["subject_id"])


async def _return_refused(happening: Happening) -> None:
    if happening.payload["kind"] == "return":
        await return_refused(happening.payload["subject_id"], reason=happening.payload.get("reason", ""))


async def _payout_refused(happening: Happening) -> None:
    told = happening.payload
    if told["kind"] == "payout":
        await payout_refused(told["subject_id"], actor_id=happening.actor_id, reason=told.get("reason", ""))


async def _commission_refused(happening: Happening) -> None:
    if happening.payload["kind"] == "commission":
        told = happening.payload
        await transfer_refused(told["subject_id"], actor_id=happening.actor_id, reason=told.get("reason", ""))


TABLE: dict[str, tuple[Reaction, ...]] = {
    "campaign.closed": (_close,),
    "campaign.locked": (_order, _estimate),
    "campaign.completed": (_settle,),
    "campaign.failed": (_refund_everybody,),
    "campaign.canceled": (_refund_everybody, _withdraw_order),
    "participation.withdrawn": (_refund_one, _go_on),
    "participation.left_out": (_refund_one, _go_on),
    "participation.overdue": (_refund_one, _go_on),
    "participation.joined": (_go_on, _bind),
    "participation.expired": (_go_on,),
    "participation.accepted": (_go_on,),
    "requirement.reconfirmed": (_go_on,),
    "requirement.kept": (_go_on,),
    "refund.succeeded": (_reverse,),
    "disbursement.sent": (_commission_sent, _payout_sent, _refund_sent, _return_sent),
    "disbursement.refused": (_commission_refused, _payout_refused, _return_refused),
}


async def _money_changed(happening: Happening) -> None:
    if happening.campaign_id:
        await go_on_collecting(happening.campaign_id, changed=True)


async def _money_came(happening: Happening) -> None:
    if happening.campaign_id:
        await go_on_collecting(happening.campaign_id, changed=False)


#: A closing that collects money hears of whoever comes, goes or pays.
MONEY: dict[str, tuple[Reaction, ...]] = {
    "participation.paid_up": (_money_came,),
    **dict.fromkeys(
        ("participation.withdrawn", "participation.left_out", "participation.joined", "participation.hold_lost",
         "requirement.reconfirmed"),
        (_money_changed,),
    ),
}  # fmt: skip


async def _foresee(happening: Happening) -> None:
    if happening.campaign_id:
        await ask_preview(happening.campaign_id)


#: What a manufacturer is paid depends on the order's answer, its stages, and whether the campaign goes on.
PAYOUTS: dict[str, tuple[Reaction, ...]] = {
    **dict.fromkeys(
        ("purchase_order.acknowledged", "timeline.planned", "campaign.canceled"), (payouts.look,)
    ),
    **dict.fromkeys(("milestone.reached", "milestone.skipped"), (payouts.go_on, payouts.look)),
    **dict.fromkeys(("milestone.blocked", "milestone.rejected"), (payouts.stop,)),
}


async def _paid(happening: Happening) -> None:
    payment = happening.subject_id
    await enqueue(
        "receipt.issue", key=f"receipt:payment:{payment}", args={"kind": "payment", "subject_id": payment}
    )


async def _paid_back(happening: Happening) -> None:
    """A refund that came back to its provider is made again: each time is looked at, one receipt comes of it."""
    refund = happening.subject_id
    await enqueue(
        "receipt.issue",
        key=f"receipt:refund:{refund}:{new_id()}",
        args={"kind": "refund", "subject_id": refund},
    )


#: Money that moved has its paper.
PAPERS: dict[str, tuple[Reaction, ...]] = {"payment.captured": (_paid,), "refund.succeeded": (_paid_back,)}


#: Claims and delays block payouts, and unblock them, by themselves.
GUARDED: dict[str, tuple[Reaction, ...]] = {
    **dict.fromkeys(("refund.requested", "refund.succeeded", "refund.died"), (guarding.look_at_refund,)),
    **dict.fromkeys(
        ("timeline.delayed", "participation.delay_accepted", "campaign.completed"), (guarding.look,)
    ),
}


#: What members want, or what it is measured by, has changed: "if it closed now" is worked out anew.
WISHES = (
    "ballot.cast", "campaign.reopened", "campaign.schema_moved", "participation.joined", "participation.withdrawn",
    "participation.left_out", "participation.overdue", "participation.hold_lost",
    "requirement.revised", "requirement.reconfirmed", "requirement.kept", "vote.closed",
)  # fmt: skip


def connect() -> None:
    """Register all handlers and reactions. Every process calls it once; twice does no harm."""
    for module in _HANDLERS:
        importlib.import_module(module)
    told = {name: (reaction,) for name, reaction in TELL.items()}
    windows.learn(terms)
    for table in (TABLE, MONEY, PAYOUTS, PAPERS, GUARDED, dict.fromkeys(WISHES, (_foresee,)), told):
        for name, reactions in table.items():
            for reaction in reactions:
                subscribe(name, reaction)
