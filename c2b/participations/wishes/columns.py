"""Columns of a file with requirements: answers, and what a member would take instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.reading import answers_from_form
from c2b.kit.money import parse_money

#: In an alternative: the answer that the first choice gives is left out.
WITHOUT = "-"
_OWN = ("variant", "unit")
_AMOUNTS = {"commit_below": "commit_below_minor", "limit": "limit_minor", "fee_limit": "fee_limit_minor"}
_WISH = re.compile(
    r"any_of\.|alternative\.|vote\.|only\.|(commit_below|limit|otherwise|fee_limit|ask_first)$"
)
#: How columns about votes begin, and what of a ballot they hold.
_BALLOT = {"vote": "ranking", "only": "only"}
_YES_NO = {"yes": True, "no": False}


def is_wish(column: str, offer: JoinOffer) -> bool:
    """Does this column say what to take instead, rather than answer a question of the product?"""
    return _WISH.match(column) is not None and offer.schema.parsed.find(column) is None


def answers_of(offer: JoinOffer, cells: Mapping[str, str]) -> dict[str, Any]:
    """The answers in the cells of one line, by column."""
    schema = offer.schema.parsed
    several = {each.name for each in schema.attributes if each.kind == "choices"}
    pairs = [
        (f"answers.{column}", value)
        for column, text in cells.items()
        if column not in ("name", "quantity")
        for value in (text.split("|") if column in several else [text])
    ]
    return answers_from_form(schema, pairs, _OWN, fixed=offer.batch_answers)


def preferences_of(
    offer: JoinOffer, cells: Mapping[str, str], wishes: Mapping[str, str]
) -> dict[str, Any] | None:
    """The preferences in the cells of one line: short alternatives in the order of the columns, then whole ones by
    their number. What cannot be read is passed on as it came, to be refused beside its field."""
    if not wishes:
        return None
    short, whole, found = [], dict[str, dict[str, str]](), dict[str, Any]()
    for column, text in wishes.items():
        kind, _, rest = column.partition(".")
        if kind == "any_of":
            short.append({"attribute": rest, "any_of": _codes(offer, rest, text)})
        elif kind == "alternative":
            number, _, path = rest.partition(".")
            whole.setdefault(number, {})[path] = text
        elif kind in _BALLOT:
            ballots = found.setdefault("votes", {})
            ballots.setdefault(rest, {})[_BALLOT[kind]] = _choices(offer, rest, text)
        elif kind in _AMOUNTS:
            found[_AMOUNTS[kind]] = _amount(offer, text)
        else:
            found[kind] = _YES_NO.get(text, text) if kind == "ask_first" else text
    entries = [{"answers": _changed(offer, cells, whole[number])} for number in sorted(whole)]
    return {**found, **({"alternatives": [*short, *entries]} if short or entries else {})}


def _changed(offer: JoinOffer, cells: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, Any]:
    """The first choice with other answers; what the others make pointless is dropped, as in the form."""
    dropped = {column for column, text in changes.items() if text == WITHOUT}
    kept = {**cells, **changes}
    return answers_of(
        offer,
        {name: text for name, text in kept.items() if not {name, name.partition(".")[0]} & dropped},
    )


def _codes(offer: JoinOffer, name: str, text: str) -> list[Any]:
    attribute = offer.schema.parsed.find(name)
    known = {str(option.code): option.code for option in attribute.options} if attribute else {}
    return [known.get(code, code) for code in text.split("|")]


def _choices(offer: JoinOffer, name: str, text: str) -> list[Any]:
    known = {str(code): code for vote in offer.votes if vote.attribute == name for code in vote.choices}
    return [known.get(each.strip(), each.strip()) for each in text.split("|")]


def _amount(offer: JoinOffer, text: str) -> Any:
    try:
        return parse_money(text, offer.currency)
    except ValueError:
        return text
