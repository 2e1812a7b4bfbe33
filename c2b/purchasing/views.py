"""The pages of a purchase order as plain values in one language: what a template may see, and nothing else.

Call these inside ``i18n.use_locale``. Labels come in the reader's language; option values bring the other language
along, small, because the people at the machines read one and the people in the office the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from c2b.kit import i18n
from c2b.kit.i18n import N_, format_date, format_datetime, format_number, gettext
from c2b.kit.money import exponent
from c2b.purchasing.capitals import capital_amount
from c2b.purchasing.snapshot import (
    NRE,
    PIECE,
    SERVICE,
    SMALL_LOT,
    ChargeLine,
    OrderLine,
    Party,
    PriceComponent,
    PurchaseOrderSnapshot,
    Specification,
    Text,
    UnitListEntry,
)

_UNITS = {"H87": N_("pcs"), "LS": N_("lump sum")}
_CLASSES = {"critical": N_("Critical"), "major": N_("Major"), "minor": N_("Minor")}
_BASES = {"goods": N_("Goods and services"), "nre": N_("One-off engineering")}


def language(locale: str) -> str:
    """The side of a bilingual text that a reader of `locale` sees."""
    return "zh" if locale == "zh_CN" else "en"


def language_tag(locale: str) -> str:
    """The language of a page (BCP 47)."""
    return "zh-Hans" if locale == "zh_CN" else "en"


def other_language(message: str) -> str:
    """A message in the other language than the reader's, for small second titles."""
    here = i18n.current_locale()
    english = next((each for each in _TITLES if gettext(each) == message), message)
    with i18n.use_locale("en" if here == "zh_CN" else "zh_CN"):
        return gettext(english)


_TITLES = (N_("Purchase order"), N_("Annex: unit list"))


def order_title(snapshot: PurchaseOrderSnapshot) -> str:
    """What names this revision at the head of every page."""
    return gettext("{number} · revision {revision}", number=snapshot.number, revision=snapshot.revision)


def order_page(snapshot: PurchaseOrderSnapshot, *, digest: str, acknowledgment_url: str) -> dict[str, Any]:
    """Everything on the order itself, for ``documents/purchase_order.html``."""
    return {
        "lang": language_tag(i18n.current_locale()),
        "title": f"{gettext('Purchase order')} {order_title(snapshot)}",
        "other_title": other_language(gettext("Purchase order")),
        "facts": _facts(snapshot),
        "buyer": _party(snapshot.buyer, gettext("Buyer")),
        "seller": _party(snapshot.seller, gettext("Seller")),
        "ship_to": {
            "heading": gettext("Ship to"),
            "name": _here(snapshot.delivery.ship_to_name),
            "address": _here(snapshot.delivery.ship_to_address),
            "rest": [gettext("A warehouse; no consumer addresses.")],
        },
        "validity": format_datetime(snapshot.validity_until),
        "issued": format_datetime(snapshot.issued_at),
        "acknowledgment_url": acknowledgment_url,
        "spec_digest": snapshot.spec_digest,
        "digest": digest,
        "product": _here(snapshot.product_name),
        "other_product": _there(snapshot.product_name),
        "common": [_specification(each) for each in snapshot.common],
        "common_price": _common_price(snapshot),
        "lines": [_line(line, snapshot.currency) for line in snapshot.lines],
        "charges": list(_charges(snapshot)),
        "currency": snapshot.currency,
        **_sums(snapshot),
        "delivery": _delivery(snapshot),
        "payments": _payments(snapshot),
        "payment_means": gettext("Payment by credit transfer against invoice (fapiao)."),
        **_quality(snapshot),
        "clauses": [{"title": _here(each.title), "body": _here(each.body)} for each in snapshot.clauses],
    }


def personal_texts(unit: UnitListEntry, side: str) -> list[str]:
    """The personal work on a unit, one text per piece of work: "Engraving: Text 「Li Lei 李雷」 · Font Kai"."""
    colon, texts = ("：", []) if side == "zh" else (": ", [])
    for _, parts in groupby(unit.personalization, key=lambda each: each.code.partition(".")[0]):
        group = list(parts)
        title = group[0].group
        if title is None:
            texts.append(f"{group[0].label[side]}{colon}{_exact(group[0], side)}")
        else:
            details = " · ".join(f"{each.label[side]} {_exact(each, side)}" for each in group)
            texts.append(f"{title[side]}{colon}{details}")
    return texts or ["–"]


def _exact(each: Specification, side: str) -> str:
    """Brackets show where a typed text begins and ends: a space may be part of it, and no keyboard types them."""
    return f"「{each.value[side]}」" if each.literal else each.value[side]


def amount(minor: int, currency: str) -> str:
    """Minor units with grouping and without sign: "1,234.50". Amounts of a table share one currency in its head."""
    places = exponent(currency)
    sign, digits = "-" if minor < 0 else "", f"{abs(minor):0{places + 1}}"
    whole, rest = (digits[:-places], f".{digits[-places:]}") if places else (digits, "")
    return f"{sign}{int(whole):,}{rest}"


def _here(text: Text) -> str:
    return text[language(i18n.current_locale())]


def _there(text: Text) -> str:
    """The other language, or nothing where both read the same."""
    other = text["en" if language(i18n.current_locale()) == "zh" else "zh"]
    return other if other != _here(text) else ""


def _facts(snapshot: PurchaseOrderSnapshot) -> list[dict[str, Any]]:
    delivery = snapshot.delivery
    pairs = (
        (gettext("Order number"), snapshot.number),
        (gettext("Revision"), str(snapshot.revision)),
        (gettext("Issued on"), format_date(snapshot.issued_at)),
        (gettext("Ship by"), format_date(delivery.latest_date)),
        (gettext("Campaign"), snapshot.campaign_code),
        (gettext("Quotation"), snapshot.quotation),
        (gettext("Delivery terms"), f"{delivery.incoterm} {_here(delivery.place)}"),
        (gettext("Units ordered"), format_number(snapshot.quantity)),
    )
    return [{"label": label, "value": value, "big": place == 0} for place, (label, value) in enumerate(pairs)]


def _party(party: Party, heading: str) -> dict[str, Any]:
    return {
        "heading": heading,
        "name": _here(party.legal_name),
        "address": f"{_here(party.address)}",
        "email": party.contact.email,
        "phone": party.contact.phone,
        "rest": [
            gettext("Registration no. {id}", id=party.registration_id),
            gettext("VAT no. {id}", id=party.vat_id),
            f"{_here(party.contact.role)} · {party.contact.phone}",
            party.contact.email,
        ],
    }


def _specification(each: Specification) -> dict[str, str]:
    return {
        "label": _here(each.label),
        "value": _here(each.value),
        "other": "" if each.literal else _there(each.value),
    }


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "no": line.line_no,
        "name": _here(line.name),
        "item_code": line.item_code,
        "specs": [_specification(each) for each in line.specification],
        "build": _build(line, currency),
        "quantity": format_number(line.quantity),
        "unit": gettext(_UNITS[line.unit_code]),
        "price": amount(line.unit_price_minor, currency),
        "amount": amount(line.total_minor, currency),
    }


def _build(line: OrderLine, currency: str) -> str:
    """What sets the price of this line apart from the common unit price; empty when nothing does."""
    own = [each for each in line.components if each.scope == "variant"]
    common = amount(line.unit_price_minor - sum(each.minor for each in own), currency)
    return " ".join([common, *(_signed(each, currency) for each in own)]) if own else ""


def _common_price(snapshot: PurchaseOrderSnapshot) -> str:
    """How the unit price that all lines share comes about."""
    shared = [each for each in snapshot.lines[0].components if each.scope != "variant"]
    base, *rest = shared
    total = amount(sum(each.minor for each in shared), snapshot.currency)
    steps = [f"{_here(base.label)} {amount(base.minor, snapshot.currency)}"]
    return " ".join([*steps, *(_signed(each, snapshot.currency) for each in rest), "=", total])


def _signed(each: PriceComponent, currency: str) -> str:
    return f"{'–' if each.minor < 0 else '+'} {_here(each.label)} {amount(abs(each.minor), currency)}"


def _charges(snapshot: PurchaseOrderSnapshot) -> Iterable[dict[str, Any]]:
    titles = {
        SERVICE: gettext("Services on single units"),
        SMALL_LOT: gettext("Small-lot fees (quantity below the minimum)"),
        NRE: gettext("One-off engineering (NRE)"),
    }
    for kind, lines in groupby(snapshot.charges, key=lambda line: line.kind):
        yield {"title": titles[kind], "lines": [_charge(line, snapshot.currency) for line in lines]}


def _charge(line: ChargeLine, currency: str) -> dict[str, Any]:
    return {
        "no": line.line_no,
        "name": _here(line.name),
        "other": _there(line.name),
        "note": _here(line.note),
        "quantity": format_number(line.quantity),
        "unit": gettext(_UNITS[line.unit_code]) if line.unit_code == PIECE else line.unit_code,
        "price": amount(line.unit_price_minor, currency),
        "amount": amount(line.total_minor, currency),
    }


def _sums(snapshot: PurchaseOrderSnapshot) -> dict[str, Any]:
    sums, currency = snapshot.totals, snapshot.currency
    small_lots = sum(each.total_minor for each in snapshot.charges if each.kind == SMALL_LOT)
    rows = (
        (gettext("Goods"), sums.goods_minor),
        (gettext("Services"), sums.services_minor - small_lots),
        (gettext("Small-lot fees"), small_lots),
        (gettext("One-off engineering"), sums.nre_minor),
        (gettext("of which net"), sums.net_minor),
        (gettext("of which VAT {rate} %", rate=sums.rate_percent), sums.tax_minor),
    )
    in_words = ""
    if currency == "CNY" and i18n.current_locale() == "zh_CN":
        in_words = f"人民币{capital_amount(sums.gross_minor)}"
    return {
        "sums": [{"label": label, "amount": amount(minor, currency)} for label, minor in rows if minor],
        "total": amount(sums.gross_minor, currency),
        "in_words": in_words,
    }


def _delivery(snapshot: PurchaseOrderSnapshot) -> list[dict[str, str]]:
    delivery = snapshot.delivery
    window = format_date(delivery.latest_date)
    if delivery.earliest_date:
        window = f"{format_date(delivery.earliest_date)} – {window}"
    rows = (
        (gettext("Incoterms 2020"), f"{delivery.incoterm} {_here(delivery.place)}"),
        (gettext("Latest shipment"), window),
        (
            gettext("Partial delivery"),
            gettext("Allowed") if delivery.partial else gettext("Not allowed"),
        ),
        (gettext("Tolerance"), gettext("0 over, 0 under")),
    )
    return _rows(rows)


def _payments(snapshot: PurchaseOrderSnapshot) -> list[dict[str, Any]]:
    return [
        {
            "percent": each.percent,
            "basis": gettext(_BASES[each.basis]),
            "event": _here(each.event),
            "amount": amount(each.amount_minor, snapshot.currency),
        }
        for each in snapshot.payments
    ]


def _quality(snapshot: PurchaseOrderSnapshot) -> dict[str, Any]:
    quality = snapshot.quality
    rows = (
        (gettext("Golden sample"), quality.golden_sample),
        (gettext("Certificates"), ", ".join(quality.certificates) or "–"),
        (gettext("Warranty"), gettext("{months} months", months=quality.warranty_months)),
        (
            gettext("Spare units"),
            gettext("{units} ({percent} %), free of charge", units=quality.spare_units, percent=quality.spare_percent),
        ),
        (gettext("Personalization"), gettext("100 % checked against the unit list")),
    )  # fmt: skip
    plans = [
        {"name": gettext(_CLASSES.get(each.nonconformity, each.nonconformity)), "limit": each.limit,
         "sample": each.sample, "accept": each.accept, "reject": each.reject}
        for each in quality.plans
    ]  # fmt: skip
    note = gettext(
        "ISO 2859-1, single sampling, normal inspection, level {level}; lot of {lot} units, code letter {letter}.",
        level=quality.level, lot=format_number(quality.lot_size), letter=quality.code_letter,
    )  # fmt: skip
    return {"quality": _rows(rows), "plans": plans, "sampling_note": note}


def _rows(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "value": value} for label, value in pairs]
