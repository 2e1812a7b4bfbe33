"""Bounds before judgment: answers from strangers are cut down to plain, small, honest JSON.

Text is brought into NFC, the form in which it is hashed. Refused are other types, decimals (no attribute has
them), numbers beyond exact integers, invisible characters, and anything too deep or too large to be answers.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from c2b.kit.canonical import MAX_INTEGER
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

MAX_DEPTH = 6
MAX_NODES = 2_000
MAX_CHARS = 64 * 1024
MAX_ECHO = 80
#: Unicode categories nobody can see or everybody sees differently: controls, formats (bidi and zero-width),
#: surrogates, private use, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def tidied(answers: object) -> tuple[dict[str, Any], list[FieldError]]:
    """A clean copy of the answers, or the reasons why they cannot be read. Never raises."""
    if not isinstance(answers, dict):
        return {}, [
            FieldError("", "malformed", N_("Answers must be an object: attribute names with their answers."))
        ]
    tidy = _Tidy()
    try:
        clean = tidy.node(answers, "", 0)
    except _TooMuch:
        return {}, [
            FieldError("", "too_large", N_("These answers are too large to be answers to this product."))
        ]
    return ({}, tidy.errors) if tidy.errors else (clean, [])


def echo(value: object) -> str:
    """A value as it may be repeated to a person: at most 80 characters, nothing invisible."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    if len(text) <= MAX_ECHO and text.isascii() and text.isprintable():
        return text
    text = "".join(char for char in text[: MAX_ECHO + 1] if is_visible(char))
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def is_visible(text: str) -> bool:
    """Whether every character of the text shows."""
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(char) in _UNSEEN for char in text)


class _TooMuch(Exception):
    pass


class _Tidy:
    """One walk over the answers with a budget."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self._nodes = MAX_NODES
        self._chars = MAX_CHARS

    def node(self, value: Any, path: str, depth: int) -> Any:
        self._nodes -= 1
        if self._nodes < 0 or depth > MAX_DEPTH:
            raise _TooMuch
        if isinstance(value, str):
            return self._text(value, path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._integer(value, path)
        if isinstance(value, dict):
            inner = f"{path}." if path else ""
            return {
                self._key(key, path): self.node(each, inner + echo(key), depth + 1)
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self.node(each, path, depth + 1) for each in value]
        if isinstance(value, float):
            self._refuse(path, "not_whole", N_("Write a whole number, without decimals."))
            return None
        self._refuse(
            path, "malformed", N_("Only text, whole numbers, yes or no, lists and objects are answers.")
        )
        return None

    def _text(self, value: str, path: str) -> str:
        self._chars -= len(value)
        if self._chars < 0:
            raise _TooMuch
        if value.isascii() and value.isprintable():
            return value
        if not is_visible(value):
            self._refuse(
                path, "invisible", N_("There is an invisible character in this text: type it again by hand.")
            )
            return ""
        return unicodedata.normalize("NFC", value)

    def _key(self, key: object, path: str) -> str:
        if isinstance(key, str):
            return self._text(key, path)
        self._refuse(path, "malformed", N_("The names of attributes must be text."))
        return ""

    def _integer(self, value: int, path: str) -> int:
        if abs(value) > MAX_INTEGER:
            self._refuse(path, "too_large", N_("This number is too large."))
            return 0
        return value

    def _refuse(self, path: str, code: str, message: str) -> None:
        self.errors.append(FieldError(path, code, message))
