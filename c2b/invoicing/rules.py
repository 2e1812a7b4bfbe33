"""What stands on a receipt and what a tax invoice needs. Values in, values out; amounts in minor units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

#: Characters of a unified social credit code and their values: their position (GB 32100-2015, table 2).
_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: Tax numbers from before 2015: six digits of the place, nine characters of the organization.
_OLD = re.compile(r"\d{6}[0-9A-Z]{9}")


def receipt_content(
    *,
    number: str,
    kind: str,
    amount_minor: int,
    currency: str,
    at: datetime,
    zone: str,
    seller: Mapping[str, Any],
    payer: Mapping[str, str],
    bought: Mapping[str, Any],
    plan: str,
    gateway: str,
    reference: str,
    reason: str = "",
    note: str = "",
    payment_number: str = "",
) -> dict[str, Any]:
    """Everything that a receipt says, for ever: only texts and integers, the instant in UTC beside the payer's zone.

    ``kind``: payment or refund; ``plan``: full, deposit, balance, or held (authorized first, charged at the close);
    ``gateway``: who moved the money; ``payment_number``: on a refund the receipt of what was paid.
    """
    return {
        "version": 1,
        "number": number,
        "kind": kind,
        "amount_minor": amount_minor,
        "currency": currency,
        "at": at.isoformat(timespec="seconds"),
        "zone": zone,
        "seller": dict(seller),
        "payer": dict(payer),
        "bought": dict(bought),
        "plan": plan,
        "gateway": gateway,
        "reference": reference,
        "reason": reason,
        "note": note,
        "payment_number": payment_number,
    }


def is_tax_id(text: str) -> bool:
    """Whether this can be a company's tax number: a unified social credit code with the right check character (GB
    32100-2015: weights 3^(i-1) mod 31), or one of the older ones with 15 characters."""
    if len(text) == 15:
        return bool(_OLD.fullmatch(text))
    if len(text) != 18 or any(char not in _CHARACTERS for char in text):
        return False
    weighed = sum(_CHARACTERS.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return _CHARACTERS[-weighed % 31] == text[17]


def invoiceable(*, captured_minor: int, asked_minor: int) -> int:
    """What a tax invoice is about: what was paid, less every refund that was asked for."""
    return max(0, captured_minor - asked_minor)


def red_due(*, amount_minor: int, red_minor: int, captured_minor: int, returned_minor: int) -> int:
    """What of an issued invoice a red note still has to take back: what went back since, less earlier red notes."""
    return max(0, amount_minor - max(0, captured_minor - returned_minor) - red_minor)
