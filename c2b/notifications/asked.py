"""What mails say to members who are asked again: what no longer fits, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.kit import db
from c2b.kit.i18n import pick, use_locale
from c2b.notifications import facts, links, members
from c2b.notifications.happened import Facts, Happened, Recipient
from c2b.notifications.reading import one
from c2b.participations.reconfirming.questions import OpenQuestion, question_of


async def question(happened: Happened) -> Facts | None:
    """Why a member is asked, and until when. ``None`` once they have answered, or are gone."""
    asked = await question_of(happened.subject_id)
    if asked is None:
        return None
    return {
        **await facts.campaign(happened),
        "why": asked.reason,
        "answer_until_at": asked.answer_until,
        "answer_url": links.requirement(happened.subject_id),
    }


async def faults(happened: Happened, recipients: Sequence[Recipient]) -> dict[str, Facts]:
    """What no longer fits, (attribute, sentence) each, in the member's language; and their place."""
    own, asked = await members.own(happened, recipients), await question_of(happened.subject_id)
    if asked is None:
        return own
    row = await one("SELECT schema_id FROM campaign WHERE id = ?", happened.campaign)
    schema = (await pinned_schema(row["schema_id"])).parsed
    found = {}
    for each in recipients:
        with use_locale(each.locale):
            found[each.key] = {**own[each.key], "faults": _in_words(asked, schema)}
    return found


def _in_words(asked: OpenQuestion, schema: ProductSchema) -> list[list[str]]:
    found = []
    for fault in asked.faults:
        attribute = schema.find(fault.path) or schema.find(fault.path.partition(".")[0])
        found.append([pick(attribute.title) if attribute else pick(schema.title), fault.text()])
    return found


async def kept(happened: Happened) -> Facts:
    """Nobody answered, and the place stays: with the first choice, or with an alternative."""
    return {**await facts.campaign(happened), "first_choice": happened.payload["first_choice"]}


async def let_go(happened: Happened) -> Facts | None:
    """Nobody answered, and nothing that was chosen can be made. ``None`` for who left for another reason."""
    if not happened.payload.get("unanswered"):
        return None
    row = await db.fetch_one(
        "SELECT answer_until FROM reconfirmation WHERE participation_id = ? ORDER BY asked_at DESC",
        happened.subject_id,
    )
    return {
        **await facts.campaign(happened),
        "why": happened.payload["cause"],
        "answer_until_at": db.instant(row["answer_until"]) if row else happened.at,
    }


async def moved(happened: Happened) -> Facts:
    """The campaign on another version: how many members were asked, let go, or need to do nothing."""
    told = happened.payload
    until = told.get("answer_until")
    return {
        **await facts.campaign(happened),
        "version": told["version"],
        "unaffected": told["unaffected"],
        "asked": told["questioned"],
        "released": told["released"],
        "answer_until_at": datetime.fromisoformat(until) if until else None,
    }
