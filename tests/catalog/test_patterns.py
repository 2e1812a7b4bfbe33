"""Patterns that take a backtracking engine minutes to ages: refused, or run in linear time."""

from __future__ import annotations

from typing import Any

import pytest

from c2b.catalog import dialect
from c2b.catalog.engine import compile_pattern
from c2b.catalog.validation import validate
from tests.catalog.samples import LAMP, hang_guard, small

EVIL = r"""
(a+)+ (a|a)+ (a|aa)+ (a*)* (a*)+ ([a-z]+)* (a|b|ab)* (x+x+)+y (.*)* (.+)+ (a?){25}a{25}
(a{1,20}){1,20} ([a-z]|[a-z0-9])+ ([a-z]*)*x (a+a+)+b (a+b?)+c (ab|a)(bc|c)*d ((a+)b?)+ ((a{2,9})+)+
(a+)*(a+)*(a+)* (.?){30}(.){30} (w|ww|www)+z [a-z]+[a-z]+[a-z]+[a-z]+1 (a*b*c*)*
(([a-z])+.)+[A-Z]([a-z])+ ([a-zA-Z]+)*[0-9] (aa+)+ (a|ab)*c ((a|b)+)+c (a{1,9}b?){1,9} (a+|b+|c+)*d
([ab]*[bc]*)*e ((((a+)+)+)+)+ (a.*)+b (.*a){20} (.*,){20}x ([^x]+)*x (0|1|01)*2 (a*a*a*a*a*a*)b
(e+)+([a-z]+e+)*! (.|a|b)*c
""".split()


def with_pattern(body: str) -> dict[str, Any]:
    document = small()
    document["properties"]["tag"].update(pattern=f"^(?:{body})$", maxLength=10_000)
    return document


class TestEvilPatterns:
    def test_there_are_forty(self) -> None:
        assert len(EVIL) >= 40

    @pytest.mark.parametrize("body", EVIL)
    def test_are_refused_or_run_in_linear_time(self, body: str) -> None:
        """Each of these takes a backtracking engine minutes to ages on 100,000 characters."""
        document = with_pattern(body)
        with hang_guard():
            if dialect.check(document) == []:
                for text in ("a" * 100_000 + "!", "ab" * 50_000 + "!", "x" * 99_999 + "!"):
                    compile_pattern(f"^(?:{body})$").search(text)
                text = "a" * 9_999 + "!"
                matches = compile_pattern(f"^(?:{body})$").search(text) is not None
                assert (validate(document, answers={**LAMP, "tag": text}) == []) == matches

    def test_most_of_them_are_welcome(self) -> None:
        """Linear time makes them harmless: the dialect refuses attacks, not clumsiness."""
        welcome = [body for body in EVIL if dialect.check(with_pattern(body)) == []]
        assert len(welcome) > 30
