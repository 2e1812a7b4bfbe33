"""The sentences of validation: what is wrong with an answer, and what to do instead.

One sentence per field and cause, in both languages through the catalog of messages; words of the product itself
come from its schema and show themselves in the reader's language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jsonschema import ValidationError

from c2b.catalog.conditions import Answers, answer_at
from c2b.catalog.schema import Attribute, Option, ProductSchema, Rule, Words
from c2b.catalog.tidying import echo
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

_MAX_LISTED = 12
_TYPES = {
    "flag": N_("Answer “{label}” with yes or no."),
    "confirm": N_("Please confirm: {label}."),
    "integer": N_("Write “{label}” as a whole number."),
    "text": N_("Write “{label}” as text."),
    "date": N_("Write “{label}” as a day: year-month-day, such as 2026-11-23."),
    "image": N_("Choose a picture for “{label}”."),
    "group": N_("“{label}” has several parts: give each of them."),
    "choices": N_("“{label}” takes a list of choices."),
}


def of(schema: ProductSchema, error: ValidationError, answers: Answers) -> Iterator[FieldError]:
    """The field errors that stand for one finding of jsonschema outside the rules."""
    path = path_of(error)
    found: Any = error.instance
    if error.validator == "required":
        wanted: Any = error.validator_value
        for name in (each for each in wanted if each not in found):
            attribute = schema.find(f"{path}.{name}" if path else name)
            if attribute is not None:
                yield _missing(attribute)
    elif error.validator == "additionalProperties":
        parent = schema.find(path)
        known = {each.name for each in (parent.parts if parent else schema.attributes)}
        for key in sorted(set(found) - known):
            yield _unknown(path, key)
    else:
        attribute = schema.find(path)
        if attribute is not None:
            yield _wrong(attribute, error, answer_at(answers, path))


def path_of(error: ValidationError) -> str:
    """The dotted path of the attribute a finding is about; items of a list belong to their attribute."""
    return ".".join(part for part in error.absolute_path if isinstance(part, str))


def is_about_keys(error: ValidationError) -> bool:
    """Whether a finding is about answers missing or unknown below its path, rather than about the answer there."""
    return error.validator in ("required", "additionalProperties")


def settled(schema: ProductSchema, error: FieldError, editable: frozenset[str]) -> FieldError:
    """The same error, unless its field is not the reader's to change: then the campaign itself is unfinished."""
    attribute = schema.find(error.path.partition(".")[0])
    if attribute is None or attribute.name in editable:
        return error
    message = N_("This campaign is not ready: its organizer still has to settle “{label}”.")
    return FieldError("", "campaign_unfinished", message, {"label": attribute.title})


def broken_rule(rule: Rule, changeable: Sequence[str]) -> FieldError:
    """The reason of a rule, beside the first field that the reader can change; the others are `related`."""
    if not changeable:
        message = N_("The settings of this campaign contradict each other: {reason}")
        return FieldError("", "campaign_unfinished", message, {"reason": rule.reason})
    related = list(dict.fromkeys(path for path in changeable[1:] if path != changeable[0]))
    return FieldError(changeable[0], "rule", N_("{reason}"), {"reason": rule.reason, "related": related})


def dead_end(rule: Rule, path: str) -> FieldError:
    message = N_("With these settings nobody could complete a requirement. {reason}")
    return FieldError(path, "dead_end", message, {"reason": rule.reason})


def misfit() -> FieldError:
    """For a refusal that no other sentence explains; it keeps validation closed."""
    return FieldError("", "invalid", N_("These answers do not fit this product."))


def fixed_differently(attribute: Attribute, value: Any) -> FieldError:
    message = N_("The organizer has fixed “{label}” as {value} for everybody: leave it as it is.")
    return FieldError(
        attribute.path, "fixed", message, {"label": attribute.title, "value": shown(attribute, value)}
    )


def organizers_choice(attribute: Attribute) -> FieldError:
    message = N_("“{label}” is for the organizer to decide: leave it out.")
    return FieldError(attribute.path, "not_yours", message, {"label": attribute.title})


def not_batch(schema: ProductSchema, key: str) -> FieldError:
    attribute = schema.find(key)
    if attribute is None or attribute.path != key:
        return _unknown("", key)
    message = N_("“{label}” is for each member to choose: leave it out.")
    return FieldError(attribute.path, "not_batch", message, {"label": attribute.title})


def shown(attribute: Attribute, value: Any) -> Any:
    """An answer in words: the label of an option, else the value itself, cut."""
    option = attribute.option(value)
    if option is not None:
        return option.label
    if isinstance(value, bool):
        return Words(en="yes", zh="是") if value else Words(en="no", zh="否")
    return echo(value)


def _missing(attribute: Attribute) -> FieldError:
    message = {
        "confirm": _TYPES["confirm"],
        "image": _TYPES["image"],
        "choice": N_("Choose an option for “{label}”."),
    }.get(attribute.kind, N_("Please answer “{label}”."))
    return FieldError(attribute.path, "required", message, {"label": attribute.title})


def _unknown(path: str, key: str) -> FieldError:
    message = N_("“{key}” is not part of this product: check the spelling, or leave it out.")
    key = echo(key)
    return FieldError(f"{path}.{key}" if path else key, "unknown", message, {"key": key})


def _wrong(attribute: Attribute, error: ValidationError, value: Any) -> FieldError:
    label = {"label": attribute.title}
    if error.validator == "type":
        if attribute.kind in _TYPES:
            return FieldError(attribute.path, "type", _TYPES[attribute.kind], label)
        return _not_offered(attribute, value)
    if error.validator == "const":
        return FieldError(attribute.path, "required", _TYPES["confirm"], label)
    if error.validator == "format":
        return FieldError(attribute.path, "format", _TYPES[attribute.kind], label)
    if error.validator == "enum":
        return _not_offered(attribute, value)
    if attribute.kind == "integer":
        return _out_of_bounds(attribute)
    if attribute.kind == "choices":
        return _wrong_number_of_choices(attribute, str(error.validator))
    return _wrong_text(attribute, str(error.validator), value)


def _not_offered(attribute: Attribute, value: Any) -> FieldError:
    """Names what is offered instead, codes included for programs; a long list is left to the form."""
    params: dict[str, Any] = {"label": attribute.title, "value": echo(value)}
    if any(str(option.code) == str(value) for option in attribute.options):
        if isinstance(value, str):
            message = N_("“{label}” takes the number {value}, without quotation marks.")
        else:
            message = N_("“{label}” takes the text “{value}”, in quotation marks.")
    elif len(attribute.options) > _MAX_LISTED:
        message = N_("“{value}” is not offered for “{label}”: choose from the list.")
    else:
        params["options"] = _listed(attribute.options)
        message = N_("“{value}” is not offered for “{label}”. Choose from: {options}.")
    return FieldError(attribute.path, "not_offered", message, params)


def _listed(options: Sequence[Option]) -> Words:
    return Words(
        en=", ".join(f"{each.label['en']} ({each.code})" for each in options),
        zh="、".join(f"{each.label['zh']}（{each.code}）" for each in options),
    )


def _out_of_bounds(attribute: Attribute) -> FieldError:
    message = N_("“{label}” goes from {minimum} to {maximum}{unit}.")
    if attribute.step != 1:
        message = N_("“{label}” goes from {minimum} to {maximum}{unit}, in steps of {step}.")
    unit = attribute.unit
    params = {
        "label": attribute.title,
        "minimum": attribute.minimum,
        "maximum": attribute.maximum,
        "step": attribute.step,
        "unit": Words(en=f" {unit['en']}", zh=f" {unit['zh']}") if unit else "",
    }
    return FieldError(attribute.path, "out_of_bounds", message, params)


def _wrong_number_of_choices(attribute: Attribute, keyword: str) -> FieldError:
    params = {"label": attribute.title, "minimum": attribute.min_items, "maximum": attribute.max_items}
    if keyword == "uniqueItems":
        return FieldError(attribute.path, "twice", N_("Choose each of “{label}” only once."), params)
    message = N_("Choose {minimum} to {maximum} of “{label}”, or leave it out.")
    return FieldError(attribute.path, "out_of_bounds", message, params)


def _wrong_text(attribute: Attribute, keyword: str, value: Any) -> FieldError:
    params: dict[str, Any] = {"label": attribute.title, "minimum": attribute.min_length}
    params |= {"maximum": attribute.max_length, "length": len(value) if isinstance(value, str) else 0}
    if keyword == "maxLength":
        message = N_("“{label}” has room for {maximum} characters; this has {length}.")
        return FieldError(attribute.path, "too_long", message, params)
    if keyword == "minLength":
        if not value:
            return FieldError(attribute.path, "required", N_("Please answer “{label}”."), params)
        message = N_("“{label}” needs at least {minimum} characters; this has {length}.")
        return FieldError(attribute.path, "too_short", message, params)
    params |= {"value": echo(value), "hint": attribute.hint or ""}
    return FieldError(attribute.path, "pattern", N_("“{value}” is not possible here. {hint}"), params)
