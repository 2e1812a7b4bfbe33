"""Tax numbers and the sums of invoices, without a database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.invoicing.rules import invoiceable, is_tax_id, red_due

#: Published codes of large companies.
REAL = ("91440300708461136T", "91330100799655058B", "9144030071526726XG", "91110108551385082Q")


class TestATaxNumber:
    @pytest.mark.parametrize("code", REAL)
    def test_of_a_company_that_exists_is_right(self, code):
        assert is_tax_id(code)

    @pytest.mark.parametrize("code", REAL)
    @given(place=st.integers(0, 17), char=st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
    def test_with_one_wrong_character_is_refused(self, code, place, char):
        assert is_tax_id(code[:place] + char + code[place + 1 :]) == (code[place] == char)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "9144030070846113",
            "91440300708461136I",
            "91440300708461136t",
            "９1440300708461136T",
            "91440300708461136T0",
        ],
    )
    def test_of_another_form_is_refused(self, text):
        assert not is_tax_id(text)

    def test_with_fifteen_characters_is_an_older_one(self):
        assert is_tax_id("440301708461136")
        assert not is_tax_id("4403017084611-6") and not is_tax_id("44A301708461136")


class TestTheSums:
    def test_are_about_what_was_paid_less_every_refund_asked_for(self):
        assert invoiceable(captured_minor=900, asked_minor=250) == 650
        assert invoiceable(captured_minor=900, asked_minor=900) == 0

    def test_of_red_notes_are_what_went_back_since_less_earlier_notes(self):
        assert red_due(amount_minor=650, red_minor=0, captured_minor=900, returned_minor=250) == 0
        assert red_due(amount_minor=650, red_minor=0, captured_minor=900, returned_minor=350) == 100
        assert red_due(amount_minor=650, red_minor=100, captured_minor=900, returned_minor=900) == 550
        assert red_due(amount_minor=650, red_minor=650, captured_minor=900, returned_minor=250) == 0
