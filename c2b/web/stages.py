"""What manufacturers and admins do with the stages of a timeline: the same forms and the same way through them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from c2b.accounts.rules import Actor
from c2b.fulfillment import operations
from c2b.fulfillment.queries import StageRow, TimelinePage, timeline_of
from c2b.kit.errors import AppError, Conflict, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.web.auth import actor_of
from c2b.web.pages import errors_by_field, form_of

STATE_TONES = {
    "planned": "neutral",
    "in_progress": "info",
    "blocked": "bad",
    "submitted": "wait",
    "approved": "good",
    "rejected": "bad",
    "skipped": "neutral",
}
TONES = {"done": "good", "good": "good", "tight": "wait", "late": "bad"}
#: What people do, as the addresses name it: noun → (name among ``StageRow.actions``, what is said when it is done).
MOVES = {
    "start": ("start", N_("“{stage}” has begun.")),
    "resumption": ("resume", N_("Work on “{stage}” goes on.")),
    "completion": ("submit", N_("“{stage}” is reported as done.")),
    "approval": ("approve", N_("“{stage}” has passed.")),
    "block": ("block", N_("“{stage}” is held up. The members read your reason.")),
    "rejection": ("reject", N_("“{stage}” did not pass. The manufacturer reads your reason.")),
    "skip": ("skip", N_("“{stage}” is left out. The members read your reason.")),
    "evidence": ("prove", N_("The evidence is added to “{stage}”.")),
}
_WITH_REASON: dict[str, Callable[..., Awaitable[None]]] = {
    "block": operations.block_stage,
    "rejection": operations.reject_stage,
    "skip": operations.skip_stage,
}
_PLAIN: dict[str, Callable[[Actor, str], Awaitable[None]]] = {
    "start": operations.start_stage,
    "resumption": operations.resume_stage,
    "completion": operations.submit_stage,
    "approval": operations.approve_stage,
}


@dataclass(frozen=True, kw_only=True)
class StageCard:
    """A stage with what stands on its card. ``open``: it concerns the reader now. The form ``refused`` shows errors."""

    row: StageRow
    tone: str
    open: bool
    refused: str = ""


@dataclass(frozen=True)
class Moved:
    """What came of a posted form: ``message`` about ``stage``, or the ``error`` that kept it from happening."""

    page: TimelinePage
    stage: StageRow
    move: str
    message: str = ""
    error: AppError | None = None
    typed: str = ""


def cards_of(page: TimelinePage, moved: Moved | None = None) -> list[StageCard]:
    """The cards of a timeline in order; the one with a refused form is open."""
    cards = [StageCard(row=row, tone=STATE_TONES[row.state], open=bool(row.actions)) for row in page.stages]
    if moved is None or moved.error is None:
        return cards
    return [
        replace(card, open=True, refused=moved.move) if card.row.id == moved.stage.id else card
        for card in cards
    ]


def view_of(page: TimelinePage, moved: Moved | None = None) -> dict[str, Any]:
    """What ``manufacturer/stages.html`` needs: the drawing, the cards, and what was wrong with a form."""
    error = moved.error if moved else None
    return {
        "timeline": page,
        "cards": cards_of(page, moved),
        "errors": errors_by_field(error.fields) if error else {},
        "notice": error.text() if error and not error.fields else None,
        "typed": moved.typed if moved else "",
    }


async def carry_out(request: Request, campaign_id: str) -> Moved:
    """The move that was posted to ``…/milestones/{milestone}/{move}`` of this campaign's timeline.

    Raises ``NotFound`` for a timeline or a stage that is not the reader's, and for a move that does not exist.
    """
    actor, move = actor_of(request), request.path_params["move"]
    page = await timeline_of(actor, campaign_id)
    stage = next((each for each in page.stages if each.id == request.path_params["milestone"]), None)
    if stage is None or move not in MOVES:
        raise NotFound
    form = await form_of(request, max_files=1)
    typed = str(form.get("note" if move == "evidence" else "reason", ""))
    try:
        await _do(actor, stage, move, form, typed)
    except (Invalid, Conflict) as error:
        return Moved(await timeline_of(actor, campaign_id), stage, move, error=error, typed=typed)
    finally:
        await form.close()  # an uploaded file lies in a temporary one
    return Moved(page, stage, move, message=MOVES[move][1])


async def _do(actor: Actor, stage: StageRow, move: str, form: FormData, typed: str) -> None:
    if move == "evidence":
        await operations.add_evidence(actor, stage.id, **await _evidence(form, typed))
    elif move in _WITH_REASON:
        await _WITH_REASON[move](actor, stage.id, reason=typed)
    else:
        await _PLAIN[move](actor, stage.id)


async def _evidence(form: FormData, note: str) -> dict[str, Any]:
    """Words alone are a note; a file is a document if it looks like a PDF, else it has to be a photo."""
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        return {"kind": "note", "note": note}
    data = await sent.read()
    named = sent.filename.lower().endswith(".pdf") or sent.content_type == "application/pdf"
    kind = "document" if named or data.startswith(b"%PDF-") else "photo"
    return {"kind": kind, "note": note, "filename": sent.filename, "data": data}
