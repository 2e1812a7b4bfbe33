"""Our keys in the alphabet of providers that take letters, digits and underscores only.

WeChat Pay takes ``[0-9A-Za-z_|*@-]``, 64 of them, for ``out_refund_no`` (pay.weixin.qq.com/doc/v3/merchant/4012791883),
Alipay letters, digits and underscores for ``out_trade_no`` (opendocs.alipay.com/open/028r8t). What both take is
enough, and the way back is exact, so that a provider's record gives our own keys again.
"""

from __future__ import annotations

import re

from c2b.payments.gateways.base import GatewayRefused

_PLAIN = re.compile(r"[A-Za-z0-9]")
_SHORT = {"_": "__", ":": "_c", "#": "_n", "-": "_m"}
_LONG = {short: char for char, short in _SHORT.items()}
_CODED = re.compile(r"(?:[A-Za-z0-9]|__|_c|_n|_m|_x(?:[0-9a-f]{2}))*")
_MARK = re.compile(r"_x([0-9a-f]{2})|_[_cnm]|[A-Za-z0-9]")


def as_reference(key: str, *, most: int, least: int = 1, what: str = "key") -> str:
    """``key`` as the provider may store it; raises ``GatewayRefused(what)`` where that is longer than ``most``."""
    coded = "".join(_coded(char) for char in key)
    if not least <= len(coded) <= most:
        raise GatewayRefused(what)
    return coded


def as_key(reference: str) -> str:
    """The key that ``as_reference`` was given; raises ``ValueError`` for what it never wrote."""
    if not _CODED.fullmatch(reference):
        raise ValueError("not a reference of ours")
    found = b"".join(_decoded(mark) for mark in _MARK.finditer(reference)).decode()
    if "".join(_coded(char) for char in found) != reference:
        raise ValueError("not a reference of ours")
    return found


def _coded(char: str) -> str:
    if _PLAIN.fullmatch(char):
        return char
    return _SHORT.get(char) or "".join(f"_x{byte:02x}" for byte in char.encode())


def _decoded(mark: re.Match[str]) -> bytes:
    if mark[1]:
        return bytes.fromhex(mark[1])
    return _LONG.get(mark[0], mark[0]).encode()
