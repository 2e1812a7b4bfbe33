"""What a new version of a product schema means for answers that were given under the old one.

Each difference is one change with its kind, and the sharpest kind is the comparison's: `same` (nothing changes for any
answer), `widening` (every answer stays valid at the same price or less), `narrowing` (some may not, or cost more, or
need more units), `breaking` (everybody must answer again). What cannot be decided by looking at the two documents, such
as whether one pattern accepts all that another did, counts as narrowing: the kind may be too sharp, never too mild.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from c2b.catalog.changes import BREAKING, KINDS, NARROWING, SAME, WIDENING, Change, terms_changes
from c2b.catalog.evolving import minimum_changes, rule_changes
from c2b.catalog.schema import Attribute, Option, ProductSchema, Words
from c2b.kit.i18n import N_

_SCOPES = {
    "batch": Words(en="the same for the whole batch", zh="整批统一"),
    "variant": Words(en="each member's choice", zh="由团员各自选择"),
    "unit": Words(en="personal to each unit", zh="每件单独定制"),
}


@dataclass(frozen=True)
class Comparison:
    """All changes in the order of the form, and the sharpest of their kinds."""

    kind: str
    changes: tuple[Change, ...]


def compare(old: ProductSchema, new: ProductSchema, *, currency: str = "CNY") -> Comparison:
    """What becomes of answers to `old` under `new`. Amounts are told in `currency`."""
    changes = tuple(
        chain(
            _texts(old, new),
            _attributes(old.attributes, new.attributes, always=True, currency=currency),
            _order(old, new),
            rule_changes(old, new),
            minimum_changes(old, new, currency),
        )
    )
    return Comparison(sharpest(each.kind for each in changes), changes)


def sharpest(kinds: Iterable[str]) -> str:
    """The kind that counts among several; `same` where there is none."""
    return max(kinds, key=KINDS.index, default=SAME)


def _texts(old: ProductSchema, new: ProductSchema) -> Iterator[Change]:
    if (old.title, old.help) != (new.title, new.help):
        yield Change(SAME, "", N_("The product is described in other words."))


def _order(old: ProductSchema, new: ProductSchema) -> Iterator[Change]:
    common = {each.name for each in old.attributes} & {each.name for each in new.attributes}
    orders = [[each.name for each in schema.attributes if each.name in common] for schema in (old, new)]
    if orders[0] != orders[1]:
        yield Change(SAME, "", N_("The questions come in another order."))


def _attributes(
    old: tuple[Attribute, ...], new: tuple[Attribute, ...], *, always: bool, currency: str
) -> Iterator[Change]:
    """`always`: these are questions that everybody answers, not parts of a group that some leave out."""
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    everybody = BREAKING if always else NARROWING
    for name, one in before.items():
        label = {"label": one.title}
        if name in after:
            yield from _attribute(one, after[name], always=always, currency=currency)
        elif one.required:
            yield Change(everybody, one.path, N_("“{label}” is gone, which everybody had to answer."), label)
        else:
            yield Change(NARROWING, one.path, N_("“{label}” is gone; some may have answered it."), label)
    for name, one in after.items():
        label = {"label": one.title}
        if name not in before and one.required:
            yield Change(everybody, one.path, N_("“{label}” is new and has to be answered."), label)
        elif name not in before:
            yield Change(WIDENING, one.path, N_("“{label}” is new and may be answered."), label)


def _attribute(old: Attribute, new: Attribute, *, always: bool, currency: str) -> Iterator[Change]:
    label = {"label": new.title}
    if old.scope != new.scope and "." not in new.path:
        params = {**label, "before": _SCOPES[old.scope], "after": _SCOPES[new.scope]}
        yield Change(BREAKING, new.path, N_("“{label}” was {before}, and is now {after}."), params)
    if old.kind != new.kind:
        everybody = BREAKING if always else NARROWING
        yield Change(everybody, new.path, N_("“{label}” is answered in another way now."), label)
        return
    if new.required and not old.required:
        yield Change(NARROWING, new.path, N_("“{label}” has to be answered now."), label)
    elif old.required and not new.required:
        yield Change(WIDENING, new.path, N_("“{label}” may be left out now."), label)
    yield from _named(old, new)
    yield from _options(old, new, always=always and new.required, currency=currency)
    yield from _limits(old, new)
    if "." not in new.path:  # parts have no price of their own
        yield from terms_changes(old.terms, new.terms, new.path, new.title, currency)
    yield from _attributes(
        old.parts, new.parts, always=always and old.required and new.required, currency=currency
    )


def _named(old: Attribute, new: Attribute) -> Iterator[Change]:
    if old.title != new.title:
        params = {"before": old.title, "after": new.title}
        yield Change(SAME, new.path, N_("“{before}” is now called “{after}”."), params)
    if (old.help, old.hint, old.example, old.unit) != (new.help, new.hint, new.example, new.unit):
        yield Change(SAME, new.path, N_("“{label}” is explained in other words."), {"label": new.title})


def _options(old: Attribute, new: Attribute, *, always: bool, currency: str) -> Iterator[Change]:
    gone = [each for each in old.options if new.option(each.code) is None]
    added = [each for each in new.options if old.option(each.code) is None]
    if gone:
        kind = BREAKING if always and len(gone) == len(old.options) else NARROWING
        params = {"label": new.title, "options": _listed(gone)}
        yield Change(kind, new.path, N_("“{label}” is no longer offered as: {options}."), params)
    if added:
        params = {"label": new.title, "options": _listed(added)}
        yield Change(WIDENING, new.path, N_("“{label}” is now offered as: {options}."), params)
    for one in new.options:
        before = old.option(one.code)
        if before is None:
            continue
        if before.label != one.label:
            names = {"before": _of(old, before), "after": _of(new, one)}
            yield Change(SAME, new.path, N_("“{before}” is now called “{after}”."), names)
        if before.swatch != one.swatch:
            params = {"label": _of(new, one)}
            yield Change(SAME, new.path, N_("“{label}” is shown in another color."), params)
        if "." not in new.path:
            yield from terms_changes(before.terms, one.terms, new.path, _of(new, one), currency)


def _of(attribute: Attribute, option: Option) -> Words:
    return Words(
        en=f"{attribute.title['en']}: {option.label['en']}",
        zh=f"{attribute.title['zh']}：{option.label['zh']}",
    )


def _listed(options: list[Option]) -> Words:
    return Words(
        en=", ".join(each.label["en"] for each in options), zh="、".join(each.label["zh"] for each in options)
    )


def _limits(old: Attribute, new: Attribute) -> Iterator[Change]:
    pairs = (
        ((old.minimum, old.maximum), (new.minimum, new.maximum),
         N_("“{label}” now goes from {minimum} to {maximum} (before: {from_before} to {to_before}).")),
        ((old.min_length, old.max_length), (new.min_length, new.max_length),
         N_("“{label}” now takes {minimum} to {maximum} characters (before: {from_before} to {to_before}).")),
        ((old.min_items, old.max_items), (new.min_items, new.max_items),
         N_("“{label}” now takes {minimum} to {maximum} choices (before: {from_before} to {to_before}).")),
    )  # fmt: skip
    for before, after, message in pairs:
        if before != after:
            params = {"label": new.title, "minimum": after[0], "maximum": after[1]}
            params |= {"from_before": before[0], "to_before": before[1]}
            yield Change(WIDENING if _covers(after, before) else NARROWING, new.path, message, params)
    if old.step != new.step:
        params = {"label": new.title, "step": new.step, "before": old.step}
        kind = WIDENING if old.step % new.step == 0 else NARROWING
        yield Change(kind, new.path, N_("“{label}” now goes in steps of {step} (before: {before})."), params)
    if old.pattern != new.pattern:
        if new.pattern is None:
            yield Change(WIDENING, new.path, N_("“{label}” may now be written freely."), {"label": new.title})
        else:
            message = N_("“{label}” must now be written in another form. {hint}")
            yield Change(NARROWING, new.path, message, {"label": new.title, "hint": new.hint or ""})


def _covers(outer: tuple[int | None, int | None], inner: tuple[int | None, int | None]) -> bool:
    """Whether one range lies within another; None is without end."""
    low = outer[0] is None or (inner[0] is not None and outer[0] <= inner[0])
    return low and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))
