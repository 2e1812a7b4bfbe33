"""The form for what a member would take instead, as a template draws it: one short question for most people.

"If navy is not made?" is asked for each option of theirs that too few want so far. Everything else waits behind "More
wishes".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.cells import named_cells
from c2b.catalog.describing import describe_answers, value_in_words
from c2b.catalog.rules import Attribute, Option, ProductSchema, surcharges
from c2b.kit.errors import FieldError
from c2b.kit.i18n import current_locale, gettext, pick
from c2b.kit.money import format_money
from c2b.participations.wishes.options import other_options
from c2b.participations.wishes.preferences import MAX_ALTERNATIVES
from c2b.web.consumer.ballot_form import BallotField, ballot_fields, is_about_ballots
from c2b.web.consumer.wishes import ANY, INSTEAD, Composed, Wishes, hidden

Counts = Mapping[str, Mapping[Any, int]]
PATH = "preferences."


@dataclass(frozen=True, kw_only=True)
class WishQuestion:
    """ "If navy is not made?": ``count`` of ``minimum`` paid units so far. ``choices``: (value, text)."""

    name: str
    id: str
    label: str
    attribute: str
    count: int
    minimum: int
    choices: tuple[tuple[str, str], ...]
    value: str
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KeptAlternative:
    """One alternative behind "More wishes". ``words``: (attribute, value) where it differs from the first choice.

    ``whole``: it can be edited in the form. ``carried`` is what the form sends back.
    """

    place: int
    words: tuple[tuple[str, str], ...]
    whole: bool
    unit_minor: int
    carried: str
    errors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PriceChoice:
    """A tier from whose price on a member may take part: per unit, with what the organizer fixed."""

    value: str
    from_quantity: int
    price_minor: int


@dataclass(frozen=True, kw_only=True)
class WishForm:
    """Everything ``partials/wishes.html`` draws. ``errors``: field → sentences; ``room``: so many more fit.

    ``prices``: the tiers to choose from, the first being any; empty where there is one price only.
    """

    prices: tuple[PriceChoice, ...]
    questions: tuple[WishQuestion, ...]
    kept: tuple[KeptAlternative, ...]
    room: int
    wishes: Wishes
    ballots: tuple[BallotField, ...]
    fee_offered: bool
    opened: bool
    currency: str
    errors: Mapping[str, tuple[str, ...]]

    @property
    def error_links(self) -> tuple[tuple[str, str], ...]:
        """(id of the control, text) for the summary at the top of the page."""
        found = [(each.id, text) for each in self.questions for text in each.errors]
        for ballot in self.ballots:
            found += [(f"ballot-{ballot.name}", text) for text in (*ballot.rank_errors, *ballot.only_errors)]
        found += [(f"kept-{each.place}", text) for each in self.kept for text in each.errors]
        return (*found, *((f"wish-{name}", text) for name, texts in self.errors.items() for text in texts))


def wish_form(
    offer: JoinOffer,
    first: dict[str, Any],
    wishes: Wishes,
    told: Composed,
    *,
    units: int,
    counts: Counts,
    errors: Iterable[FieldError],
) -> WishForm:
    """The form beside a first choice. ``units`` of the reader's own will be paid on top of ``counts``."""
    errors = list(errors)
    faults = _by_place(told, [each for each in errors if not is_about_ballots(each)])
    questions = tuple(_questions(offer, first, wishes, counts, units, faults))
    kept = tuple(_kept(offer, first, wishes, faults))
    answered = sum(bool(each.value) for each in questions)
    loose = {
        name: texts
        for name, texts in faults.items()
        if isinstance(name, str) and not name.startswith(INSTEAD)
    }
    return WishForm(
        prices=price_choices(offer),
        questions=questions,
        kept=kept,
        room=max(MAX_ALTERNATIVES - answered - len(kept), 0),
        wishes=wishes,
        ballots=ballot_fields(
            offer, wishes.votes, errors=[each for each in errors if is_about_ballots(each)]
        ),
        fee_offered=any(cell.premium_minor for cell in named_cells(offer.schema.parsed))
        or bool(offer.schema.parsed.minimums.configuration.premium_minor),
        opened=wishes.say_more
        or bool(loose.keys() - {"commit_below_minor"})
        or any(each.errors for each in kept),
        currency=offer.currency,
        errors=loose,
    )


def price_choices(offer: JoinOffer) -> tuple[PriceChoice, ...]:
    """The tiers that can be counted on, if there are several."""
    extra = dearest_extra(offer)
    if len(offer.promised) < 2:
        return ()
    return tuple(
        PriceChoice(
            value=str(tier.unit_price_minor) if place else "",
            from_quantity=tier.from_quantity,
            price_minor=tier.unit_price_minor + extra,
        )
        for place, tier in enumerate(offer.promised)
    )


def is_about_wishes(error: FieldError) -> bool:
    return error.path.startswith(PATH)


def differences(
    schema: ProductSchema, first: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """(attribute, value) where another specification differs from the first choice, in the reader's language."""
    locale = current_locale()
    mine = {
        each.attribute: each for each in describe_answers(schema, first, locale, scopes=("variant", "unit"))
    }
    its = {
        each.attribute: each for each in describe_answers(schema, other, locale, scopes=("variant", "unit"))
    }
    found = []
    for name in (each.name for each in schema.attributes if each.name in {*mine, *its}):
        if name not in its:
            found.append((mine[name].label, gettext("without")))
        elif name not in mine or mine[name].value != its[name].value:
            found.append((its[name].label, its[name].value))
    return tuple(found)


def entry_in_words(
    schema: ProductSchema, first: Mapping[str, Any], entry: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """One alternative of preferences as (attribute, value) pairs: what is different from the first choice."""
    if "any_of" not in entry:
        answers = entry.get("answers")
        return differences(schema, first, answers) if isinstance(answers, dict) else ()
    attribute = schema.find(str(entry["attribute"]))
    if attribute is None:
        return ()
    words = [value_in_words(attribute, code) for code in entry["any_of"]]
    return ((pick(attribute.title), gettext(" or ").join(words)),)


def _questions(
    offer: JoinOffer,
    first: dict[str, Any],
    wishes: Wishes,
    counts: Counts,
    units: int,
    faults: Mapping[Any, Any],
) -> Iterable[WishQuestion]:
    schema = offer.schema.parsed
    asked = []
    for attribute in schema.of_scope("variant", "unit"):
        option = attribute.option(first.get(attribute.name)) if attribute.kind == "choice" else None
        if option is None:
            continue
        count = counts.get(attribute.name, {}).get(option.code, 0)
        answer = wishes.instead.get(attribute.name, "")
        if answer or count + units < option.terms.moq:
            asked.append((attribute, option, count, answer))
    # the most endangered first; everybody has room for four answers
    dangers = sorted(asked, key=lambda each: (not each[3], each[2] * 1000 // max(each[1].terms.moq, 1)))
    for attribute, option, count, answer in asked:
        if (attribute, option, count, answer) not in dangers[:MAX_ALTERNATIVES]:
            continue
        others = other_options(offer.schema, first, attribute, offer.batches)
        if not others and not answer:
            continue
        yield WishQuestion(
            name=INSTEAD + attribute.name,
            id=f"instead-{attribute.name.replace('_', '-')}",
            label=pick(option.label),
            attribute=pick(attribute.title),
            count=count,
            minimum=option.terms.moq,
            choices=tuple(_choices(attribute, option, others, counts, offer.currency)),
            value=answer,
            errors=faults.get(INSTEAD + attribute.name, ()),
        )


def _choices(
    attribute: Attribute, chosen: Option, others: Sequence[Any], counts: Counts, currency: str
) -> Iterable[tuple[str, str]]:
    yield "", gettext("refund me")
    for code in others:
        option = attribute.option(code)
        assert option
        text = pick(option.label)
        more = option.terms.surcharge_minor - chosen.terms.surcharge_minor
        if more:
            amount = format_money(abs(more), currency, current_locale())
            text += f" ({'+' if more > 0 else '−'}{amount})"
        count = counts.get(attribute.name, {}).get(code, 0)
        if option.terms.moq > 1:
            text += " · " + gettext("{count} of {moq}").format(count=count, moq=option.terms.moq)
        yield str(code), text
    if len(others) > 1:
        yield ANY, gettext("any of these")


def _kept(
    offer: JoinOffer, first: dict[str, Any], wishes: Wishes, faults: Mapping[Any, Any]
) -> Iterable[KeptAlternative]:
    schema = offer.schema.parsed
    for place, entry in enumerate(wishes.alternatives):
        answers = entry.get("answers")
        whole = isinstance(answers, dict)
        extra = sum(each.minor for each in surcharges(schema, answers)) if isinstance(answers, dict) else 0
        yield KeptAlternative(
            place=place,
            words=entry_in_words(schema, first, entry),
            whole=whole,
            unit_minor=offer.entry_price_minor + dearest_extra(offer) + extra if whole else 0,
            carried=hidden(entry),
            errors=faults.get(place, ()),
        )


def dearest_extra(offer: JoinOffer) -> int:
    """What the batch adds to every unit, at most."""
    return max(
        sum(each.minor for each in surcharges(offer.schema.parsed, batch, "batch")) for batch in offer.batches
    )


def _by_place(told: Composed, errors: Iterable[FieldError]) -> dict[str | int, tuple[str, ...]]:
    """Sentences by the control they belong to: a short answer, a kept alternative's place, or another field."""
    found: dict[str | int, list[str]] = {}
    for error in errors:
        name, _, rest = error.path.removeprefix(PATH).partition(".")
        place: str | int = name
        number = rest.partition(".")[0]
        if name == "alternatives" and number.isdigit() and int(number) < len(told.sources):
            source = told.sources[int(number)]
            place = INSTEAD + source if isinstance(source, str) else source
        if error.text() not in found.setdefault(place, []):
            found[place].append(error.text())
    return {place: tuple(texts) for place, texts in found.items()}
