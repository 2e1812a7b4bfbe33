"""A member's requirement on a page: the form drawn from the product schema, and the price of what is chosen so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.rules import PriceTier, price_at
from c2b.catalog.forms import Form, answers_from_form, build_form
from c2b.catalog.reading import upload_fields
from c2b.catalog.rules import ProductSchema, option_counts, surcharges
from c2b.kit.errors import FieldError
from c2b.kit.i18n import pick
from c2b.participations.queries import demand_of
from c2b.participations.rules import MAX_QUANTITY
from c2b.web.auth import current_actor
from c2b.web.consumer.options import Bar, bars_of_choice, threshold_bar
from c2b.web.consumer.pictures import with_pictures
from c2b.web.consumer.prices import to_count_on
from c2b.web.pages import form_of

#: What a member decides; the rest is the campaign's.
SCOPES = ("variant", "unit")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a browser sent. ``quantity`` is 0 where it is no number; ``faults`` are about files."""

    answers: dict[str, Any]
    quantity: int
    faults: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class PriceLine:
    """An amount that a choice adds to each unit, or takes off it."""

    label: str
    value: str
    minor: int


@dataclass(frozen=True, kw_only=True)
class PricePanel:
    """The price of what is chosen, in minor units. ``base_minor`` is the first tier's; a member never pays more.

    ``later`` are the totals if the group reaches the lower tiers: (units, total).
    """

    currency: str
    base_minor: int
    lines: tuple[PriceLine, ...]
    unit_minor: int
    quantity: int
    total_minor: int
    later: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class RequirementForm:
    """Everything ``partials/campaign_requirement.html`` draws."""

    slug: str
    form: Form
    quantity: int
    quantity_error: str
    most: int
    price: PricePanel
    bars: tuple[Bar, ...]
    has_files: bool
    open: bool


async def read_requirement(request: Request, offer: JoinOffer) -> Sent:
    """The answers and the quantity in a posted form; nothing is judged yet, except files."""
    schema = offer.schema.parsed
    files = upload_fields(schema, SCOPES)
    form = await form_of(request, max_files=len(files))
    may_store = current_actor(request) is not None and not request.url.path.endswith("/quote")
    try:
        pairs, faults = await with_pictures(form, schema, SCOPES, store=may_store)
    finally:
        await form.close()
    text = str(form.get("quantity", "1")).strip()
    return Sent(
        answers=answers_from_form(schema, pairs, SCOPES, fixed=offer.batch_answers),
        quantity=int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0,
        faults=tuple(faults),
    )


async def requirement_form(
    slug: str, offer: JoinOffer, sent: Sent, *, errors: Iterable[FieldError] = (), is_open: bool = True
) -> RequirementForm:
    """The form with what was sent, each error beside its field, and the price."""
    errors = [*sent.faults, *errors]
    schema, demand = offer.schema.parsed, await demand_of(offer)
    form = build_form(
        offer.schema.parsed,
        scopes=SCOPES,
        currency=offer.currency,
        answers=sent.answers,
        fixed=offer.batch_answers,
        errors=errors,
        counts=option_counts(schema, demand),
    )
    wrong = next((error.text() for error in errors if error.path == "quantity"), "")
    return RequirementForm(
        slug=slug,
        form=form,
        quantity=sent.quantity,
        quantity_error=wrong,
        most=MAX_QUANTITY,
        price=price_panel(offer, sent),
        bars=(
            threshold_bar(offer, demand),
            *bars_of_choice(schema, demand, {**sent.answers, **offer.batch_answers}),
        ),
        has_files=bool(upload_fields(offer.schema.parsed, SCOPES)),
        open=is_open,
    )


def price_panel(offer: JoinOffer, sent: Sent) -> PricePanel:
    """The price of what is chosen so far. The promise itself is made at the join, by the same schema and tiers."""
    lines = price_lines(offer.schema.parsed, {**sent.answers, **offer.batch_answers})
    quantity = min(max(sent.quantity, 1), MAX_QUANTITY)
    base = offer.entry_price_minor
    promised = to_count_on(offer.tiers, closes=offer.closes, threshold=offer.threshold)
    extra = sum(line.minor for line in lines)
    return PricePanel(
        currency=offer.currency,
        base_minor=base,
        lines=lines,
        unit_minor=base + extra,
        quantity=quantity,
        total_minor=(base + extra) * quantity,
        later=tuple((tier.from_quantity, (_unit(offer, tier) + extra) * quantity) for tier in promised[1:]),
    )


def price_lines(schema: ProductSchema, answers: dict[str, Any]) -> tuple[PriceLine, ...]:
    """What the chosen options add to each unit, in words."""
    lines = []
    for each in surcharges(schema, answers):
        attribute = schema.attribute(each.attribute)
        option = attribute.option(each.code)
        lines.append(PriceLine(pick(attribute.title), pick(option.label) if option else "", each.minor))
    return tuple(lines)


def promised_lines(schema: ProductSchema, quote: dict[str, Any]) -> tuple[PriceLine, ...]:
    """What was counted into a stored quote, in words."""
    lines = []
    for each in quote["surcharges"]:
        attribute = schema.find(each["attribute"])
        option = attribute.option(each["code"]) if attribute else None
        label = pick(attribute.title) if attribute else each["attribute"]
        lines.append(PriceLine(label, pick(option.label) if option else "", each["minor"]))
    return tuple(lines)


def _unit(offer: JoinOffer, tier: PriceTier) -> int:
    return price_at(offer.tiers, tier.from_quantity)
