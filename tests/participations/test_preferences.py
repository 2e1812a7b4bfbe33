"""What a member wants beyond the first choice: one stored form, and a fault beside the field for everything else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.rules import PriceTier
from c2b.campaigns.votes import OpenVote
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import parse_schema
from c2b.config import ROOT
from c2b.kit.canonical import canonical_json, digest
from c2b.kit.errors import Invalid
from c2b.kit.i18n import use_locale
from c2b.participations.operations import requirement
from c2b.participations.wishes.choices import kept_wishes
from tests import world

DOCUMENT = world.schema_document()
PINNED = PinnedSchema("s1", "p1", 1, DOCUMENT, "p" * 64, parse_schema(DOCUMENT))
SECOND = json.loads((ROOT / "schemas/products/keyboard/2.schema.json").read_text())
#: The same product with small-lot premiums.
PREMIUMS = PinnedSchema("s2", "p1", 2, SECOND, "q" * 64, parse_schema(SECOND))
UNTIL = datetime(2026, 12, 24, tzinfo=UTC)
TIERS = (PriceTier(50, 45900), PriceTier(80, 42900))
OFFER = JoinOffer("c1", PINNED, world.BATCH, TIERS, "CNY", UNTIL)
#: What a unit of the first choice costs at the first tier: aluminum, the gasket and tactile switches come on top.
FIRST = 45900 + 15000 + 1500 + 1500
BLACK = {"attribute": "case_color", "any_of": ["black"]}


def whole(**changes: Any) -> dict[str, Any]:
    return {"answers": {**world.ANSWERS, **changes}}


def faults(wishes: Any, offer: JoinOffer = OFFER, **answers: Any) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        requirement(offer, answers={**world.ANSWERS, **answers}, quantity=1, preferences=wishes)
    for fault in caught.value.fields:
        for locale in ("en", "zh_CN"):
            with use_locale(locale):
                assert not set(re.findall(r"{(\w+)}", fault.text())) & fault.params.keys()
    return {
        (fault.path.removeprefix("preferences").removeprefix("."), fault.code)
        for fault in caught.value.fields
    }


def kept(wishes: Any, offer: JoinOffer = OFFER) -> dict[str, Any]:
    priced = requirement(offer, answers=world.ANSWERS, quantity=1, preferences=wishes)
    canonical_json(priced.preferences)
    return priced.preferences


class TestPreferences:
    @pytest.mark.parametrize(
        "nothing",
        [None, {}, {"alternatives": []}, {"otherwise": "refund"}, {"ask_first": False},
         {"votes": {}}],
        ids=str,
    )  # fmt: skip
    def test_that_say_nothing_are_stored_as_nothing(self, nothing):
        assert kept(nothing) == {}

    def test_are_stored_with_options_in_the_order_of_the_form_and_without_batch_answers(self):
        wishes = {
            "alternatives": [
                {"attribute": "case_color", "any_of": ["silver", "black"]},
                whole(plate="pc", connectivity="wired"),
            ],
            "limit_minor": 90000,
            "otherwise": "refund",
            "ask_first": True,
        }
        assert kept(wishes) == {
            "alternatives": [{"attribute": "case_color", "any_of": ["black", "silver"]}, whole(plate="pc")],
            "limit_minor": 90000,
            "ask_first": True,
        }

    @pytest.mark.parametrize(
        ("wishes", "found"),
        [
            ([], {("", "malformed")}),
            ("navy", {("", "malformed")}),
            ({"alternative": []}, {("alternative", "unknown")}),
            ({"alternatives": {}}, {("alternatives", "malformed")}),
            ({"alternatives": [whole(plate=p) for p in ("pc", "pom", "alu", "brass", "gold")]},
             {("alternatives", "too_many")}),
            ({"alternatives": [{}]}, {("alternatives.0", "malformed")}),
            ({"alternatives": [{**BLACK, "answers": {}}]}, {("alternatives.0", "malformed")}),
            ({"alternatives": [{"attribute": 3, "any_of": ["black"]}]}, {("alternatives.0.attribute", "malformed")}),
            ({"alternatives": [{"attribute": "case_color", "any_of": []}]}, {("alternatives.0.any_of", "malformed")}),
            ({"alternatives": [{"attribute": "case_color", "any_of": [None]}]},
             {("alternatives.0.any_of", "malformed")}),
            ({"alternatives": [{"attribute": "case_color", "any_of": ["black", "black"]}]},
             {("alternatives.0.any_of", "twice")}),
            ({"alternatives": [{"attribute": "color", "any_of": ["black"]}]},
             {("alternatives.0.attribute", "unknown")}),
            ({"alternatives": [{"attribute": "engraving.font", "any_of": ["sans"]}]},
             {("alternatives.0.attribute", "unknown")}),
            ({"alternatives": [{"attribute": "connectivity", "any_of": ["tri"]}]},
             {("alternatives.0.attribute", "not_yours")}),
            ({"alternatives": [{"attribute": "extras", "any_of": ["carry_case"]}]},
             {("alternatives.0.attribute", "no_options")}),
            ({"alternatives": [{"attribute": "case_color", "any_of": ["gold"]}]},
             {("alternatives.0.any_of", "not_offered")}),
            ({"alternatives": [{"attribute": "case_color", "any_of": ["navy", "black"]}]},
             {("alternatives.0.any_of", "same_as_first")}),
            ({"alternatives": [{"attribute": "switch", "any_of": ["hall_d"]}]}, {("alternatives.0.any_of", "rule")}),
            ({"alternatives": [whole()]}, {("alternatives.0", "same_as_first")}),
            ({"alternatives": [BLACK, whole(plate="pc"), whole(case_color="black")]}, {("alternatives.2", "twice")}),
            ({"alternatives": [whole(plate="gold"), whole(plate=None)]},
             {("alternatives.0.answers.plate", "not_offered"), ("alternatives.1.answers.plate", "not_offered")}),
            ({"alternatives": [whole(switch="hall_d")]}, {("alternatives.0.answers.switch", "rule")}),
            ({"alternatives": [{"answers": "black"}]}, {("alternatives.0.answers", "malformed")}),
            ({"limit_minor": 43900.5}, {("limit_minor", "not_whole")}),
            ({"limit_minor": "43900"}, {("limit_minor", "not_whole")}),
            ({"limit_minor": True}, {("limit_minor", "not_whole")}),
            ({"limit_minor": None}, {("limit_minor", "not_whole")}),
            ({"ask_first": None}, {("ask_first", "malformed")}),
            ({"otherwise": None}, {("otherwise", "not_offered")}),
            ({"limit_minor": 0}, {("limit_minor", "too_small")}),
            ({"limit_minor": 10**30}, {("limit_minor", "too_large")}),
            ({"ask_first": 1}, {("ask_first", "malformed")}),
            ({"ask_first": "yes"}, {("ask_first", "malformed")}),
            ({"otherwise": "wait"}, {("otherwise", "not_offered")}),
            ({"otherwise": ["refund"]}, {("otherwise", "not_offered")}),
            ({"otherwise": "small_lot_fee"}, {("fee_limit_minor", "required")}),
            ({"fee_limit_minor": 500}, {("fee_limit_minor", "without_fee")}),
            ({"otherwise": "refund", "fee_limit_minor": 500}, {("fee_limit_minor", "without_fee")}),
            ({"otherwise": "small_lot_fee", "fee_limit_minor": 0}, {("fee_limit_minor", "too_small")}),
            ({"otherwise": "small_lot_fee", "fee_limit_minor": -5}, {("fee_limit_minor", "too_small")}),
            ({"votes": []}, {("votes", "malformed")}),
            ({"votes": {"connectivity": {"ranking": ["tri"]}}}, {("votes.connectivity", "not_open")}),
        ],
    )  # fmt: skip
    def test_that_cannot_be_meant_are_refused_beside_their_field(self, wishes, found):
        assert faults(wishes) == ({(path, code) for path, code in found})

    def test_are_refused_together_with_wrong_answers(self):
        assert faults({"limit_minor": 0}, plate="gold") == {
            ("plate", "not_offered"),
            ("limit_minor", "too_small"),
        }

    def test_of_too_many_specifications_are_refused_before_they_are_multiplied(self):
        short = [
            {"attribute": "case_color", "any_of": ["black", "silver"]},
            {"attribute": "plate", "any_of": ["pc", "pom", "alu", "brass"]},
            {"attribute": "switch", "any_of": ["linear_a", "silent_c"]},
            {"attribute": "physical_layout", "any_of": ["iso", "jis"]},
        ]
        assert kept({"alternatives": short[:3]})
        assert faults({"alternatives": short}) == {("alternatives", "too_many")}


class TestALimit:
    def test_below_the_cheapest_tier_says_what_the_cheapest_is(self):
        assert kept({"limit_minor": FIRST - 3000}) == {"limit_minor": FIRST - 3000}
        with pytest.raises(Invalid) as caught:
            requirement(OFFER, answers=world.ANSWERS, quantity=1, preferences={"limit_minor": FIRST - 3001})
        (fault,) = caught.value.fields
        assert (fault.path, fault.code) == ("preferences.limit_minor", "below_every_price")
        assert "¥609.00" in fault.text()

    def test_below_the_first_choice_is_fine_while_an_alternative_fits(self):
        cheap = {"attribute": "switch", "any_of": ["linear_a"]}
        assert kept({"limit_minor": FIRST - 3001, "alternatives": [cheap]})

    def test_below_an_alternative_is_said_beside_the_alternative(self):
        wishes = {"limit_minor": FIRST, "alternatives": [BLACK, whole(plate="brass")]}
        assert faults(wishes) == {("alternatives.1", "above_limit")}


class TestASmallLotFee:
    OFFER = JoinOffer("c1", PREMIUMS, world.BATCH, TIERS, "CNY", UNTIL)
    FEE: ClassVar[dict[str, Any]] = {"otherwise": "small_lot_fee", "fee_limit_minor": 1500}

    def test_is_stored_with_its_limit(self):
        assert kept(self.FEE, self.OFFER) == self.FEE

    def test_where_nothing_is_made_below_its_minimum_for_a_fee_is_refused(self):
        assert faults(self.FEE, OFFER) == {("otherwise", "no_fee_here")}

    def test_for_an_alternative_alone_is_fine(self):
        plain = {
            **world.ANSWERS,
            "case_color": "black",
            "keycap": "none",
            "kit": "barebones",
            "switch": "none",
        }
        del plain["legend"]
        document = json.loads(json.dumps(SECOND))
        for option in document["properties"]["case_color"]["x-options"]:
            option.pop("premium_minor", None)
        pinned = PinnedSchema("s4", "p1", 4, document, digest(document), parse_schema(document))
        offer = replace(self.OFFER, schema=pinned)
        with pytest.raises(Invalid) as caught:
            requirement(offer, answers=plain, quantity=1, preferences=self.FEE)
        assert [fault.code for fault in caught.value.fields] == ["no_fee_here"]
        wishes = {**self.FEE, "alternatives": [{"attribute": "plate", "any_of": ["pom"]}]}
        assert requirement(offer, answers=plain, quantity=1, preferences=wishes).preferences == wishes
        assert kept_wishes(offer, plain, wishes, 1).preferences == wishes
        gone = {**self.FEE, "alternatives": [{"attribute": "plate", "any_of": ["no_such"]}]}
        assert kept_wishes(offer, plain, gone, 1).preferences == {}

    def test_for_which_the_limit_leaves_no_room_is_refused(self):
        lowest = FIRST - 3000
        assert kept({**self.FEE, "limit_minor": lowest + 1}, self.OFFER)
        assert faults({**self.FEE, "limit_minor": lowest}, self.OFFER) == {("fee_limit_minor", "no_room")}


class TestABallot:
    """The case is put to a vote; on ABS nothing can be anodized navy."""

    VOTE = OpenVote("case_material", ("abs", "alu", "pc"), UNTIL, "listed")
    FIXED = {name: each for name, each in world.BATCH.items() if name != "case_material"}
    OPEN = JoinOffer("c1", PINNED, FIXED, TIERS, "CNY", UNTIL, votes=(VOTE,))

    def test_is_stored_with_what_it_insists_on_and_without_what_says_nothing(self):
        ballot = {"ranking": ["pc", "alu"], "only": ["pc", "alu"]}
        stored = {"ranking": ["pc", "alu"], "only": ["alu", "pc"]}
        assert kept({"votes": {"case_material": ballot}}, self.OPEN) == {"votes": {"case_material": stored}}
        silent = {"ranking": [], "only": ["pc", "abs", "alu"]}
        assert kept({"votes": {"case_material": silent}}, self.OPEN) == {}

    def test_that_leaves_no_outcome_for_the_first_choice_is_refused(self):
        wishes = {"votes": {"case_material": {"only": ["abs"]}}}
        assert faults(wishes, self.OPEN) == {("votes.case_material.only", "excludes_first")}
        wishes["votes"]["case_material"]["only"] = ["abs", "pc"]
        assert kept(wishes, self.OPEN)

    @pytest.mark.parametrize(
        ("ballot", "found"),
        [
            ("pc", {("votes.case_material", "malformed")}),
            ({"rank": ["pc"]}, {("votes.case_material", "malformed")}),
            ({"ranking": "pc"}, {("votes.case_material.ranking", "malformed")}),
            ({"ranking": ["ble"]}, {("votes.case_material.ranking", "not_offered")}),
            ({"ranking": [{}]}, {("votes.case_material.ranking", "not_offered")}),
            ({"ranking": ["pc", "pc"]}, {("votes.case_material.ranking", "twice")}),
            ({"only": []}, {("votes.case_material.only", "excludes_everything")}),
        ],
    )
    def test_that_is_none_is_refused(self, ballot, found):
        assert faults({"votes": {"case_material": ballot}}, self.OPEN) == found

    def test_stands_in_the_place_of_an_answer(self):
        assert faults({}, self.OPEN, case_material="alu") == {("case_material", "put_to_vote")}
