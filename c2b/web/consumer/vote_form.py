"""The organizer's form for what is left open: which choices may come out, until when, and who wins a tie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from c2b.campaigns.votes import TIE_RULES, OpenVote, can_be_open, codes_of, prices_of, terms_of, word_of
from c2b.catalog.rules import ProductSchema
from c2b.catalog.schema import Attribute
from c2b.kit.errors import FieldError
from c2b.kit.i18n import current_locale, gettext, ngettext, pick
from c2b.kit.money import format_money
from c2b.web.consumer.votes import code_text, tie_sentence

#: Fields of the form for all votes together.
CLOSES_AT, TIE_RULE = "vote_closes_at", "tie_rule"


@dataclass(frozen=True, kw_only=True)
class SentVotes:
    """What was sent: the attributes left open with the choices that may come out, and texts as typed."""

    open: dict[str, tuple[Any, ...]]
    closes_at: str
    tie_rule: str

    def votes(self, closes_at: datetime) -> tuple[OpenVote, ...]:
        """The votes, in the order of the form."""
        return tuple(OpenVote(name, choices, closes_at, self.tie_rule) for name, choices in self.open.items())


@dataclass(frozen=True, kw_only=True)
class VoteChoice:
    """A choice that may come out. ``notes`` are short facts: from how many units on, how many days longer."""

    value: str
    label: str
    surcharge_minor: int
    notes: tuple[str, ...]
    checked: bool


@dataclass(frozen=True, kw_only=True)
class VoteField:
    """An attribute that can be left open, and whether it is."""

    name: str
    label: str
    open: bool
    choices: tuple[VoteChoice, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VoteForm:
    """What the form draws. ``errors`` are sentences for all votes, the closing time and the tie rule."""

    fields: dict[str, VoteField]
    closes_at: str
    tie_rule: str
    ties: tuple[tuple[str, str, str], ...]
    errors: dict[str, str]

    @property
    def any_open(self) -> bool:
        return any(each.open for each in self.fields.values())

    @property
    def error_links(self) -> tuple[tuple[str, str], ...]:
        """(id to jump to, sentence) for the summary at the top."""
        known = (CLOSES_AT, TIE_RULE)
        general = ((name if name in known else "batch-title", text) for name, text in self.errors.items())
        own = ((f"vote-{each.name}", text) for each in self.fields.values() for text in each.errors)
        return (*general, *own)


def read_votes(form: FormData, schema: ProductSchema) -> SentVotes:
    """The votes in a posted form. What is not offered is passed on as it came, for the rules to refuse."""
    ticked = [str(name) for name in form.getlist("open")]
    names = [each.name for each in schema.attributes if each.name in ticked]
    names += [name for name in dict.fromkeys(ticked) if name not in names][:5]
    return SentVotes(
        open={name: _codes(schema.find(name), form.getlist(f"vote.{name}")) for name in names},
        closes_at=str(form.get(CLOSES_AT, "")).strip(),
        tie_rule=str(form.get(TIE_RULE, TIE_RULES[0])),
    )


def without_open(form: FormData, votes: SentVotes) -> list[tuple[str, Any]]:
    """What else was posted: an attribute that is left open has no answer, whatever its hidden field says."""
    hidden = {f"answers.{name}" for name in votes.open}
    return [(name, value) for name, value in form.multi_items() if name not in hidden]


def vote_form(
    sent: SentVotes, schema: ProductSchema, *, currency: str, threshold: int, errors: Sequence[FieldError]
) -> VoteForm:
    """What the page draws: everything that was sent, each error beside its field."""
    order = list(sent.open)
    texts: dict[str, list[str]] = {}
    general: dict[str, str] = {}
    for error in errors:
        number, _, field = error.path.removeprefix("votes.").partition(".")
        if field in ("choices", "attribute") and number.isdigit() and int(number) < len(order):
            texts.setdefault(order[int(number)], []).append(error.text())
        else:
            name = {"closes_at": CLOSES_AT, "tie_rule": TIE_RULE}.get(field, error.path)
            general.setdefault(name, error.text())
    return VoteForm(
        fields={
            each.name: _field(each, sent, currency, threshold, tuple(texts.get(each.name, ())))
            for each in schema.of_scope("batch")
            if can_be_open(each)
        },
        closes_at=sent.closes_at,
        tie_rule=sent.tie_rule,
        ties=(
            ("listed", gettext("The first listed"), tie_sentence("listed")),
            ("cheapest", gettext("The cheapest"), tie_sentence("cheapest")),
            ("earliest", gettext("Whose supporter paid first"), tie_sentence("earliest")),
        ),
        errors=general,
    )


def is_about_votes(error: FieldError) -> bool:
    """Does this fault belong to the votes of the form?"""
    return error.path.partition(".")[0] in ("votes", CLOSES_AT, TIE_RULE)


def most_surcharge(votes: Mapping[str, Sequence[Any]], schema: ProductSchema) -> int:
    """What the dearest outcome of all votes adds to every unit, in minor units."""
    return sum(_dearest(schema.find(name), choices) for name, choices in votes.items())


def largest_minimum(votes: Mapping[str, Sequence[Any]], schema: ProductSchema) -> int:
    """The largest minimum among the choices that may come out."""
    found = [
        terms_of(attribute, code).moq
        for name, choices in votes.items()
        if (attribute := schema.find(name))
        for code in choices
    ]
    return max(found, default=1)


def _dearest(attribute: Attribute | None, choices: Sequence[Any]) -> int:
    return max(prices_of(attribute, choices).values(), default=0) if attribute else 0


def _codes(attribute: Attribute | None, sent: Sequence[Any]) -> tuple[Any, ...]:
    texts = list(dict.fromkeys(str(text) for text in sent))[:64]
    if attribute is None or not can_be_open(attribute):
        return tuple(texts)
    known = {code_text(code): code for code in codes_of(attribute)}
    return (
        *(code for text, code in known.items() if text in texts),
        *(text for text in texts if text not in known),
    )


def _field(
    attribute: Attribute, sent: SentVotes, currency: str, threshold: int, errors: tuple[str, ...]
) -> VoteField:
    chosen = sent.open.get(attribute.name)
    return VoteField(
        name=attribute.name,
        label=pick(attribute.title),
        open=chosen is not None,
        choices=tuple(
            VoteChoice(
                value=code_text(code),
                label=pick(word_of(attribute, code)),
                surcharge_minor=terms_of(attribute, code).surcharge_minor,
                notes=tuple(_notes(attribute, code, currency)),
                checked=terms_of(attribute, code).moq <= threshold if chosen is None else code in chosen,
            )
            for code in codes_of(attribute)
        ),
        errors=errors,
    )


def _notes(attribute: Attribute, code: Any, currency: str) -> Iterator[str]:
    terms = terms_of(attribute, code)
    if terms.moq > 1:
        yield gettext("made from {moq} pieces").format(moq=terms.moq)
    if terms.lead_days:
        yield ngettext("{n} day longer", "{n} days longer", terms.lead_days)
    if terms.nre_minor:
        amount = format_money(terms.nre_minor, currency, current_locale())
        yield gettext("{amount} once for engineering").format(amount=amount)
