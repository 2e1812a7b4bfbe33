"""What the wiring subscribes: each event that somebody is told about writes one job, in its own transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from c2b.durable import enqueue
from c2b.events.operations import Happening
from c2b.kit import clock, db
from c2b.notifications.tellings import REPEATED, TELLINGS


async def announce(happening: Happening) -> None:
    """See to it that people will be told. Who they are is found out later, by the job."""
    turn = await _turn(happening) if happening.name in REPEATED else 1
    await enqueue(
        "event.tell",
        key=f"tell:{happening.name}:{happening.subject_id}" + (f":{turn}" if turn > 1 else ""),
        args={
            "event": happening.name,
            "subject_id": happening.subject_id,
            "campaign_id": happening.campaign_id,
            "payload": happening.payload,
            "turn": turn,
            "at": (happening.occurred_at or clock.now()).isoformat(),
        },
    )


async def _turn(happening: Happening) -> int:
    """How often this has happened to this subject, this time included: its event is written already."""
    row = await db.fetch_one(
        "SELECT COUNT(*) AS turn FROM event WHERE subject = ? AND subject_id = ? AND name = ?",
        happening.subject,
        happening.subject_id,
        happening.name,
    )
    return int(row["turn"]) if row else 1


#: Event name → what to do inside its transaction.
REACTIONS: dict[str, Callable[[Happening], Awaitable[None]]] = dict.fromkeys(TELLINGS, announce)
