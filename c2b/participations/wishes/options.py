"""A short alternative, "any of these options instead", held against the product and the first choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from c2b.catalog.queries import PinnedSchema
from c2b.catalog.schema import Attribute, same
from c2b.catalog.tidying import echo
from c2b.catalog.validation import compiled, judge
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

Answers = Mapping[str, Any]


def judged_options(
    schema: PinnedSchema, first: Answers, entry: dict[str, Any], batches: Sequence[Answers]
) -> tuple[dict[str, Any], list[FieldError]]:
    """``{"attribute", "any_of"}`` with its options in the order of the form; faults are about these two keys."""
    attribute = schema.parsed.find(entry["attribute"])
    wrong = _wrong_attribute(attribute, first, entry["attribute"])
    if wrong or attribute is None:
        return {}, wrong
    codes = [
        option.code
        for option in attribute.options
        if any(same(option.code, code) for code in entry["any_of"])
    ]
    faults = [
        *_wrong_codes(attribute, first, entry["any_of"]),
        *(_misfit(schema, first, attribute, code, batches) for code in codes),
    ]
    found = {"attribute": attribute.name, "any_of": codes}
    return found, [fault for fault in faults if fault is not None][:1]


def other_options(
    schema: PinnedSchema, first: Answers, attribute: Attribute, batches: Sequence[Answers]
) -> list[Any]:
    """The options of an attribute that could stand in the place of the first choice's, all else unchanged."""
    made = compiled(schema.document, digest=schema.digest)
    return [
        option.code
        for option in attribute.options
        if not same(option.code, first.get(attribute.name))
        and any(made.accepts({**first, attribute.name: option.code, **batch}) for batch in batches)
    ]


def _wrong_attribute(attribute: Attribute | None, first: Answers, name: str) -> list[FieldError]:
    if attribute is None or attribute.path != attribute.name:
        message = N_("“{key}” is not part of this product: check the spelling, or leave it out.")
        return [FieldError("attribute", "unknown", message, {"key": echo(name)})]
    label = {"label": attribute.title}
    if attribute.scope == "batch":
        message = N_("“{label}” is the same for the whole batch: nobody can have another.")
        return [FieldError("attribute", "not_yours", message, label)]
    if attribute.kind != "choice":
        message = N_("“{label}” is not a choice of one option: give a whole specification instead.")
        return [FieldError("attribute", "no_options", message, label)]
    if attribute.name not in first:
        message = N_("Your first choice leaves “{label}” out: give a whole specification instead.")
        return [FieldError("attribute", "left_out", message, label)]
    return []


def _wrong_codes(attribute: Attribute, first: Answers, codes: Sequence[Any]) -> Iterator[FieldError]:
    for code in codes:
        option = attribute.option(code)
        params = {"label": attribute.title, "value": option.label if option else echo(code)}
        if option is None:
            message = N_("“{value}” is not offered for “{label}”: choose from the list.")
            yield FieldError("any_of", "not_offered", message, params)
        elif same(code, first[attribute.name]):
            message = N_("“{value}” is your first choice for “{label}” already.")
            yield FieldError("any_of", "same_as_first", message, params)


def _misfit(
    schema: PinnedSchema, first: Answers, attribute: Attribute, code: Any, batches: Sequence[Answers]
) -> FieldError | None:
    """Why an option cannot stand in the place of the first choice's, in the words of the rule."""
    wished = {**first, attribute.name: code}
    found: list[FieldError] = []
    for batch in batches:
        _, found = judge(schema.document, answers=wished, fixed=batch, digest=schema.digest)
        if not found:
            return None
    option = attribute.option(code)
    message = N_("“{value}” does not go with the rest of your first choice. {reason}")
    params = {"value": option.label if option else "", "reason": _Said(found[0])}
    return FieldError("any_of", "rule", message, params)


class _Said:
    """Another fault's sentence within this one's, in the language of whoever reads it."""

    def __init__(self, fault: FieldError) -> None:
        self._fault = fault

    def __format__(self, spec: str) -> str:
        return format(self._fault.text(), spec)
