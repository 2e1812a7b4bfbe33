"""Batch attributes left open to the members: which choices may come out, and what makes a vote impossible to hold.

Plain values in, plain values out. The count itself is in ``c2b/participations/votes/voting.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from c2b.catalog.conditions import without_pointless
from c2b.catalog.schema import Attribute, ProductSchema, Terms, Words, same
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

#: So many outcomes of all open votes together are still judged one by one; the organizer's form holds to it.
MAX_OUTCOMES = 64
#: Which of two choices with equally many units stays longer: the first listed, the cheapest, or whose voter paid first.
TIE_RULES = ("listed", "cheapest", "earliest")


@dataclass(frozen=True)
class OpenVote:
    """One batch attribute that members still decide: the codes to choose from, in the organizer's order."""

    attribute: str
    choices: tuple[Any, ...]
    closes_at: datetime
    tie_rule: str


def possible_batches(
    schema: ProductSchema, fixed: Mapping[str, Any], votes: Sequence[OpenVote]
) -> tuple[dict[str, Any], ...]:
    """Every complete set of batch answers that the votes can still come to; exactly one when nothing is open.

    What is fixed for one outcome only (the battery of the wireless one) is left out of the others.
    """
    names = [vote.attribute for vote in votes]
    return tuple(
        settled(schema, fixed, dict(zip(names, codes, strict=True)))
        for codes in product(*(v.choices for v in votes))
    )


def settled(schema: ProductSchema, fixed: Mapping[str, Any], outcomes: Mapping[str, Any]) -> dict[str, Any]:
    """The batch answers with these outcomes, without what they make pointless."""
    if not outcomes:
        return dict(fixed)
    return without_pointless(schema, {**fixed, **outcomes}, schema.names("batch") - outcomes.keys())


def can_be_open(attribute: Attribute) -> bool:
    """May members decide this? Batch attributes with a few answers that can be named."""
    return attribute.scope == "batch" and attribute.kind in ("choice", "flag")


def codes_of(attribute: Attribute) -> tuple[Any, ...]:
    """What may come out of a vote on an attribute, in the order of the form."""
    return (True, False) if attribute.kind == "flag" else tuple(option.code for option in attribute.options)


def terms_of(attribute: Attribute, code: Any) -> Terms:
    """What a choice costs and asks for; a flag's terms hold for yes."""
    option = attribute.option(code)
    if option is not None:
        return option.terms
    return attribute.terms if code is True else Terms()


def word_of(attribute: Attribute, code: Any) -> Words:
    """A choice in both languages."""
    option = attribute.option(code)
    if option is not None:
        return option.label
    return Words(en="Yes", zh="是") if code is True else Words(en="No", zh="否")


def prices_of(attribute: Attribute, choices: Sequence[Any]) -> dict[Any, int]:
    """What each choice adds to every unit, in minor units."""
    return {code: terms_of(attribute, code).surcharge_minor for code in choices}


def outcomes(votes: Sequence[OpenVote]) -> int:
    """How many combinations may come out."""
    number = 1
    for vote in votes:
        number *= max(len(vote.choices), 1)
    return number


def faults_of_votes(
    votes: Sequence[OpenVote],
    schema: ProductSchema,
    *,
    fixed: Mapping[str, Any],
    threshold: int,
    deadline: datetime,
    now: datetime,
) -> list[FieldError]:
    """What is wrong with the votes by themselves, each at ``votes.<number>.<field>``. Empty when they can be held."""
    found: list[FieldError] = []
    seen: set[str] = set()
    for number, vote in enumerate(votes):
        attribute = schema.find(vote.attribute)
        if attribute is None or not can_be_open(attribute):
            message = N_("This cannot be left open: only choices for the whole batch can.")
            found.append(FieldError(f"votes.{number}.attribute", "not_votable", message))
            continue
        if vote.attribute in seen or vote.attribute in fixed:
            message = N_("“{label}” is either fixed or left open once, not both.")
            found.append(
                FieldError(f"votes.{number}.attribute", "twice", message, {"label": attribute.title})
            )
        seen.add(vote.attribute)
        found += _choice_faults(f"votes.{number}.choices", vote, attribute, threshold)
        found += _time_faults(number, vote, deadline=deadline, now=now)
    if outcomes(votes) > MAX_OUTCOMES:
        message = N_("So many choices left open make more than {most} different outcomes. Fix some of them.")
        found.append(FieldError("votes", "too_many", message, {"most": MAX_OUTCOMES}))
    return found


def _choice_faults(path: str, vote: OpenVote, attribute: Attribute, threshold: int) -> Iterator[FieldError]:
    offered = codes_of(attribute)
    strange = [code for code in vote.choices if not any(same(code, each) for each in offered)]
    if strange:
        message = N_("“{value}” is not offered for “{label}”.")
        yield FieldError(
            path, "not_offered", message, {"value": str(strange[0])[:60], "label": attribute.title}
        )
        return
    if len(vote.choices) < 2 or len(set(vote.choices)) < len(vote.choices):
        message = N_("Let at least two different choices of “{label}” come out, or fix it.")
        yield FieldError(path, "too_few", message, {"label": attribute.title})
    for code in vote.choices:
        minimum = terms_of(attribute, code).moq
        if minimum > threshold:
            message = N_(
                "“{choice}” is made from {minimum} units on: leave it out of the vote, or raise the threshold."
            )
            params = {"choice": word_of(attribute, code), "minimum": minimum}
            yield FieldError(path, "below_minimum", message, params)


def _time_faults(number: int, vote: OpenVote, *, deadline: datetime, now: datetime) -> Iterator[FieldError]:
    path = f"votes.{number}.closes_at"
    if vote.closes_at <= now:
        yield FieldError(path, "past", N_("Let the vote close in the future."))
    elif vote.closes_at > deadline:
        yield FieldError(path, "after_deadline", N_("The vote must close at the deadline or before."))
    if vote.tie_rule not in TIE_RULES:
        yield FieldError(f"votes.{number}.tie_rule", "choice", N_("Choose how a tie is decided."))
