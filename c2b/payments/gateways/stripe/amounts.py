"""Our minor units as Stripe counts them, and back (docs.stripe.com/currencies).

Stripe counts in the smallest unit as we do, but for two currencies without decimals that it still writes with two
(ISK and UGX: 5 krónur are 500), and it takes the last of three decimals only as zero.
"""

from __future__ import annotations

from c2b.payments.gateways.base import GatewayRefused

_WRITTEN_WITH_TWO = frozenset({"ISK", "UGX"})
_NO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())
_TWO_DECIMALS = frozenset(
    "AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF IDR ILS INR MOP MXN MYR NOK NZD PHP PLN RON SAR SEK "
    "SGD THB TRY TWD UAH USD ZAR".split()
)
CURRENCIES = _WRITTEN_WITH_TWO | _NO_DECIMALS | _THREE_DECIMALS | _TWO_DECIMALS


def to_stripe(amount_minor: object, currency: str) -> int:
    """Raises ``GatewayRefused``: ``amount``, ``currency``, or ``amount_granularity`` (1.005 KWD)."""
    if type(amount_minor) is not int or amount_minor <= 0:
        raise GatewayRefused("amount")
    if currency not in CURRENCIES:
        raise GatewayRefused("currency")
    if currency in _THREE_DECIMALS and amount_minor % 10:
        raise GatewayRefused("amount_granularity")
    return amount_minor * 100 if currency in _WRITTEN_WITH_TWO else amount_minor


def from_stripe(amount: object, currency: object) -> tuple[int, str]:
    """Minor units and the currency's code as we write it. Raises ``ValueError`` for what is no amount."""
    if type(amount) is not int or not isinstance(currency, str) or len(currency) != 3:
        raise ValueError("not an amount")
    code = currency.upper()
    if code not in _WRITTEN_WITH_TWO:
        return amount, code
    if amount % 100:
        raise ValueError("a currency without decimals with some")
    return amount // 100, code
