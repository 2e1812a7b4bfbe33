"""Money is an integer count of minor units with a currency; this module counts, splits, reads and prints it.

No binary floating point anywhere: amounts are `int`, and `Decimal` appears only between text and `int`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.numbers import NumberPattern, format_currency, parse_pattern

from c2b.kit.i18n import babel_locale, current_locale

# ISO 4217, list one. CLDR's digits are what people print, not what providers count (IQD: 0 against 3),
# so the exponent comes from the standard. Everything not named here that the standard lists has two.
_NO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
_TWO_DECIMALS = frozenset(
    "AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR MOP MXN MYR NOK NZD PHP PLN RON SAR SEK "
    "SGD THB TRY TWD UAH USD ZAR".split()
)

_LARGEST = 10**15  # minor units; far above any purchase order, far below what 64 bits hold


def exponent(currency: str) -> int:
    """Decimal places of `currency` (ISO 4217 alphabetic code): 0, 2 or 3. Raises ValueError if not known."""
    if currency in _TWO_DECIMALS:
        return 2
    if currency in _NO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    raise ValueError(f"unknown currency: {currency!r}")


def format_money(minor: int, currency: str, locale: str) -> str:
    """`minor` units of `currency` as a person reads them in `locale` ("en", "zh_CN"): 123450 → "¥1,234.50"."""
    places = exponent(currency)
    known, pattern = babel_locale(locale), _pattern(locale, places)
    # a parsed pattern is taken as it is
    return format_currency(_decimal(minor, places), currency, pattern, locale=known, currency_digits=False)


@dataclass(frozen=True)
class Amount:
    """Money in a message: written for whoever reads it, when the message is put into words."""

    minor: int
    currency: str

    def __format__(self, spec: str) -> str:
        return format(format_money(self.minor, self.currency, current_locale()), spec)


def short_money(minor: int, currency: str, locale: str) -> str:
    """As `format_money`, within a sentence: whole amounts go without their decimals: 39900 → "¥399"."""
    places = exponent(currency)
    if minor % 10**places:
        return format_money(minor, currency, locale)
    known, pattern = babel_locale(locale), _pattern(locale, 0)
    return format_currency(_decimal(minor, places), currency, pattern, locale=known, currency_digits=False)


def plain_money(minor: int, currency: str) -> str:
    """`minor` units as a plain decimal without sign or grouping, for form fields and exports: "1234.50"."""
    return format(_decimal(minor, exponent(currency)), "f")


def parse_money(text: str, currency: str) -> int:
    """Minor units from what a person typed ("1,234.50", "1234.5"). Raises ValueError for anything else.

    A fraction finer than the currency's minor unit is refused, never rounded.
    """
    places = exponent(currency)
    try:
        amount = Decimal(text.strip().replace(",", "")).scaleb(places)
    except InvalidOperation:
        raise ValueError(f"not an amount: {text[:40]!r}") from None
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 <= amount <= _LARGEST:
        raise ValueError(f"not an amount in {currency}: {text[:40]!r}")
    return int(amount)


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units in proportion to `weights`; the parts are integers and sum to `total` exactly.

    Largest remainder; of equal remainders the earlier position is served first, so a split can be repeated.
    Raises ValueError for a negative total or weight, and where there is something to split among nobody.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("a split needs a total and weights of at least zero")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nobody to share among")
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def divide_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as an integer, halves away from zero (commercial rounding); denominator > 0."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


@cache
def _pattern(locale: str, places: int) -> NumberPattern:
    standard = babel_locale(locale).currency_formats["standard"].pattern
    return parse_pattern(standard.replace(".00", "." + "0" * places if places else ""))


def _decimal(minor: int, places: int) -> Decimal:
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TypeError(f"minor units are an int, not {type(minor).__name__}")
    sign, digits = (1 if minor < 0 else 0), tuple(int(digit) for digit in str(abs(minor)))
    return Decimal((sign, digits, -places))
