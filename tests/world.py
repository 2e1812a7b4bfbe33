"""One cast for all tests: Ana organizes, Bo joins, Cy has nothing to do with it, Mill makes, Root approves.

Everything is made through the operations that the product itself uses, on a keyboard of the shipped schema.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from c2b.accounts.models import User
from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.counting import keep_deadlines
from c2b.campaigns.rules import Offer, PriceTier
from c2b.catalog import operations as catalog
from c2b.config import ROOT
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.participations import operations as participations
from c2b.participations.closing import locking
from c2b.participations.closing.allocating import allocate
from c2b.participations.closing.locking import release_places
from c2b.participations.closing.proposing import propose
from c2b.participations.joining import Joined
from c2b.payments.capturing import book_capture
from c2b.payments.models import Payment

PASSWORD_HASH = "not a hash: nobody logs in with it"
BATCH = {
    "form_factor": "75", "case_material": "alu", "mounting": "gasket", "pcb_sensing": "mech",
    "connectivity": "wired", "hot_swap": True,
}  # fmt: skip
ANSWERS = {
    "kit": "full", "physical_layout": "ansi", "case_color": "navy", "plate": "fr4", "switch": "tactile_b",
    "keycap": "pbt_dye_a", "legend": "us",
}  # fmt: skip
PARTY = {
    "legal_name": {"en": "Dongguan Mill Precision Co., Ltd.", "zh": "东莞市磨坊精密科技有限公司"},
    "address": {
        "en": "18 Keji Road, Songshan Lake, Dongguan, Guangdong",
        "zh": "广东省东莞市松山湖科技路18号",
    },
    "country": "CN",
    "registration_id": "91441900MA4W0C2B7K",
    "vat_id": "CN91441900MA4W0C2B7K",
    "contact": {
        "role": {"en": "Order desk", "zh": "订单部"},
        "phone": "+86 769 2200 1188",
        "email": "orders@mill.example",
    },
}


def schema_document(family: str = "keyboard", version: int = 1) -> dict[str, Any]:
    """A version of a family's shipped schema; the first has minimums of options only."""
    return json.loads((ROOT / "schemas" / "products" / family / f"{version}.schema.json").read_text())


async def person(
    name: str, role: str = "consumer", manufacturer_id: str | None = None, locale: str = "en"
) -> Actor:
    """A user as an actor."""
    now = clock.now()
    key = f"{name.lower()}-{new_id()[-6:]}@c2b.example"
    user = await User.create(
        email=key, email_key=key, name=name, role=role, manufacturer_id=manufacturer_id, locale=locale,
        password_hash=PASSWORD_HASH, password_changed_at=now, created_at=now, email_verified_at=now,
    )  # fmt: skip
    return Actor(
        id=user.id, name=name, role=role, manufacturer_id=manufacturer_id, locale=locale, email_verified=True
    )


@dataclass
class World:
    """A manufacturer with a product, the cast, and shortcuts to the states that tests begin from."""

    ana: Actor
    bo: Actor
    cy: Actor
    mill: Actor
    root: Actor
    manufacturer_id: str
    product_id: str
    product_slug: str
    members: list[Actor] = field(default_factory=list)

    def offer(self, **changes: Any) -> Offer:
        """An offer that the product allows."""
        fields: dict[str, Any] = {
            "title": "Navy seventy-five",
            "story": "A quiet board for the whole club.",
            "batch_answers": BATCH,
            "threshold": 50,
            "cap": 100,
            "tiers": (PriceTier(50, 45900), PriceTier(80, 42900)),
            "closes": "on_threshold",
            "visibility": "public",
            "deadline": clock.now() + timedelta(days=20),
        }
        return Offer(**{**fields, **changes})

    async def open_campaign(self, **changes: Any) -> str:
        """An approved campaign; its id."""
        campaign = await campaigns.draft(
            self.ana, product_slug=self.product_slug, offer=self.offer(**changes)
        )
        await campaigns.submit(self.ana, campaign.id)
        await campaigns.approve(self.root, campaign.id)
        return campaign.id

    async def join(
        self,
        campaign_id: str,
        who: Actor | None = None,
        *,
        quantity: int = 1,
        wishes: dict[str, Any] | None = None,
        invitation_id: str | None = None,
        **answers: Any,
    ) -> Joined:
        """Somebody (new, unless given) joins and has not paid yet. ``wishes``: their preferences."""
        who = who or await person(f"Member{len(self.members)}")
        self.members.append(who)
        joined = await participations.join(
            who, campaign_id, answers={**ANSWERS, **answers}, quantity=quantity, preferences=wishes,
            invitation_id=invitation_id,
        )  # fmt: skip
        assert isinstance(joined, Joined)
        return joined

    async def pay(self, joined: Joined) -> str:
        """Captured money for a place, booked as the webhook would; the payment's id."""
        payment = await self.ask(joined)
        await self.capture(payment)
        return payment.id

    async def ask(self, joined: Joined) -> Payment:
        """An open payment for a place, with its object at a provider."""
        row = await db.fetch_one("SELECT user_id FROM participation WHERE id = ?", joined.participation_id)
        assert row
        return await Payment.create(
            participation_id=joined.participation_id, campaign_id=joined.campaign_id, user_id=row["user_id"],
            amount_minor=joined.total_minor, currency=joined.currency, gateway="sandbox",
            provider_ref=f"pay_{new_id()}", created_at=clock.now(),
        )  # fmt: skip

    async def capture(self, payment: Payment) -> bool:
        """Book captured money."""
        return await db.atomically(lambda: book_capture(payment.id, provider_ref=payment.provider_ref or ""))

    async def fill(self, campaign_id: str, units: int) -> list[Joined]:
        """That many units joined and paid, twenty at most per member."""
        found = []
        while units > 0:
            joined = await self.join(campaign_id, quantity=min(units, 20))
            await self.pay(joined)
            found.append(joined)
            units -= joined.quantity
        return found


async def build(*, min_quantity: int = 50) -> World:
    """The cast and one product of the keyboard family."""
    maker = await catalog.add_manufacturer(
        slug=f"mill-{new_id()[-6:]}", name={"en": "Mill", "zh": "磨坊"}, party=PARTY, story={"en": "", "zh": ""},
        email="orders@mill.example",
    )  # fmt: skip
    product = await catalog.add_product(
        manufacturer_id=maker.id, slug=f"mill75-{new_id()[-6:]}", family="keyboard",
        name={"en": "Mill 75", "zh": "磨坊75"}, summary={"en": "A keyboard.", "zh": "一把键盘。"},
        timeline="SEMI", min_quantity=min_quantity, capacity=2000, quotation=quotation(min_quantity), terms=TERMS,
    )  # fmt: skip
    await catalog.publish_schema(product.id, schema_document())
    return World(
        ana=await person("Ana"), bo=await person("Bo"), cy=await person("Cy"),
        mill=await person("Mill", "manufacturer", maker.id, locale="zh_CN"), root=await person("Root", "admin"),
        manufacturer_id=maker.id, product_id=product.id, product_slug=product.slug,
    )  # fmt: skip


async def proposed(w: World) -> tuple[str, str]:
    """Sixty units can be made. Bo alone wants two plates of brass, would take FR4, and asked to be asked before: the
    group is closed and waits for Bo. The campaign and Bo's place."""
    campaign = await w.open_campaign(closes="at_deadline", deadline=clock.now() + timedelta(days=2))
    await w.fill(campaign, 60)
    wishes = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}], "ask_first": True}
    place = await w.join(campaign, w.bo, quantity=2, plate="brass", wishes=wishes)
    await w.pay(place)
    clock.shift(timedelta(days=2, minutes=1))
    await keep_deadlines()
    await drain()
    return campaign, place.participation_id


async def lock(campaign_id: str, *, turn: int = 1) -> str:
    """Carry a closed campaign through one turn of its closing, without the workflow; what it came to."""
    await db.atomically(lambda: release_places(campaign_id))
    found = await allocate(campaign_id)
    told = await db.atomically(lambda: propose(campaign_id, turn=turn, proposal=found))
    if told["verdict"] != "proposed":
        return str(told["verdict"])
    return await db.atomically(lambda: locking.lock(campaign_id, turn=turn))


TERMS = {
    "item_number": "MILL-75",
    "incoterm": "DAP",
    "place": {"en": "Suzhou, Jiangsu", "zh": "江苏苏州"},
    "ship_to": {
        "name": {"en": "Suzhou fulfillment warehouse", "zh": "苏州履约仓"},
        "address": {"en": "66 Suhong Middle Road, Suzhou, Jiangsu", "zh": "江苏省苏州市苏虹中路66号"},
    },
    "certificates": ["CCC"],
    "warranty_months": 12,
    "spare_percent": 2,
}


def quotation(min_quantity: int = 50) -> dict[str, Any]:
    """A quotation that covers ``World.offer``."""
    return {
        "reference": "Q-2026-0117",
        "quoted_until": (clock.now() + timedelta(days=120)).isoformat(),
        "tiers": [
            _tier(min_quantity, 31000, 39900, 52900),
            _tier(200, 28000, 36900, 49900),
        ],
    }  # fmt: skip


def _tier(quantity: int, unit: int, low: int, high: int) -> dict[str, int]:
    return {
        "from_quantity": quantity, "unit_price_minor": unit, "min_retail_minor": low, "max_retail_minor": high,
    }  # fmt: skip
