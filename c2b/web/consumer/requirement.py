"""A member's requirement on a page: the form drawn from the product schema, and the price of what is chosen so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from c2b.campaigns.plans import first_due_minor
from c2b.campaigns.queries import JoinOffer, progress
from c2b.campaigns.votes import OpenVote
from c2b.catalog.describing import Described, describe_answers
from c2b.catalog.forms import Form, answers_from_form, build_form
from c2b.catalog.reading import upload_fields
from c2b.catalog.rules import ProductSchema, option_counts, surcharges
from c2b.config import settings
from c2b.kit.canonical import MalformedJson, strict_loads
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import current_locale, gettext, pick
from c2b.participations.operations import requirement
from c2b.participations.queries import demand_of
from c2b.participations.room import Room, room_of
from c2b.participations.rules import MAX_QUANTITY
from c2b.participations.wishes.preferences import MAX_ALTERNATIVES
from c2b.web.auth import current_actor
from c2b.web.consumer.options import Bar, bars_of_choice, threshold_bar
from c2b.web.consumer.pictures import with_pictures
from c2b.web.consumer.wish_form import WishForm, is_about_wishes, wish_form
from c2b.web.consumer.wishes import Wishes, composed, hidden, wishes_of_form
from c2b.web.pages import form_of

#: What a member decides; the rest is the campaign's.
SCOPES = ("variant", "unit")


@dataclass(frozen=True, kw_only=True)
class Apart:
    """The form shows alternative number ``place`` (from 0); the first choice waits."""

    place: int
    first: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a browser sent. ``quantity`` is 0 where it is no number; ``faults`` are about files and amounts.

    ``action`` is the button: ``alternative``, ``edit:2``, ``remove:2``, ``up:2``; ``keep``, ``back`` while ``apart``.
    """

    answers: dict[str, Any]
    quantity: int
    faults: tuple[FieldError, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    apart: Apart | None = None
    action: str = ""

    @property
    def first(self) -> dict[str, Any]:
        """The first choice, whichever specification the form shows."""
        return self.apart.first if self.apart else self.answers


@dataclass(frozen=True)
class PriceLine:
    """An amount that a choice adds to each unit, or takes off it."""

    label: str
    value: str
    minor: int


@dataclass(frozen=True, kw_only=True)
class PricePanel:
    """The price of what is chosen, in minor units. ``base_minor`` is the first tier's at which the member takes part;
    they never pay more. ``from_quantity``: so many units bring it, where they take part from a lower price on (else 0).

    ``later`` are the totals if the group reaches the lower tiers: (units, total). ``first_minor`` is the total of the
    first choice, ``total_minor`` the commitment: more where another choice may cost more, less where a limit says so.
    ``due_minor`` is what is paid (or, by its ``plan``, held) of it now.
    """

    currency: str
    base_minor: int
    from_quantity: int
    lines: tuple[PriceLine, ...]
    unit_minor: int
    quantity: int
    first_minor: int
    total_minor: int
    later: tuple[tuple[int, int], ...]
    plan: str
    due_minor: int


@dataclass(frozen=True, kw_only=True)
class Aside:
    """While an alternative is described: its number, the first choice in words, and what the form carries along."""

    number: int
    first: tuple[Described, ...]
    carried_first: str
    carried_wishes: str


@dataclass(frozen=True, kw_only=True)
class RequirementForm:
    """Everything ``partials/campaign_requirement.html`` draws. ``wishes`` is missing while an alternative is
    described (``apart``)."""

    slug: str
    form: Form
    quantity: int
    quantity_error: str
    most: int
    price: PricePanel
    wishes: WishForm | None
    apart: Aside | None
    bars: tuple[Bar, ...]
    has_files: bool
    open: bool
    objection_hours: int
    room: Room
    hours_to_pay: int

    @property
    def full(self) -> bool:
        """There are fewer places than units asked for."""
        return self.room.left < max(self.quantity, 1)


async def read_requirement(request: Request, offer: JoinOffer) -> Sent:
    """The answers, the quantity and the wishes in a posted form; nothing is judged yet, except files and amounts."""
    schema = offer.schema.parsed
    files = upload_fields(schema, SCOPES)
    form = await form_of(request, max_files=len(files))
    action = str(form.get("action", ""))
    asks_only = request.url.path.endswith("/quote") and action in ("", "quote")
    may_store = current_actor(request) is not None and not asks_only
    try:
        pairs, faults = await with_pictures(form, schema, SCOPES, store=may_store)
    finally:
        await form.close()
    text = str(form.get("quantity", "1")).strip()
    sent = Sent(
        answers=answers_from_form(schema, pairs, SCOPES, fixed=offer.batch_answers),
        quantity=int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0,
        faults=tuple(faults),
        action=action,
    )
    try:
        return _with_wishes(sent, form, offer)
    except MalformedJson as error:
        return replace(sent, faults=(*faults, FieldError("", error.code, error.message, error.params)))


def _with_wishes(sent: Sent, form: FormData, offer: JoinOffer) -> Sent:
    wishes = wishes_of_form(form, offer)
    first = form.get("first")
    if isinstance(first, str):
        place = str(form.get("place", "0"))
        answers = strict_loads(first.encode())
        if not isinstance(answers, dict) or not place.isdigit():
            raise MalformedJson(reason="no first choice")
        sent = replace(sent, apart=Apart(place=min(int(place[:2]), MAX_ALTERNATIVES), first=answers))
    told = composed(wishes, offer, sent.first)
    return replace(sent, wishes=wishes, faults=(*sent.faults, *told.faults))


async def requirement_form(
    slug: str,
    offer: JoinOffer,
    sent: Sent,
    *,
    errors: Iterable[FieldError] = (),
    is_open: bool = True,
    counted: bool = False,
) -> RequirementForm:
    """The form with what was sent, each error beside its field, and the price.

    ``counted``: the member's own units are among those paid so far.
    """
    errors = [*sent.faults, *errors]
    schema, demand = offer.schema.parsed, await demand_of(offer)
    counts, told = option_counts(schema, demand), composed(sent.wishes, offer, sent.first)
    form = build_form(
        schema,
        scopes=SCOPES,
        currency=offer.currency,
        answers=sent.answers,
        fixed=offer.batch_answers,
        errors=[error for error in errors if not is_about_wishes(error)],
        counts=counts,
        batches=offer.batches,
    )
    wrong = next((error.text() for error in errors if error.path == "quantity"), "")
    wishes = wish_form(
        offer,
        sent.first,
        sent.wishes,
        told,
        units=0 if counted else sent.quantity,
        counts=counts,
        errors=[error for error in errors if is_about_wishes(error)],
    )
    return RequirementForm(
        slug=slug,
        form=form,
        quantity=sent.quantity,
        quantity_error=wrong,
        most=MAX_QUANTITY,
        price=price_panel(offer, sent, told.preferences),
        wishes=None if sent.apart else wishes,
        apart=_aside(schema, sent),
        bars=(
            threshold_bar(offer, (await progress(offer.campaign_id))["counted"]),
            *bars_of_choice(schema, demand, {**sent.answers, **offer.batch_answers}),
        ),
        has_files=bool(upload_fields(schema, SCOPES)),
        open=is_open,
        objection_hours=offer.objection_hours,
        room=await room_of(offer.campaign_id),
        hours_to_pay=settings().waitlist_hours,
    )


def _aside(schema: ProductSchema, sent: Sent) -> Aside | None:
    if sent.apart is None:
        return None
    return Aside(
        number=sent.apart.place + 1,
        first=tuple(describe_answers(schema, sent.apart.first, current_locale(), scopes=SCOPES)),
        carried_first=hidden(sent.apart.first),
        carried_wishes=hidden(sent.wishes.to_dict()),
    )


def price_panel(offer: JoinOffer, sent: Sent, preferences: dict[str, Any]) -> PricePanel:
    """The price of what is chosen so far. The promise itself is made at the join, by the same schema and tiers."""
    batch = max(offer.batches, key=lambda each: _extra(offer.schema.parsed, each))
    lines = price_lines(offer.schema.parsed, {**sent.answers, **batch}, offer.votes)
    quantity = min(max(sent.quantity, 1), MAX_QUANTITY)
    promised = offer.promised
    start = 0 if sent.apart else _start(offer, preferences)
    base = promised[start].unit_price_minor
    extra = sum(line.minor for line in lines)
    first = (base + extra) * quantity
    total = first if sent.apart else _commitment(offer, sent, quantity, preferences) or first
    return PricePanel(
        currency=offer.currency,
        base_minor=base,
        from_quantity=promised[start].from_quantity if start else 0,
        lines=lines,
        unit_minor=base + extra,
        quantity=quantity,
        first_minor=first,
        total_minor=total,
        plan=offer.payment_plan,
        due_minor=first_due_minor(offer.payment_plan, offer.deposit_percent, max(total, 1)),
        later=tuple(
            (tier.from_quantity, (tier.unit_price_minor + extra) * quantity) for tier in promised[start + 1 :]
        ),
    )


def _start(offer: JoinOffer, preferences: dict[str, Any]) -> int:
    """The place of the tier from which on the member takes part; 0 for what names none."""
    prices = [tier.unit_price_minor for tier in offer.promised]
    below = preferences.get("commit_below_minor")
    return prices.index(below) if below in prices else 0


def _commitment(offer: JoinOffer, sent: Sent, quantity: int, preferences: dict[str, Any]) -> int | None:
    """What would be paid now; ``None`` while something is missing or wrong."""
    try:
        priced = requirement(offer, answers=sent.answers, quantity=quantity, preferences=preferences)
    except Invalid:
        return None
    return priced.commitment_minor


def _extra(schema: ProductSchema, answers: dict[str, Any]) -> int:
    return sum(each.minor for each in surcharges(schema, answers))


def price_lines(
    schema: ProductSchema, answers: dict[str, Any], votes: Iterable[OpenVote] = ()
) -> tuple[PriceLine, ...]:
    """What the chosen options add to each unit, in words. ``votes``: what the members still decide."""
    open_ones = {vote.attribute for vote in votes}
    lines = []
    for each in surcharges(schema, answers):
        attribute = schema.attribute(each.attribute)
        option = attribute.option(each.code)
        value = pick(option.label) if option else ""
        if each.attribute in open_ones:
            value = gettext("at most: the members decide")
        lines.append(PriceLine(pick(attribute.title), value, each.minor))
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
