"""The arithmetic of commissions: levels, caps, rounding, and what a refund takes back."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.catalog.markets import MARKETS, market_of
from c2b.referrals import rules
from c2b.referrals.rules import Bond, Caps, Chain, adult, base, reversed_by, shares

ROOM = 10**9
WIDE = Caps(ROOM, ROOM)
BO, ANA = Bond("b1", "bo", ROOM), Bond("b2", "ana", ROOM)


class TestTheBase:
    @pytest.mark.parametrize(
        ("unit", "one_off", "quantity", "settled", "vat", "expected"),
        [
            (39900, 0, 1, 39900, 13, 35309),
            (39900, 0, 2, 100000, 13, 70619),  # options are not part of it
            (39900, 9000, 1, 39900, 13, 27345),  # nor one-off costs
            (39900, 0, 1, 20000, 13, 17699),  # never more than was paid
            (39900, 50000, 1, 39900, 13, 0),
            (100, 0, 1, 100, 0, 100),
        ],
    )
    def test_is_the_item_price_without_the_rest(self, unit, one_off, quantity, settled, vat, expected):
        found = base(
            unit_price_minor=unit, one_off_minor=one_off, quantity=quantity, settled_minor=settled, vat_percent=vat
        )  # fmt: skip
        assert found == expected


class TestShares:
    @pytest.mark.parametrize(
        ("chain", "depth", "base_minor", "price", "caps", "expected"),
        [
            (Chain(BO), 1, 35309, 39900, WIDE, [(1, 1059)]),
            (Chain(BO), 2, 35309, 39900, WIDE, [(1, 1059)]),
            (Chain(BO, ANA), 1, 35309, 39900, WIDE, [(1, 1059)]),
            (Chain(BO, ANA), 2, 35309, 39900, WIDE, [(1, 1059), (2, 353)]),
            (Chain(BO, ANA), 2, 35309, 39900, Caps(500, ROOM), [(1, 500), (2, 353)]),
            (Chain(BO, ANA), 2, 99, 39900, WIDE, [(1, 2)]),  # nothing is left of one percent
            (Chain(BO, ANA), 2, 33, 39900, WIDE, []),
            (Chain(BO, ANA), 2, 0, 0, WIDE, []),
            (Chain(Bond("b1", "bo", 7), ANA), 2, 35309, 39900, WIDE, [(1, 7), (2, 353)]),
            (Chain(Bond("b1", "bo", 0), ANA), 2, 35309, 39900, WIDE, []),  # no second level without a first
            (
                Chain(BO, ANA),
                2,
                100_000,
                70_000,
                WIDE,
                [(1, 3000), (2, 500)],
            ),  # five percent of the price in all
            (Chain(BO, ANA), 2, 100_000, 40_000, WIDE, [(1, 2000)]),
        ],
    )
    def test_by_level(self, chain, depth, base_minor, price, caps, expected):
        found = shares(chain, base_minor=base_minor, price_minor=price, depth=depth, caps=caps)
        assert [(share.level, share.amount_minor) for share in found] == expected

    def test_hold_all_caps_and_are_rounded_down_in_a_hundred_thousand_cases(self):
        draw = random.Random(20261126)
        for _ in range(100_000):
            price, quantity = draw.randrange(1, 10**8), draw.randrange(1, 21)
            on = base(
                unit_price_minor=price // quantity, one_off_minor=draw.randrange(0, 500), quantity=quantity,
                settled_minor=price, vat_percent=draw.choice((0, 11, 13, 27)),
            )  # fmt: skip
            caps = Caps(draw.choice((1, 500, 20_000, ROOM)), ROOM)
            rooms = [draw.choice((0, 3, 900, ROOM)) for _ in range(2)]
            chain = Chain(Bond("b1", "bo", rooms[0]), draw.choice((None, Bond("b2", "ana", rooms[1]))))
            found = shares(chain, base_minor=on, price_minor=price, depth=draw.choice((1, 2)), caps=caps)
            assert len(found) <= 2
            assert sum(share.amount_minor for share in found) * 20 <= price
            for share in found:
                assert 0 < share.amount_minor <= min(caps.order_minor, share.bond.room_minor)
                assert share.amount_minor * 10_000 <= on * rules.RATES_BP[share.level]
                back = draw.randrange(0, price + 1)
                taken = reversed_by(share.amount_minor, settled_minor=price, returned_minor=back)
                kept = share.amount_minor - taken
                assert kept * price <= share.amount_minor * (price - back)  # never too much is kept
                assert (kept + 1) * price > share.amount_minor * (price - back)  # and not a unit too little


class TestAnyGraphOfInvitations:
    @given(
        inviters=st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=31),
        buyer=st.integers(0, 30),
        depth=st.sampled_from((1, 2)),
    )
    def test_pays_nobody_further_away_than_two_and_never_the_buyer(self, inviters, buyer, depth):
        """Also in graphs that the database would refuse: circles, and people who invited themselves."""
        first = inviters.get(buyer)
        if first is None or first == buyer:
            return
        second = inviters.get(first)
        two = None if second in (None, buyer, first) else Bond(f"{second}", f"{second}", ROOM)
        found = shares(
            Chain(Bond(f"{first}", f"{first}", ROOM), two), base_minor=10**6, price_minor=10**6, depth=depth, caps=WIDE
        )  # fmt: skip
        paid = [share.bond.inviter_id for share in found]
        assert paid[:1] == [f"{first}"]
        assert len(paid) <= depth
        assert f"{buyer}" not in paid
        assert {share.level for share in found} <= {1, 2}


class TestDays:
    def test_the_window_of_returns_is_over_after_its_last_day(self):
        day = date(2026, 11, 10)
        assert MARKETS["cn"].returnable_until(day, UTC) == datetime(2026, 11, 18, tzinfo=UTC)
        assert MARKETS["eu"].returnable_until(day, UTC) == datetime(2026, 11, 25, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("born", "expected"),
        [
            (date(2008, 11, 26), True),
            (date(2008, 11, 27), False),
            (date(2008, 2, 29), True),
            (date(1850, 1, 1), False),
            (date(2030, 1, 1), False),
        ],
    )
    def test_of_age_on_the_birthday(self, born, expected):
        assert adult(born, date(2026, 11, 26)) is expected


class TestAMarket:
    @pytest.mark.parametrize(
        ("currency", "batch", "expected"),
        [
            ("CNY", {}, "cn"),
            ("CNY", {"market": "eu"}, "eu"),
            ("USD", {"market": "moon"}, "us"),
            ("KWD", {}, "other"),
            ("EUR", {"market": ["cn"]}, "eu"),
            ("JPY", None, "other"),
        ],
    )
    def test_is_what_the_batch_says_else_the_currencys(self, currency, batch, expected):
        assert market_of(currency, batch).code == expected

    @pytest.mark.parametrize(
        ("currency", "order"), [("CNY", 20_000), ("JPY", 4_000), ("KWD", 10_000), ("USD", 3_000)]
    )
    def test_caps_are_in_minor_units(self, currency, order):
        assert rules.caps_of(currency).order_minor == order


class TestStates:
    def test_only_go_on(self):
        assert rules.TRANSITIONS["reversed"] == rules.TRANSITIONS["expired"] == ()
        assert set(rules.TRANSITIONS) == {"estimated", "confirmed", "payable", "paid", "reversed", "expired"}
