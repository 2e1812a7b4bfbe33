"""What a member wants beyond the first choice, read from strangers and brought into one form.

``alternatives`` are up to four, best first: a whole specification, or one attribute of the first choice with any of
some options. ``commit_below_minor`` is the tier price (before surcharges) from which on the member takes part at all;
``limit_minor`` is the highest unit price. ``fee_limit_minor`` is the highest small-lot fee per unit and goes with
``"otherwise": "small_lot_fee"``; else who cannot be served is refunded. ``ask_first``: ask me before I get anything but
my first choice. ``votes``: see `ballots.py`. ``{}``: the first choice or a refund, at any price the group reaches.

Only the form is judged here; `requiring.py` holds it against the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from c2b.campaigns.votes import OpenVote
from c2b.catalog.tidying import echo
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_
from c2b.participations.votes import ballots

MAX_ALTERNATIVES = 4
#: The largest amount anybody may name, in minor units: far above any price here, far below what sums could overflow.
MAX_MINOR = 10**9
_AMOUNTS = ("commit_below_minor", "limit_minor", "fee_limit_minor")
_KEYS = (
    "alternatives",
    "commit_below_minor",
    "limit_minor",
    "otherwise",
    "fee_limit_minor",
    "ask_first",
    "votes",
)


def read(value: object, votes: Sequence[OpenVote] = ()) -> tuple[dict[str, Any], list[FieldError]]:
    """Preferences with what says nothing left out, and every fault of their form beside its field."""
    if not isinstance(value, dict):
        message = N_("Preferences must be an object, such as {example}.")
        return {}, [FieldError("preferences", "malformed", message, {"example": '{"limit_minor": 43900}'})]
    faults = [
        *(_unknown("preferences", key) for key in value if key not in _KEYS),
        *_alternative_faults(value.get("alternatives", [])),
        *_amount_faults(value),
    ]
    found_votes, wrong = ballots.read(value.get("votes", {}), votes)
    faults += wrong
    if faults:
        return {}, faults
    found = {
        key: value[key] for key in ("alternatives", "commit_below_minor", "limit_minor") if value.get(key)
    }
    if value.get("otherwise") == "small_lot_fee":
        found |= {"otherwise": "small_lot_fee", "fee_limit_minor": value["fee_limit_minor"]}
    if value.get("ask_first"):
        found["ask_first"] = True
    return found | ({"votes": found_votes} if found_votes else {}), []


def _alternative_faults(entries: object) -> Iterator[FieldError]:
    path = "preferences.alternatives"
    if not isinstance(entries, list):
        yield FieldError(path, "malformed", N_("Give a list of alternatives, the best first."))
        return
    if len(entries) > MAX_ALTERNATIVES:
        message = N_("At most {most} alternatives are possible.")
        yield FieldError(path, "too_many", message, {"most": MAX_ALTERNATIVES})
        return
    for number, entry in enumerate(entries):
        yield from _entry_faults(f"{path}.{number}", entry)


def _entry_faults(path: str, entry: object) -> Iterator[FieldError]:
    """Whole specifications are judged with the product; of the short form everything but its options is, here."""
    if isinstance(entry, dict) and set(entry) == {"answers"}:
        return
    if not isinstance(entry, dict) or set(entry) != {"attribute", "any_of"}:
        message = N_("An alternative holds “answers”, or “attribute” and “any_of”.")
        yield FieldError(path, "malformed", message)
        return
    if not isinstance(entry["attribute"], str):
        yield FieldError(f"{path}.attribute", "malformed", N_("Give the name of an attribute."))
    codes = entry["any_of"]
    if not isinstance(codes, list) or not codes or not all(isinstance(each, str | int) for each in codes):
        yield FieldError(f"{path}.any_of", "malformed", N_("Give a list of options, at least one."))
    elif len(set(codes)) != len(codes):
        yield FieldError(f"{path}.any_of", "twice", N_("Name each option only once."))


def _amount_faults(value: dict[str, Any]) -> Iterator[FieldError]:
    for key in _AMOUNTS:
        if key not in value:
            continue
        amount, path = value[key], f"preferences.{key}"
        if not isinstance(amount, int) or isinstance(amount, bool):
            yield FieldError(path, "not_whole", N_("Give an amount in minor units: a whole number."))
        elif amount <= 0:
            yield FieldError(path, "too_small", N_("Give an amount above zero, or leave it out."))
        elif amount > MAX_MINOR:
            yield FieldError(path, "too_large", N_("This amount is too large."))
    if not isinstance(value.get("ask_first", False), bool):
        yield FieldError("preferences.ask_first", "malformed", N_("Say yes or no."))
    yield from _otherwise_faults(value)


def _otherwise_faults(value: dict[str, Any]) -> Iterator[FieldError]:
    otherwise, limited = value.get("otherwise", "refund"), "fee_limit_minor" in value
    if otherwise not in ("refund", "small_lot_fee"):
        message = N_("Choose a refund (“refund”) or the small-lot fee (“small_lot_fee”).")
        yield FieldError("preferences.otherwise", "not_offered", message)
    elif otherwise == "small_lot_fee" and not limited:
        message = N_("Say how much of a small-lot fee you would pay per unit, at most.")
        yield FieldError("preferences.fee_limit_minor", "required", message)
    elif otherwise != "small_lot_fee" and limited:
        message = N_("A limit is given for the small-lot fee, but you did not choose to pay one.")
        yield FieldError("preferences.fee_limit_minor", "without_fee", message)


def _unknown(path: str, key: object) -> FieldError:
    message = N_("“{key}” is not known here: check the spelling, or leave it out.")
    return FieldError(f"{path}.{echo(key)}", "unknown", message, {"key": echo(key)})
