"""A member's ballots on a page: a list for each rank, and a box for each outcome they do not accept; no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.votes import OpenVote, word_of
from c2b.catalog.schema import same
from c2b.kit.errors import FieldError
from c2b.kit.i18n import pick
from c2b.participations.votes.ballots import PATH
from c2b.web.consumer.votes import VoteView, code_text, vote_view

#: More ranks than this are not asked for in a form; programs may rank all.
MOST_RANKS = 6


@dataclass(frozen=True, kw_only=True)
class BallotField:
    """One vote with what the member said: texts per rank, and the texts of outcomes they refuse.

    ``ranks`` are (number, chosen text); ``choices`` are (text, label).
    """

    name: str
    vote: VoteView
    choices: tuple[tuple[str, str], ...]
    ranks: tuple[tuple[int, str], ...]
    refused: frozenset[str]
    rank_errors: tuple[str, ...]
    only_errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OwnVote:
    """One vote and what the member said about it, in words; empty where they said nothing."""

    vote: VoteView
    ranking: tuple[str, ...]
    only: tuple[str, ...]


def read_ballots(form: FormData, offer: JoinOffer) -> dict[str, Any]:
    """The ballots in a posted form, as preferences keep them. Nothing is judged yet."""
    found = {}
    for vote in offer.votes:
        ballot: dict[str, Any] = {}
        texts = [str(text) for text in form.getlist(f"rank.{vote.attribute}") if str(text)][:64]
        if texts:
            ballot["ranking"] = [_code(vote, text) for text in texts]
        refused = {str(text) for text in form.getlist(f"refuse.{vote.attribute}")}
        if refused:
            ballot["only"] = [code for code in vote.choices if code_text(code) not in refused]
        if ballot:
            found[vote.attribute] = ballot
    return found


def ballot_fields(
    offer: JoinOffer, votes: Mapping[str, Any], *, errors: Sequence[FieldError] = ()
) -> tuple[BallotField, ...]:
    """What the form draws for every open vote: what was said, each error beside its field."""
    return tuple(_field(offer, vote, votes.get(vote.attribute, {}), errors) for vote in offer.votes)


def own_votes(
    offer: JoinOffer, preferences: Mapping[str, Any], polls: Sequence[VoteView]
) -> tuple[OwnVote, ...]:
    """All votes of a campaign with what the member said, in words."""
    found = []
    for poll in polls:
        attribute = offer.schema.parsed.attribute(poll.attribute)
        ballot = preferences.get("votes", {}).get(poll.attribute, {})
        ranking, only = (
            tuple(pick(word_of(attribute, code)) for code in ballot.get(key, ()))
            for key in ("ranking", "only")
        )
        found.append(OwnVote(vote=poll, ranking=ranking, only=only))
    return tuple(found)


def is_about_ballots(error: FieldError) -> bool:
    """Does this fault belong to a ballot?"""
    return error.path == PATH or error.path.startswith(f"{PATH}.")


def _field(
    offer: JoinOffer, vote: OpenVote, ballot: Mapping[str, Any], errors: Sequence[FieldError]
) -> BallotField:
    path = f"{PATH}.{vote.attribute}"
    texts = [code_text(code) for code in ballot.get("ranking", ())]
    number = min(max(len(vote.choices), len(texts)), MOST_RANKS)
    only = ballot.get("only")
    attribute = offer.schema.parsed.attribute(vote.attribute)
    return BallotField(
        name=vote.attribute,
        vote=vote_view(vote, offer.schema.parsed, offer.currency),
        choices=tuple((code_text(code), pick(word_of(attribute, code))) for code in vote.choices),
        ranks=tuple((n + 1, texts[n] if n < len(texts) else "") for n in range(number)),
        refused=frozenset()
        if only is None
        else frozenset(code_text(code) for code in vote.choices if not any(same(code, c) for c in only)),
        rank_errors=tuple(error.text() for error in errors if error.path in (path, f"{path}.ranking")),
        only_errors=tuple(error.text() for error in errors if error.path == f"{path}.only"),
    )


def _code(vote: OpenVote, text: str) -> Any:
    return next((code for code in vote.choices if code_text(code) == text), text)
