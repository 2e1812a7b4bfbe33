"""The table: what happened → who is told, by which mail, with which facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from c2b.notifications import (
    asked,
    audiences,
    balances,
    commissions,
    facts,
    members,
    money,
    payouts,
    production,
    transfers,
    votes,
    waiting,
)
from c2b.notifications.audiences import Audience
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.members import Personal
from c2b.notifications.rules import StoredFile


async def no_files(_: Happened, __: str) -> list[StoredFile]:
    """Nothing attached."""
    return []


@dataclass(frozen=True)
class Telling:
    """Tell ``audience`` by the mail ``template``. ``facts`` of ``None``: this time there is nothing to tell.

    ``files`` are attached, in the recipient's language.
    """

    audience: Audience
    template: str
    facts: Callable[[Happened], Awaitable[Facts | None]] = facts.campaign
    personal: Personal = members.nothing
    files: Callable[[Happened, str], Awaitable[list[StoredFile]]] = no_files


def _organizer(template: str, about: Callable[[Happened], Awaitable[Facts]] = facts.campaign) -> Telling:
    return Telling(audiences.organizer, template, about)


TELLINGS: dict[str, tuple[Telling, ...]] = {
    "campaign.submitted": (
        _organizer("campaign_submitted"),
        Telling(audiences.administrators, "review_waiting", facts.campaign_for_admins),
    ),
    "campaign.opened": (_organizer("campaign_opened"),),
    "campaign.returned": (_organizer("campaign_returned"),),
    "campaign.threshold_reached": (
        _organizer("campaign_threshold_reached"),
        Telling(audiences.members, "group_threshold_reached", personal=members.own),
    ),
    "campaign.reopened": (_organizer("campaign_reopened", facts.reopened),),
    "campaign.failed": (
        _organizer("campaign_failed"),
        Telling(audiences.members_refunded, "group_failed", personal=members.own),
    ),
    "campaign.canceled": (
        _organizer("campaign_canceled"),
        Telling(audiences.members_refunded, "group_canceled", personal=members.own),
    ),
    "campaign.proposed": (
        _organizer("campaign_proposed", facts.proposed),
        Telling(audiences.administrators, "proposal_waiting", facts.proposed_to_admins),
    ),
    "campaign.locked": (
        _organizer("campaign_locked", facts.locked),
        Telling(audiences.members, "group_locked", facts.locked, members.specification),
    ),
    "campaign.ordered": (
        _organizer("campaign_ordered", facts.ordered),
        Telling(audiences.members, "group_ordered", facts.ordered, members.own),
    ),
    "campaign.completed": (_organizer("campaign_completed", production.timeline),),
    "vote.closed": (
        _organizer("campaign_vote_closed", votes.closed),
        Telling(audiences.members, "vote_closed", votes.closed, votes.meaning),
    ),
    "participation.joined": (
        Telling(audiences.member, "participation_joined", personal=members.specification),
    ),
    "participation.expired": (Telling(audiences.member, "reservation_expired", personal=members.own),),
    "participation.place_offered": (
        Telling(audiences.member, "place_offered", waiting.offered, members.own),
    ),
    "participation.waitlist_ended": (
        Telling(audiences.member, "waitlist_ended", waiting.ended, members.own),
    ),
    "participation.withdrawn": (Telling(audiences.member, "participation_withdrawn", personal=members.own),),
    "participation.left_out": (
        Telling(audiences.member, "participation_left_out", facts.left_out, members.explained),
        Telling(audiences.member, "participation_unanswered", asked.let_go, members.own),
    ),
    "participation.balance_requested": (
        Telling(audiences.member, "balance_requested", balances.requested, members.own),
    ),
    "participation.balance_late": (
        Telling(audiences.member, "balance_reminder", balances.late, members.own),
    ),
    "participation.overdue": (Telling(audiences.member, "balance_overdue", personal=members.own),),
    "participation.hold_lost": (Telling(audiences.member, "hold_lost", balances.hold_lost, members.own),),
    "campaign.window_ending": (Telling(audiences.administrators, "window_ending", balances.window),),
    "campaign.schema_moved": (_organizer("campaign_schema_moved", asked.moved),),
    "participation.released": (Telling(audiences.member, "participation_released"),),
    "participation.proposed": (
        Telling(audiences.member, "participation_proposed", facts.asked, members.explained),
    ),
    "requirement.questioned": (
        Telling(audiences.member, "requirement_questioned", asked.question, asked.faults),
    ),
    "requirement.kept": (Telling(audiences.member, "requirement_kept", asked.kept, members.own),),
    "payment.failed": (Telling(audiences.buyer, "payment_failed", facts.payment_failed, members.own),),
    "payment.transfer_asked": (Telling(audiences.buyer, "transfer_asked", transfers.asked, members.own),),
    "payment.part_arrived": (Telling(audiences.buyer, "transfer_short", transfers.short, members.own),),
    "payment.too_much_arrived": (Telling(audiences.buyer, "transfer_over", transfers.over, members.own),),
    "payment.part_returned": (
        Telling(audiences.buyer, "transfer_returned", transfers.returned, members.own),
    ),
    "participation.delivered": (
        Telling(audiences.member, "participation_delivered", production.timeline, members.own),
    ),
    "refund.succeeded": (Telling(audiences.payer, "refund_done", facts.refund, members.own),),
    "refund.by_hand": (Telling(audiences.administrators, "refund_by_hand", money.refund_by_hand),),
    "refund.died": (Telling(audiences.administrators, "refund_died", money.refund_died),),
    "reconciliation.differs": (
        Telling(audiences.administrators, "reconciliation_differs", money.differences),
    ),
    "timeline.planned": (Telling(audiences.members, "timeline_planned", production.timeline, members.own),),
    "timeline.delayed": (Telling(audiences.members, "timeline_delayed", production.timeline, members.own),),
    "milestone.reached": (
        Telling(audiences.members, "milestone_reached", production.milestone, members.own),
    ),
    "milestone.blocked": (
        Telling(audiences.members, "milestone_blocked", production.milestone, members.own),
    ),
    "purchase_order.sent": (
        Telling(
            audiences.manufacturer,
            "purchase_order_issued",
            production.purchase_order,
            files=production.documents,
        ),
    ),
    "purchase_order.reminded": (
        Telling(audiences.manufacturer, "purchase_order_reminder", production.purchase_order),
    ),
    "purchase_order.extended": (
        Telling(audiences.manufacturer, "purchase_order_extended", production.purchase_order),
    ),
    "purchase_order.canceled": (
        Telling(audiences.manufacturer, "purchase_order_canceled", production.purchase_order_called_off),
    ),
    "purchase_order.rejected": (
        Telling(audiences.administrators, "purchase_order_rejected", production.purchase_order_for_admins),
    ),
    "purchase_order.expired": (
        Telling(audiences.administrators, "purchase_order_expired", production.purchase_order_for_admins),
    ),
    "commission.confirmed": (Telling(commissions.earner, "commission_confirmed", commissions.earned),),
    "commission.reversed": (Telling(commissions.earner, "commission_reversed", commissions.earned),),
    "commission_withdrawal.requested": (
        Telling(audiences.administrators, "withdrawal_waiting", commissions.payout_for_admins),
    ),
    "commission_withdrawal.refused": (Telling(commissions.earner, "withdrawal_refused", commissions.payout),),
    "commission_withdrawal.paid": (Telling(commissions.earner, "commission_paid", commissions.payout),),
    "payment_release.ready": (Telling(audiences.administrators, "release_waiting", payouts.part_for_admins),),
    "payment_release.released": (Telling(payouts.maker, "payment_released", payouts.part),),
    "payout.sent": (Telling(payouts.maker, "payout_sent", payouts.payout),),
    "payout_block.opened": (Telling(payouts.maker, "payouts_blocked", payouts.block),),
    "invoice.issued": (Telling(audiences.asker, "invoice_issued", money.invoice, members.own),),
    "invoice.refused": (Telling(audiences.asker, "invoice_refused", money.invoice, members.own),),
    "job.died": (Telling(audiences.administrators, "job_died", facts.job),),
    "user.signed_up": (Telling(audiences.the_user, "email_confirmation", facts.confirmation),),
    "user.password_changed": (Telling(audiences.the_user, "password_changed", facts.account),),
}

#: What may rightly happen again to the same thing, and is then told again.
REPEATED = frozenset(
    "campaign.submitted campaign.returned campaign.reopened campaign.schema_moved campaign.proposed "
    "participation.proposed participation.balance_requested participation.balance_late "
    "participation.hold_lost campaign.window_ending payment.part_arrived "
    "payment.part_returned commission.confirmed commission.reversed "
    "requirement.questioned requirement.kept milestone.blocked "
    "timeline.delayed purchase_order.sent purchase_order.reminded purchase_order.extended purchase_order.rejected "
    "refund.died purchase_order.expired job.died user.password_changed".split()
)
