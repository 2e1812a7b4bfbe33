"""Whatever is sent: no exception, no hang, and every engine of the house comes to the same verdict."""

from __future__ import annotations

from itertools import product as combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from c2b.catalog import dialect
from c2b.catalog.conditions import MISSING, broken
from c2b.catalog.explain import witness
from c2b.catalog.rules import configuration_key
from c2b.catalog.schema import parse_schema
from c2b.catalog.tidying import is_visible, tidied
from c2b.catalog.validation import MAX_ERRORS, Compiled, compiled, validate, validate_batch
from c2b.kit.canonical import canonical_json
from tests.catalog.samples import PRODUCTS, hang_guard, parsed, product, small
from tests.catalog.strategies import answers_to, anything, schemas

SMALL = parse_schema(small())
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def agree(made: Compiled, answers: dict[str, Any]) -> bool:
    """The verdict of the fast engine and of the authority, which must be one."""
    fast, slow = made.fast.is_valid(answers), made.authority.is_valid(answers)
    assert fast == slow, answers
    return bool(fast)


class TestHostileAnswers:
    @given(answers=anything, fixed=st.none() | answers_to(SMALL, scopes=("batch",)))
    @settings(calm, max_examples=200)
    def test_of_any_shape_get_an_answer(self, answers: object, fixed: dict[str, Any] | None) -> None:
        with hang_guard():
            errors = validate(small(), answers=answers, fixed=fixed)
        assert isinstance(errors, list)
        assert len(errors) <= MAX_ERRORS
        assert all(len(error.text()) < 1_000 for error in errors)

    @given(answers=anything)
    @settings(calm, max_examples=200)
    def test_of_an_organizer_get_an_answer_too(self, answers: object) -> None:
        with hang_guard():
            assert isinstance(validate_batch(small(), answers), list)

    @given(answers=answers_to(SMALL, nearly=True))
    @settings(calm, max_examples=200)
    def test_that_are_accepted_hold_only_declared_and_canonical_answers(
        self, answers: dict[str, Any]
    ) -> None:
        if validate(small(), answers=answers):
            event("refused")
            return
        event("accepted")
        assert answers.keys() <= {each.name for each in SMALL.attributes}
        assert canonical_json(answers)
        assert configuration_key(SMALL, answers)

    def test_the_largest_answers_to_the_largest_schema_end(self) -> None:
        document = small()
        rules = document["allOf"]
        document["allOf"] = [
            {**rules[0], "if": {"properties": {"shade": {"enum": [1, 2]}}, "required": ["shade"]}}
            for _ in range(120)
        ]
        assert dialect.check(document) == []
        answers = {f"k{n}": ["x" * 20] * 10 for n in range(150)} | {"shade": 2}
        with hang_guard():
            assert len(validate(document, answers=answers)) == MAX_ERRORS

    def test_a_list_of_many_objects_is_compared_in_linear_time(self) -> None:
        """`uniqueItems` on 3,000 objects costs jsonschema more than eight seconds; lists here end at 2,000 nodes."""
        items = [{"n": n} for n in range(900)]
        with hang_guard():
            assert (
                validate(small(), answers={"base": "steel", "dimmer": True, "shade": 1, "extras": items})
                != []
            )


class TestEngines:
    @pytest.mark.parametrize("name", PRODUCTS)
    @given(data=st.data())
    @settings(calm, max_examples=60)
    def test_agree_about_right_and_nearly_right_answers(self, name: str, data: st.DataObject) -> None:
        made = compiled(product(name))
        drawn = data.draw(answers_to(parsed(name), nearly=data.draw(st.booleans())))
        answers, errors = tidied(drawn)
        if not errors:
            event("accepted" if agree(made, answers) else "refused")

    @given(document=schemas(), data=st.data())
    @settings(calm, max_examples=120)
    def test_agree_about_schemas_nobody_wrote(self, document: dict[str, Any], data: st.DataObject) -> None:
        assume(dialect.check(document) == [])
        made = compiled(document)
        for nearly in (False, True):
            answers, errors = tidied(data.draw(answers_to(made.schema, nearly=nearly)))
            if not errors:
                verdict = agree(made, answers)
                assert (validate(document, answers=answers) == []) == verdict

    @given(document=schemas(), data=st.data())
    @settings(calm, max_examples=120)
    def test_and_the_rules_read_directly_agree(self, document: dict[str, Any], data: st.DataObject) -> None:
        """For answers right by themselves, a rule is broken exactly when jsonschema finds something below it."""
        assume(dialect.check(document) == [])
        made = compiled(document)
        answers = data.draw(answers_to(made.schema))
        found = {
            error.absolute_schema_path[1]
            for error in made.authority.iter_errors(answers)
            if error.absolute_schema_path[0] == "allOf"
        }
        assert found == {rule.number for rule in made.schema.rules if broken(rule, answers)}

    @pytest.mark.parametrize("name", PRODUCTS)
    @given(data=st.data())
    @settings(calm, max_examples=40)
    def test_and_the_rules_read_directly_agree_about_the_families(
        self, name: str, data: st.DataObject
    ) -> None:
        made = compiled(product(name))
        answers = data.draw(answers_to(made.schema))
        found = {
            error.absolute_schema_path[1]
            for error in made.authority.iter_errors(answers)
            if error.absolute_schema_path[0] == "allOf"
        }
        assert found == {rule.number for rule in made.schema.rules if broken(rule, answers)}


class TestSchemasNobodyWrote:
    @given(document=anything)
    @settings(calm, max_examples=200)
    def test_of_any_shape_are_judged(self, document: object) -> None:
        with hang_guard():
            assert dialect.check(document) != []

    @given(data=st.data(), junk=anything)
    @settings(calm, max_examples=150)
    def test_with_junk_somewhere_are_judged(self, data: st.DataObject, junk: object) -> None:
        """Any one value of a right document replaced by anything: judged, and if let in, usable."""
        document = small()
        node: Any = document
        while True:
            key = data.draw(
                st.sampled_from(sorted(node)) if isinstance(node, dict) else st.integers(0, len(node) - 1)
            )
            if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.integers(0, 3)) == 0:
                break
            node = node[key]
        node[key] = junk
        with hang_guard():
            if dialect.check(document) == []:
                event("let in")
                assert isinstance(
                    validate(document, answers={"base": "steel", "dimmer": True, "shade": 1}), list
                )


class TestSearch:
    @given(document=schemas(), data=st.data())
    @settings(calm, max_examples=100)
    def test_finds_an_answer_exactly_when_there_is_one(
        self, document: dict[str, Any], data: st.DataObject
    ) -> None:
        """Against trying every combination of every choice, flag and number."""
        assume(dialect.check(document) == [])
        schema = parse_schema(document)
        domains = {}
        for attribute in schema.attributes:
            values: list[Any] = [each.code for each in attribute.options]
            if attribute.kind == "choices":
                values = [[values[0]]]
            if attribute.kind == "flag":
                values = [True, False]
            if attribute.kind == "integer":
                step = attribute.step
                low, high = attribute.minimum or 0, attribute.maximum or 0
                values = [number for number in range(low, high + 1) if number % step == 0]
            domains[attribute.name] = (values or ["A"]) + ([] if attribute.required else [MISSING])
        every = (dict(zip(domains, values, strict=True)) for values in combinations(*domains.values()))
        possible = any(
            not any(
                broken(rule, {k: v for k, v in each.items() if v is not MISSING}) for rule in schema.rules
            )
            for each in every
        )
        event("possible" if possible else "impossible")
        found = witness(schema)
        assert (found is not None) == possible
        if found is not None:
            assert not any(broken(rule, found) for rule in schema.rules)


class TestTidying:
    @given(text=st.text(max_size=20))
    @settings(calm, max_examples=150)
    def test_text_is_kept_when_every_character_shows(self, text: str) -> None:
        clean, errors = tidied({"tag": text})
        assert bool(errors) != is_visible(text)
        if not errors:
            again, _ = tidied(clean)
            assert again == clean
