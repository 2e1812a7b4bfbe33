"""What a form says beyond the first choice, and the same as preferences: short answers, alternatives, limits.

Short answers ("if navy is not made: black") and the alternatives kept below "More wishes" are one ranked list to the
rest of the product, short answers first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.rules import ProductSchema
from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_
from c2b.kit.money import parse_money, plain_money
from c2b.participations.votes.ballots import still_open
from c2b.participations.wishes.options import other_options
from c2b.web.consumer.ballot_form import read_ballots

#: The short answer that stands for every other option.
ANY = "*"
INSTEAD, KEPT = "instead.", "alternative"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """As typed. ``instead``: attribute → the code to take instead, ``ANY``, or nothing (a refund).

    ``alternatives`` are entries of preferences; amounts are texts; ``votes`` are ballots as preferences hold them.
    ``commit_below``: the tier price from which on, in minor units; nothing for any.
    ``more``: "More wishes" is folded open.
    """

    instead: dict[str, str] = field(default_factory=dict)
    alternatives: tuple[dict[str, Any], ...] = ()
    commit_below: str = ""
    limit: str = ""
    otherwise: str = "refund"
    fee: str = ""
    ask_first: bool = False
    votes: dict[str, Any] = field(default_factory=dict)
    more: bool = field(default=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def say_more(self) -> bool:
        """Is there anything behind "More wishes"?"""
        return bool(
            self.more or self.alternatives or self.limit or self.ask_first or self.otherwise != "refund"
        )


@dataclass(frozen=True)
class Composed:
    """Preferences for the operations. ``sources``: for each alternative the attribute of its short answer, or its
    place among the kept ones; ``faults`` are texts that are no amounts."""

    preferences: dict[str, Any]
    sources: tuple[str | int, ...]
    faults: tuple[FieldError, ...]


def wishes_of_form(form: FormData, offer: JoinOffer) -> Wishes:
    """What was posted. Raises ``MalformedJson`` for alternatives that no page of ours has sent."""
    given = form.get("wishes")
    if isinstance(given, str):
        return wishes_of_dict(strict_loads(given.encode()))
    kept = [strict_loads(str(each).encode()) for each in form.getlist(KEPT)][:5]
    return wishes_of_dict(
        {
            "instead": {
                name.removeprefix(INSTEAD): str(value)
                for name, value in form.multi_items()
                if name.startswith(INSTEAD)
            },
            "alternatives": kept,
            "commit_below": _line(form, "commit_below"),
            "limit": _line(form, "limit"),
            "otherwise": str(form.get("otherwise", "refund")),
            "fee": _line(form, "fee_limit"),
            "ask_first": form.get("ask_first") == "yes",
            "votes": read_ballots(form, offer),
            "more": form.get("more") == "yes",
        }
    )


def wishes_of_dict(data: Any) -> Wishes:
    """Wishes as ``to_dict`` wrote them. Raises ``MalformedJson`` for anything else."""
    kinds = {"instead": dict, "commit_below": str, "limit": str, "otherwise": str, "fee": str, "ask_first": bool,
             "votes": dict, "more": bool}  # fmt: skip
    if isinstance(data, dict):
        data = {"commit_below": "", **data}  # a page of an older release
    entries = data.get("alternatives") if isinstance(data, dict) else None
    if not isinstance(entries, list | tuple) or not all(isinstance(each, dict) for each in entries):
        raise MalformedJson(reason="no list of alternatives")
    if any(not isinstance(data.get(name), kind) for name, kind in kinds.items()):
        raise MalformedJson(reason="no wishes")
    if not all(isinstance(each, str) for each in data["instead"].values()):
        raise MalformedJson(reason="no short answers")
    return Wishes(alternatives=tuple(entries), **{name: data[name] for name in kinds})


def wishes_of_preferences(preferences: Mapping[str, Any], offer: JoinOffer, first: dict[str, Any]) -> Wishes:
    """Stored preferences as the form shows them: what a short answer can say is one, everything else is kept."""
    instead: dict[str, str] = {}
    entries = list(preferences.get("alternatives", ()))
    while entries and (short := _short(entries[0], offer, first)) and short[0] not in instead:
        instead[short[0]] = short[1]
        del entries[0]
    limit, fee = preferences.get("limit_minor"), preferences.get("fee_limit_minor")
    return Wishes(
        instead=instead,
        alternatives=tuple(entries),
        commit_below=str(preferences.get("commit_below_minor", "")),
        limit="" if limit is None else plain_money(limit, offer.currency),
        otherwise=preferences.get("otherwise", "refund"),
        fee="" if fee is None else plain_money(fee, offer.currency),
        ask_first=preferences.get("ask_first", False),
        votes=still_open(preferences.get("votes"), offer.votes),
    )


def composed(wishes: Wishes, offer: JoinOffer, first: dict[str, Any]) -> Composed:
    """The preferences that these wishes say, for a first choice that need not be right."""
    entries, sources = [], []
    for name, text in wishes.instead.items():
        if text:
            codes = _codes(offer, first, name, text)
            entries.append({"attribute": name, "any_of": codes})
            sources.append(name)
    found: dict[str, Any] = {"alternatives": [*entries, *wishes.alternatives], "ask_first": wishes.ask_first}
    faults = []
    if wishes.otherwise != "refund":
        found["otherwise"] = wishes.otherwise
    if wishes.commit_below:
        digits = (
            wishes.commit_below if wishes.commit_below.isascii() and wishes.commit_below.isdigit() else ""
        )
        found["commit_below_minor"] = int(digits) if digits else wishes.commit_below
    fee = wishes.fee if wishes.otherwise != "refund" else ""
    for key, text in (("limit_minor", wishes.limit), ("fee_limit_minor", fee)):
        if text:
            try:
                found[key] = parse_money(text, offer.currency)
            except ValueError:
                message = N_("Write an amount, such as {example}.")
                faults.append(FieldError(f"preferences.{key}", "not_amount", message, {"example": "439.00"}))
    if wishes.votes:
        found["votes"] = wishes.votes
    return Composed(found, (*sources, *range(len(wishes.alternatives))), tuple(faults))


def moved_up(wishes: Wishes, place: int) -> Wishes:
    """The kept alternative at a place (from 1 on) changes places with the one before it."""
    entries = list(wishes.alternatives)
    if 0 < place < len(entries):
        entries[place - 1], entries[place] = entries[place], entries[place - 1]
    return replace(wishes, alternatives=tuple(entries))


def removed(wishes: Wishes, place: int) -> Wishes:
    """Without the kept alternative at a place."""
    entries = list(wishes.alternatives)
    del entries[place : place + 1]
    return replace(wishes, alternatives=tuple(entries))


def put(wishes: Wishes, place: int, answers: dict[str, Any]) -> Wishes:
    """With a whole specification kept at a place; at the end for a place that is not taken."""
    entries = list(wishes.alternatives)
    entries[place : place + 1] = [{"answers": answers}]
    return replace(wishes, alternatives=tuple(entries))


def hidden(entry: Mapping[str, Any]) -> str:
    """An alternative as a form carries it."""
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def _short(entry: Mapping[str, Any], offer: JoinOffer, first: dict[str, Any]) -> tuple[str, str] | None:
    if "any_of" not in entry:
        return None
    name, codes = entry["attribute"], entry["any_of"]
    if len(codes) == 1:
        return name, str(codes[0])
    attribute = offer.schema.parsed.find(name)
    others = other_options(offer.schema, first, attribute, offer.batches) if attribute else []
    return (name, ANY) if codes == others else None


def _codes(offer: JoinOffer, first: dict[str, Any], name: str, text: str) -> list[Any]:
    """The options that a short answer names; a text that names none is passed on, to be refused aloud."""
    attribute = offer.schema.parsed.find(name)
    if attribute is None:
        return [text]
    if text == ANY:
        return other_options(offer.schema, first, attribute, offer.batches) or [text]
    return [_code(offer.schema.parsed, name, text)]


def _code(schema: ProductSchema, name: str, text: str) -> Any:
    options = schema.attribute(name).options
    return next((option.code for option in options if str(option.code) == text), text)


def _line(form: FormData, name: str) -> str:
    return str(form.get(name, "")).strip()[:40]
