"""Where the links in mails lead: the one place that knows the pages' addresses. A test follows each of them."""

from __future__ import annotations

from c2b.config import settings


def to(path: str) -> str:
    """The full address of a page of ours."""
    return settings().base_url + path


def campaign(slug: str) -> str:
    """The page that everybody sees."""
    return to(f"/campaigns/{slug}")


def timeline(slug: str) -> str:
    """The same page, where the stages are drawn."""
    return to(f"/campaigns/{slug}#timeline-title")


def own_campaign(campaign_id: str) -> str:
    """The organizer's page, where a draft is changed."""
    return to(f"/my/campaigns/{campaign_id}")


def participation(participation_id: str) -> str:
    """The member's page."""
    return to(f"/participations/{participation_id}")


def payment(participation_id: str) -> str:
    """Where a member pays, or reads where to transfer the money to."""
    return to(f"/participations/{participation_id}/payment")


def invoice(participation_id: str) -> str:
    """Where a member asks for a tax invoice and reads what became of it."""
    return to(f"/participations/{participation_id}/invoice")


def requirement(participation_id: str) -> str:
    """Where a member changes what they asked for, or answers what they are asked."""
    return to(f"/participations/{participation_id}/requirement")


def windows() -> str:
    """Where admins see which providers' windows end soon."""
    return to("/admin/money/windows")


def refund_for_admins(refund_id: str) -> str:
    """Where a refund is asked for again, or paid by hand."""
    return to(f"/admin/refunds/{refund_id}")


def reconciliation() -> str:
    """Where admins see what differs from the providers' records."""
    return to("/admin/reconciliation")


def campaign_for_admins(campaign_id: str) -> str:
    """Where a campaign is approved or sent back."""
    return to(f"/admin/campaigns/{campaign_id}")


def order_for_admins(order_id: str) -> str:
    """Where more time is given, or the next revision asked for."""
    return to(f"/admin/orders/{order_id}")


def payments(campaign_id: str) -> str:
    """What a manufacturer is paid for an order."""
    return to(f"/manufacturer/payments/{campaign_id}")


def all_payments() -> str:
    """What a manufacturer is paid for all its orders."""
    return to("/manufacturer/payments")


def payouts() -> str:
    """Where parts are released to manufacturers."""
    return to("/admin/payouts")


def commissions() -> str:
    """What one earns by inviting."""
    return to("/my/commissions")


def withdrawal(withdrawal_id: str) -> str:
    """Where a payout of commissions is reviewed."""
    return to(f"/admin/commissions/withdrawals/{withdrawal_id}")


def job(job_id: str) -> str:
    """Where a dead job is tried again."""
    return to(f"/admin/jobs/{job_id}")


def account() -> str:
    """One's own account."""
    return to("/account")
