"""The form for answers, as values a template can draw: derived from the schema, in the reader's language.

Nothing here knows HTML beyond names and ids. `build_form` gives the fields, `answers_from_form` turns what a
browser sends back into answers, `describe_answers` puts answers into words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from c2b.catalog.conditions import MISSING, Answers, answer_at
from c2b.catalog.describing import Described, describe_answers, value_in_words
from c2b.catalog.explain import Forbidden, Key, SearchTooLarge, forbidden, forbidden_in_all, needed
from c2b.catalog.fields import Choice, Distance, Field, Form, Remark
from c2b.catalog.reading import answers_from_form, upload_fields
from c2b.catalog.schema import Attribute, Code, Option, ProductSchema, Terms
from c2b.kit.errors import FieldError
from c2b.kit.i18n import current_locale, gettext, ngettext, pick
from c2b.kit.money import format_money

__all__ = [
    "Choice",
    "Described",
    "Distance",
    "Field",
    "Form",
    "Remark",
    "answers_from_form",
    "build_form",
    "describe_answers",
    "upload_fields",
]

#: Up to so many options are shown side by side; more become a list to open.
MAX_CARDS = 6

Counts = Mapping[str, Mapping[Code, int]]


def build_form(
    schema: ProductSchema,
    *,
    scopes: Sequence[str],
    currency: str,
    answers: Answers | None = None,
    fixed: Answers | None = None,
    errors: Iterable[FieldError] = (),
    counts: Counts | None = None,
    prefix: str = "answers",
    batches: Sequence[Answers] = (),
) -> Form:
    """The form for these scopes in the current locale.

    `answers` are the present ones (not necessarily right), `fixed` the campaign's batch answers (None: an
    organizer is still choosing them), `counts` how many units chose what so far, `prefix` starts every name.
    While something about the batch is still open, `batches` are all batch answers that may come out: what any of them
    allows can be chosen.
    """
    builder = _Builder(schema, currency, dict(answers or {}), fixed, counts, prefix, tuple(scopes), batches)
    fields = tuple(builder.field(each) for each in schema.of_scope(*scopes) if each.name not in (fixed or {}))
    return _with_errors(fields, list(errors))


@dataclass
class _Builder:
    schema: ProductSchema
    currency: str
    answers: dict[str, Any]
    fixed: Answers | None
    counts: Counts | None
    prefix: str
    scopes: tuple[str, ...]
    batches: Sequence[Answers] = ()

    def __post_init__(self) -> None:
        present = {**self.answers, **(self.fixed or {})}
        self.needed = needed(self.schema, present)
        self.forbidden = self._forbidden()

    def _forbidden(self) -> dict[Key, Forbidden]:
        try:
            if len(self.batches) > 1:
                return forbidden_in_all(
                    self.schema, batches=self.batches, answers=self.answers, scopes=self.scopes
                )
            return forbidden(self.schema, fixed=self.fixed, answers=self.answers, scopes=self.scopes)
        except SearchTooLarge:
            return {}  # the form still works and validation still explains; such a schema is refused at publishing

    def field(self, attribute: Attribute) -> Field:
        answer = answer_at(self.answers, attribute.path)
        refused = self.forbidden.get((attribute.path, None))
        field = Field(
            path=attribute.path,
            name=f"{self.prefix}.{attribute.path}",
            id=_id(self.prefix, attribute.path),
            control=_control(attribute),
            label=pick(attribute.title),
            required=attribute.required or attribute.path in self.needed,
            help=pick(attribute.help) if attribute.help else "",
            hint=pick(attribute.hint) if attribute.hint else "",
            unit=pick(attribute.unit) if attribute.unit else "",
            value=_value(answer),
            surcharge=self._surcharge(attribute.terms),
            notes=tuple(self._notes(attribute, attribute.terms, "")),
            distance=self._distance(attribute, attribute.terms, ""),
            minimum=attribute.minimum,
            maximum=attribute.maximum,
            step=attribute.step,
            max_length=attribute.max_length,
            example=attribute.example,
            added=answer not in (MISSING, False, None),
            reason=pick(refused.reason) if refused else "",
            disabled=bool(refused and refused.final and answer is MISSING),
        )
        choices = tuple(self._choices(attribute, field, answer))
        remarks = _remarks(field, choices)
        return replace(
            field,
            choices=tuple(_remarked(each, remarks) for each in choices),
            remarks=remarks,
            parts=tuple(self.field(part) for part in attribute.parts),
        )

    def _choices(self, attribute: Attribute, field: Field, answer: Any) -> Iterator[Choice]:
        if field.control == "cards" and not field.required:
            yield Choice(f"{field.id}-none", "", gettext("Leave it out"), selected=answer in (MISSING, None))
        chosen = answer if isinstance(answer, list) else [answer]
        for option in attribute.options:
            selected = any(attribute.option(each) is option for each in chosen)
            yield self._choice(attribute, field, option, selected)

    def _choice(self, attribute: Attribute, field: Field, option: Option, selected: bool) -> Choice:
        refused = self.forbidden.get((attribute.path, option.code))
        closed = bool(refused and refused.final and not selected)
        return Choice(
            id=f"{field.id}-{str(option.code).replace('.', '_')}",
            value=str(option.code),
            label=pick(option.label),
            surcharge=self._surcharge(option.terms),
            notes=tuple(self._notes(attribute, option.terms, option.code)),
            distance=None if closed else self._distance(attribute, option.terms, option.code),
            swatch=option.swatch or "",
            selected=selected,
            disabled=closed,
            reason=pick(refused.reason) if refused else "",
        )

    def _surcharge(self, terms: Terms) -> str:
        if not terms.surcharge_minor:
            return ""
        amount = format_money(abs(terms.surcharge_minor), self.currency, current_locale())
        return ("+" if terms.surcharge_minor > 0 else "−") + amount

    def _notes(self, attribute: Attribute, terms: Terms, code: Code) -> Iterator[str]:
        if terms.moq > 1:
            yield from self._minimum(attribute, terms, code)
        if terms.lead_days:
            yield ngettext("{n} day longer", "{n} days longer", terms.lead_days)
        if terms.nre_minor and attribute.scope == "batch":
            amount = format_money(terms.nre_minor, self.currency, current_locale())
            yield gettext("{amount} once for engineering").format(amount=amount)
        yield from self._settled(attribute, code)

    def _settled(self, attribute: Attribute, code: Code) -> Iterator[str]:
        """What the campaign has fixed for this option, such as the Pantone number of its own color."""
        for rule in self.schema.rules:
            test = rule.when[0]
            if len(rule.when) == 1 and test.path == attribute.path and test.allowed and code in test.allowed:
                for demand in rule.then:
                    if demand.kind == "needed" and demand.path in (self.fixed or {}):
                        settled = self.schema.attribute(demand.path)
                        value = value_in_words(settled, (self.fixed or {})[demand.path])
                        yield f"{pick(settled.title)}: {value}"

    def _minimum(self, attribute: Attribute, terms: Terms, code: Code) -> Iterator[str]:
        distance = self._distance(attribute, terms, code)
        if distance is None:
            yield gettext("made from {moq} pieces").format(moq=terms.moq)
            return
        missing = distance.minimum - distance.count
        if missing <= 0:
            yield gettext("minimum of {moq} reached").format(moq=terms.moq)
            return
        yield gettext("made from {moq} pieces, {count} so far: {missing} to go").format(
            moq=terms.moq, count=distance.count, missing=missing
        )
        if terms.premium_minor:
            amount = format_money(terms.premium_minor, self.currency, current_locale())
            yield gettext("or {amount} for each missing piece, shared").format(amount=amount)

    def _distance(self, attribute: Attribute, terms: Terms, code: Code) -> Distance | None:
        """None where nothing is counted: no minimum, no campaign yet, or the same for the whole batch."""
        if terms.moq < 2 or self.counts is None or attribute.scope == "batch":
            return None
        return Distance(self.counts.get(attribute.name, {}).get(code, 0), terms.moq)


def _remarks(field: Field, choices: Sequence[Choice]) -> tuple[Remark, ...]:
    """The reasons that more than one option has (in a list to open, every reason: its options hold no text)."""
    by_reason: dict[str, list[str]] = {}
    for choice in choices:
        if choice.reason:
            by_reason.setdefault(choice.reason, []).append(choice.label)
    fewest = 1 if field.control == "select" else 2
    shared = [(reason, labels) for reason, labels in by_reason.items() if len(labels) >= fewest]
    return tuple(
        Remark(f"{field.id}-remark-{number}", tuple(labels), reason)
        for number, (reason, labels) in enumerate(shared, start=1)
    )


def _remarked(choice: Choice, remarks: Sequence[Remark]) -> Choice:
    for remark in remarks:
        if choice.reason == remark.reason:
            return replace(choice, reason="", remark=remark.id)
    return choice


def _control(attribute: Attribute) -> str:
    if attribute.kind == "choice":
        return "cards" if len(attribute.options) <= MAX_CARDS else "select"
    controls = {"choices": "checks", "flag": "switch", "integer": "number", "image": "upload"}
    return controls.get(attribute.kind, attribute.kind)


def _value(answer: Any) -> str:
    return str(answer) if isinstance(answer, str | int) and not isinstance(answer, bool) else ""


def _id(prefix: str, path: str) -> str:
    return f"{prefix}-{path}".replace(".", "-").replace("_", "-")


def _with_errors(fields: tuple[Field, ...], errors: list[FieldError]) -> Form:
    """Every error beside its field; what has no field here goes to the top."""
    known = {each.path for field in fields for each in (field, *field.parts)}
    related = {path for error in errors for path in error.params.get("related", ())}

    def marked(field: Field) -> Field:
        texts = tuple(dict.fromkeys(error.text() for error in errors if error.path == field.path))
        parts = tuple(marked(part) for part in field.parts)
        added = field.added or any(part.errors for part in parts)
        return replace(field, errors=texts, related=field.path in related, parts=parts, added=added)

    loose = tuple(dict.fromkeys(error.text() for error in errors if error.path not in known))
    return Form(tuple(marked(field) for field in fields), loose)
