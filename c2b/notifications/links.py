"""Where the links in mails lead: the one place that knows the pages' addresses."""

from __future__ import annotations

from c2b.config import settings


def to(path: str) -> str:
    """The full address of a page of ours."""
    return settings().base_url + path


def campaign(slug: str) -> str:
    return to(f"/campaigns/{slug}")


def timeline(slug: str) -> str:
    return to(f"/campaigns/{slug}#timeline")


def participation(participation_id: str) -> str:
    return to(f"/participations/{participation_id}")


def purchase_order(number: str) -> str:
    """The manufacturer's page, where an order is acknowledged."""
    return to(f"/manufacturer/purchase-orders/{number}")


def approvals() -> str:
    return to("/admin")


def campaign_for_admins(campaign_id: str) -> str:
    return to(f"/admin/campaigns/{campaign_id}")


def jobs() -> str:
    return to("/admin/jobs")


def account() -> str:
    return to("/account")
