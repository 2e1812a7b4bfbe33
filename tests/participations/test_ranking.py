"""Acceptable specifications in order, those the batch allows, and the most that any of them can cost."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.votes import OpenVote
from c2b.catalog.cells import cells_of, small_lot_shares
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import parse_schema
from c2b.catalog.validation import compiled
from c2b.kit.canonical import digest
from c2b.participations.operations import requirement
from c2b.participations.wishes.ranking import accepted, commitment_minor, cost, ranked, valid_ranked
from tests import small, world
from tests.participations.test_preferences import FIRST, PINNED, PREMIUMS, TIERS, UNTIL

NAVY = world.ANSWERS


def any_of(attribute: str, *codes: str) -> dict[str, Any]:
    return {"attribute": attribute, "any_of": list(codes)}


def whole(**changes: Any) -> dict[str, Any]:
    return {"answers": {**NAVY, **changes}}


def seen(wishes: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(each.rank, each.answers["case_color"], each.answers["plate"]) for each in ranked(NAVY, wishes)]


class TestAcceptableSpecifications:
    def test_are_the_first_choice_alone_where_nothing_else_was_said(self):
        assert seen({}) == [(0, "navy", "fr4")]
        assert ranked(NAVY, {"limit_minor": 5})[0].answers == NAVY

    def test_follow_in_the_order_in_which_they_were_named_and_may_share_a_rank(self):
        wishes = {"alternatives": [whole(plate="pc"), any_of("case_color", "black", "silver")]}
        assert seen(wishes) == [
            (0, "navy", "fr4"),
            (1, "navy", "pc"),
            (2, "black", "fr4"),
            (2, "silver", "fr4"),
        ]

    def test_of_two_attributes_hold_together_behind_everything_that_was_named(self):
        wishes = {
            "alternatives": [any_of("case_color", "black"), any_of("plate", "pc", "alu"), whole(kit="x")]
        }
        assert seen(wishes)[1:] == [
            (1, "black", "fr4"), (2, "navy", "pc"), (2, "navy", "alu"), (3, "navy", "fr4"),
            (4, "black", "pc"), (4, "black", "alu"),
        ]  # fmt: skip

    def test_of_one_attribute_do_not(self):
        wishes = {"alternatives": [any_of("case_color", "black"), any_of("case_color", "silver")]}
        assert seen(wishes) == [(0, "navy", "fr4"), (1, "black", "fr4"), (2, "silver", "fr4")]

    def test_that_the_batch_rules_out_are_left_out_and_the_others_keep_their_ranks(self):
        wishes = {"alternatives": [whole(plate="gold"), any_of("case_color", "black")]}
        on_abs = {**world.BATCH, "case_material": "abs"}
        assert [each.rank for each in valid_ranked(PINNED, world.BATCH, NAVY, wishes)] == [0, 2]
        assert [each.rank for each in valid_ranked(PINNED, on_abs, NAVY, wishes)] == [2]

    def test_leave_out_the_outcomes_that_are_not_accepted(self):
        batches = [{"case_material": code} for code in ("abs", "alu", "pc")]
        assert accepted(batches, {}) == batches
        insisted = {"votes": {"case_material": {"only": ["alu", "pc"]}, "mounting": {"ranking": ["top"]}}}
        assert accepted(batches, insisted) == batches[1:]


class TestTheCommitment:
    """Navy costs 63900 at the first tier, 60900 at the second; brass adds 6000, linear switches take 1500 off."""

    @pytest.mark.parametrize(
        ("wishes", "unit"),
        [
            ({}, FIRST),
            ({"alternatives": [any_of("case_color", "black")]}, FIRST),
            ({"alternatives": [any_of("plate", "brass")]}, FIRST + 6000),
            ({"alternatives": [any_of("switch", "linear_a"), any_of("plate", "brass")]}, FIRST + 6000),
            ({"limit_minor": FIRST}, FIRST),
            ({"limit_minor": FIRST - 1}, FIRST - 3000),
            # brass fits below the limit at the lower tier only, and then costs more than navy did at the first
            ({"limit_minor": FIRST + 5999, "alternatives": [any_of("plate", "brass")]}, FIRST + 3000),
            ({"limit_minor": FIRST - 1500, "alternatives": [any_of("switch", "linear_a")]}, FIRST - 1500),
            ({"fee_limit_minor": 700}, FIRST + 700),
            ({"fee_limit_minor": 700, "limit_minor": FIRST + 500}, FIRST + 500),
            ({"fee_limit_minor": 700, "limit_minor": FIRST - 1}, FIRST - 3000 + 700),
        ],
    )  # fmt: skip
    def test_is_the_most_that_any_choice_can_cost_within_the_limit(self, wishes, unit):
        found = commitment_minor(PREMIUMS, [world.BATCH], NAVY, wishes, tiers=TIERS, quantity=3)
        assert found == 3 * unit

    def test_holds_no_more_of_a_fee_than_could_ever_be_asked(self):
        document = small.document()
        (brass,) = [o for o in document["properties"]["plate"]["x-options"] if o["code"] == "brass"]
        brass["premium_minor"] = 400
        pinned = PinnedSchema("s3", "p1", 3, document, digest(document), parse_schema(document))
        wishes = {"alternatives": [any_of("plate", "brass")], "fee_limit_minor": 90000}

        def found(quantity: int) -> int | None:
            return commitment_minor(pinned, [world.BATCH], NAVY, wishes, tiers=TIERS, quantity=quantity)

        assert found(1) == FIRST + 6000 + 400  # one of two brass plates is missing
        assert found(2) == 2 * (FIRST + 6000)  # two are enough: nothing is missing

    @pytest.mark.parametrize("quantity", [1, 2, 3, 7, 20])
    def test_covers_every_share_of_a_small_lot_fee_that_a_factory_could_ask(self, quantity):
        complete = {**NAVY, **world.BATCH}
        worst = 0
        for cell in (cell for cell in cells_of(PREMIUMS.parsed, complete) if cell.premium_minor):
            shares = [0]
            for others in range(max(cell.minimum - quantity, 0)):
                shares += [
                    small_lot_shares(cell, [others, quantity])[1],
                    small_lot_shares(cell, [quantity, others])[0],
                ]
            worst += max(shares)
        assert cost(PREMIUMS.parsed, TIERS, complete, quantity).fee_minor == -(-worst // quantity)

    def test_is_none_where_everything_lies_above_the_limit(self):
        wishes = {"limit_minor": FIRST - 3001}
        assert commitment_minor(PINNED, [world.BATCH], NAVY, wishes, tiers=TIERS, quantity=1) is None

    def test_covers_the_dearest_outcome_of_a_vote_that_the_member_accepts(self):
        vote = OpenVote("case_material", ("abs", "alu", "pc"), UNTIL, "listed")
        fixed = {name: each for name, each in world.BATCH.items() if name != "case_material"}
        offer = JoinOffer("c1", PINNED, fixed, TIERS, "CNY", UNTIL, votes=(vote,))
        priced = requirement(offer, answers=NAVY, quantity=2)
        assert priced.commitment_minor == priced.quote.total_minor == 2 * FIRST
        only = {"votes": {"case_material": {"only": ["pc"]}}}
        cheaper = requirement(offer, answers=NAVY, quantity=2, preferences=only)
        assert cheaper.commitment_minor == cheaper.quote.total_minor == 2 * (FIRST - 15000 + 4000)
        assert compiled(PINNED.document, digest=PINNED.digest).accepts(
            {**NAVY, **fixed, "case_material": "pc"}
        )

    def test_of_a_requirement_leaves_the_promise_for_the_first_choice_as_it_is(self):
        offer = JoinOffer("c1", PREMIUMS, world.BATCH, TIERS, "CNY", UNTIL)
        wishes = {
            "alternatives": [any_of("plate", "brass")],
            "otherwise": "small_lot_fee",
            "fee_limit_minor": 900,
        }
        priced = requirement(offer, answers=NAVY, quantity=2, preferences=wishes)
        assert (priced.quote.total_minor, priced.commitment_minor) == (2 * FIRST, 2 * (FIRST + 6900))
