"""Whose an account of the book is, and where an admin reads what moved it: names and addresses for many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from c2b.kit import db
from c2b.kit.i18n import N_, gettext, pick

#: Kind of account → table and column with the name of its owner.
_NAMES = {
    "escrow": ("campaign", "title"),
    "payable": ("manufacturer", "name"),
    "recourse": ("manufacturer", "name"),
    "commission": ("user_account", "name"),
}
#: Owners that are no row of a table.
_OURS = {"bank": N_("our bank"), "platform": N_("the platform")}
#: Cause of a transfer → the page of the thing that caused it.
_PAGES = {
    "refund": "/admin/refunds/{id}",
    "refund_failed": "/admin/refunds/{id}",
    "commission_paid": "/admin/commissions/withdrawals/{id}",
    "rest": "/admin/campaigns/{id}",
    "bank_line": "/admin/bank-lines/{id}",
    "bank_own": "/admin/bank-lines/{id}",
    "bank_return": "/admin/bank-lines/{id}",
}


async def owners_of(account_ids: Iterable[str]) -> dict[str, str]:
    """The name of whoever an account belongs to: a campaign's title, a manufacturer, a member, ourselves. Others
    (providers) are left out."""
    wanted: dict[str, dict[str, list[str]]] = {}
    found: dict[str, str] = {}
    for account_id in account_ids:
        kind, owner, *_ = account_id.split(":")
        if kind in _NAMES:
            wanted.setdefault(kind, {}).setdefault(owner, []).append(account_id)
        elif owner in _OURS:
            found[account_id] = gettext(_OURS[owner])
    for kind, owners in wanted.items():
        table, column = _NAMES[kind]
        places = ", ".join("?" for _ in owners)
        query = f"SELECT id, {column} AS name FROM {table} WHERE id IN ({places})"  # noqa: S608 - names from the table above
        for row in await db.fetch(query, *owners):
            for account_id in owners[row["id"]]:
                found[account_id] = _name(row["name"])
    return found


async def pages_of(causes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(cause, its id) → the address of its page, for those that have one."""
    found, payments = {}, []
    for cause, id in set(causes):
        if cause in _PAGES:
            found[cause, id] = _PAGES[cause].format(id=id)
        elif cause == "payment":
            payments.append(id)
    if payments:
        places = ", ".join("?" for _ in payments)
        rows = await db.fetch(f"SELECT id, participation_id FROM payment WHERE id IN ({places})", *payments)  # noqa: S608 - question marks
        found |= {("payment", row["id"]): f"/admin/participations/{row['participation_id']}" for row in rows}
    return found


def _name(value: Any) -> str:
    """A plain name, or one in several languages as the database gives it."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    return pick(value) if isinstance(value, dict) else str(value)
