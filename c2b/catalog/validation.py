"""Whether answers are right, and if not, one sentence per cause that somebody can act on.

jsonschema decides; its findings are grouped by cause: one per field, one per broken rule (in the words of the
rule), beside the field that the reader can change. jsonschema-rs only saves time: it may say "right" early. The
tests hold the two to the same verdicts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jsonschema_rs

from c2b.catalog import messages
from c2b.catalog.conditions import Answers, broken
from c2b.catalog.engine import FORMATS, safe_validator
from c2b.catalog.explain import SearchTooLarge, blocking_rules
from c2b.catalog.schema import SCOPES, ProductSchema, Rule, parse_schema
from c2b.catalog.tidying import tidied
from c2b.kit.canonical import digest as digest_of
from c2b.kit.errors import FieldError

MAX_ERRORS = 20
MAX_COMPILED = 256


@dataclass(frozen=True)
class Compiled:
    """A product schema ready to judge answers: milliseconds to make, microseconds to use."""

    schema: ProductSchema
    authority: Any
    fast: Any

    def accepts(self, answers: Answers) -> bool:
        """The verdict, without reasons. A broken rule settles it: jsonschema takes many times as long to say so."""
        if self.fast.is_valid(answers):
            return True
        if any(broken(rule, answers) for rule in self.schema.rules):
            return False
        return bool(self.authority.is_valid(answers))


_compiled: OrderedDict[str, Compiled] = OrderedDict()
_lock = Lock()


def compiled(document: Mapping[str, Any], *, digest: str | None = None) -> Compiled:
    """The compiled form of a published document, kept by its digest (computed here when not given)."""
    key = digest or digest_of(document)
    with _lock:
        if key in _compiled:
            _compiled.move_to_end(key)
            return _compiled[key]
    made = _compile(document)
    with _lock:
        _compiled[key] = made
        while len(_compiled) > MAX_COMPILED:
            _compiled.popitem(last=False)
    return made


def validate(
    document: Mapping[str, Any], *, answers: object, fixed: Answers | None = None, digest: str | None = None
) -> list[FieldError]:
    """What is wrong with a member's answers; empty when nothing is. Never raises, whatever `answers` is.

    `fixed` are the campaign's batch answers: merged before judging, not to be contradicted. Without them
    (None) the answers must be complete in every scope. `digest` of the document saves computing it.
    """
    return judge(document, answers=answers, fixed=fixed, digest=digest)[1]


def judge(
    document: Mapping[str, Any], *, answers: object, fixed: Answers | None = None, digest: str | None = None
) -> tuple[dict[str, Any], list[FieldError]]:
    """As `validate`, with the tidied answers to store when there are no errors."""
    made = compiled(document, digest=digest)
    clean, errors = tidied(answers)
    if errors:
        return {}, errors[:MAX_ERRORS]
    errors = [] if fixed is None else list(_contradictions(made.schema, clean, fixed))
    merged = {**clean, **(fixed or {})}
    if not errors and made.accepts(merged):
        return clean, []
    found = [*errors, *_explain(made, merged, _editable(made.schema, fixed))] or [messages.misfit()]
    return clean, found[:MAX_ERRORS]


def validate_batch(
    document: Mapping[str, Any], batch_answers: object, *, digest: str | None = None
) -> list[FieldError]:
    """What is wrong with what an organizer fixes: batch attributes only, and members can still complete them."""
    made = compiled(document, digest=digest)
    clean, errors = tidied(batch_answers)
    if errors:
        return errors[:MAX_ERRORS]
    batch = made.schema.names("batch")
    errors = [messages.not_batch(made.schema, key) for key in clean if key not in batch]
    own = {key: value for key, value in clean.items() if key in batch}
    found = _explain(made, own, batch, partial=True)
    errors += [each for each in found if each.path.partition(".")[0] in batch]
    return errors[:MAX_ERRORS] if errors else list(_dead_end(made.schema, own))


def _compile(document: Mapping[str, Any]) -> Compiled:
    fast = jsonschema_rs.Draft202012Validator(
        dict(document),
        formats=FORMATS,
        validate_formats=True,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )
    return Compiled(schema=parse_schema(document), authority=safe_validator(document), fast=fast)


def _editable(schema: ProductSchema, fixed: Answers | None) -> frozenset[str]:
    """What the author of the answers can change: for a member neither batch attributes nor what else is fixed."""
    if fixed is None:
        return schema.names(*SCOPES)
    return schema.names("variant", "unit") - fixed.keys()


def _contradictions(schema: ProductSchema, answers: Answers, fixed: Answers) -> Iterator[FieldError]:
    for name in answers:
        attribute = schema.find(name)
        if attribute is None or (attribute.scope != "batch" and name not in fixed):
            continue
        if name not in fixed:
            yield messages.organizers_choice(attribute)
        elif type(answers[name]) is not type(fixed[name]) or answers[name] != fixed[name]:
            yield messages.fixed_differently(attribute, fixed[name])


def _explain(
    made: Compiled, answers: Answers, editable: frozenset[str], *, partial: bool = False
) -> list[FieldError]:
    """All causes, in the order of the form: first what is wrong by itself, then the rules between right answers.

    `partial`: only the editable attributes are being answered, what rules ask of others can still be met.
    """
    own: dict[str, FieldError] = {}
    rules: dict[int, Rule] = {}
    for error in made.authority.iter_errors(answers):
        place = error.absolute_schema_path
        if place[0] == "allOf":
            rules[place[1]] = made.schema.rules[place[1]]
            continue
        if messages.path_of(error) in own and not messages.is_about_keys(error):
            continue  # a long list of wrong items is one mistake, and is put into words once
        for found in messages.of(made.schema, error, answers):
            own.setdefault(found.path, found)
    errors = [messages.settled(made.schema, each, editable) for each in own.values()]
    for rule in rules.values():
        found_rule = _rule_error(rule, answers, editable, set(own), partial=partial)
        if found_rule is not None:
            errors.append(found_rule)
    position = {each.name: number for number, each in enumerate(made.schema.attributes)}
    return sorted(errors, key=lambda each: position.get(each.path.partition(".")[0], -1))


def _rule_error(
    rule: Rule, answers: Answers, editable: frozenset[str], wrong: set[str], *, partial: bool
) -> FieldError | None:
    """The sentence of a broken rule, beside the field to change; None while one of its fields is wrong anyway."""

    def among(path: str, names: frozenset[str] | set[str]) -> bool:
        return path.partition(".")[0] in names

    wrong_names = {path.partition(".")[0] for path in wrong}
    conditions = [test.path for test in rule.when]
    unmet = [each.path for each in broken(rule, answers)]
    left = [path for path in unmet if not among(path, wrong_names) and (among(path, editable) or not partial)]
    if unmet and (not left or any(among(path, wrong_names) for path in conditions)):
        return None
    return messages.broken_rule(rule, [path for path in [*left, *conditions] if among(path, editable)])


def _dead_end(schema: ProductSchema, batch_answers: Answers) -> Iterator[FieldError]:
    try:
        rules = blocking_rules(schema, fixed=batch_answers, chosen={})
    except SearchTooLarge:
        return  # lint refuses such a schema before it is published
    for rule in rules[:1]:
        path = next((name for name in rule.attributes if name in schema.names("batch")), "")
        yield messages.dead_end(rule, path)
