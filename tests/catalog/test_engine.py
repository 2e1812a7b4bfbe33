"""jsonschema made safe: each difference to the original, beside what the original does."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from c2b.catalog.engine import compile_pattern, is_day, is_sha256, safe_validator
from tests.catalog.samples import PICTURE, hang_guard


def both(schema: dict[str, Any], instance: object) -> tuple[bool, bool]:
    """(verdict of the original, verdict of ours)."""
    return Draft202012Validator(schema).is_valid(instance), safe_validator(schema).is_valid(instance)


class TestSafeValidator:
    def test_dollar_is_the_very_end(self) -> None:
        assert both({"pattern": "^a$"}, "a\n") == (True, False)

    def test_digits_are_ascii(self) -> None:
        assert both({"pattern": "^\\d$"}, "٣") == (True, False)

    def test_a_whole_decimal_is_no_integer(self) -> None:
        assert both({"type": "integer"}, 1e308) == (True, False)
        assert both({"type": "integer"}, 1.0) == (True, False)
        assert both({"type": "integer"}, True) == (False, False)

    def test_formats_are_asserted(self) -> None:
        assert both({"format": "sha256"}, "no hash") == (True, False)
        assert both({"format": "date"}, "2026-02-30") == (True, False)

    def test_one_and_true_are_two_items(self) -> None:
        assert both({"uniqueItems": True}, [1, True, "1", None, 0, False]) == (True, True)

    def test_equal_objects_are_one_item_whatever_the_order_of_their_keys(self) -> None:
        assert both({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2, "a": 1}]) == (False, False)

    def test_many_items_are_compared_in_linear_time(self) -> None:
        """The original compares each with each: more than eight seconds."""
        with hang_guard():
            assert safe_validator({"uniqueItems": True}).is_valid([{"n": n, "m": [n]} for n in range(3_000)])


class TestFormats:
    @pytest.mark.parametrize("text", [PICTURE + "\n", PICTURE.upper(), PICTURE[:-1], "", PICTURE + "0"])
    def test_sha256_is_sixty_four_small_hex_digits(self, text: str) -> None:
        assert is_sha256(PICTURE)
        assert not is_sha256(text)

    @pytest.mark.parametrize(
        "text", ["2026-11-23\n", "2026-13-01", "20261123", "2026-W47-1", "٢٠٢٦-٠١-٠١", ""]
    )
    def test_date_is_a_day_that_exists(self, text: str) -> None:
        assert is_day("2026-11-23")
        assert not is_day(text)

    def test_formats_speak_about_text_only(self) -> None:
        assert is_sha256(7)
        assert is_day(None)


class TestPatterns:
    @pytest.mark.parametrize("pattern", ["(?=a)", "(a)\\1", "(?:a{1000}){1000}", "[", "*"])
    def test_outside_linear_time_are_refused(self, pattern: str) -> None:
        with pytest.raises(ValueError):
            compile_pattern(pattern)
