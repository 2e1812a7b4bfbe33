"""Putting another of a member's own choices first: the same wishes in another order, nothing added, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from c2b.catalog.schema import same
from c2b.participations.wishes.preferences import MAX_ALTERNATIVES
from c2b.participations.wishes.ranking import ranked

Json = dict[str, Any]


def promoted(answers: Mapping[str, Any], preferences: Mapping[str, Any], position: int) -> tuple[Json, Json]:
    """Answers and preferences with the choice at a position of `ranking.ranked` first and the old first one behind it.

    Raises IndexError where there is no such choice.
    """
    chosen = ranked(answers, preferences)[position].answers
    entries = [
        _swapped(entry, answers, chosen)
        for entry in preferences.get("alternatives", ())
        if entry.get("answers") != chosen
    ]
    covered = any(each.answers == dict(answers) for each in ranked(chosen, {"alternatives": entries}))
    if not covered and position:
        entries = [{"answers": dict(answers)}, *entries][:MAX_ALTERNATIVES]
    return dict(chosen), {**preferences, **({"alternatives": entries} if entries else {})}


def _swapped(entry: Json, before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    """ "Black for navy" becomes "navy for black" when black comes first."""
    name = entry.get("attribute")
    if name is None or same(before.get(name), after.get(name)) or before.get(name) is None:
        return entry
    codes = [before[name] if same(code, after.get(name)) else code for code in entry["any_of"]]
    return {"attribute": name, "any_of": codes}
