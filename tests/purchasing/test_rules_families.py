"""Every product family can be ordered: each valid example of each schema becomes a balanced purchase order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from c2b.catalog import rules as catalog
from c2b.config import ROOT
from c2b.kit.canonical import canonical_json, digest
from c2b.purchasing import rules
from tests.purchasing.orders import draft

EXAMPLES = sorted((ROOT / "schemas" / "products").glob("*/examples/*/valid/*.json"))


def schema_of(example: Path) -> catalog.ProductSchema:
    number, family = example.parent.parent.name, example.parents[3]
    return catalog.parse_schema(json.loads((family / f"{number}.schema.json").read_text()))


class TestEveryFamily:
    def test_has_examples(self) -> None:
        assert len({example.parents[3] for example in EXAMPLES}) >= 5

    @pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parents[3].name}-{path.stem}")
    def test_becomes_a_balanced_order_that_spells_everything_out(self, example: Path) -> None:
        schema, answers = schema_of(example), json.loads(example.read_text())
        key = catalog.configuration_key(schema, answers)
        somebody = rules.Confirmed(
            id="bo", quantity=3, answers=answers, configuration_key=key, answers_digest=digest(answers)
        )
        order = draft([somebody], schema=schema).snapshot
        rules.check_balanced(schema, [somebody], order)
        said = [*order.common, *order.lines[0].specification, *order.units[0].personalization]
        assert all(each.label.en and each.label.zh and each.value.en and each.value.zh for each in said)
        spelled_out = {each.code.partition(".")[0] for each in said}
        assert spelled_out == {name for name in answers if schema.attribute(name).kind != "confirm"}
        assert canonical_json(order.to_canonical())
        assert sum(each.amount_minor for each in order.payments) == order.totals.gross_minor
