"""What a nudge says, in both languages."""

from __future__ import annotations

import pytest

from c2b.catalog.rules import ProductSchema, parse_schema
from c2b.kit.i18n import use_locale
from c2b.participations.foresight.urging import benefits, urge
from tests import world

NUDGE = {"key": "option:case_color:navy", "count": 27, "minimum": 30, "people": 3, "served": 2, "better": 0,
         "from": ["option:case_color:black"]}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> ProductSchema:
    return parse_schema(world.schema_document())


@pytest.mark.parametrize(
    ("changes", "locale", "said"),
    [
        ({}, "en", "3 people moving from Black to Navy make Navy real."),
        ({}, "zh_CN", "只要有 3 人从黑色改选藏青色，藏青色就能生产。"),
        ({"people": 1}, "en", "1 person moving from Black to Navy makes Navy real."),
        ({"from": []}, "en", "3 people moving to Navy make Navy real."),
        ({"from": []}, "zh_CN", "只要有 3 人改选藏青色，藏青色就能生产。"),
        (
            {"from": ["option:case_color:black", "option:case_color:silver"]},
            "en",
            "3 people moving from Black and Silver to Navy make Navy real.",
        ),
    ],
)
def test_a_nudge_says_who_moving_where_makes_what_real(schema, changes, locale, said):
    with use_locale(locale):
        assert urge(schema, {**NUDGE, **changes}) == said


def test_a_nudge_says_how_far_it_is_and_whom_it_helps():
    assert benefits(NUDGE) == (
        "27 of 30 want it so far.",
        "2 people would get something who get nothing now.",
    )
    assert benefits({**NUDGE, "served": 0, "better": 1})[1:] == (
        "1 person would get a choice they like better.",
    )
    with use_locale("zh_CN"):
        assert benefits(NUDGE) == ("目前想要的有 27 台，需要 30 台。", "另有 2 人将从落空变为有货。")
