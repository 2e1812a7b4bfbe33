"""What payers write so that we know what their money pays: a creditor reference with check digits (ISO 11649).

``RF``, two digits by which a mistyped one is found (mod 97, ISO 7064), and twelve letters and digits of our own that
follow from the payment's id, in an alphabet in which nothing looks like something else (Crockford's base 32).
"""

from __future__ import annotations

import hashlib
import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 12
_MEANT = str.maketrans("OIL", "011")
#: Spaces and hyphens may stand anywhere: banks and people put them there.
_WRITTEN = re.compile(r"RF" + r"[\s\-./]*([0-9OIL])" * 2 + r"[\s\-./]*([0-9A-Z])" * _LENGTH)


def reference_of(payment_id: str) -> str:
    """The creditor reference of a payment, 16 characters; the same id gives the same."""
    number = int.from_bytes(hashlib.sha256(payment_id.encode()).digest()[:8], "big")
    own = "".join(_ALPHABET[(number >> 5 * place) & 31] for place in range(_LENGTH))
    return f"RF{_check_digits(own)}{own}"


def references_in(text: str) -> list[str]:
    """All references of ours that somebody wrote in a text, in their order; those whose check digits are wrong are
    left out. ``O``, ``I`` and ``L`` are read as the digits they look like."""
    found = []
    for match in _WRITTEN.finditer(text.upper()):
        written = "RF" + "".join(match.groups()).translate(_MEANT)
        if is_reference(written) and written not in found:
            found.append(written)
    return found


def is_reference(text: str) -> bool:
    """Whether a text is a creditor reference of our length whose check digits are right."""
    return (
        len(text) == 4 + _LENGTH
        and text.startswith("RF")
        and text[2:4].isdigit()
        and all(char in _ALPHABET for char in text[4:])
        and valid(text)
    )


def printed(reference: str) -> str:
    """A reference in groups of four, as the standard prints it."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def valid(code: str) -> bool:
    """Whether the check digits of an IBAN or a creditor reference are right (ISO 7064, mod 97-10): no spaces."""
    return code.isascii() and code.isalnum() and len(code) > 4 and _number(code[4:] + code[:4]) % 97 == 1


def _check_digits(own: str) -> str:
    return f"{98 - _number(own + 'RF00') % 97:02d}"


def _number(text: str) -> int:
    """Letters become the numbers from 10 on."""
    return int("".join(str(int(char, 36)) for char in text))
