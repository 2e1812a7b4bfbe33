"""`c2b schemas check`: all is in order, and every kind of disorder is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from c2b.catalog.lint import check_all, main
from tests.catalog.samples import LAMP, option, small, words

Disorder = Callable[[Path], object]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with one right schema and its examples."""
    lamp = tmp_path / "schemas/products/lamp"
    for folder, answers in (("valid", LAMP), ("invalid", {**LAMP, "shade": 9})):
        place = lamp / "examples/1" / folder
        place.mkdir(parents=True)
        (place / "plain.json").write_text(json.dumps(answers))
    (lamp / "1.schema.json").write_text(json.dumps(small()))
    return tmp_path


def rewritten(change: Callable[[dict[str, Any]], object]) -> Disorder:
    def disorder(house: Path) -> None:
        document = small()
        change(document)
        (house / "schemas/products/lamp/1.schema.json").write_text(json.dumps(document))

    return disorder


def example_file(house: Path, name: str) -> Path:
    return house / "schemas/products/lamp/examples/1" / name


COMBINATION = {"code": "pair", "label": words("Pair"), "moq": 4}
WATTS = {
    "x-title": words("Set"), "x-scope": "variant", "type": "string", "enum": ["w5"], "x-options": [option("w5")],
}  # fmt: skip
NO_SET_WITH_ONE = {
    "x-reason": words("Shade 1 has no set."),
    "if": {"properties": {"shade": {"const": 1}}, "required": ["shade"]},
    "then": {"properties": {"watts_set": False}},
}

DISORDERS: dict[str, tuple[Disorder, str]] = {
    "no JSON": (lambda h: (h / "schemas/products/lamp/1.schema.json").write_text("{"), "not a JSON Schema"),
    "no JSON Schema": (rewritten(lambda d: d.update(required="base")), "not a JSON Schema"),
    "outside the dialect": (rewritten(lambda d: d.update(oneOf=[{}])), "lamp/1.schema.json"),
    "codes that differ": (
        rewritten(lambda d: d["properties"]["base"]["enum"].reverse()),
        "the codes must be those",
    ),
    "an option for nobody": (
        rewritten(lambda d: d["allOf"][0]["then"]["properties"]["watts"].update(maximum=4)),
        "the option 2 can never be chosen",
    ),
    "a combination for nobody": (
        rewritten(
            lambda d: (
                d.update(
                    {
                        "x-minimums": {
                            "combinations": [{**COMBINATION, "when": {"shade": [1], "watts_set": ["w5"]}}]
                        }
                    }
                )
                or d["properties"].update(watts_set=WATTS)
                or d["x-order"].append("watts_set")
                or d["allOf"].append(NO_SET_WITH_ONE)
            )
        ),
        "the combination pair can never be chosen",
    ),
    "a blank label": (
        rewritten(lambda d: d["properties"]["base"]["x-title"].update(zh=" ")),
        "the zh label is blank",
    ),
    "a label not translated": (
        rewritten(
            lambda d: d["properties"]["base"].update(
                {"x-help": {"en": "Choose the base", "zh": "Choose the base"}}
            )
        ),
        "not translated",
    ),
    "languages swapped": (
        rewritten(lambda d: d["properties"]["base"].update({"x-help": {"en": "底座", "zh": "Base"}})),
        "swapped",
    ),
    "a valid example refused": (
        lambda h: example_file(h, "valid/plain.json").write_text(json.dumps({**LAMP, "base": "gold"})),
        "is refused: base: “gold” is not offered",
    ),
    "an invalid example accepted": (
        lambda h: example_file(h, "invalid/plain.json").write_text(json.dumps(LAMP)),
        "is accepted, although",
    ),
    "an example that is no JSON": (
        lambda h: example_file(h, "valid/plain.json").write_text("{"),
        "is not JSON",
    ),
    "no examples": (lambda h: example_file(h, "invalid/plain.json").unlink(), "has no examples"),
}


class TestLint:
    def test_finds_the_shipped_schemas_in_order(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert check_all() == []
        assert main() == 0
        assert "7 product schemas" in capsys.readouterr().out

    def test_finds_a_right_house_in_order(self, house: Path) -> None:
        assert check_all(house) == []

    @pytest.mark.parametrize("name", DISORDERS)
    def test_finds(self, name: str, house: Path, capsys: pytest.CaptureFixture[str]) -> None:
        disorder, words = DISORDERS[name]
        disorder(house)
        problems = check_all(house)
        assert any(words in problem for problem in problems), problems
        assert main(house) == 1
        assert problems[0] in capsys.readouterr().out

    def test_finds_an_empty_house(self, tmp_path: Path) -> None:
        assert "there is no product schema" in check_all(tmp_path)[0]
