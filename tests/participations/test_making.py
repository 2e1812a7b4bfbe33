"""Who can be served when options have minimums: as many as possible, and the same however one counts."""

from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from c2b.catalog.rules import option_counts, parse_schema, shortfalls
from c2b.participations.rules import Wish, makeable
from tests import small, world

DOCUMENT = small.document()
for _name, _minimums in {"switch": {"linear_a": 2, "silent_c": 4}, "legend": {"cn_zhuyin": 3}}.items():
    for _option in DOCUMENT["properties"][_name]["x-options"]:
        if _option["code"] in _minimums:
            _option["moq"] = _minimums[_option["code"]]
SCHEMA = parse_schema(DOCUMENT)


def wish(number: int, quantity: int = 1, **answers: str) -> Wish:
    return Wish(f"p{number}", quantity, {**world.BATCH, **world.ANSWERS, **answers})


def ids(wishes: list[Wish]) -> set[str]:
    return {each.id for each in wishes}


def feasible(wishes: list[Wish]) -> bool:
    return not shortfalls(SCHEMA, option_counts(SCHEMA, ((each.answers, each.quantity) for each in wishes)))


class TestTheBatch:
    def test_of_wishes_without_minimums_is_everybody(self):
        wishes = [wish(1), wish(2, 5, plate="alu")]
        assert makeable(SCHEMA, wishes) == (wishes, {})
        assert makeable(SCHEMA, []) == ([], {})

    def test_leaves_out_whoever_chose_what_too_few_chose_and_says_what(self):
        staying, left = makeable(SCHEMA, [wish(1), wish(2, plate="brass"), wish(3, 2, plate="pom")])
        assert ids(staying) == {"p1"}
        assert {name: (each.attribute, each.code, each.count, each.moq) for name, each in left.items()} == {
            "p2": ("plate", "brass", 1, 2), "p3": ("plate", "pom", 2, 3),
        }  # fmt: skip

    def test_counts_units_and_not_people(self):
        wishes = [wish(1, 2, plate="brass")]
        assert makeable(SCHEMA, wishes) == (wishes, {})

    def test_falls_option_by_option_when_one_carried_the_other(self):
        """Silent switches need four; one of those four also wanted brass, which one alone cannot have."""
        carried = [wish(n, switch="silent_c") for n in (1, 2, 3)]
        staying, left = makeable(SCHEMA, [*carried, wish(4, switch="silent_c", plate="brass"), wish(5)])
        assert ids(staying) == {"p5"}
        assert (left["p4"].code, left["p4"].count) == ("brass", 1)
        assert {(left[f"p{n}"].code, left[f"p{n}"].count) for n in (1, 2, 3)} == {("silent_c", 3)}


wishes_strategy = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["fr4", "brass", "pom"]),
        st.sampled_from(["tactile_b", "linear_a", "silent_c"]),
        st.sampled_from(["us", "cn_zhuyin"]),
    ),
    max_size=7,
)


class TestWhoeverIsServed:
    @settings(max_examples=150, deadline=None)
    @given(wishes_strategy)
    def test_can_be_made_together_and_nobody_is_left_out_who_could_have_been(self, drawn):
        wishes = [wish(n, q, plate=p, switch=s, legend=legend) for n, (q, p, s, legend) in enumerate(drawn)]
        staying, left = makeable(SCHEMA, wishes)
        assert feasible(staying)
        assert ids(staying) | left.keys() == ids(wishes)
        assert not ids(staying) & left.keys()
        subsets = chain.from_iterable(combinations(wishes, size) for size in range(len(wishes) + 1))
        could_be = set().union(*(ids(list(each)) for each in subsets if feasible(list(each))))
        assert ids(staying) == could_be
        for each in left.values():
            assert 0 < each.count < each.moq

    @settings(max_examples=60, deadline=None)
    @given(wishes_strategy, st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_and_stays_so(self, drawn, chance):
        wishes = [wish(n, q, plate=p, switch=s, legend=legend) for n, (q, p, s, legend) in enumerate(drawn)]
        staying, left = makeable(SCHEMA, wishes)
        shuffled = [*wishes]
        chance.shuffle(shuffled)
        again, left_again = makeable(SCHEMA, shuffled)
        assert (ids(again), left_again) == (ids(staying), left)
        assert makeable(SCHEMA, staying) == (staying, {})
