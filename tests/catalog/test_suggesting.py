"""The nearest answers that are right: always right, as little changed as can be, no dearer where that can be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.catalog import dialect
from c2b.catalog.suggesting import nearest
from c2b.catalog.validation import judge
from tests.catalog import strategies
from tests.catalog.samples import LAMP, small
from tests.catalog.test_evolution import FLAG, add, remove, without_option

FIXED = {"base": "steel", "dimmer": False}
OWN = {key: value for key, value in LAMP.items() if key not in FIXED}


def found(document: dict[str, Any], answers: dict[str, Any], **prices: int) -> dict[str, Any] | None:
    return nearest(document, answers, fixed=FIXED, prices=prices)


class TestTheNearest:
    def test_of_right_answers_are_these(self):
        assert found(small(), OWN) == OWN

    def test_replaces_an_option_that_is_gone_by_the_one_that_adds_most_like_it(self):
        document = small()
        shade = document["properties"]["shade"]
        shade["enum"] += [3, 4]
        shade["x-options"] += [{**shade["x-options"][0], "code": code, "surcharge_minor": extra}
                               for code, extra in ((3, 90), (4, 400))]  # fmt: skip
        without_option(document, "shade", 1)
        for price, code in ((100, 3), (90, 3), (399, 3), (400, 4), (0, 2)):
            assert found(document, OWN, shade=price) == {"shade": code}, price

    def test_leaves_out_what_is_no_longer_asked_and_answers_what_is_new(self):
        document = small()
        add(document, "plug", FLAG, required=True)
        remove(document, "tag")
        assert found(document, {**OWN, "tag": "ABC"}) == {**OWN, "plug": False}

    def test_keeps_rules_by_changing_what_they_connect(self):
        fits = found(small(), {"shade": 2})
        assert fits == {"shade": 2, "watts": fits["watts"]} if fits else False

    def test_is_nothing_where_only_a_person_can_say(self):
        document = small()
        document["required"].append("tag")
        assert found(document, OWN) is None


class TestAnyAnswers:
    @settings(max_examples=150, deadline=None)
    @given(st.data())
    @pytest.mark.parametrize("nearly", [False, True])
    def test_lead_to_right_ones_or_to_nothing(self, nearly, data):
        document = data.draw(strategies.schemas().filter(lambda drawn: dialect.check(drawn) == []))
        schema = dialect.parse_schema(document)
        answers = data.draw(strategies.answers_to(schema, nearly=nearly))
        fixed = data.draw(strategies.answers_to(schema, scopes=("batch",)))
        fits = nearest(document, answers, fixed=fixed, prices={})
        assert fits is None or judge(document, answers=fits, fixed=fixed)[1] == []
