"""How a manufacturer is paid: which share of the price falls due with which milestone, as agreed in a quotation.

Shares are basis points (hundredths of a percent). The usual terms are those of the trade: goods 30 % on the
acknowledged order, 60 % on the passed inspection, 10 % kept until thirty days after delivery; one-off costs half and
half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from c2b.kit.i18n import N_

WHOLE_BP = 10_000
MAX_PARTS, MAX_DAYS = 9, 365
#: What a part may fall due with, in the order in which it comes.
MILESTONES = {
    "acknowledged": N_("order acknowledged"),
    "golden_sample": N_("golden sample approved"),
    "inspected": N_("inspection passed"),
    "delivered": N_("delivered"),
}


@dataclass(frozen=True)
class Part:
    """``share_bp`` of the amount, ``days`` after ``milestone``."""

    share_bp: int
    milestone: str
    days: int = 0

    @property
    def percent(self) -> int | str:
        """For paper: 30, or "33.33"."""
        whole, rest = divmod(self.share_bp, 100)
        return f"{whole}.{rest:02d}".rstrip("0") if rest else whole


@dataclass(frozen=True)
class PaymentTerms:
    """The parts of the price of the goods (with services), and those of one-off costs."""

    goods: tuple[Part, ...]
    nre: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``payment_terms``."""
        return {"goods": [asdict(part) for part in self.goods], "nre": [asdict(part) for part in self.nre]}


USUAL = PaymentTerms(
    goods=(Part(3000, "acknowledged"), Part(6000, "inspected"), Part(1000, "delivered", 30)),
    nre=(Part(5000, "acknowledged"), Part(5000, "golden_sample")),
)


def payment_terms(quotation: Mapping[str, Any]) -> PaymentTerms:
    """The terms of a quotation (its ``payment_terms``), the usual ones where it names none.

    Raises ``ValueError`` with what is wrong: an unknown milestone, shares that do not make ten thousand, a part that
    falls due before the one it follows.
    """
    given = quotation.get("payment_terms")
    if given is None:
        return USUAL
    if not isinstance(given, Mapping) or not given.keys() <= {"goods", "nre"}:
        raise ValueError("payment_terms has the parts 'goods' and 'nre'")
    return PaymentTerms(
        goods=_parts("goods", given["goods"]) if "goods" in given else USUAL.goods,
        nre=_parts("nre", given["nre"]) if "nre" in given else USUAL.nre,
    )


def _parts(name: str, data: Any) -> tuple[Part, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str) or not 1 <= len(data) <= MAX_PARTS:
        raise ValueError(f"payment_terms.{name} is a list of 1 to {MAX_PARTS} parts")
    parts = tuple(_part(name, each) for each in data)
    if sum(part.share_bp for part in parts) != WHOLE_BP:
        raise ValueError(
            f"the shares of payment_terms.{name} make {sum(p.share_bp for p in parts)}, not {WHOLE_BP}"
        )
    order = [list(MILESTONES).index(part.milestone) for part in parts]
    if order != sorted(order):
        raise ValueError(f"payment_terms.{name} is not in the order in which its milestones come")
    return parts


def _part(name: str, data: Any) -> Part:
    if not isinstance(data, Mapping) or not {"share_bp", "milestone"} <= data.keys() <= {
        "share_bp",
        "milestone",
        "days",
    }:
        raise ValueError(f"a part of payment_terms.{name} has share_bp, milestone and perhaps days")
    share, milestone, days = data["share_bp"], data["milestone"], data.get("days", 0)
    if milestone not in MILESTONES:
        raise ValueError(f"{milestone!r} is no milestone that payments know: {', '.join(MILESTONES)}")
    if type(share) is not int or not 1 <= share <= WHOLE_BP:
        raise ValueError(f"{share!r} is no share in basis points")
    if type(days) is not int or not 0 <= days <= MAX_DAYS:
        raise ValueError(f"{days!r} is no number of days up to {MAX_DAYS}")
    return Part(share, milestone, days)
