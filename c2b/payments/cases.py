"""Differences to providers' records as an admin reads and closes them, and the days that were compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import clean_text
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.kit.i18n import N_
from c2b.payments.telling import told_before

CASE_STATES = ("open", "closed")
MOST_NOTE = 2000


class CaseClosed(Conflict):
    code = "case_closed"
    message = N_("This difference was closed already.")


@dataclass(frozen=True, kw_only=True)
class ReconciledDay:
    """One day of one provider: how many rows of theirs were compared, how many differ; ``state``: running or done."""

    gateway: str
    day: date
    state: str
    payments: int
    refunds: int
    settlements: int
    differences: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One difference. ``ours`` and ``theirs`` hold what differs (amounts in minor units), ``None``: nothing there.

    ``gone``: a later comparison did not find it any more. ``campaign_id`` and ``currency`` where the payment is ours.
    """

    id: str
    gateway: str
    kind: str
    subject: str
    payment_id: str | None
    campaign_id: str | None
    currency: str | None
    ours: dict[str, Any] | None
    theirs: dict[str, Any] | None
    state: str
    note: str
    found_on: date
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    gone: bool


_CASES = (
    "SELECT c.*, p.campaign_id, p.currency FROM reconciliation_case c "
    "LEFT JOIN payment p ON p.id = c.payment_id WHERE "
)


async def days(window: Window) -> Slice[ReconciledDay]:
    """Days that were or are being compared, the latest first. The caller has checked that an admin reads."""
    day, gateway = window.after or ("9999-12-31", "")
    on = date.fromisoformat(str(day))
    rows = await db.fetch(
        "SELECT * FROM reconciliation WHERE day < ? OR (day = ? AND gateway > ?) ORDER BY day DESC, gateway LIMIT ?",
        on,
        on,
        gateway,
        window.limit + 1,
    )
    return slice_of([_day(row) for row in rows], window, lambda each: (each.day.isoformat(), each.gateway))


async def compared(gateway: str, day: date) -> bool:
    """Whether a comparison of that day was ever begun."""
    return bool(
        await db.fetch("SELECT 1 AS yes FROM reconciliation WHERE gateway = ? AND day = ?", gateway, day)
    )


async def cases(window: Window, *, state: str = "") -> Slice[Case]:
    """Differences, newest first; ``state``: open, closed or all. The caller has checked that an admin reads."""
    after = window.after[0] if window.after else ""
    rows = await db.fetch(
        _CASES + "(c.state = ? OR ? = '') AND (c.id < ? OR ? = '') ORDER BY c.id DESC LIMIT ?",
        state,
        state,
        after,
        after,
        window.limit + 1,
    )
    names = await names_of({row["closed_by"] for row in rows if row["closed_by"]})
    return slice_of([await _case(row, names) for row in rows], window, lambda each: (each.id,))


async def case(case_id: str) -> Case:
    """One difference. Raises ``NotFound``. The caller has checked that an admin reads."""
    row = await db.fetch_one(_CASES + "c.id = ?", case_id)
    if row is None:
        raise NotFound
    return await _case(row, await names_of({row["closed_by"]} if row["closed_by"] else set()))


async def open_cases() -> int:
    """How many wait for somebody to find out why."""
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM reconciliation_case WHERE state = 'open'")
    return int(row["n"]) if row else 0


@dataclass(frozen=True)
class Standing:
    """How one provider's reconciliation stands. ``latest_second``: midnight UTC of the latest day compared, as seconds
    since 1970; 0 where none was."""

    open_cases: int
    latest_second: int


async def standing(names: Sequence[str]) -> dict[str, Standing]:
    """For monitoring: each of these gateways, also one that was never compared."""
    opened = await db.fetch(
        "SELECT gateway, COUNT(*) AS n FROM reconciliation_case WHERE state = 'open' GROUP BY gateway"
    )
    latest = await db.fetch(
        "SELECT gateway, MAX(day) AS day FROM reconciliation WHERE state = 'done' GROUP BY gateway"
    )
    open_cases = {row["gateway"]: int(row["n"]) for row in opened}
    seconds = {row["gateway"]: _second(date.fromisoformat(str(row["day"]))) for row in latest}
    return {name: Standing(open_cases.get(name, 0), seconds.get(name, 0)) for name in names}


def _second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


async def close(actor: Actor, case_id: str, *, note: str) -> None:
    """An admin has found out why, and says it. Raises ``Invalid`` without a note, ``NotFound``, ``CaseClosed``."""
    try:
        said = clean_text(note).strip()
    except ValueError:
        said = ""
    if not 1 <= len(said) <= MOST_NOTE:
        raise Invalid(fields=[FieldError("note", "note", N_("Say what it was and what was done about it."))])

    async def write() -> None:
        await case(case_id)
        rows = await db.execute(
            "UPDATE reconciliation_case SET state = 'closed', note = ?, closed_by = ?, closed_at = ? "
            "WHERE id = ? AND state = 'open'",
            said,
            actor.id,
            clock.now(),
            case_id,
        )
        if rows != 1:
            raise CaseClosed
        await record(
            "reconciliation.case_closed", subject="reconciliation_case", subject_id=case_id, actor_id=actor.id,
            audience="admin", payload={"note": said[:500]},
        )  # fmt: skip

    await db.atomically(write)


def _day(row: dict[str, Any]) -> ReconciledDay:
    counts = ("gateway", "state", "payments", "refunds", "settlements", "differences")
    started_at = db.instant(row["started_at"])
    assert started_at
    return ReconciledDay(
        **{name: row[name] for name in counts},
        day=_date(row["day"]),
        started_at=started_at,
        finished_at=db.instant(row["finished_at"]),
    )


async def _case(row: dict[str, Any], names: dict[str, str]) -> Case:
    same = ("id", "gateway", "kind", "subject", "payment_id", "campaign_id", "currency", "state", "note")
    opened_at = db.instant(row["opened_at"])
    assert opened_at
    return Case(
        **{name: row[name] for name in same},
        ours=_side(row["ours"]),
        theirs=_side(row["theirs"]),
        found_on=_date(row["found_on"]),
        opened_at=opened_at,
        closed_by=names.get(row["closed_by"]),
        closed_at=db.instant(row["closed_at"]),
        gone=await told_before("reconciliation.case_gone", row["id"]),
    )


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _side(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
