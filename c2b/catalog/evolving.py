"""Rules, combinations and configurations of two versions of a product schema, compared for answers given.

A new rule that no old answer can break is no narrowing: factories add an option together with the rules about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from c2b.catalog.changes import NARROWING, SAME, WIDENING, Change, moq_changes
from c2b.catalog.conditions import passes
from c2b.catalog.schema import Attribute, Combination, Demand, ProductSchema, Rule, Test, Words, same
from c2b.kit.i18n import N_

_CONFIGURATION = Words(en="Each configuration", zh="每种配置")


def rule_changes(old: ProductSchema, new: ProductSchema) -> Iterator[Change]:
    """Rules that came, went or changed. A rule is what it says, wherever it stands; its reason is only words."""
    before, after = ({_said(each): each for each in schema.rules} for schema in (old, new))
    gone = [each for said, each in before.items() if said not in after]
    for said, rule in after.items():
        if said in before:
            if before[said].reason != rule.reason:
                params = {"reason": rule.reason}
                yield Change(SAME, _path(rule), N_("A rule is explained in other words: {reason}"), params)
            continue
        former = next((each for each in gone if _when(each) == _when(rule)), None)
        params = {"reason": rule.reason}
        if former is not None:
            gone.remove(former)
            yield Change(_kind(rule, old, former), _path(rule), N_("A rule has changed: {reason}"), params)
        else:
            yield Change(_kind(rule, old, None), _path(rule), N_("A rule is new: {reason}"), params)
    for rule in gone:
        yield Change(WIDENING, _path(rule), N_("A rule no longer holds: {reason}"), {"reason": rule.reason})


def minimum_changes(old: ProductSchema, new: ProductSchema, currency: str) -> Iterator[Change]:
    """The minimums of named combinations and of every configuration."""
    one, other = old.minimums.configuration, new.minimums.configuration
    yield from moq_changes(one, other, "", _CONFIGURATION, currency)
    before = {each.code: each for each in old.minimums.combinations}
    after = {each.code: each for each in new.minimums.combinations}
    for code, now in after.items():
        former = before.get(code)
        params = {"label": now.label, "minimum": now.terms.moq}
        if former is None:
            kind = SAME if _cannot_be(now, old) else NARROWING
            message = N_("“{label}” together is now made from {minimum} units on.")
            yield Change(kind, _first(now), message, params)
            continue
        if former.label != now.label:
            names = {"before": former.label, "after": now.label}
            yield Change(SAME, _first(now), N_("“{before}” is now called “{after}”."), names)
        if repr(former.when) != repr(now.when):
            message = N_("“{label}”, made from {minimum} units on, now means other options.")
            yield Change(NARROWING, _first(now), message, params)
        yield from moq_changes(former.terms, now.terms, _first(now), now.label, currency)
    for code, former in before.items():
        if code not in after:
            message = N_("“{label}” together no longer has a minimum of its own.")
            yield Change(WIDENING, _first(former), message, {"label": former.label})


def _kind(rule: Rule, old: ProductSchema, former: Rule | None) -> str:
    """What a new rule does to answers that were valid under the old schema and, if it replaces one, its former."""
    if any(not _can_hold(test, old) for test in rule.when):
        return SAME
    open_demands = [demand for demand in rule.then if not _always_met(demand, old)]
    if former is not None:
        open_demands = [
            demand for demand in open_demands if not any(_implies(each, demand) for each in former.then)
        ]
        return NARROWING if open_demands else WIDENING
    return NARROWING if open_demands else SAME


def _can_hold(test: Test, old: ProductSchema) -> bool:
    """Whether any valid old answer may pass a test."""
    attribute = old.find(test.path)
    if attribute is None:
        return False
    codes = _codes(attribute)
    if codes is not None:
        return any(passes(test, code) for code in codes)
    if attribute.kind == "integer":
        low = max(_known(attribute.minimum), _known(test.minimum), key=lambda each: each[1])
        high = min(
            _known(attribute.maximum, high=True), _known(test.maximum, high=True), key=lambda each: each[1]
        )
        within = low[1] <= high[1]
        if test.allowed is None:
            return within
        return any(
            _within(attribute, each) and passes(replace(test, allowed=None), each) for each in test.allowed
        )
    return True


def _known(bound: int | None, *, high: bool = False) -> tuple[bool, int]:
    end = 2**62 if high else -(2**62)
    return (bound is not None, end if bound is None else bound)


def _within(attribute: Attribute, value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    low, high = _known(attribute.minimum)[1], _known(attribute.maximum, high=True)[1]
    return low <= value <= high


def _always_met(demand: Demand, old: ProductSchema) -> bool:
    """Whether every valid old answer meets a demand, whatever else it says."""
    attribute = old.find(demand.path)
    if demand.kind == "needed":
        return attribute is not None and attribute.required
    if attribute is None:
        return True  # nobody has answered it: nothing is there to forbid or to limit
    if demand.kind == "forbidden":
        return False
    codes = _codes(attribute)
    if codes is not None:
        return all(passes(demand.test, code) for code in codes)
    if attribute.kind == "integer" and demand.test.allowed is None:
        bounds = (attribute.minimum, attribute.maximum)
        return all(bound is not None and passes(demand.test, bound) for bound in bounds)
    return False


def _implies(former: Demand, demand: Demand) -> bool:
    """Whether whoever met the former demand meets this one."""
    if former.path != demand.path:
        return False
    if former.kind != demand.kind:
        return former.kind == "forbidden" and demand.kind == "limited"
    if demand.kind != "limited":
        return True
    if former.test.allowed is not None:
        return all(passes(demand.test, value) for value in former.test.allowed if passes(former.test, value))
    if demand.test.allowed is not None:
        return False
    low = demand.test.minimum is None or _known(former.test.minimum)[1] >= demand.test.minimum
    return low and (
        demand.test.maximum is None or _known(former.test.maximum, high=True)[1] <= demand.test.maximum
    )


def _codes(attribute: Attribute) -> tuple[object, ...] | None:
    """Every answer there is, where they can be counted."""
    if attribute.kind == "choice":
        return tuple(option.code for option in attribute.options)
    return {"flag": (True, False), "confirm": (True,)}.get(attribute.kind)


def _cannot_be(combination: Combination, old: ProductSchema) -> bool:
    """Whether nobody can have chosen this under the old schema."""
    for name, codes in combination.when:
        attribute = old.find(name)
        if attribute is None:
            return True
        if attribute.options and not any(
            same(each.code, code) for each in attribute.options for code in codes
        ):
            return True
    return False


def _first(combination: Combination) -> str:
    return combination.when[0][0]


def _path(rule: Rule) -> str:
    return rule.attributes[0]


def _when(rule: Rule) -> str:
    """What a rule is about, as text: in Python true equals 1, in JSON it does not."""
    return repr(sorted(map(repr, rule.when)))


def _said(rule: Rule) -> str:
    return _when(rule) + repr(sorted(map(repr, rule.then)))
