"""Everything that stands on a purchase order, as one value: frozen, comparable, with a canonical form and a digest.

Both documents of a revision, English and Chinese, are drawn from this value and nothing else; what it does not hold
cannot get on paper. It holds no personal data: ship-to is a warehouse, units have opaque ids.

Amounts are integer minor units of ``currency``, tax included, unless named net. Units of measure are codes of UNECE
Recommendation 20: H87 piece, LS lump sum. Type 220 is an order (UNTDID 1001).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from functools import cache, cached_property
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from c2b.kit.canonical import digest as canonical_digest

PIECE, LUMP_SUM = "H87", "LS"
SERVICE, NRE, SMALL_LOT = "service", "nre", "small_lot"
CHARGES = (SERVICE, NRE, SMALL_LOT)


@dataclass(frozen=True)
class Text:
    """The same words in both languages. ``text["zh"]`` works as for the labels of product schemas."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    @classmethod
    def of(cls, label: Mapping[str, str] | str) -> Text:
        """From ``{"en": ..., "zh": ...}``, or from one text that reads the same in both."""
        return cls(label, label) if isinstance(label, str) else cls(label["en"], label["zh"])


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A desk, not a person."""

    role: Text
    email: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Party:
    """``registration_id`` is the unified social credit code; ``vat_id`` carries the country prefix."""

    legal_name: Text
    registration_id: str
    vat_id: str
    address: Text
    country: str
    contact: Contact


@dataclass(frozen=True, kw_only=True)
class Specification:
    """One answered attribute: ``code`` is its dotted path, ``option`` the option's code where there is one.

    ``group`` is the title of what it is a part of: an engraving has a text, a font and a position. ``literal`` marks
    text that somebody typed and that is reproduced letter by letter.
    """

    code: str
    label: Text
    value: Text
    option: str = ""
    group: Text | None = None
    literal: bool = False


@dataclass(frozen=True, kw_only=True)
class PriceComponent:
    """What a unit price is made of: "base", "batch" (surcharges all lines share) or "variant"."""

    scope: str
    label: Text
    minor: int


@dataclass(frozen=True, kw_only=True)
class OrderLine:
    """One configuration. ``specification`` is what sets it apart; what all lines share stands once in the order."""

    line_no: int
    item_code: str
    name: Text
    configuration_key: str
    specification: tuple[Specification, ...]
    quantity: int
    unit_code: str
    components: tuple[PriceComponent, ...]
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True, kw_only=True)
class ChargeLine:
    """A service counted in units (``service``: engraving), a one-off (``nre``: tooling, once however many), or the
    premium for the units that a cell is short of its minimum (``small_lot``; ``attribute`` is then the cell's key)."""

    line_no: int
    kind: str
    attribute: str
    option: str
    name: Text
    note: Text
    quantity: int
    unit_code: str
    unit_price_minor: int
    total_minor: int


@dataclass(frozen=True, kw_only=True)
class UnitListEntry:
    """One unit to be made. ``digest`` is the SHA-256 of its personal answers, so a label can be checked."""

    unit_id: str
    line_no: int
    personalization: tuple[Specification, ...]
    digest: str


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Gross amounts by kind of line, and what the gross total consists of. ``rate_percent`` is the VAT rate.

    ``services_minor`` is everything beside the goods that is paid with them: services and small-lot fees.
    """

    goods_minor: int
    services_minor: int
    nre_minor: int
    gross_minor: int
    net_minor: int
    tax_minor: int
    rate_percent: int


@dataclass(frozen=True, kw_only=True)
class PaymentMilestone:
    """A part of the price that falls due with an event. ``basis`` is "goods" (with services) or "nre".

    ``percent`` is a number where it is a whole one, else its decimals: "33.33".
    """

    basis: str
    percent: int | str
    event: Text
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Incoterms 2020 rule with its named place, the warehouse that receives, and the days within which."""

    incoterm: str
    place: Text
    ship_to_name: Text
    ship_to_address: Text
    earliest_date: date | None
    latest_date: date
    partial: bool


@dataclass(frozen=True, kw_only=True)
class SamplingPlan:
    """How many of a lot are inspected and with how many nonconforming units of a class it still passes."""

    nonconformity: str
    limit: str
    sample: int
    accept: int
    reject: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """ISO 2859-1, single sampling, normal inspection."""

    lot_size: int
    level: str
    code_letter: str
    plans: tuple[SamplingPlan, ...]
    golden_sample: str
    certificates: tuple[str, ...]
    warranty_months: int
    spare_percent: int
    spare_units: int


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One numbered paragraph of the terms."""

    code: str
    title: Text
    body: Text


@dataclass(frozen=True, kw_only=True)
class PurchaseOrderSnapshot:
    """One immutable revision of a purchase order."""

    number: str
    revision: int
    type_code: str
    issued_at: datetime
    validity_until: datetime
    buyer: Party
    seller: Party
    campaign_code: str
    quotation: str
    product_name: Text
    currency: str
    spec_digest: str
    common: tuple[Specification, ...]
    lines: tuple[OrderLine, ...]
    charges: tuple[ChargeLine, ...]
    units: tuple[UnitListEntry, ...]
    totals: Totals
    payment_means: str
    payments: tuple[PaymentMilestone, ...]
    delivery: Delivery
    quality: Quality
    clauses: tuple[Clause, ...]

    @property
    def quantity(self) -> int:
        """Units of goods."""
        return sum(line.quantity for line in self.lines)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form: what an acknowledgment refers to."""
        return canonical_digest(self.to_canonical())

    def to_canonical(self) -> dict[str, Any]:
        """Plain JSON values, for ``kit.canonical``."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_canonical(cls, data: Mapping[str, Any]) -> PurchaseOrderSnapshot:
        """The snapshot whose ``to_canonical`` this is. Raises ``ValueError`` for missing, unknown or ill-typed data."""
        built: PurchaseOrderSnapshot = _object(cls, dict(data))
        return built


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is tuple:
        return [_plain(item) for item in value]
    if is_dataclass(kind):
        return {name: _plain(getattr(value, name)) for name in _readers(kind)}
    return value.isoformat() if isinstance(value, date) else value


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """Field name -> what reads its plain value. Looked up once a class: a large order has 100,000 values."""
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """What turns plain JSON into a value of this type. It raises ``ValueError`` for anything else."""
    origin = get_origin(hint)
    if hint == int | str:
        return lambda data: data if type(data) is int else _of(str, data)
    if origin in (Union, UnionType):  # else only ever "or nothing" here
        some = _reader(get_args(hint)[0])
        return lambda data: None if data is None else some(data)
    if origin is tuple:
        item = _reader(get_args(hint)[0])
        return lambda data: tuple([item(each) for each in _of(list, data)])
    if is_dataclass(hint):
        return lambda data: _object(hint, _of(dict, data))
    if hint in (date, datetime):
        return lambda data: hint.fromisoformat(_of(str, data))
    return lambda data: _of(hint, data)


def _object(kind: Any, data: dict[str, Any]) -> Any:
    readers = _readers(kind)
    if readers.keys() != data.keys():
        raise ValueError(f"{kind.__name__} has other fields: {sorted(readers.keys() ^ data.keys())}")
    return kind(**{name: read(data[name]) for name, read in readers.items()})


def _of(kind: Any, data: Any) -> Any:
    if type(data) is not kind:
        raise ValueError(f"{data!r:.40} is no {kind.__name__}")
    return data
