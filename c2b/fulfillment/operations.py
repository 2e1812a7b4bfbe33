"""What people do with the stages of a running timeline: start, prove, close, stop, go on, leave out.

Who may: the manufacturer of the timeline and admins (``docs/decisions/`` says why not more); what each may is in
``rules.TRANSITIONS``. Saying the same twice is saying it once. Every change forecasts everything after it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from c2b.accounts.rules import Actor
from c2b.fulfillment import rules
from c2b.fulfillment.calendar import CalendarTooShort
from c2b.fulfillment.effects import after_done, after_start
from c2b.fulfillment.models import Evidence, Milestone, Timeline
from c2b.fulfillment.moving import AT_WORK, Board, ensure_running, hold, move, reforecast, tell
from c2b.fulfillment.starting import draft_plan, plan_timeline
from c2b.fulfillment.uploads import Upload, accept
from c2b.kit import clock, db, storage
from c2b.kit.canonical import clean_text
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_

__all__ = [
    "add_evidence", "approve_stage", "block_stage", "draft_plan", "plan_timeline", "reject_stage", "resume_stage",
    "skip_stage", "start_stage", "submit_stage",
]  # fmt: skip

MAX_NOTE, MAX_EVIDENCE = 2000, 40

Change = Callable[[Board, str, str], Awaitable[None]]


class StageNotAtWork(Conflict):
    code = "stage_not_at_work"
    message = N_("Evidence is added while a stage is being worked on. Start it first.")


class TooMuchEvidence(Conflict):
    code = "too_much_evidence"
    message = N_("A stage holds at most {most} pieces of evidence.")


async def start_stage(actor: Actor, milestone_id: str) -> None:
    """Work on a stage begins today. Raises ``MilestoneNotReady`` while what it waits for is not done."""

    async def start(board: Board, code: str, role: str) -> None:
        if board.milestones[code].state == "in_progress":
            return
        rules.check_ready(board.plan.graph, board.states, code)
        await move(board, code, "in_progress", role=role, started_on=clock.today())
        await after_start(board, code)
        await reforecast(board)
        await tell("milestone.started", board, code, actor_id=actor.id)

    await _change(actor, milestone_id, start)


async def submit_stage(actor: Actor, milestone_id: str) -> None:
    """The work is done and proven. Closes the gate, or hands it to an admin where it closes on approval.

    Raises ``EvidenceMissing`` while the gate asks for more.
    """

    async def submit(board: Board, code: str, role: str) -> None:
        milestone, stage = board.milestones[code], board.plan.graph.stage(code)
        if milestone.state in ("submitted", "approved"):
            return
        rules.check_move(stage, milestone.state, "submitted", role=role)
        rules.check_evidence(stage, await _kinds(milestone))
        await move(board, code, "submitted", role=role)
        if stage.closes_on == "approval":
            await reforecast(board)
            await tell("milestone.submitted", board, code, actor_id=actor.id)
        else:
            await _approve(board, code, role, actor)

    await _change(actor, milestone_id, submit)


async def approve_stage(actor: Actor, milestone_id: str) -> None:
    """An admin has looked at what was submitted and closes the gate."""

    async def approve(board: Board, code: str, role: str) -> None:
        if board.milestones[code].state != "approved":
            rules.check_evidence(board.plan.graph.stage(code), await _kinds(board.milestones[code]))
            await _approve(board, code, role, actor)

    await _change(actor, milestone_id, approve)


async def reject_stage(actor: Actor, milestone_id: str, *, reason: str) -> None:
    """An admin has looked at what was submitted and it does not pass; ``reason`` says what is missing."""
    await _stop(actor, milestone_id, "rejected", "milestone.rejected", reason)


async def block_stage(actor: Actor, milestone_id: str, *, reason: str) -> None:
    """Work stands still; members read ``reason``."""
    await _stop(actor, milestone_id, "blocked", "milestone.blocked", reason)


async def resume_stage(actor: Actor, milestone_id: str) -> None:
    """Work goes on after it stood still or did not pass."""

    async def resume(board: Board, code: str, role: str) -> None:
        milestone = board.milestones[code]
        if milestone.state == "in_progress":
            return
        if milestone.state == "planned":
            raise StageNotAtWork
        await move(board, code, "in_progress", role=role, reason="")
        await reforecast(board)
        await tell("milestone.resumed", board, code, actor_id=actor.id)

    await _change(actor, milestone_id, resume)


async def skip_stage(actor: Actor, milestone_id: str, *, reason: str) -> None:
    """An admin leaves out a stage that this batch does not need, once what it waits for is done."""
    text = _text("reason", reason)

    async def skip(board: Board, code: str, role: str) -> None:
        milestone = board.milestones[code]
        if milestone.state == "skipped":
            return
        rules.check_ready(board.plan.graph, board.states, code)
        finished = max(milestone.started_on, clock.today()) if milestone.started_on else None
        await move(board, code, "skipped", role=role, reason=text, finished_on=finished)
        await after_done(board, code)
        await reforecast(board)
        await tell("milestone.skipped", board, code, actor_id=actor.id, reason=text)

    await _change(actor, milestone_id, skip)


async def add_evidence(
    actor: Actor, milestone_id: str, *, kind: str, note: str = "", filename: str = "", data: bytes = b""
) -> str:
    """Add a ``"note"``, ``"photo"`` or ``"document"`` to a stage at work; the id of the evidence.

    The same thing twice is one piece. Raises ``UploadRefused``, ``Invalid``, ``StageNotAtWork``, ``TooMuchEvidence``.
    """
    milestone, timeline = await own_milestone(actor, milestone_id)
    if kind not in rules.EVIDENCE_LABELS:
        raise Invalid(fields=[FieldError("kind", "choice", N_("Choose a note, a photo or a document."))])
    text = _text("note", note, needed=kind == "note")
    if milestone.state not in AT_WORK:  # looked at before the file is: nobody paints a picture for nothing
        raise StageNotAtWork
    upload = None if kind == "note" else await accept(kind, filename=filename, data=data)
    if upload:
        await asyncio.to_thread(storage.put, upload.storage_key, upload.data)
    return await db.atomically(lambda: _prove(actor, timeline.id, milestone.code, kind, text, upload))


async def refresh_forecasts() -> int:
    """The daily look: an open stage ends today at the earliest, and everything after it moves along.

    How many timelines were looked at. Raises ``CalendarTooShort`` after the others are done if one of them reaches
    beyond the holidays that are known.
    """
    rows = await db.fetch(
        "SELECT t.id FROM timeline t JOIN campaign c ON c.id = t.campaign_id WHERE t.delivered_on IS NULL "
        "AND t.forecast_on < ? AND c.state <> 'canceled' ORDER BY t.id",
        clock.today(),
    )
    too_far: CalendarTooShort | None = None
    for row in rows:
        try:
            await db.atomically(partial(_refresh, row["id"]))
        except CalendarTooShort as error:
            too_far = error
    if too_far:
        raise too_far
    return len(rows)


async def _refresh(timeline_id: str) -> None:
    await reforecast(await hold(timeline_id))


async def own_milestone(actor: Actor, milestone_id: str) -> tuple[Milestone, Timeline]:
    """A stage this actor may work on, with its timeline: the manufacturer's people and admins. Raises ``NotFound``."""
    milestone = await Milestone.get_or_none(id=milestone_id)
    if milestone is None:
        raise NotFound
    timeline = await Timeline.get(id=milestone.timeline_id)
    if not (actor.is_admin or actor.makes_for(timeline.manufacturer_id)):
        raise NotFound
    return milestone, timeline


async def _change(actor: Actor, milestone_id: str, change: Change) -> None:
    milestone, timeline = await own_milestone(actor, milestone_id)

    async def work() -> None:
        board = await hold(timeline.id)
        await ensure_running(board)
        await change(board, milestone.code, "admin" if actor.is_admin else "manufacturer")

    await db.atomically(work)


async def _stop(actor: Actor, milestone_id: str, target: str, event: str, reason: str) -> None:
    text = _text("reason", reason)

    async def stop(board: Board, code: str, role: str) -> None:
        if board.milestones[code].state == target:
            return
        await move(board, code, target, role=role, reason=text)
        await reforecast(board)
        await tell(event, board, code, actor_id=actor.id, reason=text)

    await _change(actor, milestone_id, stop)


async def _approve(board: Board, code: str, role: str, actor: Actor) -> None:
    started = board.milestones[code].started_on or clock.today()
    finished = max(started, clock.today())
    await move(board, code, "approved", role=role, finished_on=finished, reason="")
    await after_done(board, code)
    await reforecast(board)
    await tell("milestone.reached", board, code, actor_id=actor.id, finished_on=finished.isoformat())


async def _kinds(milestone: Milestone) -> list[Any]:
    return await Evidence.filter(milestone_id=milestone.id).values_list("kind", flat=True)


async def _prove(
    actor: Actor, timeline_id: str, code: str, kind: str, note: str, upload: Upload | None
) -> str:
    board = await hold(timeline_id)
    await ensure_running(board)
    milestone = board.milestones[code]
    file: dict[str, Any] = {"sha256": upload.sha256 if upload else ""}
    same = await Evidence.filter(milestone_id=milestone.id, kind=kind, note=note, **file).first()
    if same:
        return same.id
    if milestone.state not in AT_WORK:
        raise StageNotAtWork
    if await Evidence.filter(milestone_id=milestone.id).count() >= MAX_EVIDENCE:
        raise TooMuchEvidence(most=MAX_EVIDENCE)
    if upload:
        file |= {
            "filename": upload.filename,
            "media_type": upload.media_type,
            "storage_key": upload.storage_key,
            "size_bytes": len(upload.data),
        }
    added = await Evidence.create(
        milestone_id=milestone.id, kind=kind, note=note, actor_id=actor.id, at=clock.now(), **file
    )
    await tell("milestone.evidence_added", board, code, actor_id=actor.id, evidence_id=added.id, kind=kind)
    return added.id


def _text(name: str, text: str, *, needed: bool = True) -> str:
    try:
        clean = clean_text(text.strip())
    except ValueError:
        raise Invalid(
            fields=[FieldError(name, "characters", N_("Please remove control characters."))]
        ) from None
    if needed and not clean:
        raise Invalid(
            fields=[FieldError(name, "required", N_("Say it in a few words, so that members understand."))]
        )
    if len(clean) > MAX_NOTE:
        sentence = N_("Use at most {most} characters.")
        raise Invalid(fields=[FieldError(name, "length", sentence, {"most": MAX_NOTE})])
    return clean
