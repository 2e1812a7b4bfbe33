"""Money is counted in integers, split without loss and printed as the reader expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.kit.money import divide_half_up, exponent, format_money, parse_money, plain_money, share


class TestExponent:
    @pytest.mark.parametrize(
        ("currency", "places"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3)]
    )
    def test_follows_the_standard(self, currency: str, places: int) -> None:
        assert exponent(currency) == places

    @pytest.mark.parametrize("currency", ["", "cny", "XXX", "BTC", "CN¥"])
    def test_refuses_what_is_no_currency(self, currency: str) -> None:
        with pytest.raises(ValueError, match="unknown currency"):
            exponent(currency)


class TestFormatMoney:
    @pytest.mark.parametrize(
        ("minor", "currency", "locale", "text"),
        [
            (123450, "CNY", "zh_CN", "¥1,234.50"),
            (123450, "CNY", "en", "CN¥1,234.50"),
            (-5, "EUR", "en", "-€0.05"),
            (0, "USD", "en", "$0.00"),
            (1234, "JPY", "en", "¥1,234"),
            (1234567, "KWD", "en", "KWD1,234.567"),
            (1234567, "IQD", "en", "IQD1,234.567"),
            (90071992547409931, "CNY", "en", "CN¥900,719,925,474,099.31"),
        ],
    )
    def test_reads_right(self, minor: int, currency: str, locale: str, text: str) -> None:
        assert format_money(minor, currency, locale).replace("\xa0", "") == text

    @pytest.mark.parametrize("minor", [1.0, True, "100"])
    def test_refuses_what_is_not_an_integer(self, minor: object) -> None:
        with pytest.raises(TypeError):
            format_money(minor, "CNY", "en")  # type: ignore[arg-type]


class TestParseMoney:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            ("1,234.50", "CNY", 123450),
            (" 12 ", "CNY", 1200),
            ("7.5", "USD", 750),
            ("500", "JPY", 500),
            ("0.001", "KWD", 1),
        ],
    )
    def test_understands_what_people_type(self, text: str, currency: str, minor: int) -> None:
        assert parse_money(text, currency) == minor

    @pytest.mark.parametrize("text", ["", "free", "-1", "1.005", "NaN", "Infinity", "1e40", "12.3.4", "¥5"])
    def test_refuses_the_rest_instead_of_rounding(self, text: str) -> None:
        with pytest.raises(ValueError, match="not an amount"):
            parse_money(text, "CNY")

    @given(minor=st.integers(0, 10**14), currency=st.sampled_from(["JPY", "CNY", "KWD"]))
    def test_reads_back_what_was_printed(self, minor: int, currency: str) -> None:
        assert parse_money(plain_money(minor, currency), currency) == minor


class TestShare:
    @given(total=st.integers(0, 10**12), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
    def test_loses_nothing_and_strays_less_than_one_unit(self, total: int, weights: list[int]) -> None:
        whole = sum(weights)
        if not whole:
            return
        parts = share(total, weights)
        assert sum(parts) == total
        assert all(
            abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True)
        )

    def test_serves_the_earlier_of_equals_first(self) -> None:
        assert share(100, [1, 1, 1]) == [34, 33, 33]
        assert share(2, [1, 1, 1, 0]) == [1, 1, 0, 0]

    @pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [-1, 2]), (1, [0, 0]), (1, [])])
    def test_refuses_what_cannot_be_split(self, total: int, weights: list[int]) -> None:
        with pytest.raises(ValueError):
            share(total, weights)

    def test_of_nothing_is_nothing(self) -> None:
        assert share(0, [0, 0]) == [0, 0]


class TestDivideHalfUp:
    @pytest.mark.parametrize(
        ("numerator", "denominator", "result"),
        [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (5, 3, 2), (11300, 113, 100)],
    )
    def test_rounds_as_invoices_do(self, numerator: int, denominator: int, result: int) -> None:
        assert divide_half_up(numerator, denominator) == result
