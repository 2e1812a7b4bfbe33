"""The two values that telling people works with: what happened, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True)
class Happened:
    """An event, as the job that tells people about it knows it. ``turn`` counts how often it has happened."""

    event: str
    subject_id: str
    at: datetime
    campaign_id: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    turn: int = 1

    @property
    def campaign(self) -> str:
        """The campaign it belongs to. Raises LookupError for an event without one."""
        if self.campaign_id is None:
            raise LookupError(f"{self.event} of {self.subject_id} belongs to no campaign")
        return self.campaign_id


@dataclass(frozen=True)
class Recipient:
    """Somebody who is told. ``key`` is theirs in the mail's key: a user's or a manufacturer's id."""

    key: str
    address: str
    name: str
    locale: str
    user_id: str | None = None
    participation_id: str | None = None
