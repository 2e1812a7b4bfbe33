"""The five product families shipped with the house, judged by their own examples."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.catalog import dialect
from c2b.catalog.explain import impossible, witness
from c2b.catalog.validation import validate
from c2b.kit.i18n import use_locale
from tests.catalog.samples import PRODUCTS, example, examples, newest, parsed, product, versions
from tests.catalog.verdicts import VERDICTS

VALID = [(name, which) for name in PRODUCTS for which in examples(name, "valid")]
INVALID = [(name, which) for name in PRODUCTS for which in examples(name, "invalid")]


@pytest.mark.parametrize("name", PRODUCTS)
class TestProductSchema:
    def test_passes_the_dialect(self, name: str) -> None:
        assert dialect.check(product(name)) == []

    def test_has_no_option_that_can_never_be_chosen(self, name: str) -> None:
        assert impossible(parsed(name), fixed=None) == {}

    def test_can_be_answered_at_all(self, name: str) -> None:
        assert witness(parsed(name)) is not None

    def test_asks_something_in_every_scope(self, name: str) -> None:
        assert all(parsed(name).of_scope(scope) for scope in ("batch", "variant", "unit"))

    def test_is_explained_by_examples_of_every_rule(self, name: str) -> None:
        """Each rule is broken by at least one invalid example: none is there without a known mistake."""
        broken = {
            error.params["reason"]["en"]
            for which in examples(name, "invalid")
            for error in validate(product(name), answers=example(name, which, folder="invalid"))
            if error.code == "rule"
        }
        assert {rule.reason["en"] for rule in parsed(name).rules} == broken


@pytest.mark.parametrize(("name", "which"), VALID)
def test_valid_example_is_accepted(name: str, which: str) -> None:
    assert validate(product(name), answers=example(name, which)) == []


@pytest.mark.parametrize(("name", "which"), INVALID)
def test_invalid_example_is_refused_for_its_mistake(name: str, which: str) -> None:
    errors = validate(product(name), answers=example(name, which, folder="invalid"))
    assert ", ".join(f"{each.path} {each.code}" for each in errors) == VERDICTS[name][which]


@pytest.mark.parametrize(("name", "which"), INVALID)
def test_refusal_is_a_sentence_in_both_languages(name: str, which: str) -> None:
    errors = validate(product(name), answers=example(name, which, folder="invalid"))
    english = [error.text() for error in errors]
    with use_locale("zh_CN"):
        chinese = [error.text() for error in errors]
    for text, translation in zip(english, chinese, strict=True):
        assert "{" not in text + translation
        assert text[-1] in ".:" or text.endswith(")")
        assert any("\u4e00" <= char <= "\u9fff" for char in translation)


@pytest.mark.parametrize("name", [name for name in PRODUCTS if len(versions(name)) > 1])
class TestANewerVersionThatOnlyAddsMinimums:
    def test_judges_every_answer_as_the_first(self, name: str) -> None:
        for folder in ("valid", "invalid"):
            for which in examples(name, folder):
                answers = example(name, which, folder=folder)
                assert validate(newest(name), answers=answers) == validate(product(name), answers=answers)

    def test_differs_in_terms_only(self, name: str) -> None:
        first, last = product(name), newest(name)
        assert last.pop("x-minimums")
        assert first != last
        assert first == _without_premiums(last)


def _without_premiums(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_premiums(each) for key, each in node.items() if key != "premium_minor"}
    return [_without_premiums(each) for each in node] if isinstance(node, list) else node


def test_every_invalid_example_has_a_verdict() -> None:
    assert {name: sorted(VERDICTS[name]) for name in PRODUCTS} == {
        name: examples(name, "invalid") for name in PRODUCTS
    }
