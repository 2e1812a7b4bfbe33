"""Our keys and amounts, written as providers take them, and read again exactly."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.references import as_key, as_reference
from c2b.payments.gateways.yuan import fen, yuan
from c2b.payments.rules import REASONS, provider_key, refund_key


class TestAReference:
    @given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
    def test_gives_the_key_back_in_letters_digits_and_underscores(self, key: str) -> None:
        reference = as_reference(key, most=1000)
        assert re.fullmatch("[0-9A-Za-z_]+", reference)
        assert as_key(reference) == key

    @given(st.from_regex(r"[0-9A-Za-z_]{1,30}", fullmatch=True))
    def test_that_we_never_wrote_is_nobodys_key(self, reference: str) -> None:
        with suppress(ValueError):
            assert as_reference(as_key(reference), most=1000) == reference

    @pytest.mark.parametrize("reason", REASONS)
    def test_of_every_refund_fits_into_64_characters(self, reason: str) -> None:
        assert as_reference(provider_key(refund_key("0" * 26, reason), 99), most=64)

    def test_too_long_or_too_short_is_refused(self) -> None:
        for key in ("k" * 65, "", ":" * 33):
            with pytest.raises(GatewayRefused):
                as_reference(key, most=64)


class TestYuan:
    @given(st.integers(min_value=0, max_value=10**12))
    def test_are_fen_and_back(self, minor: int) -> None:
        assert fen(yuan(minor)) == minor

    @pytest.mark.parametrize(("text", "minor"), [("459", 45900), ("459.5", 45950), ("0.01", 1), ("0.10", 10)])
    def test_are_read(self, text: str, minor: int) -> None:
        assert fen(text) == minor

    @pytest.mark.parametrize(
        "text",
        ["", "1.001", "-1", "+1", " 1", "1 ", "1,000", "1e2", "0x1", "01", ".5", "1.", "¥1", "١", "NaN", None, 1.0, 1,
         True, b"1", "1\n"],
        ids=repr,
    )  # fmt: skip
    def test_that_are_not_written_so_are_refused(self, text: object) -> None:
        with pytest.raises(ValueError, match="yuan"):
            fen(text)
