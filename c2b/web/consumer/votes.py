"""What members decide together: what is open, until when, how it is counted, how it stands and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from c2b.campaigns.votes import OpenVote, terms_of, word_of
from c2b.catalog.describing import Described
from c2b.catalog.rules import ProductSchema
from c2b.catalog.schema import Attribute, same
from c2b.kit.i18n import N_, gettext, pick
from c2b.participations.votes.polls import Poll

_TIES = {
    "listed": N_("A tie goes to the choice that is listed first."),
    "cheapest": N_("A tie goes to the choice that costs less."),
    "earliest": N_("A tie goes to the choice whose first supporter paid earliest."),
}
#: How votes are counted, in one sentence; shown wherever somebody could vote.
COUNTED = N_(
    "One vote per paid unit: a choice with more than half of the votes wins; else the choice with the fewest is out "
    "and its votes go to the next choice of whoever cast them, until one has more than half."
)


@dataclass(frozen=True, kw_only=True)
class ChoiceView:
    """One choice: ``surcharge_minor`` is what it adds to every unit, ``units`` the paid units that rank it first.

    ``share`` of all votes in percent. ``ahead``: it would come out now, or did.
    """

    code: Any
    label: str
    swatch: str
    surcharge_minor: int
    units: int = 0
    share: int = 0
    ahead: bool = False


@dataclass(frozen=True, kw_only=True)
class VoteView:
    """One vote in the reader's language. ``outcome`` is empty while it is open; ``voted`` counts paid units.

    ``ties`` and ``counted`` are sentences; ``by_tie_rule``: the tie rule had a part in the outcome.
    """

    attribute: str
    label: str
    help: str
    choices: tuple[ChoiceView, ...]
    closes_at: datetime
    ties: str
    counted: str
    currency: str
    is_open: bool = True
    voted: int = 0
    outcome: str = ""
    by_tie_rule: bool = False
    rounds: int = 0


def vote_view(vote: OpenVote, schema: ProductSchema, currency: str) -> VoteView:
    """A vote as it is offered, without how it stands."""
    attribute = schema.attribute(vote.attribute)
    return _view(attribute, vote, currency, choices=tuple(_choice(attribute, code) for code in vote.choices))


def poll_views(polls: Sequence[Poll], schema: ProductSchema, currency: str) -> tuple[VoteView, ...]:
    """All votes of a campaign as they stand."""
    return tuple(_poll_view(poll, schema.attribute(poll.attribute), currency) for poll in polls)


def with_conditions(described: Sequence[Described], batches: Sequence[Mapping[str, Any]]) -> list[Described]:
    """Fixed answers in words; what only some outcomes need (the battery of the wireless one) says so."""
    return [
        each
        if all(each.attribute in batch for batch in batches)
        else replace(each, value=gettext("{value}, if the outcome needs it", value=each.value), parts=())
        for each in described
    ]


def code_text(code: Any) -> str:
    """A choice as forms send it."""
    return ("yes" if code else "no") if isinstance(code, bool) else str(code)


def tie_sentence(tie_rule: str) -> str:
    """How a tie is decided."""
    return gettext(_TIES[tie_rule])


def _poll_view(poll: Poll, attribute: Attribute, currency: str) -> VoteView:
    is_open = poll.state == "open"
    ahead = poll.leader if is_open else poll.outcome
    choices = tuple(
        _choice(
            attribute,
            code,
            units=units,
            share=units * 100 // poll.voted if poll.voted else 0,
            ahead=same(code, ahead) and (poll.voted > 0 or not is_open),
        )
        for code, units in poll.units
    )
    return _view(
        attribute,
        poll,
        currency,
        choices=choices,
        is_open=is_open,
        voted=poll.voted,
        outcome="" if is_open else pick(word_of(attribute, poll.outcome)),
        by_tie_rule=poll.by_tie_rule,
        rounds=len(poll.rounds),
    )


def _view(attribute: Attribute, vote: OpenVote | Poll, currency: str, **more: Any) -> VoteView:
    return VoteView(
        attribute=attribute.name,
        label=pick(attribute.title),
        help=pick(attribute.help) if attribute.help else "",
        closes_at=vote.closes_at,
        ties=tie_sentence(vote.tie_rule),
        counted=gettext(COUNTED),
        currency=currency,
        **more,
    )


def _choice(attribute: Attribute, code: Any, **standing: Any) -> ChoiceView:
    option = attribute.option(code)
    return ChoiceView(
        code=code,
        label=pick(word_of(attribute, code)),
        swatch=(option.swatch or "") if option else "",
        surcharge_minor=terms_of(attribute, code).surcharge_minor,
        **standing,
    )
