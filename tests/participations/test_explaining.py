"""One sentence per outcome, in both languages, and the outcomes as they are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from c2b.catalog.rules import ProductSchema, parse_schema
from c2b.kit.canonical import canonical_json
from c2b.kit.i18n import use_locale
from c2b.participations.explanations.explaining import explain
from c2b.participations.explanations.outcomes import (
    CAUSES,
    KINDS,
    CellMark,
    Change,
    Outcome,
    left,
    read_outcome,
    served,
)
from tests import world

NAVY = CellMark(key="option:case_color:navy", level="option", count=24, minimum=30)
BRASS = CellMark(key="option:plate:brass", level="option", count=1, minimum=1200)
WHOLE = CellMark(key="configuration:4f", level="configuration", count=4, minimum=10)
BLACK = Change(attribute="case_color", before="navy", after="black")
FR4 = Change(attribute="plate", before="brass", after="fr4")
ISO = Change(attribute="physical_layout", before="ansi", after="iso")

#: Outcome → the sentence in English (CNY shows as CN¥ there) and in Chinese.
SENTENCES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"kind": "first", "unit_price_minor": 42900},
        "You get your first choice at CN¥429.",
        "您将得到首选，¥429。",
    ),
    (
        {"kind": "left", "cause": "tier", "limit_minor": 42900, "lowest_minor": 45900, "returned_minor": 44400},
        "The group reached the price of CN¥459, and you take part from CN¥429 on, so you are out and get all of your "
        "money back: CN¥444.",
        "定制团只达到 ¥459 的价格，而您要降到 ¥429 才参加，因此您退出本团，已付的 ¥444 全额退还。",
    ),
    (
        {"kind": "first", "unit_price_minor": 39950, "saved_minor": 3000, "returned_minor": 3000},
        "You get your first choice at CN¥399.50; you save CN¥30.",
        "您将得到首选，¥399.50，退还 ¥30。",
    ),
    (
        {"kind": "first", "unit_price_minor": 39900, "saved_minor": 6000, "returned_minor": 6000, "quantity": 2},
        "You get your first choice at CN¥399 each; you save CN¥60 in all.",
        "您将得到首选，每台 ¥399，共退还 ¥60。",
    ),
    (  # a dearer alternative had been paid for: not a saving against the first choice's promise
        {"kind": "first", "unit_price_minor": 39900, "saved_minor": 0, "returned_minor": 2000},
        "You get your first choice at CN¥399; CN¥20 comes back to you.",
        "您将得到首选，¥399，退还 ¥20。",
    ),
    (
        {"kind": "alternative", "rank": 1, "cause": "minimum", "cell": NAVY, "changes": (BLACK,),
         "unit_price_minor": 39900, "saved_minor": 3000, "returned_minor": 3000},
        "Navy needed 30 and reached 24, so you get your second choice, Black, at CN¥399; you save CN¥30.",
        "藏青色需 30 台、实有 24 台，因此您将得到第二选择：黑色，¥399，退还 ¥30。",
    ),
    (
        {"kind": "alternative", "rank": 2, "cause": "minimum", "cell": NAVY, "also": (BRASS,),
         "changes": (BLACK, FR4), "unit_price_minor": 39900},
        "Navy needed 30 and reached 24, and Brass needed 1,200 and reached 1, "
        "so you get your third choice (Black and FR4) at CN¥399.",
        "藏青色需 30 台、实有 24 台；黄铜需 1,200 台、实有 1 台，因此您将得到第三选择（黑色、FR4 玻纤），¥399。",
    ),
    (
        {"kind": "alternative", "rank": 5, "cause": "minimum", "changes": (FR4,), "unit_price_minor": 39900,
         "cell": CellMark(key="combination:navy_brass", level="combination", count=9, minimum=20)},
        "Navy with brass needed 20 and reached 9, so you get your sixth choice, FR4, at CN¥399.",
        "藏青配黄铜需 20 台、实有 9 台，因此您将得到第六选择：FR4 玻纤，¥399。",
    ),
    (
        {"kind": "alternative", "rank": 4, "cause": "minimum", "cell": WHOLE, "changes": (ISO, BLACK, FR4),
         "unit_price_minor": 39900, "quantity": 3, "saved_minor": 9000, "returned_minor": 9000},
        "Your exact configuration needed 10 and reached 4, so you get your fifth choice "
        "(ISO (Europe), Black and FR4) at CN¥399 each; you save CN¥90 in all.",
        "您所选的整套配置需 10 台、实有 4 台，因此您将得到第五选择（ISO（欧式）、黑色、FR4 玻纤），"
        "每台 ¥399，共退还 ¥90。",
    ),
    (
        {"kind": "alternative", "rank": 3, "cause": "price", "limit_minor": 43900, "unit_price_minor": 39900,
         "changes": (Change(attribute="plate", before="brass", after="pc"),)},
        "Your first choice would have cost more than your limit of CN¥439, "
        "so you get your fourth choice (Plate: Polycarbonate) at CN¥399.",
        "您的首选会超出您的限价 ¥439，因此您将得到第四选择：PC，¥399。",
    ),
    (
        {"kind": "alternative", "rank": 1, "cause": "vote", "decided": ("connectivity", "wired"),
         "changes": (BLACK,), "unit_price_minor": 39900},
        "The group decided for Wired USB-C, so you get your second choice, Black, at CN¥399.",
        "全团投票选定了有线 USB-C，因此您将得到第二选择：黑色，¥399。",
    ),
    (
        {"kind": "alternative", "rank": 1, "cause": "schema", "unit_price_minor": 39900,
         "changes": (Change(attribute="engraving", before={"text": "Bo"}, after=None),)},
        "Your first choice is no longer offered, so you get your second choice (Engraving: none) at CN¥399.",
        "您的首选已不再供应，因此您将得到第二选择（刻字：无），¥399。",
    ),
    (
        {"kind": "alternative", "rank": 1, "cause": "group", "unit_price_minor": 39900,
         "cell": CellMark(key="option:case_color:navy", level="option", count=30, minimum=30),
         "changes": (Change(attribute="case_color", before="black", after="navy"),)},
        "With you, Navy comes to its minimum of 30, so you get your second choice, Navy, at CN¥399.",
        "加上您，藏青色达到最小起订量 30 台，因此您将得到第二选择：藏青色，¥399。",
    ),
    (  # kept by another release, without its cause
        {"kind": "alternative", "rank": 1, "changes": (BLACK,), "unit_price_minor": 39900},
        "You get your second choice, Black, at CN¥399.",
        "您将得到第二选择：黑色，¥399。",
    ),
    (
        {"kind": "fee", "cell": NAVY, "fee_minor": 1200, "unit_price_minor": 42900},
        "Navy reached 24 of 30; you pay CN¥12 toward the small lot, within your limit, "
        "and get your first choice at CN¥429.",
        "藏青色需 30 台、实有 24 台，您在自己设定的限额内分担小批量附加费 ¥12，将得到首选，¥429。",
    ),
    (
        {"kind": "fee", "rank": 1, "cause": "price", "limit_minor": 43900, "cell": NAVY, "fee_minor": 2400,
         "changes": (Change(attribute="case_color", before="silver", after="navy"),), "quantity": 2,
         "unit_price_minor": 39900, "saved_minor": 3600, "returned_minor": 4200},
        "Your first choice would have cost more than your limit of CN¥439, so you get your second choice, Navy, at "
        "CN¥399 each; Navy reached 24 of 30, and you pay CN¥24 toward the small lot, within your limit; "
        "CN¥42 comes back to you.",
        "您的首选会超出您的限价 ¥439，因此您将得到第二选择：藏青色，每台 ¥399；藏青色需 30 台、实有 24 台，"
        "您在自己设定的限额内分担小批量附加费 ¥24，退还 ¥42。",
    ),
    (
        {"kind": "left", "cause": "minimum", "cell": NAVY, "returned_minor": 42900},
        "Navy needed 30 and reached 24, so you are out and get all of your money back: CN¥429.",
        "藏青色需 30 台、实有 24 台，因此您退出本团，已付的 ¥429 全额退还。",
    ),
    (
        {"kind": "left", "cause": "minimum", "cell": NAVY, "choices": 3, "returned_minor": 42900},
        "Navy needed 30 and reached 24, and none of your other choices could be made either, "
        "so you are out and get all of your money back: CN¥429.",
        "藏青色需 30 台、实有 24 台，您的其他选择也都无法生产，因此您退出本团，已付的 ¥429 全额退还。",
    ),
    (
        {"kind": "left", "cause": "price", "limit_minor": 41000, "lowest_minor": 42900, "returned_minor": 41000},
        "The lowest price for one of your choices was CN¥429 and your limit is CN¥410, "
        "so you are out and get all of your money back: CN¥410.",
        "您的各项选择最低也要 ¥429，而您的限价是 ¥410，因此您退出本团，已付的 ¥410 全额退还。",
    ),
    (
        {"kind": "left", "cause": "vote", "decided": ("connectivity", "wired"), "returned_minor": 42900},
        "The group decided for Wired USB-C, which you did not want, "
        "so you are out and get all of your money back: CN¥429.",
        "全团投票选定了有线 USB-C，这不在您接受的结果之内，因此您退出本团，已付的 ¥429 全额退还。",
    ),
    (
        {"kind": "left", "cause": "schema", "returned_minor": 42900},
        "What you chose is no longer offered, so you are out and get all of your money back: CN¥429.",
        "您选择的配置已不再供应，因此您退出本团，已付的 ¥429 全额退还。",
    ),
    (
        {"kind": "left", "cause": "full", "quantity": 5, "returned_minor": 214500},
        "There was no room left for your units, so you are out and get all of your money back: CN¥2,145.",
        "本团已没有容纳您所订台数的名额，因此您退出本团，已付的 ¥2,145 全额退还。",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> ProductSchema:
    minimums = {"combinations": [{"code": "navy_brass", "label": {"en": "Navy with brass", "zh": "藏青配黄铜"},
                                  "when": {"case_color": ["navy"], "plate": ["brass"]}, "moq": 20}]}  # fmt: skip
    return parse_schema({**world.schema_document(), "x-minimums": minimums})


class TestTheSentence:
    @pytest.mark.parametrize(("fields", "english", "chinese"), SENTENCES)
    def test_says_what_a_member_got_and_why(self, schema, fields, english, chinese):
        outcome = Outcome(**fields)
        with use_locale("en"):
            assert explain(schema, outcome, "CNY") == english
        with use_locale("zh_CN"):
            assert explain(schema, outcome, "CNY") == chinese

    @pytest.mark.parametrize("locale", ["en", "zh_CN"])
    @pytest.mark.parametrize("cause", [*CAUSES, None])
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_whole_even_where_little_was_kept(self, schema, kind, cause, locale):
        with use_locale(locale):
            for rank in range(5):
                said = explain(schema, Outcome(kind=kind, cause=cause, rank=rank, fee_minor=100), "CNY")
                assert said[-1] in ".。" and "{" not in said and "None " not in said.removeprefix("None of")

    def test_names_an_option_by_its_question_where_its_label_does_not_say_which(self, schema):
        none = Change(attribute="switch", before="linear_a", after="none")
        outcome = Outcome(kind="alternative", rank=1, changes=(none,), unit_price_minor=39900)
        assert "(Switches: None)" in explain(schema, outcome, "CNY")


class TestAnOutcome:
    @pytest.mark.parametrize("fields", [fields for fields, _, _ in SENTENCES])
    def test_is_read_as_it_was_kept(self, fields):
        outcome = Outcome(**fields)
        assert read_outcome(json.loads(canonical_json(outcome.to_json()))) == outcome

    def test_of_somebody_served_says_what_changed_and_what_comes_back(self, schema):
        first = {**world.ANSWERS, "case_color": "navy"}
        given = {**world.ANSWERS, "case_color": "black"}
        outcome = served(
            schema, rank=1, first=first, given=given, quantity=2, choices=2, unit_price_minor=39900, fee_minor=0,
            promised_minor=85800, paid_minor=90000, settled_minor=79800, schema_version=1, cause="minimum",
            cells=(NAVY, BRASS),
        )  # fmt: skip
        assert (outcome.kind, outcome.changes, outcome.cell, outcome.also) == (
            "alternative", (BLACK,), NAVY, (BRASS,),
        )  # fmt: skip
        assert (outcome.saved_minor, outcome.returned_minor) == (6000, 10200)

    def test_of_a_first_choice_keeps_no_cause(self, schema):
        same = {"quantity": 1, "choices": 1, "unit_price_minor": 1, "promised_minor": 1, "paid_minor": 1,
                "settled_minor": 1, "schema_version": 1}  # fmt: skip
        first = served(
            schema, rank=0, first=world.ANSWERS, given=world.ANSWERS, fee_minor=0, cause="group", **same
        )
        assert (first.kind, first.cause, first.changes) == ("first", None, ())
        assert served(schema, rank=0, first={}, given={}, fee_minor=5, **same).kind == "fee"

    def test_of_somebody_who_leaves_gives_everything_back(self):
        outcome = left(
            cause="minimum", quantity=1, choices=2, paid_minor=42900, schema_version=1, cells=(NAVY,)
        )
        assert (outcome.kind, outcome.returned_minor, outcome.cell) == ("left", 42900, NAVY)
