"""Reading refunds for admins: which were asked for, what their provider says, who has to act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of

#: As admins see them: ``by_hand`` waits for a person, ``stuck`` has a job that gave up.
#: ``waiting``: those of the first three that nobody has proposed a bank transfer for.
STATES = ("waiting", "by_hand", "stuck", "failed", "requested", "processing", "succeeded")
_SHOWN = (
    "CASE WHEN r.state = 'succeeded' THEN 'succeeded' WHEN r.by_hand THEN 'by_hand' "
    "WHEN r.state <> 'failed' AND j.state = 'dead' THEN 'stuck' ELSE r.state END"
)
_SELECT = (
    f"SELECT * FROM (SELECT r.*, {_SHOWN} AS shown, p.gateway, p.user_id, p.refund_until, p.participation_id, "  # noqa: S608
    "c.title, j.id AS job_id, j.state AS job_state, j.error, (SELECT d.id FROM disbursement d WHERE d.kind = 'refund' "
    "AND d.subject_id = r.id AND d.state <> 'refused') AS transfer_id FROM refund r "
    "JOIN payment p ON p.id = r.payment_id JOIN campaign c ON c.id = r.campaign_id "
    "LEFT JOIN job j ON j.key = r.key) r "
)
_WAITS = "r.shown IN ('by_hand', 'stuck', 'failed') AND r.transfer_id IS NULL"


@dataclass(frozen=True, kw_only=True)
class RefundLine:
    """One refund; the amount in minor units. ``error``: what the last attempt met. ``transfer_id``: its bank transfer.

    ``actions`` of an admin now: ``retry``, ``by_hand``.
    """

    id: str
    campaign_id: str
    campaign_title: str
    member: str
    amount_minor: int
    currency: str
    reason: str
    note: str
    gateway: str
    state: str
    requested_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    refund_until: datetime | None
    error: str
    transfer_id: str | None
    actions: tuple[str, ...]


async def refunds(window: Window, *, state: str = "") -> Slice[RefundLine]:
    """All of them, newest first; of one state if given. The caller has checked that an admin reads."""
    after = window.after[0] if window.after else ""
    shown = _WAITS if state == "waiting" else "(r.shown = ? OR ? = '')"
    rows = await db.fetch(
        f"{_SELECT}WHERE {shown} AND (r.id < ? OR ? = '') ORDER BY r.id DESC LIMIT ?",
        *(() if state == "waiting" else (state, state)), after, after, window.limit + 1,
    )  # fmt: skip
    return slice_of(await _lines(rows), window, lambda line: (line.id,))


async def refund(refund_id: str) -> RefundLine:
    """One of them. Raises ``NotFound``."""
    row = await db.fetch_one(_SELECT + "WHERE r.id = ?", refund_id)
    if row is None:
        raise NotFound
    return (await _lines([row]))[0]


async def waiting() -> int:
    """How many a person has to see to."""
    row = await db.fetch_one(
        f"SELECT COUNT(*) AS n FROM ({_SELECT}WHERE {_WAITS}) waiting"  # noqa: S608
    )
    return int(row["n"]) if row else 0


async def _lines(rows: list[dict[str, Any]]) -> list[RefundLine]:
    names = await names_of({row["user_id"] for row in rows})
    return [_line(row, names) for row in rows]


def _line(row: dict[str, Any], names: dict[str, str]) -> RefundLine:
    same = ("id", "campaign_id", "amount_minor", "currency", "reason", "note", "gateway", "transfer_id")
    requested_at = db.instant(row["requested_at"])
    assert requested_at
    return RefundLine(
        **{name: row[name] for name in same},
        campaign_title=row["title"],
        member=names.get(row["user_id"], ""),
        state=row["shown"],
        requested_at=requested_at,
        sent_at=db.instant(row["sent_at"]),
        finished_at=db.instant(row["finished_at"]),
        refund_until=db.instant(row["refund_until"]),
        error=(row["error"] or "") if row["state"] != "succeeded" else "",
        actions=_actions(row),
    )


def _actions(row: dict[str, Any]) -> tuple[str, ...]:
    if row["state"] == "succeeded" or row["transfer_id"]:
        return ()
    if row["by_hand"]:
        return ("by_hand",)
    retry = ("retry",) if row["job_state"] == "dead" else ()
    return (*retry, "by_hand") if row["state"] == "failed" else retry
