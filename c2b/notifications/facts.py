"""What mails say, read where it happened and kept with the mail as plain values.

Each function gives the context of one kind of mail, or ``None`` where there is nothing to tell. Labels are bilingual
(``{"en", "zh"}``), instants end in ``_at``, days in ``_on``, amounts in ``_minor``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from c2b.accounts.confirmation import confirmation_path
from c2b.campaigns.queries import join_offer
from c2b.campaigns.reach import reach_of
from c2b.catalog.describing import describe_answers
from c2b.catalog.rules import ProductSchema
from c2b.kit import clock, db
from c2b.notifications import links
from c2b.notifications.happened import Facts, Happened
from c2b.notifications.reading import label, one
from c2b.participations.queries import demand_of
from c2b.participations.wishes.minimums import Standing, short

_CAMPAIGN = (
    "SELECT c.*, p.name AS product_name, m.name AS manufacturer_name, u.name AS organizer_name FROM campaign c "
    "JOIN product p ON p.id = c.product_id JOIN manufacturer m ON m.id = p.manufacturer_id "
    "JOIN user_account u ON u.id = c.organizer_id WHERE c.id = ?"
)


async def campaign(happened: Happened) -> Facts:
    """The campaign as it stands, with the numbers its event carries."""
    row = await one(_CAMPAIGN, happened.campaign)
    reached = reach_of(row)
    paid = happened.payload.get("paid", reached.counted)
    return {
        "title": row["title"],
        "code": row["code"],
        "product": label(row["product_name"]),
        "manufacturer": label(row["manufacturer_name"]),
        "organizer": row["organizer_name"],
        "threshold": row["threshold"],
        "paid": paid,
        "missing": max(row["threshold"] - paid, 0),
        "currency": row["currency"],
        "deadline_at": db.instant(row["deadline"]),
        "closes": row["closes"],
        "plan": row["payment_plan"],
        "voting_until_at": await _voting_until(happened.campaign),
        "state": row["state"],
        "reason": happened.payload.get("reason", ""),
        "url": links.campaign(row["slug"]),
        "organizer_url": links.own_campaign(row["id"]),
        "timeline_url": links.timeline(row["slug"]),
    }


async def _voting_until(campaign_id: str) -> datetime | None:
    """Until when members still decide something about the batch."""
    row = await db.fetch_one(
        "SELECT MAX(closes_at) AS until FROM batch_vote WHERE campaign_id = ? AND state = 'open'", campaign_id
    )
    return db.instant(row["until"]) if row else None


async def campaign_for_admins(happened: Happened) -> Facts:
    """The campaign with the page on which an admin decides about it."""
    return {**await campaign(happened), "url": links.campaign_for_admins(happened.campaign)}


async def locked(happened: Happened) -> Facts:
    """The campaign with the tier that was reached and the hash of what was frozen."""
    frozen = await one("SELECT digest, frozen_at FROM frozen_batch WHERE campaign_id = ?", happened.campaign)
    return {
        **await campaign(happened),
        "digest": frozen["digest"],
        "locked_at": db.instant(frozen["frozen_at"]),
        "unit_price_minor": happened.payload["unit_price_minor"],
        "members": happened.payload["members"],
        "left_out": happened.payload.get("left_out", 0),
    }


async def reopened(happened: Happened) -> Facts:
    """The campaign after it fell short again: somebody left, or (``unmade``) too few of its units can be made.

    ``short`` is what is below its minimum by now: attribute, option or ``None``, count, minimum.
    """
    facts, unmade = await campaign(happened), "makeable" in happened.payload
    return {**facts, "unmade": unmade, "short": await _short(happened.campaign) if unmade else []}


async def _short(campaign_id: str) -> list[list[Any]]:
    offer = await join_offer(campaign_id)
    found = short(offer.schema.parsed, await demand_of(offer))
    return [[*_names(offer.schema.parsed, each), each.count, each.cell.minimum] for each in found]


def _names(schema: ProductSchema, standing: Standing) -> tuple[Facts, Facts | None]:
    """An attribute and its option; of everything else its own bilingual name and nothing."""
    cell = standing.cell
    if cell.level == "option":
        return _labels(schema, cell.attribute, cell.code)
    if standing.answers is None:
        return dict(cell.label), None
    return {
        language: " · ".join(
            each.value for each in describe_answers(schema, standing.answers, locale, scopes=("variant",))
        )
        for language, locale in (("en", "en"), ("zh", "zh_CN"))
    }, None


async def left_out(happened: Happened) -> Facts | None:
    """The campaign that a member is not part of any more. ``None`` for who was asked again and did not answer."""
    return None if happened.payload.get("unanswered") else await campaign(happened)


async def proposed(happened: Happened) -> Facts:
    """The campaign with what the allocation would give, until when members may object, and how many may."""
    told = happened.payload
    return {
        **await campaign(happened),
        "served": told["served"],
        "leaving": told["leaving"],
        "asked": told["asked"],
        "unit_price_minor": told["unit_price_minor"],
        "until_at": db.instant(told["until"]),
    }


async def proposed_to_admins(happened: Happened) -> Facts:
    """The same with the page on which an admin sees it."""
    return {**await proposed(happened), "url": links.campaign_for_admins(happened.campaign)}


async def asked(happened: Happened) -> Facts | None:
    """The campaign with the hour until which a member may refuse. ``None`` once that has passed."""
    until = db.instant(happened.payload["until"])
    if until is None or until <= clock.now():
        return None
    return {**await campaign(happened), "until_at": until}


def _labels(schema: ProductSchema, name: str, code: object) -> tuple[Facts, Facts | None]:
    """The bilingual names of an attribute and of its option, if it is one. Raises LookupError."""
    attribute = schema.find(name)
    if attribute is None:
        raise LookupError(f"no attribute is called {name}")
    option = next((each for each in attribute.options if str(each.code) == str(code)), None)
    return dict(attribute.title), dict(option.label) if option else None


async def payment_failed(happened: Happened) -> Facts | None:
    """A payment that did not go through, and how long the place waits. ``None`` once it no longer waits for money."""
    row = await one(
        "SELECT p.state, p.reserved_until, y.amount_minor FROM payment y "
        "JOIN participation p ON p.id = y.participation_id WHERE y.id = ?",
        happened.subject_id,
    )
    until = db.instant(row["reserved_until"])
    if row["state"] != "pending_payment" or until is None or until <= clock.now():
        return None
    return {**await campaign(happened), "amount_minor": row["amount_minor"], "reserved_until_at": until}


async def ordered(happened: Happened) -> Facts:
    """The campaign with its purchase order."""
    row = await one(
        "SELECT number, validity_until FROM purchase_order WHERE campaign_id = ?", happened.campaign
    )
    return {
        **await campaign(happened),
        "number": row["number"],
        "validity_until_at": db.instant(row["validity_until"]),
    }


async def refund(happened: Happened) -> Facts:
    """A refund that has arrived."""
    row = await one(
        "SELECT r.*, y.amount_minor AS paid_minor, t.quantity, t.settled_minor, t.captured_minor AS all_paid "
        "FROM refund r JOIN payment y ON y.id = r.payment_id JOIN participation t ON t.id = y.participation_id "
        "WHERE r.id = ?",
        happened.subject_id,
    )
    settled = row["settled_minor"] if row["reason"] == "price_difference" else None
    facts = {
        "amount_minor": row["amount_minor"],
        "currency": row["currency"],
        "why": row["reason"],
        "captured_minor": row["paid_minor"] if settled is None else row["all_paid"],
        "quantity": row["quantity"],
        "final_minor": settled,
        "back_minor": None if settled is None else row["all_paid"] - settled,
        "note": row["note"],
        "by_hand": bool(row["by_hand"]),
        "finished_at": db.instant(row["finished_at"]),
    }
    return {**await campaign(happened), **facts}


async def job(happened: Happened) -> Facts | None:
    """A job that died. ``None`` for a mail: that mail cannot be sent is not told by mail; and for a refund that its
    provider refused, which has a mail of its own."""
    row = await one("SELECT * FROM job WHERE id = ?", happened.subject_id)
    args = label(row["args"])
    if row["kind"] == "refund.send":
        refused = await db.fetch_one("SELECT state FROM refund WHERE id = ?", args.get("refund_id"))
        if refused and refused["state"] == "failed":
            return None
    if row["kind"] == "mail.send" or (row["kind"] == "event.tell" and args.get("event") == happened.event):
        return None
    latest = (row["error"].strip().splitlines() or [""])[-1][:300]
    return {
        "kind": row["kind"],
        "key": row["key"],
        "failures": row["failures"],
        "error": "".join(char if char.isprintable() else " " for char in latest),
        "url": links.job(row["id"]),
    }


async def confirmation(happened: Happened) -> Facts | None:
    """A new account, with the link that confirms its address."""
    row = await one("SELECT email, email_verified_at FROM user_account WHERE id = ?", happened.subject_id)
    if row["email_verified_at"]:
        return None
    return {"url": links.to(confirmation_path(happened.subject_id, row["email"]))}


async def account(_: Happened) -> Facts:
    """One's own account, where one looks after it."""
    return {"url": links.account()}
