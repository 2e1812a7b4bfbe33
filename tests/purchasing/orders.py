"""Believable orders for the tests and benchmarks of this package: the keyboard that Ana organizes and Mill makes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from itertools import islice, product
from typing import Any

from c2b.catalog import rules as catalog
from c2b.config import ROOT
from c2b.kit.canonical import digest
from c2b.purchasing import rules

SALT = "a-secret-that-only-the-house-knows"
CAMPAIGN = "CMP-2026-0042"
BASE_MINOR = 28_800
ISSUED = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
BATCH = {
    "form_factor": "75",
    "case_material": "alu",
    "mounting": "gasket",
    "pcb_sensing": "mech",
    "connectivity": "tri",
    "battery_mah": 4000,
    "hot_swap": True,
}
VARIANT = {
    "kit": "full",
    "physical_layout": "ansi",
    "case_color": "navy",
    "plate": "fr4",
    "switch": "tactile_b",
    "keycap": "pbt_dye_a",
    "legend": "us",
}
ENGRAVING = {"engraving": {"text": "Li Lei 李雷", "font": "kai", "position": "weight_back"}}
PICTURE = {"novelty_key": {"key": "esc", "image_sha256": "ab" * 32, "rights_confirmed": True}}
BUYER = {
    "legal_name": {
        "en": "Tongxing Custom Commerce (Shanghai) Co., Ltd.",
        "zh": "同行定制商贸（上海）有限公司",
    },
    "registration_id": "91310115MA1K4C2B0F",
    "vat_id": "CN91310115MA1K4C2B0F",
    "address": {
        "en": "Room 1206, 88 Keyuan Road, Pudong New Area, Shanghai 201203, China",
        "zh": "上海市浦东新区科苑路88号1206室，邮编201203",
    },
    "contact": {
        "role": {"en": "Procurement", "zh": "采购部"},
        "email": "procurement@c2b.example",
        "phone": "+86 21 5555 0101",
    },
}
SELLER = {
    "legal_name": {
        "en": "Shenzhen Millrun Precision Electronics Co., Ltd.",
        "zh": "深圳市磨坊精密电子有限公司",
    },
    "registration_id": "91440300MA5F8X2K3T",
    "vat_id": "CN91440300MA5F8X2K3T",
    "address": {
        "en": "Building 7, Fuyong Industrial Park, Bao'an District, Shenzhen 518103, China",
        "zh": "深圳市宝安区福永工业园7栋，邮编518103",
    },
    "contact": {
        "role": {"en": "Order desk", "zh": "订单部"},
        "email": "orders@millrun.example",
        "phone": "+86 755 5555 0188",
    },
}
TERMS = {
    "item_number": "MR-KB75",
    "incoterm": "DAP",
    "place": {"en": "Kunshan fulfillment warehouse", "zh": "昆山履约仓"},
    "ship_to": {
        "name": {"en": "Kunshan Fulfillment Warehouse, Dock 4", "zh": "昆山履约仓 4号月台"},
        "address": {
            "en": "Dock 4, 600 Taihu South Road, Kunshan, Jiangsu 215300, China",
            "zh": "江苏省昆山市太湖南路600号4号月台，邮编215300",
        },
    },
    "certificates": ["CCC", "RoHS"],
    "warranty_months": 12,
    "spare_percent": 2,
}
TEXTS = (
    "Li Lei 李雷", "Hello, world", "愿你出走半生归来仍是少年", "Ana & Bo 2026", "镩轷铴 Ünïcödé", "W" * 20, "静",
    "Mei's keyboard", "键盘侠！", "ÅÄÖ ñ ç ß Ȁ",
)  # fmt: skip


@cache
def schema() -> catalog.ProductSchema:
    path = ROOT / "schemas" / "products" / "keyboard" / "1.schema.json"
    return catalog.parse_schema(json.loads(path.read_text()))


def confirmed(name: str, *, quantity: int = 1, **answers: Any) -> rules.Confirmed:
    """Somebody's confirmed participation; `answers` are added to a plain navy keyboard."""
    complete = {**BATCH, **VARIANT, **answers}
    complete = {key: value for key, value in complete.items() if value is not None}
    return rules.Confirmed(
        id=name,
        quantity=quantity,
        answers=complete,
        configuration_key=catalog.configuration_key(schema(), complete),
        answers_digest=digest(complete),
    )


ANA = confirmed("ana", quantity=2)
BO = confirmed("bo", **ENGRAVING)
CY = confirmed(
    "cy", case_color="silver", switch="silent_c", plate="brass", extras=["coiled_cable"], **PICTURE
)
FEW = (ANA, BO, CY)


def variants() -> Iterable[dict[str, Any]]:
    """Different configurations that the rules of the keyboard allow."""
    colors, plates = ("black", "silver", "navy"), ("fr4", "pc", "pom", "alu", "brass")
    switches, extras = (
        ("linear_a", "tactile_b", "silent_c"),
        ([], ["coiled_cable"], ["carry_case", "wrist_rest"]),
    )
    for extra, switch, plate, color in product(extras, switches, plates, colors):
        yield {"case_color": color, "plate": plate, "switch": switch, **({"extras": extra} if extra else {})}


def crowd(units: int, *, lines: int = 8, personalized: bool = True) -> list[rules.Confirmed]:
    """`units` members with one unit each, spread over `lines` configurations, engraved if `personalized`."""
    choices = list(islice(variants(), lines))
    people = []
    for number in range(units):
        text = f"{TEXTS[number % len(TEXTS)]}"
        font = ("sans", "serif", "song", "kai")[number % 4]
        unit = {"engraving": {"text": text, "font": font, "position": "weight_back"}} if personalized else {}
        people.append(confirmed(f"member-{number}", **choices[number % lines], **unit))
    return people


def draft(participations: Iterable[rules.Confirmed] = FEW, **changes: Any) -> rules.Draft:
    given: dict[str, Any] = {
        "number": "PO-2026-000123",
        "issued_at": ISSUED,
        "validity_until": datetime(2026, 11, 30, 8, 30, tzinfo=UTC),
        "buyer": rules.party(BUYER),
        "seller": rules.party(SELLER),
        "campaign_code": CAMPAIGN,
        "quotation": "MR-Q-2026-118 rev. 2",
        "product_name": rules.Text("Tidewater 75 mechanical keyboard", "潮汐75机械键盘"),
        "currency": "CNY",
        "spec_digest": "5f" * 32,
        "schema": schema(),
        "participations": list(participations),
        "base_unit_price_minor": BASE_MINOR,
        "agreed": rules.trade_terms(TERMS),
        "latest_date": date(2027, 1, 15),
        "salt": SALT,
    }
    return rules.draft(**{**given, **changes})
