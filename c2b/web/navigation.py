"""Which way each role goes: the one table behind the header of every page."""

from __future__ import annotations

from dataclasses import dataclass

from c2b.accounts.rules import Actor
from c2b.kit.i18n import N_, gettext


@dataclass(frozen=True)
class Link:
    """One entry of the header."""

    label: str
    path: str
    here: bool = False


_NOBODY = [(N_("Discover"), "/")]
_BY_ROLE: dict[str, list[tuple[str, str]]] = {
    "consumer": [
        (N_("Discover"), "/"),
        (N_("My participations"), "/participations"),
        (N_("My campaigns"), "/my-campaigns"),
    ],
    "manufacturer": [(N_("Purchase orders"), "/manufacturer/purchase-orders"), (N_("Discover"), "/")],
    "admin": [
        (N_("Approvals"), "/admin/approvals"),
        (N_("Campaigns"), "/admin/campaigns"),
        (N_("Runs"), "/admin/runs"),
        (N_("Jobs"), "/admin/jobs"),
        (N_("Events"), "/admin/events"),
    ],
}


def links_for(actor: Actor | None, path: str) -> list[Link]:
    """The header's entries, the one that leads to this page (or to its parent) marked."""
    entries = _BY_ROLE[actor.role] if actor else _NOBODY
    return [
        Link(gettext(label), to, here=path == to or (to != "/" and path.startswith(f"{to}/")))
        for label, to in entries
    ]
