"""Where a group sells, and what the law there says: the tax in a price, and how long a delivery can be given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from c2b.kit.i18n import N_


@dataclass(frozen=True)
class Market:
    """What holds where a campaign sells. ``vat_percent``: the highest that the price may contain, so that the base
    never contains tax; ``return_days``: how long a delivered order can be given back."""

    code: str
    title: str
    vat_percent: int
    return_days: int

    def returnable_until(self, delivered_on: date, zone: tzinfo | None) -> datetime:
        """From when on an order delivered on this day can no longer be returned: after the last day of the window."""
        midnight = datetime.combine(delivered_on, datetime.min.time(), tzinfo=zone)
        return midnight + timedelta(days=self.return_days + 1)


MARKETS: dict[str, Market] = {
    "cn": Market("cn", N_("China"), vat_percent=13, return_days=7),
    "eu": Market("eu", N_("European Union"), vat_percent=27, return_days=14),
    "us": Market("us", N_("United States"), vat_percent=11, return_days=14),
    "other": Market("other", N_("Other markets"), vat_percent=27, return_days=14),
}
_BY_CURRENCY = {"CNY": "cn", "EUR": "eu", "USD": "us"}


def market_of(currency: str, batch_answers: object) -> Market:
    """Where a campaign sells: as its batch says (an attribute named ``market``), else by its currency."""
    said = batch_answers.get("market") if isinstance(batch_answers, dict) else None
    code = said if isinstance(said, str) and said in MARKETS else _BY_CURRENCY.get(currency, "other")
    return MARKETS[code]
