"""What a mail's context may hold, and the keys that make twice once. No database here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

MAX_KEY = 150


@dataclass(frozen=True)
class StoredFile:
    """A file in the storage that goes with a mail."""

    storage_key: str
    filename: str
    media_type: str = "application/pdf"


def key_of(template: str, subject_id: str, whom: str, turn: int = 1) -> str:
    """The key of the mail that tells ``whom`` once about a thing; ``turn`` counts what may rightly happen again."""
    return f"{template}:{subject_id}:{whom}" + (f":{turn}" if turn > 1 else "")


def stored(context: Mapping[str, Any]) -> dict[str, Any]:
    """``context`` as JSON can hold it. Instants must have names in ``_at``, days in ``_on``: so they come back.

    Raises ValueError for an instant or a day under another name.
    """
    return {name: _stored(name, value) for name, value in context.items()}


def revived(context: Mapping[str, Any]) -> dict[str, Any]:
    """What ``stored`` wrote, with instants and days again."""
    return {name: _revived(name, value) for name, value in context.items()}


def _stored(name: str, value: Any) -> Any:
    suffix = "_at" if isinstance(value, datetime) else "_on" if isinstance(value, date) else ""
    if not suffix:
        return value
    if not name.endswith(suffix):
        raise ValueError(f"{name} must end in {suffix}")
    return value.isoformat()


def _revived(name: str, value: Any) -> Any:
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and name.endswith("_on"):
        return date.fromisoformat(value)
    return value
