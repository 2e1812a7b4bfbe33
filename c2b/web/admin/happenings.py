"""What the events are called, and what the entries of their payloads mean, in the reader's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from c2b.fulfillment.rules import EVIDENCE_LABELS
from c2b.kit.i18n import N_, current_locale, format_date, format_datetime, gettext, pick
from c2b.kit.money import format_money
from c2b.web.consumer.words import question_reason, refund_reason

#: Kinds of events for the filter, as ``events.queries.all_events`` takes them.
KINDS = {
    "campaign.*": N_("Campaigns"),
    "participation.*": N_("Participations"),
    "requirement.*": N_("Requirements"),
    "payment.*": N_("Payments"),
    "bank_line.*": N_("Bank statement"),
    "refund.*": N_("Refunds"),
    "purchase_order.*": N_("Purchase orders"),
    "timeline.*": N_("Timelines"),
    "milestone.*": N_("Stages"),
    "invitation.*": N_("Invitations"),
    "referral.*": N_("Who invited whom"),
    "commission.*": N_("Commissions"),
    "commission_withdrawal.*": N_("Payouts of commissions"),
    "commission_market.*": N_("Markets of commissions"),
    "payee.*": N_("Payees"),
    "payment_schedule.*": N_("Payments to manufacturers"),
    "payment_release.*": N_("Parts released to manufacturers"),
    "payout.*": N_("Payouts to manufacturers"),
    "payout_block.*": N_("Blocks of payouts"),
    "reconciliation.*": N_("Reconciliation"),
    "job.*": N_("Jobs"),
    "vote.*": N_("Votes"),
    "ballot.*": N_("Rankings"),
    "user.*": N_("Accounts"),
    "api_token.*": N_("API tokens"),
}
EVENTS = {
    "bank_line.assigned": N_("A line of the statement was assigned to a payment"),
    "bank_line.entered": N_("A line of the statement was entered"),
    "bank_line.open": N_("A line of the statement waits for a decision again"),
    "bank_line.own": N_("A line of the statement was our own money"),
    "bank_line.returning": N_("A line of the statement goes back to its sender"),
    "api_token.created": N_("An API token was made"),
    "api_token.revoked": N_("An API token was revoked"),
    "ballot.cast": N_("A ranking was changed"),
    "campaign.canceled": N_("The campaign was canceled"),
    "campaign.closed": N_("The group closed"),
    "campaign.completed": N_("Everybody holds what they asked for"),
    "campaign.drafted": N_("A campaign was drafted"),
    "campaign.failed": N_("The group was not filled"),
    "campaign.in_production": N_("Production began"),
    "campaign.locked": N_("The batch was locked and frozen"),
    "campaign.opened": N_("The campaign opened"),
    "campaign.proposed": N_("An allocation was proposed"),
    "campaign.ordered": N_("The order went out"),
    "campaign.reopened": N_("The group opened again"),
    "campaign.returned": N_("The campaign was sent back"),
    "campaign.schema_moved": N_("The campaign was moved to another version of the product's schema"),
    "campaign.shipping": N_("The goods left the factory"),
    "campaign.submitted": N_("The campaign was submitted"),
    "campaign.window_ending": N_("A payment provider's window is about to end"),
    "campaign.window_decided": N_("An admin decided about a window that ends"),
    "campaign.threshold_reached": N_("The threshold was reached"),
    "commission.confirmed": N_("Commissions were confirmed"),
    "commission.estimated": N_("A commission was estimated"),
    "commission.expired": N_("A commission expired"),
    "commission.reversed": N_("A commission was reversed"),
    "commission_market.approved": N_("A market got a second level of commissions"),
    "commission_market.revoked": N_("A market lost the second level of commissions"),
    "commission_withdrawal.approved": N_("A payout of commissions was approved"),
    "commission_withdrawal.paid": N_("Commissions were paid out"),
    "commission_withdrawal.refused": N_("A payout of commissions was refused"),
    "commission_withdrawal.requested": N_("A member asked for a payout of commissions"),
    "payee.identified": N_("A member said whom to pay"),
    "payment_release.ready": N_("A part can be released to a manufacturer"),
    "payment_release.released": N_("A part was released to a manufacturer"),
    "payment_schedule.canceled": N_("The payments to a manufacturer were canceled"),
    "payment_schedule.closed": N_("The books of a campaign were closed"),
    "payment_schedule.frozen": N_("The payments to a manufacturer were frozen"),
    "payment_schedule.reduced": N_("Units never came, and their price was taken off"),
    "payout.called_off": N_("A payout to a manufacturer was called off"),
    "payout.proposed": N_("A payout to a manufacturer was proposed"),
    "payout.sent": N_("A manufacturer was paid"),
    "payout_block.closed": N_("Payouts are not blocked any more"),
    "payout_block.opened": N_("Payouts were blocked"),
    "payee.revealed": N_("An admin looked at whom to pay"),
    "referral.bound": N_("Somebody counts as invited"),
    "referral.expired": N_("An invitation has run out"),
    "referral.voided": N_("An invitation was found not to count"),
    "invitation.accepted": N_("An invitation was accepted"),
    "invitation.created": N_("An invitation link was made"),
    "invoice.issued": N_("A tax invoice was issued"),
    "invoice.red_noted": N_("A red note was written"),
    "invoice.refused": N_("A request for a tax invoice was refused"),
    "invoice.requested": N_("A tax invoice was asked for"),
    "invoice.withdrawn": N_("A request for a tax invoice ended"),
    "job.died": N_("A job gave up"),
    "job.retried": N_("A job got another chance"),
    "milestone.blocked": N_("A stage is held up"),
    "milestone.evidence_added": N_("Evidence was added"),
    "milestone.reached": N_("A stage passed"),
    "milestone.rejected": N_("A stage did not pass"),
    "milestone.resumed": N_("Work on a stage went on"),
    "milestone.skipped": N_("A stage was left out"),
    "milestone.started": N_("A stage began"),
    "milestone.submitted": N_("A stage was reported as done"),
    "participation.accepted": N_("A member accepted what was proposed"),
    "participation.balance_late": N_("A balance is late"),
    "participation.balance_requested": N_("A balance was asked for"),
    "participation.confirmed": N_("A participation was confirmed"),
    "participation.delay_accepted": N_("A member waits although it is late"),
    "participation.delivered": N_("A participation was delivered"),
    "participation.expired": N_("A place was let go unpaid"),
    "participation.hold_lost": N_("An authorization no longer holds"),
    "participation.joined": N_("Somebody joined and paid"),
    "participation.left_out": N_("Somebody was left out: what they chose could not be made"),
    "participation.overdue": N_("A place was given up: what was still to be paid did not come"),
    "participation.paid_up": N_("A balance was paid"),
    "participation.place_offered": N_("A place was offered to somebody on the waitlist"),
    "participation.waitlist_ended": N_("Somebody's wait for a place ended"),
    "participation.waitlisted": N_("Somebody joined the waitlist"),
    "participation.released": N_("A place was let go: the choice does not fit the new version"),
    "participation.proposed": N_("A member was asked whether the proposal is fine"),
    "participation.withdrawn": N_("Somebody withdrew"),
    "payment.authorized": N_("Money is held"),
    "payment.captured": N_("Money was captured"),
    "payment.failed": N_("A payment failed"),
    "payment.part_arrived": N_("A part of a bank transfer has come"),
    "payment.part_returned": N_("A part of a bank transfer goes back"),
    "payment.too_much_arrived": N_("More than the price has come by bank transfer"),
    "payment.transfer_asked": N_("A bank transfer was asked for"),
    "payment.uncaptured": N_("What was held could not be charged"),
    "payment.voided": N_("What was held was released"),
    "purchase_order.acknowledged": N_("The purchase order was accepted"),
    "purchase_order.canceled": N_("The purchase order was withdrawn"),
    "purchase_order.expired": N_("The time to answer the order ran out"),
    "purchase_order.extended": N_("The manufacturer got more time to answer"),
    "purchase_order.issued": N_("The purchase order was issued"),
    "purchase_order.reissued": N_("The next revision was asked for"),
    "purchase_order.rejected": N_("The purchase order was rejected"),
    "purchase_order.reminded": N_("The manufacturer was reminded"),
    "purchase_order.sent": N_("The purchase order was sent"),
    "receipt.issued": N_("A receipt was issued"),
    "reconciliation.case_closed": N_("A difference to a provider was closed"),
    "reconciliation.case_gone": N_("A difference to a provider is no longer found"),
    "reconciliation.case_opened": N_("A provider's record differs from ours"),
    "reconciliation.differs": N_("A day's record has new differences"),
    "refund.by_hand": N_("A refund has to be sent by hand"),
    "refund.died": N_("A refund gave up"),
    "refund.requested": N_("A refund was requested"),
    "refund.succeeded": N_("A refund arrived"),
    "requirement.kept": N_("A requirement was kept without an answer"),
    "requirement.questioned": N_("A member was asked to look again"),
    "requirement.reconfirmed": N_("A member answered what they were asked"),
    "requirement.revised": N_("A requirement was changed"),
    "requirement.submitted": N_("A requirement was submitted"),
    "timeline.delayed": N_("The forecast passed the promise"),
    "timeline.planned": N_("The timeline was planned"),
    "user.created": N_("An account was made"),
    "user.email_confirmed": N_("An e-mail address was confirmed"),
    "user.locale_changed": N_("A language was chosen"),
    "user.logged_in": N_("Somebody logged in"),
    "user.logged_out": N_("Somebody logged out"),
    "user.password_changed": N_("A password was changed"),
    "user.renamed": N_("A name was changed"),
    "user.role_assigned": N_("A role was assigned"),
    "user.signed_up": N_("Somebody signed up"),
    "vote.closed": N_("The members have decided"),
}
_ENTRIES = {
    "asked": N_("may object"),
    "amount_minor": N_("amount"),
    "answer_until": N_("answer until"),
    "cause": N_("reason"),
    "count": N_("chosen"),
    "first_choice": N_("first choice kept"),
    "finished_on": N_("finished"),
    "forecast_delivery": N_("forecast delivery"),
    "key": N_("key"),
    "from_version": N_("from version"),
    "kind": N_("kind"),
    "label": N_("stage"),
    "leaving": N_("units leaving"),
    "left_minor": N_("left of it"),
    "orders_left": N_("orders left"),
    "left_out": N_("left out"),
    "locale": N_("language"),
    "makeable": N_("units that can be made"),
    "members": N_("members"),
    "milestone": N_("milestone"),
    "minimum": N_("minimum"),
    "number": N_("number"),
    "option": N_("option"),
    "paid": N_("paid"),
    "note": N_("note"),
    "parts": N_("parts"),
    "planned_end": N_("planned end"),
    "promised_delivery": N_("promised delivery"),
    "promised_ship_by": N_("promised to ship by"),
    "quantity": N_("units"),
    "questioned": N_("members asked"),
    "released": N_("places let go"),
    "reason": N_("reason"),
    "reference": N_("reference"),
    "revision": N_("revision"),
    "reserved_until": N_("reserved until"),
    "role": N_("role"),
    "round": N_("round"),
    "served": N_("units served"),
    "template": N_("template"),
    "terms_changed": N_("what is made has changed"),
    "threshold": N_("threshold"),
    "turn": N_("turn"),
    "unit_price_minor": N_("unit price"),
    "unaffected": N_("not affected"),
    "units": N_("units"),
    "until": N_("until"),
    "validity_until": N_("answer by"),
    "version": N_("to version"),
}
#: Entries that repeat what the row shows anyway, or that only programs read.
_UNSAID = (
    "code", "currency", "digest", "automatic", "participation_id", "refund_id", "evidence_id", "actor_id",
    "manufacturer_id", "unanswered", "user_id", "inviter_id", "invitation_id", "withdrawal_id",
    "identified", "paid_before", "vote", "votes", "outcome", "settled_minor",
)  # fmt: skip


def event_name(name: str) -> str:
    """An event in words; its code name where it has none yet."""
    return gettext(EVENTS[name]) if name in EVENTS else name


def entries_of(name: str, payload: dict[str, Any], *, currency: str) -> list[tuple[str, str]]:
    """A payload as (label, text) pairs; ``currency`` is that of amounts which do not name their own."""
    if name.startswith("refund.") and "reason" in payload:
        payload = {**payload, "reason": refund_reason(str(payload["reason"]))}
    if name.startswith(("requirement.", "participation.")):
        payload = {
            key: question_reason(str(value)) if key in ("reason", "cause") else value
            for key, value in payload.items()
        }
    money = str(payload.get("currency") or currency)
    return [
        (gettext(_ENTRIES[key]) if key in _ENTRIES else key, text)
        for key, value in payload.items()
        if key not in _UNSAID and (text := _text(key, value, money))
    ]


def _text(key: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if key.endswith("_minor") and isinstance(value, int) and currency:
        return format_money(value, currency, current_locale())
    if key == "kind" and value in EVIDENCE_LABELS:
        return gettext(EVIDENCE_LABELS[value])
    if isinstance(value, dict) and set(value) == {"en", "zh"}:
        return pick(value)
    if (
        isinstance(value, str)
        and len(value) >= 10
        and key.endswith(("until", "_delivery", "_by", "_end", "_on"))
    ):
        return _day_or_instant(value)
    return str(value)


def _day_or_instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return format_datetime(moment) if moment.tzinfo else format_date(moment.date())
