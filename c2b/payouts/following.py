"""Keeping a schedule in step with what happened: read what is true now, move what has come so far. Twice is once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any

from c2b.campaigns.changes import hold
from c2b.catalog.payment_terms import Part, payment_terms
from c2b.durable import enqueue
from c2b.kit import clock, db
from c2b.payouts import rules
from c2b.payouts.blocking import open_blocks
from c2b.payouts.models import PaymentSchedule, Release
from c2b.payouts.scheduling import freeze
from c2b.payouts.telling import tell

DONE = ("approved", "skipped")


@dataclass(frozen=True)
class Reached:
    """What a campaign has come to: the days of the acknowledgment, of stages that are done, of the delivery."""

    acknowledged: date | None
    done: dict[str, date | None]
    codes: tuple[str, ...]
    delivered: date | None

    def day_of(self, milestone: str) -> date | None:
        return rules.reached_on(
            milestone,
            acknowledged=self.acknowledged,
            done=self.done,
            codes=self.codes,
            delivered=self.delivered,
        )


async def follow(campaign_id: str) -> int:
    """Bring the schedule of a campaign up to date, in the present transaction; how many of its parts moved."""
    campaign = await hold(campaign_id)
    schedule = await freeze(campaign)
    if schedule is None or schedule.state != "running":
        return 0
    if campaign["state"] == "canceled":
        return await _cancel(schedule)
    found, blocked = await reached(campaign_id), bool(await open_blocks(campaign_id))
    moved = 0
    for release in await Release.filter(schedule_id=schedule.id, state__in=("held", "frozen")).order_by("id"):
        moved += await _move(schedule, release, found, blocked=blocked)
    return moved


async def reached(campaign_id: str) -> Reached:
    """What has happened, from the purchase order and the timeline."""
    order = await db.fetch_one(
        "SELECT acknowledged_at FROM purchase_order WHERE campaign_id = ?", campaign_id
    )
    acknowledged = db.instant(order["acknowledged_at"]) if order else None
    rows = await db.fetch(
        "SELECT m.code, m.state, m.finished_on FROM milestone m JOIN timeline t ON t.id = m.timeline_id "
        "WHERE t.campaign_id = ? ORDER BY m.position",
        campaign_id,
    )
    timeline = await db.fetch_one("SELECT delivered_on FROM timeline WHERE campaign_id = ?", campaign_id)
    return Reached(
        acknowledged=acknowledged.date() if acknowledged else None,
        done={row["code"]: day(row["finished_on"]) or clock.today() for row in rows if row["state"] in DONE},
        codes=tuple(row["code"] for row in rows),
        delivered=day(timeline["delivered_on"]) if timeline else None,
    )


async def keep_releases() -> None:
    """For the clock: what was only waiting for its day, and its day has come."""
    for row in await db.fetch(
        "SELECT DISTINCT campaign_id FROM payment_release WHERE state = 'held' AND due_on <= ?", clock.today()
    ):
        await db.atomically(partial(_look, row["campaign_id"]))


async def _look(campaign_id: str) -> None:
    key = f"payout.follow:{campaign_id}:{clock.today().isoformat()}"
    await enqueue("payout.follow", key=key, args={"campaign_id": campaign_id})


async def _move(schedule: PaymentSchedule, release: Release, found: Reached, *, blocked: bool) -> int:
    reached_on, days = found.day_of(release.milestone), days_of(schedule.terms, release.code)
    if reached_on is None:
        return 0
    state = rules.state_of(reached=reached_on, days=days, today=clock.today(), blocked=blocked)
    due = rules.due_on(reached_on, days)
    if (state, due) == (release.state, release.due_on):
        return 0
    at = release.reached_at or datetime.combine(reached_on, time(), UTC)
    rows = await db.execute(
        "UPDATE payment_release SET state = ?, due_on = ?, reached_at = COALESCE(reached_at, ?) WHERE id = ? "
        "AND state = ?",
        state, due, at, release.id, release.state,
    )  # fmt: skip
    if rows == 1 and state == "releasable" and release.state == "held":
        await tell(
            "payment_release.ready", release.id, manufacturer_id=schedule.manufacturer_id,
            campaign_id=schedule.campaign_id, amount_minor=release.amount_minor - release.reduced_minor,
            currency=schedule.currency, milestone=release.milestone,
        )  # fmt: skip
    return rows


async def _cancel(schedule: PaymentSchedule) -> int:
    """The campaign is over: what was not released goes back to members by the refunds."""
    await db.execute(
        "UPDATE payment_schedule SET state = 'canceled', closed_at = ? WHERE id = ? AND state = 'running'",
        clock.now(), schedule.id,
    )  # fmt: skip
    states = ", ".join(f"'{state}'" for state in rules.WAITING)
    rows = await db.execute(
        f"UPDATE payment_release SET state = 'returned' WHERE schedule_id = ? AND state IN ({states})",  # noqa: S608
        schedule.id,
    )
    row = await db.fetch_one(
        "SELECT COALESCE(SUM(released_minor), 0) AS minor FROM payment_release WHERE schedule_id = ?",
        schedule.id,
    )
    await tell(
        "payment_schedule.canceled", schedule.id, manufacturer_id=schedule.manufacturer_id,
        campaign_id=schedule.campaign_id, amount_minor=int(row["minor"]) if row else 0, currency=schedule.currency,
    )  # fmt: skip
    return rows


def days_of(terms: dict[str, Any], code: str) -> int:
    """How many days after its milestone a part falls due, by the terms that were frozen."""
    basis, _, number = code.partition("-")
    parts: tuple[Part, ...] = getattr(payment_terms({"payment_terms": terms}), basis)
    return parts[int(number) - 1].days


def day(value: Any) -> date | None:
    """A stored day; SQLite gives text."""
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value


def as_json(stored: Any) -> Any:
    """A stored JSON value, read."""
    return json.loads(stored) if isinstance(stored, str) else stored
