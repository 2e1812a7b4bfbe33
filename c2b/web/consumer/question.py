"""What a member is asked again, on their page and above the form: what no longer fits, and answers with one click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.catalog.describing import describe_answers
from c2b.catalog.rules import ProductSchema
from c2b.kit.errors import Conflict, FieldError, Invalid
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_, current_locale, gettext, pick
from c2b.participations.operations import revise
from c2b.participations.queries import own
from c2b.participations.reconfirming.offers import Offered, offered
from c2b.participations.reconfirming.questions import question_of
from c2b.web.auth import actor_of, require
from c2b.web.consumer.words import question_reason
from c2b.web.flash import flash
from c2b.web.pages import form_of

SCOPES = ("variant", "unit")
_KINDS = {
    "keep": N_("Keep what I have"),
    "alternative": N_("Take your alternative"),
    "nearest": N_("Take the nearest that fits"),
}


@dataclass(frozen=True, kw_only=True)
class QuickAnswer:
    """One answer with one click: what it changes, (attribute, choice) each, and its price per unit at the most."""

    key: str
    label: str
    changes: tuple[tuple[str, str], ...]
    unit_price_minor: int


@dataclass(frozen=True, kw_only=True)
class QuestionView:
    """``faults``: (attribute, sentence) each; ``fields`` the same for the form, beside their fields."""

    reason: str
    until: datetime
    faults: tuple[tuple[str, str], ...]
    fields: tuple[FieldError, ...]
    answers: tuple[QuickAnswer, ...]


async def question_view(row: Mapping[str, Any], offer: JoinOffer) -> QuestionView | None:
    """What the owner of a participation is asked now, in their language; ``None`` when nothing is."""
    asked = await question_of(row["id"]) if row["state"] == "needs_attention" else None
    if asked is None:
        return None
    schema = offer.schema.parsed
    return QuestionView(
        reason=question_reason(asked.reason),
        until=asked.answer_until,
        faults=tuple((_label(schema, fault), fault.text()) for fault in asked.faults),
        fields=asked.faults,
        answers=tuple(_quick(schema, row, each) for each in offered(offer, row)),
    )


@require("consumer")
async def answer(request: Request) -> Response:
    """POST /participations/{id}/answer: one of the quick answers, by its key."""
    actor = actor_of(request)
    row = await own(actor, request.path_params["id"])
    key = str((await form_of(request)).get("answer", ""))
    offer = await join_offer(row["campaign_id"], fresh=True)
    chosen = next((each for each in offered(offer, row) if each.key == key), None)
    response = see_other(f"/participations/{row['id']}/requirement")
    if row["state"] != "needs_attention" or chosen is None:
        flash(response, N_("This answer is not possible any more. Please look again."), kind="danger")
        return response
    try:
        await revise(actor, row["id"], answers=chosen.answers)
    except (Invalid, Conflict) as error:
        flash(response, error.message, kind="danger")
        return response
    response = see_other(f"/participations/{row['id']}")
    flash(response, N_("Thank you. Your place counts as before."))
    return response


def _quick(schema: ProductSchema, row: Mapping[str, Any], each: Offered) -> QuickAnswer:
    described = describe_answers(schema, each.answers, current_locale(), scopes=SCOPES)
    changes = tuple(
        (line.label, line.value)
        for line in described
        if row["answers"].get(line.attribute) != each.answers.get(line.attribute)
    )
    return QuickAnswer(
        key=each.key,
        label=gettext(_KINDS[each.kind]),
        changes=changes,
        unit_price_minor=each.unit_price_minor,
    )


def _label(schema: ProductSchema, fault: FieldError) -> str:
    attribute = schema.find(fault.path) or schema.find(fault.path.partition(".")[0])
    return pick(attribute.title) if attribute else ""
