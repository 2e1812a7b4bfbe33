"""What a proposal says about money, whatever members wish: to the cent, and never above what was paid."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.catalog.cells import cells_of
from c2b.catalog.rules import parse_schema, surcharges
from c2b.participations.closing.computing import compute
from tests import small, world

DOCUMENT = small.document()
for _option in DOCUMENT["properties"]["plate"]["x-options"]:
    if _option["code"] in small.MINIMUMS:
        _option["premium_minor"] = 700
SCHEMA = parse_schema(DOCUMENT)
PLATES = ("fr4", "brass", "pom", "pc")
TIERS = [{"from_quantity": 2, "unit_price_minor": 45900}, {"from_quantity": 5, "unit_price_minor": 42900}]


def extra(plate: str) -> int:
    return sum(each.minor for each in surcharges(SCHEMA, {**world.BATCH, **world.ANSWERS, "plate": plate}))


@st.composite
def members(draw: Any) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(1, 6))):
        plate, others = draw(st.sampled_from(PLATES)), draw(st.sets(st.sampled_from(PLATES), max_size=2))
        wishes: dict[str, Any] = {}
        if named := sorted(others - {plate}):
            wishes["alternatives"] = [{"attribute": "plate", "any_of": named}]
        if draw(st.booleans()):
            wishes |= {"otherwise": "small_lot_fee", "fee_limit_minor": draw(st.integers(1, 1500))}
        units = draw(st.integers(1, 3))
        dearest = 45900 + max(extra(each) for each in (plate, *named))
        found.append(
            {
                "id": f"m{number}", "units": units, "answers": {**world.ANSWERS, "plate": plate},
                "preferences": wishes, "paid_minor": units * dearest + draw(st.integers(0, 900)),
                "promised_minor": units * (45900 + extra(plate)), "promised_extra_minor": extra(plate),
                "schema_version": 1,
            }
        )  # fmt: skip
    return found


def proposal(people: list[dict[str, Any]]) -> dict[str, Any]:
    campaign = {
        "id": "c", "schema_id": "s", "threshold": 2, "cap": 30, "currency": "CNY", "terms_version": 1,
        "schema_version": 1, "schema_digest": SCHEMA.digest, "batch_answers": world.BATCH, "tiers": TIERS, "votes": [],
    }  # fmt: skip
    quoted = [
        {"from_quantity": 1, "unit_price_minor": 30000, "min_retail_minor": 1, "max_retail_minor": 99999}
    ]
    task = {"schema": DOCUMENT, "inputs": {"campaign": campaign, "members": people}, "quoted": quoted}
    found: dict[str, Any] = json.loads(json.dumps(compute(task)))
    return found


class TestAProposal:
    @settings(max_examples=120, deadline=None)
    @given(members())
    def test_settles_everybody_to_the_cent_and_never_above_what_they_paid(self, people):
        found = proposal(people)
        tier = 42900 if found["units"] >= 5 else 45900
        assert found["units"] == sum(each["units"] for each in found["members"] if each["answers"])
        for person, given_ in zip(people, found["members"], strict=True):
            outcome = given_["outcome"]
            if given_["answers"] is None:
                assert (outcome["kind"], outcome["returned_minor"]) == ("left", person["paid_minor"])
                continue
            unit = tier + extra(given_["answers"]["plate"])
            assert (
                given_["settled_minor"]
                == unit * person["units"] + outcome["fee_minor"]
                <= person["paid_minor"]
            )
            assert outcome["returned_minor"] == person["paid_minor"] - given_["settled_minor"]
            limit = person["preferences"].get("fee_limit_minor", 0)
            assert outcome["fee_minor"] <= limit * person["units"]

    @settings(max_examples=120, deadline=None)
    @given(members())
    def test_makes_nothing_below_its_minimum_unless_exactly_that_is_paid_for(self, people):
        found = proposal(people)
        counts, minimums = Counter[str](), {}
        for each in found["members"]:
            if each["answers"]:
                for cell in cells_of(SCHEMA, {**world.BATCH, **each["answers"]}):
                    counts[cell.key] += each["units"]
                    minimums[cell.key] = cell.minimum
        owed = sum(700 * max(minimums[key] - count, 0) for key, count in counts.items())
        assert sum(each["outcome"]["fee_minor"] for each in found["members"]) == owed
        assert found["cost"]["fees_minor"] == owed
        assert {each["key"] for each in found["cells"] if each["made"]} == set(counts)

    def test_says_what_died_and_how_far_it_came(self):
        first = {"id": "a", "units": 2, "answers": world.ANSWERS, "preferences": {}, "paid_minor": 200000,
                 "promised_minor": 1, "promised_extra_minor": extra("fr4"), "schema_version": 1}  # fmt: skip
        rare = {**first, "id": "b", "answers": {**world.ANSWERS, "plate": "pom"},
                "promised_extra_minor": extra("pom")}  # fmt: skip
        outcome = proposal([first, rare])["members"][1]["outcome"]
        assert (outcome["kind"], outcome["cause"]) == ("left", "minimum")
        assert outcome["cell"] == {"key": "option:plate:pom", "level": "option", "count": 2, "minimum": 3}
