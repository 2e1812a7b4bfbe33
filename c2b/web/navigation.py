"""Which way each role goes: the one table behind the header of every page, and where each role is at home."""

from __future__ import annotations

from dataclasses import dataclass

from c2b.accounts.rules import Actor
from c2b.config import settings
from c2b.kit.i18n import N_, gettext


@dataclass(frozen=True)
class Link:
    """One entry of the header."""

    label: str
    path: str
    here: bool = False


_NOBODY = [(N_("Discover"), "/"), (N_("Products"), "/products")]
_BY_ROLE: dict[str, list[tuple[str, str]]] = {
    "consumer": [
        (N_("Discover"), "/"),
        (N_("Products"), "/products"),
        (N_("My participations"), "/my/participations"),
        (N_("My campaigns"), "/my/campaigns"),
        (N_("My commissions"), "/my/commissions"),
    ],
    "manufacturer": [
        (N_("To do"), "/manufacturer"),
        (N_("Purchase orders"), "/manufacturer/orders"),
        (N_("Production"), "/manufacturer/timelines"),
        (N_("Payments"), "/manufacturer/payments"),
    ],
    "admin": [
        (N_("Approvals"), "/admin"),
        (N_("Campaigns"), "/admin/campaigns"),
        (N_("Orders"), "/admin/orders"),
        (N_("Money"), "/admin/money"),
        (N_("Runs"), "/admin/runs"),
        (N_("Jobs"), "/admin/jobs"),
        (N_("Events"), "/admin/events"),
    ],
}
#: Pages that belong to an entry without lying under its address.
_BELONGS = {
    **dict.fromkeys(
        (
            "/admin/refunds",
            "/admin/bank-lines",
            "/admin/disbursements",
            "/admin/ledger",
            "/admin/payouts",
            "/admin/commissions",
            "/admin/reconciliation",
            "/admin/invoices",
        ),
        "/admin/money",
    ),
    "/admin/participations": "/admin/campaigns",
    "/manufacturer/statement": "/manufacturer/payments",
}
_HOMES = {"consumer": "/", "manufacturer": "/manufacturer", "admin": "/admin"}


def links_for(actor: Actor | None, path: str) -> list[Link]:
    """The header's entries, the one that leads to this page (or to its nearest parent) marked."""
    path = next((to for room, to in _BELONGS.items() if path == room or path.startswith(f"{room}/")), path)
    entries = [*(_BY_ROLE[actor.role] if actor else _NOBODY), *_mails(actor)]
    parents = [to for _, to in entries if path == to or (to != "/" and path.startswith(f"{to}/"))]
    nearest = max(parents, key=len, default=None)
    return [Link(gettext(label), to, here=to == nearest) for label, to in entries]


def home_of(actor: Actor) -> str:
    """The page on which this person begins: what there is to join, to make, or to decide."""
    return _HOMES[actor.role]


def sees_mails(actor: Actor | None) -> bool:
    """Without a mail server mails can be read here: by admins, and in the one-process demo each by its recipient."""
    if actor is None or settings().mail_url:
        return False
    return actor.is_admin or settings().embedded


def _mails(actor: Actor | None) -> list[tuple[str, str]]:
    return [(N_("Mails"), "/outbox")] if sees_mails(actor) else []
