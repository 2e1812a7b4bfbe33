"""Amounts of renminbi in Chinese capital numerals (人民币大写), as contracts and invoices write them against forgery.

Rules of 支付结算办法, annex 1 (People's Bank of China, 1997): zeros inside the number are written once as 零; amounts
that end in 元 or 角 are followed by 整, those with 分 are not.
"""

from __future__ import annotations

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_LARGEST = 10**18


def capital_amount(fen: int) -> str:
    """`fen` (hundredths of a yuan, at least zero) in capital numerals: 123405 -> 壹仟贰佰叁拾肆元零伍分."""
    if not 0 <= fen < _LARGEST:
        raise ValueError(f"no capital form for {fen}")
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    whole = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not rest:
        return f"{whole or '零元'}整"
    tenth = f"{_DIGITS[jiao]}角" if jiao else ("零" if whole else "")
    return whole + tenth + (f"{_DIGITS[rest]}分" if rest else "整")


def _whole(number: int) -> str:
    """A positive whole number, four digits at a time; a group that starts with a zero, or follows one, says so once."""
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text = ""
    gap = False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            gap = True
            continue
        if text and (gap or group < 1000):
            text += "零"
        text += _four_digits(group) + _GROUPS[place]
        gap = False
    return text


def _four_digits(group: int) -> str:
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return text
