"""Recording what happened, in the same transaction as the change itself.

``subscribe`` is for ``c2b.wiring`` alone, the one table that says what must follow an event. What follows is written
as jobs in the same transaction, so a crash loses neither the event nor its consequences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from c2b.kit import clock, db
from c2b.kit.canonical import canonical_json
from c2b.kit.ids import new_id


@dataclass(frozen=True)
class Happening:
    """An event about to be written. ``payload`` holds ids, counts and texts; never personal data."""

    name: str
    subject: str
    subject_id: str
    campaign_id: str | None = None
    actor_id: str | None = None
    audience: str = "admin"
    payload: dict[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None


Reaction = Callable[[Happening], Awaitable[None]]
_reactions: dict[str, list[Reaction]] = defaultdict(list)

_INSERT = (
    "INSERT INTO event (id, name, subject, subject_id, campaign_id, actor_id, audience, payload, occurred_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def subscribe(name: str, reaction: Reaction) -> None:
    """Let ``reaction`` run inside the transaction that records ``name``. It may only write jobs and runs."""
    if reaction not in _reactions[name]:
        _reactions[name].append(reaction)


async def record(
    name: str,
    *,
    subject: str,
    subject_id: str,
    campaign_id: str | None = None,
    actor_id: str | None = None,
    audience: str = "admin",
    payload: dict[str, Any] | None = None,
) -> None:
    """Write one event and what must follow it. Call it inside the transaction of the change."""
    await record_all([Happening(name, subject, subject_id, campaign_id, actor_id, audience, payload or {})])


async def record_all(happenings: Iterable[Happening]) -> None:
    """Write several events with one statement (joins come in batches)."""
    happenings = list(happenings)
    now = clock.now()
    await db.execute_many(
        _INSERT,
        [
            (
                new_id(),
                h.name,
                h.subject,
                h.subject_id,
                h.campaign_id,
                h.actor_id,
                h.audience,
                canonical_json(h.payload).decode(),
                h.occurred_at or now,
            )
            for h in happenings
        ],
    )
    for happening in happenings:
        for reaction in _reactions.get(happening.name, ()):
            await reaction(happening)
