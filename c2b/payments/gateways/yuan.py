"""Amounts in yuan as providers write them, exactly: text to fen and back, never through a float."""

from __future__ import annotations

import re

_YUAN = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?")


def fen(text: object) -> int:
    """``"459.00"``, ``"459.0"``, ``"459"`` → 45900. Raises ``ValueError`` for anything else, signs and numbers too."""
    found = _YUAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("not an amount in yuan")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def fee_fen(text: object) -> int:
    """A fee as bills write it: with a sign where it comes back, and decimals beyond the second that are zeros.

    ``"0.27000"`` → 27, ``"-0.28"`` → -28. Raises ``ValueError`` for anything else, parts of a fen too.
    """
    if not isinstance(text, str):
        raise ValueError("not a fee in yuan")
    whole, _, decimals = text.strip().removeprefix("-").partition(".")
    if decimals[2:].strip("0"):
        raise ValueError("a part of a fen")
    minor = fen(f"{whole}.{decimals[:2]}" if decimals else whole)
    return -minor if text.strip().startswith("-") else minor


def yuan(minor: int) -> str:
    """45900 → ``"459.00"``."""
    return f"{minor // 100}.{minor % 100:02d}"
