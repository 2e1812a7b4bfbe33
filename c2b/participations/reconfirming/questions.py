"""Reading what members are asked again, and what of their answers no longer fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from c2b.catalog.schema import Words
from c2b.kit import db
from c2b.kit.errors import FieldError
from c2b.kit.money import Amount


@dataclass(frozen=True)
class OpenQuestion:
    """A question a member has not answered yet: why it is asked, what no longer fits, and until when it waits."""

    id: str
    participation_id: str
    reason: str
    faults: tuple[FieldError, ...]
    asked_at: datetime
    answer_until: datetime


async def open_questions(campaign_id: str) -> datetime | None:
    """The hour at which the last open question of a campaign is decided; ``None`` when nobody is asked."""
    row = await db.fetch_one(
        "SELECT MAX(answer_until) AS latest FROM reconfirmation WHERE campaign_id = ? AND state = 'open'",
        campaign_id,
    )
    return db.instant(row["latest"]) if row else None


async def question_of(participation_id: str) -> OpenQuestion | None:
    """What a member is asked now."""
    row = await db.fetch_one(
        "SELECT * FROM reconfirmation WHERE participation_id = ? AND state = 'open'", participation_id
    )
    return _question(row) if row else None


async def questions_of(campaign_id: str) -> dict[str, OpenQuestion]:
    """The open questions of a campaign by participation, the one that waits longest last."""
    rows = await db.fetch(
        "SELECT * FROM reconfirmation WHERE campaign_id = ? AND state = 'open' ORDER BY answer_until, id",
        campaign_id,
    )
    return {row["participation_id"]: _question(row) for row in rows}


def stored_fault(fault: FieldError) -> dict[str, Any]:
    """A fault as JSON: it is put into words again for whoever reads it, in their language."""
    params = {
        key: {"minor": value.minor, "currency": value.currency} if isinstance(value, Amount) else value
        for key, value in fault.params.items()
    }
    return {"path": fault.path, "code": fault.code, "message": fault.message, "params": params}


def fault_of(data: Mapping[str, Any]) -> FieldError:
    """The stored fault."""
    params = {key: _revived(value) for key, value in data["params"].items()}
    return FieldError(data["path"], data["code"], data["message"], params)


def _revived(value: Any) -> Any:
    """Labels and amounts come back as values that show themselves in the reader's language."""
    if isinstance(value, dict) and value.keys() == {"en", "zh"}:
        return Words(value)
    if isinstance(value, dict) and value.keys() == {"minor", "currency"}:
        return Amount(**value)
    return value


def _question(row: Mapping[str, Any]) -> OpenQuestion:
    stored = json.loads(row["faults"]) if isinstance(row["faults"], str) else row["faults"]
    asked_at, answer_until = db.instant(row["asked_at"]), db.instant(row["answer_until"])
    assert asked_at and answer_until
    return OpenQuestion(
        row["id"],
        row["participation_id"],
        row["reason"],
        tuple(fault_of(each) for each in stored),
        asked_at,
        answer_until,
    )
