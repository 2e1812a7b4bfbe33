"""The organizer's and the admin's acts on a campaign: draft, submit, open, send back, cancel; and its later life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import CampaignNotReady, change_state, hold, next_number
from c2b.campaigns.checking import check
from c2b.campaigns.models import BatchVote, Campaign
from c2b.campaigns.plans import DEPOSIT
from c2b.campaigns.queries import open_votes
from c2b.campaigns.rules import Offer, PriceTier, slug_of
from c2b.campaigns.votes import OpenVote
from c2b.catalog.queries import latest_schema, pinned_schema, product
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.canonical import clean_text
from c2b.kit.errors import FieldError, Forbidden, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.kit.ids import new_id
from c2b.ledger.operations import escrow, open_account

MAX_DRAFTS = 20


class TooManyDrafts(Invalid):
    code = "too_many_drafts"
    message = N_("You already have {most} drafts. Submit or cancel one of them first.")


class ReasonMissing(Invalid):
    code = "reason_missing"
    message = N_("Please say why, so that the organizer knows what to change.")


async def draft(actor: Actor, *, product_slug: str, offer: Offer) -> Campaign:
    """A consumer opens a campaign on a product, pinned to the newest version of its schema. Not public yet."""
    if actor.role != "consumer":
        raise Forbidden
    made_for = await product(product_slug)
    if not made_for["active"]:
        raise NotFound
    schema = await latest_schema(made_for["id"])
    check(offer, made_for, schema)

    async def create() -> Campaign:
        if await Campaign.filter(organizer_id=actor.id, state="draft").count() >= MAX_DRAFTS:
            raise TooManyDrafts(most=MAX_DRAFTS)
        year = clock.today().year
        code = f"CMP-{year}-{await next_number(f'campaign-{year}'):05d}"
        campaign = await Campaign.create(
            slug=await _free_slug(offer, code),
            code=code,
            organizer_id=actor.id,
            product_id=made_for["id"],
            schema_id=schema.id,
            currency=made_for["currency"],
            created_at=clock.now(),
            **_columns(offer),
        )
        await _put_to_vote(campaign.id, offer)
        await record(
            "campaign.drafted", subject="campaign", subject_id=campaign.id, campaign_id=campaign.id,
            actor_id=actor.id, audience="organizer",
        )  # fmt: skip
        return campaign

    return await db.atomically(create)


async def revise(actor: Actor, campaign_id: str, *, offer: Offer) -> Campaign:
    """Change a draft (also one that was sent back)."""
    campaign = await _own(actor, campaign_id)
    check(offer, await product(campaign.product_id), await pinned_schema(campaign.schema_id))

    async def change() -> Campaign:
        row = await hold(campaign_id)
        if row["state"] != "draft":
            raise CampaignNotReady
        changed = {**_columns(offer), "slug": await _free_slug(offer, campaign.code, but=campaign_id)}
        await Campaign.filter(id=campaign_id, state="draft").update(**changed)
        await BatchVote.filter(campaign_id=campaign_id).delete()
        await _put_to_vote(campaign_id, offer)
        return await Campaign.get(id=campaign_id)

    return await db.atomically(change)


async def submit(actor: Actor, campaign_id: str) -> None:
    """Ask for approval. The offer is checked again: time has passed since it was drafted."""
    campaign = await _own(actor, campaign_id)
    await _check_again(campaign)
    await _step(campaign_id, ("draft",), "under_review", "campaign.submitted", actor, audience="organizer")


async def approve(actor: Actor, campaign_id: str) -> None:
    """An admin opens the campaign: from now on people can join."""
    if not actor.is_admin:
        raise NotFound
    campaign = await Campaign.get_or_none(id=campaign_id)
    if campaign is None:
        raise NotFound
    await _check_again(campaign)

    async def open_it() -> None:
        await open_account(escrow(campaign_id), campaign.currency, floored=True)
        if not await change_state(
            campaign_id, from_states=("under_review",), to_state="open", event="campaign.opened",
            actor_id=actor.id, stamp="opened_at",
        ):  # fmt: skip
            raise CampaignNotReady

    await db.atomically(open_it)


async def send_back(actor: Actor, campaign_id: str, *, reason: str) -> None:
    """An admin returns the campaign to its organizer with a reason they can act on."""
    if not actor.is_admin:
        raise NotFound
    reason = _reason(reason)

    async def give_back() -> None:
        if not await change_state(
            campaign_id, from_states=("under_review",), to_state="draft", event="campaign.returned",
            actor_id=actor.id, reason=reason, audience="organizer",
        ):  # fmt: skip
            raise CampaignNotReady
        await Campaign.filter(id=campaign_id).update(review_note=reason)

    await db.atomically(give_back)


async def cancel(actor: Actor, campaign_id: str, *, reason: str) -> None:
    """End a campaign; whoever has paid is refunded in full.

    The organizer may as long as the group has not closed, an admin until the goods are shipped.
    """
    row = await Campaign.get_or_none(id=campaign_id)
    if row is None or not (actor.is_admin or row.organizer_id == actor.id):
        raise NotFound
    states: tuple[str, ...] = ("draft", "under_review", "open", "threshold_met")
    if actor.is_admin:
        states = (*states, "closed", "locked", "ordered", "in_production")
    reason = _reason(reason)

    async def end() -> None:
        if not await change_state(
            campaign_id, from_states=states, to_state="canceled", event="campaign.canceled",
            actor_id=actor.id, reason=reason, stamp="ended_at",
        ):  # fmt: skip
            raise CampaignNotReady

    await db.atomically(end)


async def mark_ordered(campaign_id: str) -> bool:
    """The purchase order is out. ``False`` if the campaign was there already."""
    return await change_state(
        campaign_id, from_states=("locked",), to_state="ordered", event="campaign.ordered"
    )


async def mark_in_production(campaign_id: str) -> bool:
    """The manufacturer has begun."""
    return await change_state(
        campaign_id, from_states=("ordered",), to_state="in_production", event="campaign.in_production"
    )


async def mark_shipping(campaign_id: str) -> bool:
    """The goods have left the factory."""
    return await change_state(
        campaign_id, from_states=("in_production",), to_state="shipping", event="campaign.shipping"
    )


async def mark_completed(campaign_id: str) -> bool:
    """Everybody holds what they asked for."""
    return await change_state(
        campaign_id,
        from_states=("shipping",),
        to_state="completed",
        event="campaign.completed",
        stamp="ended_at",
    )


async def _free_slug(offer: Offer, code: str, *, but: str = "") -> str:
    """The address of a campaign. Who may come by link only gets one that nobody can guess by counting."""
    if offer.visibility == "by_link":
        return f"{slug_of(offer.title, code)[:52]}-{new_id()}"
    slug = slug_of(offer.title, code)
    if await Campaign.filter(slug=slug).exclude(id=but).exists():
        slug = slug_of(offer.title, code, with_year=True)
    return slug


async def _put_to_vote(campaign_id: str, offer: Offer) -> None:
    for vote in offer.votes:
        await BatchVote.create(campaign_id=campaign_id, **{**asdict(vote), "choices": list(vote.choices)})


async def _check_again(campaign: Campaign) -> None:
    offer = offer_of(campaign, await open_votes(campaign.id))
    check(offer, await product(campaign.product_id), await pinned_schema(campaign.schema_id))


def offer_of(campaign: Campaign, votes: Sequence[OpenVote] = ()) -> Offer:
    """The stored offer of a campaign, with its votes."""
    return Offer(
        title=campaign.title,
        story=campaign.story,
        batch_answers=campaign.batch_answers,
        threshold=campaign.threshold,
        cap=campaign.cap,
        tiers=tuple(PriceTier(**tier) for tier in campaign.tiers),
        closes=campaign.closes,
        visibility=campaign.visibility,
        deadline=campaign.deadline,
        votes=tuple(votes),
        objection_hours=campaign.objection_hours,
        payment_plan=campaign.payment_plan,
        deposit_percent=campaign.deposit_percent,
        balance_days=campaign.balance_days,
    )


def _columns(offer: Offer) -> dict[str, Any]:
    try:
        texts = {"title": clean_text(offer.title.strip()), "story": clean_text(offer.story.strip())}
    except ValueError:
        raise Invalid(
            fields=[FieldError("title", "characters", N_("Please remove control characters."))]
        ) from None
    return {
        **texts,
        "batch_answers": dict(offer.batch_answers),
        "threshold": offer.threshold,
        "cap": offer.cap,
        "tiers": [asdict(tier) for tier in offer.tiers],
        "closes": offer.closes,
        "visibility": offer.visibility,
        "objection_hours": offer.objection_hours,
        "payment_plan": offer.payment_plan,
        "deposit_percent": offer.deposit_percent if offer.payment_plan == DEPOSIT else 0,
        "balance_days": offer.balance_days,
        "deadline": offer.deadline,
    }


def _reason(reason: str) -> str:
    try:
        reason = clean_text(reason.strip())[:2000]
    except ValueError:
        reason = ""
    if not reason:
        raise ReasonMissing(fields=[FieldError("reason", "required", ReasonMissing.message)])
    return reason


async def _own(actor: Actor, campaign_id: str) -> Campaign:
    campaign = await Campaign.get_or_none(id=campaign_id, organizer_id=actor.id)
    if campaign is None:
        raise NotFound
    return campaign


async def _step(
    campaign_id: str, from_states: tuple[str, ...], to_state: str, event: str, actor: Actor, *, audience: str
) -> None:
    async def move() -> None:
        if not await change_state(
            campaign_id,
            from_states=from_states,
            to_state=to_state,
            event=event,
            actor_id=actor.id,
            audience=audience,
        ):
            raise CampaignNotReady

    await db.atomically(move)
