"""What a member says about the batch attributes left open: an order of the choices, and what they insist on.

``{"connectivity": {"ranking": ["tri", "wired"], "only": ["tri"]}}``: ``ranking`` names choices, the best first, and may
leave some out; ``only`` are the outcomes that are acceptable: with any other the member is out and refunded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from c2b.campaigns.votes import OpenVote
from c2b.catalog.schema import same
from c2b.catalog.tidying import echo
from c2b.kit.errors import Conflict, FieldError
from c2b.kit.i18n import N_

PATH = "preferences.votes"


class VoteOver(Conflict):
    code = "vote_over"
    message = N_("The vote is over: rankings cannot change any more.")


def read(value: object, votes: Sequence[OpenVote]) -> tuple[dict[str, Any], list[FieldError]]:
    """Ballots in their canonical form, and what is wrong with them beside the field. Silence is no ballot."""
    if not isinstance(value, dict):
        return {}, [FieldError(PATH, "malformed", N_("Votes must be an object: attributes with a ballot."))]
    open_ones = {vote.attribute: vote for vote in votes}
    found, faults = {}, []
    for name, ballot in value.items():
        vote = open_ones.get(name)
        if vote is None:
            message = N_("“{key}” is not put to a vote here, or the vote is over.")
            faults.append(FieldError(f"{PATH}.{echo(name)}", "not_open", message, {"key": echo(name)}))
            continue
        clean, wrong = _ballot(vote, ballot)
        faults += wrong
        if clean:
            found[vote.attribute] = clean
    return found, faults


def still_open(votes: object, open_votes: Sequence[OpenVote]) -> dict[str, Any]:
    """Stored ballots without those of votes that are over."""
    names = {vote.attribute for vote in open_votes}
    return (
        {name: ballot for name, ballot in votes.items() if name in names} if isinstance(votes, dict) else {}
    )


def check_ballots(
    votes: Sequence[OpenVote], before: Mapping[str, Any], after: Mapping[str, Any], *, now: datetime
) -> None:
    """Ballots (of preferences) change until their vote closes, also while nobody has counted them yet.

    Raises ``VoteOver``.
    """
    for vote in votes:
        if vote.closes_at <= now and _of(before, vote.attribute) != _of(after, vote.attribute):
            raise VoteOver


def _of(preferences: Mapping[str, Any], name: str) -> Any:
    return preferences.get("votes", {}).get(name)


def _ballot(vote: OpenVote, ballot: object) -> tuple[dict[str, Any], list[FieldError]]:
    path = f"{PATH}.{vote.attribute}"
    if not isinstance(ballot, dict) or not set(ballot) <= {"ranking", "only"}:
        return {}, [FieldError(path, "malformed", N_("A ballot holds “ranking”, “only”, or both."))]
    faults = list(_faults(vote, ballot, path))
    if faults:
        return {}, faults
    clean = {key: list(ballot[key]) for key in ("ranking", "only") if ballot.get(key)}
    if "only" in clean:
        clean["only"] = [code for code in vote.choices if any(same(code, each) for each in clean["only"])]
        if len(clean["only"]) == len(vote.choices):
            del clean["only"]
    return clean, []


def _faults(vote: OpenVote, ballot: dict[str, Any], path: str) -> Iterator[FieldError]:
    for key in ("ranking", "only"):
        if key not in ballot:
            continue
        codes = ballot[key]
        if not isinstance(codes, list):
            yield FieldError(f"{path}.{key}", "malformed", N_("Give a list of choices."))
            continue
        strange = [code for code in codes if not any(same(code, each) for each in vote.choices)]
        if strange:
            message = N_("“{value}” is not among the choices of this vote.")
            yield FieldError(f"{path}.{key}", "not_offered", message, {"value": echo(strange[0])})
        elif len(set(codes)) != len(codes):
            yield FieldError(f"{path}.{key}", "twice", N_("Name each choice only once."))
    only = ballot.get("only")
    if isinstance(only, list) and only and isinstance(ballot.get("ranking"), list):
        refused = [code for code in ballot["ranking"] if not any(same(code, each) for each in only)]
        if refused:
            message = N_("You rank “{value}”, and leave if it comes out: rank only what you accept.")
            yield FieldError(f"{path}.ranking", "contradicts_only", message, {"value": echo(refused[0])})
    if only == []:
        message = N_("You accept no outcome of this vote at all: accept at least one.")
        yield FieldError(f"{path}.only", "excludes_everything", message)
