"""One byte form for every value that is hashed, and one strict reader for JSON that strangers send.

Canonical: keys sorted, no spaces, UTF-8, text in NFC, integers only. Two equal specifications have equal bytes,
whatever order or Unicode form they were typed in.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from c2b.kit.errors import AppError
from c2b.kit.i18n import N_
from c2b.kit.ids import sha256_hex

#: Largest integer every JSON reader keeps exactly (RFC 8259, section 6).
MAX_INTEGER = 2**53 - 1
#: Controls that change the direction of the text around them (Unicode TR 9); they can make a document lie.
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class MalformedJson(AppError):
    status = 400
    code = "malformed_json"
    message = N_("This is not acceptable JSON: {reason}.")


def clean_text(text: str) -> str:
    """NFC form of a text. Raises ``ValueError`` for control characters, bidi controls and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text)
    for char in text:
        code = ord(char)
        if (code < 32 and char not in "\n\t") or 127 <= code < 160 or char in BIDI_CONTROLS:
            raise ValueError("control character")
        if 0xD800 <= code <= 0xDFFF:
            raise ValueError("lone surrogate")
    return text


def one_line(text: str) -> str:
    """What somebody typed as one line without spaces too many; empty where ``clean_text`` refuses it."""
    try:
        return " ".join(clean_text(text).split())
    except ValueError:
        return ""


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises ``ValueError`` for floats, bad text and other types."""
    return _ENCODER.encode(_normal(value)).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, 64 hex digits."""
    return sha256_hex(canonical_json(value))


def _normal(value: Any) -> Any:
    if isinstance(value, str):  # the commonest first: every join hashes its answers several times
        return value if value.isascii() and value.isprintable() else clean_text(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): _normal(item) for key, item in value.items()}
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError("keys must be text")
    return clean_text(key)


def strict_loads(data: bytes, *, max_bytes: int = 65_536, max_depth: int = 32) -> Any:
    """Read JSON, refusing what different readers would read differently or choke on.

    Refused with ``MalformedJson``: too long, too deep, not UTF-8, a key twice, NaN and Infinity, numbers beyond
    exact integers, lone surrogates, NUL and other control characters.
    """
    if len(data) > max_bytes:
        raise MalformedJson(reason=f"longer than {max_bytes} bytes")
    _check_depth(data, max_depth)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_pairs,
            parse_constant=_refuse_constant,
            parse_float=_bounded_float,
            parse_int=_bounded_int,
        )
        _check_text(value)
    except MalformedJson:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedJson(reason=str(error).split(":")[0][:80]) from error
    return value


def _check_depth(data: bytes, max_depth: int) -> None:
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for mark in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if mark in b"[{" else -1
        if depth > max_depth:
            raise MalformedJson(reason=f"nested deeper than {max_depth}")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _bounded_int(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise ValueError("a number is too large")
    return int(text)


def _bounded_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")) or len(text) > 40:
        raise ValueError("a number is too large")
    return number


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        clean_text(value)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            clean_text(key)
            _check_text(item)
