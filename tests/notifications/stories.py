"""Whole stories, told through the operations of the product: a group order that is made, and ones that are not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from c2b.accounts.models import User
from c2b.accounts.operations import change_password, sign_up
from c2b.accounts.rules import Actor
from c2b.campaigns import counting
from c2b.campaigns import operations as campaigns
from c2b.campaigns.votes import OpenVote
from c2b.durable.sweep import drain
from c2b.fulfillment import operations as fulfillment
from c2b.fulfillment.jobs import keep_forecasts
from c2b.fulfillment.models import Milestone
from c2b.kit import clock, db, storage
from c2b.notifications.models import Mail
from c2b.participations import operations as participations
from c2b.participations.joining import Joined
from c2b.participations.votes.deciding import keep_votes
from c2b.payments.asking import start_checkout
from c2b.payments.capturing import ask_again
from c2b.payments.gateways import sandbox
from c2b.payments.gateways.sandbox.misbehavior import Behavior
from c2b.payments.models import Payment
from c2b.purchasing import operations as purchasing
from c2b.purchasing.models import Document, PurchaseOrder, PurchaseOrderRevision
from tests import world
from tests.world import World

MORNING = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
TITLE = "Ana Ferreira's navy seventy-five"
#: What no manufacturer may ever read.
PRIVATE = ("Ferreira", "Lindqvist", "Cyrano", "ana.", "bo.", "cy.", "Rootsdottir", "navy seventy-five")
ENGRAVING = {"engraving": {"text": "BO 2026", "font": "kai", "position": "weight_back"}}


@dataclass(frozen=True)
class Cast:
    """The world with names that nothing else contains, and the campaign the story is about."""

    world: World
    campaign_id: str

    async def order(self) -> PurchaseOrder:
        return await PurchaseOrder.get(campaign_id=self.campaign_id)


async def cast() -> World:
    """Ana reads English and Bo Chinese; the clock stands on a Monday morning."""
    clock.set(MORNING)
    found = await world.build()
    for actor, name, locale in (
        (found.ana, "Ana Ferreira", "en"), (found.bo, "Bo Lindqvist", "zh_CN"), (found.cy, "Cy Cyrano", "en"),
        (found.root, "Root Rootsdottir", "en"), (found.mill, "Mill Staff", "zh_CN"),
    ):  # fmt: skip
        email = f"{name.lower().replace(' ', '.')}@{found.product_slug}.example"
        await User.filter(id=actor.id).update(name=name, locale=locale, email=email, email_key=email)
    return found


async def pay(actor: Actor, joined: Joined) -> None:
    """Through the provider: its page, its yes, our question."""
    await start_checkout(actor, joined.participation_id)
    payment = await Payment.get(participation_id=joined.participation_id)
    await sandbox().choose(payment.provider_ref or "")
    clock.shift(timedelta(seconds=1))
    await ask_again(older_than=timedelta())


async def join_and_pay(found: World, campaign_id: str, who: Actor, quantity: int) -> Joined:
    joined = await found.join(campaign_id, who, quantity=quantity, **ENGRAVING)
    await pay(who, joined)
    return joined


async def ordered() -> Cast:
    """Sent back twice, opened, filled up to the second tier by the deadline, locked, ordered: the order is out."""
    found = await cast()
    offer = found.offer(title=TITLE, closes="at_deadline")
    draft = await campaigns.draft(found.ana, product_slug=found.product_slug, offer=offer)
    for reason in ("Please say who packs it.", "Please name the color."):
        await campaigns.submit(found.ana, draft.id)
        await campaigns.send_back(found.root, draft.id, reason=reason)
    await campaigns.submit(found.ana, draft.id)
    await campaigns.approve(found.root, draft.id)
    for who in (found.bo, found.ana, found.cy, await _dee(found)):
        await join_and_pay(found, draft.id, who, 20)
    clock.shift(timedelta(days=21))
    await counting.keep_deadlines()
    await drain()
    return Cast(found, draft.id)


async def _dee(found: World) -> Actor:
    dee = await world.person("Dee")
    email = f"dee@{found.product_slug}.example"
    await User.filter(id=dee.id).update(email=email, email_key=email)
    return dee


async def answered(told: Cast, decision: str, note: str = "") -> None:
    """Mill answers the present revision."""
    order = await told.order()
    revision = await PurchaseOrderRevision.get(purchase_order_id=order.id, revision=order.revision)
    await purchasing.acknowledge(
        told.world.mill, order.id, revision=order.revision, revision_digest=revision.digest, decision=decision,
        signer_name="Wang Mei", signer_role="Order desk", note=note,
    )  # fmt: skip
    await drain()


async def made(told: Cast) -> None:
    """Every stage in turn, one of them held up twice, until everything is delivered."""
    root = told.world.root
    report = storage.get((await Document.all())[0].storage_key)  # a PDF like any other
    held_up = 0
    while row := await _next_stage(told.campaign_id):
        await fulfillment.start_stage(root, row.id)
        while held_up < 2:
            held_up += 1
            await fulfillment.block_stage(root, row.id, reason=f"The paint came out too dark, try {held_up}.")
            await fulfillment.resume_stage(root, row.id)
        await fulfillment.add_evidence(root, row.id, kind="note", note=f"{row.code}: this is how it went.")
        await fulfillment.add_evidence(root, row.id, kind="document", filename="report.pdf", data=report)
        clock.shift(timedelta(days=9))
        await fulfillment.submit_stage(root, row.id)
        if (await Milestone.get(id=row.id)).state == "submitted":
            await fulfillment.approve_stage(root, row.id)
    await drain()


async def _next_stage(campaign_id: str) -> Milestone | None:
    rows = await Milestone.filter(timeline__campaign_id=campaign_id, state="planned").order_by("position")
    return rows[0] if rows else None


async def failed() -> Cast:
    """Three join: Bo stays, Cy leaves again, one never pays; the deadline comes."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    await join_and_pay(found, campaign_id, found.bo, 2)
    leaves = await join_and_pay(found, campaign_id, found.cy, 1)
    await participations.withdraw(found.cy, leaves.participation_id)
    await found.join(campaign_id, found.ana, quantity=1)
    clock.shift(timedelta(hours=1))
    await participations.keep_reservations()
    clock.shift(timedelta(days=21))
    await counting.keep_deadlines()
    await drain()
    return Cast(found, campaign_id)


async def left_out() -> Cast:
    """Sixty can be made; Bo alone wants two plates of brass, which the factory makes from thirty on."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, closes="at_deadline")
    for who in (found.ana, found.cy, await _dee(found)):
        await join_and_pay(found, campaign_id, who, 20)
    await pay(found.bo, await found.join(campaign_id, found.bo, quantity=2, plate="brass"))
    clock.shift(timedelta(days=21))
    await counting.keep_deadlines()
    await drain()
    return Cast(found, campaign_id)


async def proposed() -> Cast:
    """Sixty can be made; Bo alone wants two plates of brass, would take FR4, and asked to be asked. It waits for Bo."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, closes="at_deadline")
    for who in (found.ana, found.cy, await _dee(found)):
        await join_and_pay(found, campaign_id, who, 20)
    wishes = {"alternatives": [{"attribute": "plate", "any_of": ["fr4"]}], "ask_first": True}
    await pay(found.bo, await found.join(campaign_id, found.bo, quantity=2, plate="brass", wishes=wishes))
    clock.shift(timedelta(days=21))
    await counting.keep_deadlines()
    await drain()
    return Cast(found, campaign_id)


async def decided(*, closes: str = "at_deadline") -> Cast:
    """The members decide the mounting: Ana and Dee outvote Bo, who is content, and Cy, who made it a condition.

    Somebody with the same condition has not paid when the vote closes.
    """
    found = await cast()
    fixed = {name: code for name, code in world.BATCH.items() if name != "mounting"}
    vote = OpenVote("mounting", ("top", "gasket"), clock.now() + timedelta(days=2), "listed")
    campaign_id = await found.open_campaign(title=TITLE, batch_answers=fixed, votes=(vote,), closes=closes)
    only_top = {"ranking": ["top"], "only": ["top"]}
    dee = await _dee(found)
    for who, quantity, ballot in (
        (found.ana, 20, None), (dee, 20, {"ranking": ["gasket", "top"]}),
        (found.bo, 15, {"ranking": ["top", "gasket"]}), (found.cy, 1, only_top),
    ):  # fmt: skip
        await pay(who, await voting(who, campaign_id, quantity, ballot))
    clock.shift(timedelta(days=2, minutes=-5))
    await voting(await world.person("Eve"), campaign_id, 1, only_top)
    clock.shift(timedelta(minutes=5))
    await keep_votes()
    await drain()
    return Cast(found, campaign_id)


async def voting(who: Actor, campaign_id: str, quantity: int, ballot: dict[str, list[str]] | None) -> Joined:
    """Somebody joins with a ballot."""
    joined = await participations.join(
        who, campaign_id, answers=world.ANSWERS, quantity=quantity,
        preferences={"votes": {"mounting": ballot}} if ballot else None,
    )  # fmt: skip
    assert isinstance(joined, Joined)
    return joined


async def reopened() -> Cast:
    """Fifty are paid and the group closes, but two of them cannot be made; with two more it is locked."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    await pay(found.bo, await found.join(campaign_id, found.bo, quantity=2, plate="brass"))
    for who, quantity in ((found.ana, 20), (found.cy, 20), (await _dee(found), 8)):
        await join_and_pay(found, campaign_id, who, quantity)
    await drain()
    return Cast(found, campaign_id)


async def fallen_below() -> Cast:
    """Fifty are paid, and Cy leaves again."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE, closes="at_deadline")
    for who in (found.ana, await _dee(found)):
        await join_and_pay(found, campaign_id, who, 20)
    leaves = await join_and_pay(found, campaign_id, found.cy, 10)
    await participations.withdraw(found.cy, leaves.participation_id)
    await drain()
    return Cast(found, campaign_id)


async def declined() -> Cast:
    """Bo joins, and the bank says no."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    joined = await found.join(campaign_id, found.bo, quantity=2)
    await start_checkout(found.bo, joined.participation_id)
    payment = await Payment.get(participation_id=joined.participation_id)
    await sandbox().choose(payment.provider_ref or "", Behavior.DECLINE)
    clock.shift(timedelta(seconds=1))
    await ask_again(older_than=timedelta())
    return Cast(found, campaign_id)


async def delayed() -> Cast:
    """The order is acknowledged, and then nothing happens until the promise is lost."""
    told = await ordered()
    await answered(told, "accepted")
    clock.shift(timedelta(days=200))
    await keep_forecasts()
    await drain()
    return told


async def canceled() -> Cast:
    """Three have paid, and an admin has to end it."""
    found = await cast()
    campaign_id = await found.open_campaign(title=TITLE)
    for who in (found.bo, found.ana, found.cy):
        await join_and_pay(found, campaign_id, who, 2)
    await campaigns.cancel(found.root, campaign_id, reason="The factory burned down.")
    await drain()
    return Cast(found, campaign_id)


async def newcomer() -> str:
    """Somebody signs up and changes the password; their address."""
    email = "new.comer@c2b.example"
    entered = await sign_up(name="New Comer", email=email, password="a few plain words", locale="zh_CN")
    await change_password(entered.actor, current="a few plain words", new="a few other words")
    await drain()
    return email


async def mail_to(who: str, template: str) -> Mail:
    """The one mail of that kind to somebody."""
    return await Mail.get(template=template, to_address__startswith=f"{who}@")


async def mails() -> list[tuple[str, str]]:
    """Every mail by its template and whom it went to, in the order of the alphabet."""
    rows = await db.fetch("SELECT template, to_address FROM mail")
    return sorted((row["template"], row["to_address"].partition("@")[0]) for row in rows)


async def failed_jobs() -> list[str]:
    """Key and error of every job that has failed at least once."""
    rows = await db.fetch("SELECT * FROM job WHERE failures > 0")
    return [f"{row['key']}: {row['error'][-200:]}" for row in rows]
