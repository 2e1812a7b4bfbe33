"""Comparing row by row: our books with the provider's own record, the orders with the money, the mails with the people.

``compare`` returns faults in words, each beginning with ``lost``, ``twice`` or ``wrong``; empty when all is well.
"""

from __future__ import annotations

import email
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from c2b.kit import clock, db, mail, storage
from c2b.kit.ids import sha256_hex
from c2b.ledger import queries as ledger
from c2b.notifications.tellings import TELLINGS
from c2b.participations.models import GONE
from c2b.payments.gateways.sandbox.record import Record, record_of

#: States of a place that is paid for and stays so.
KEPT = ("confirmed", "in_fulfillment", "delivered", "completed")
#: Mails of which a person gets one per campaign, whatever else happens to them there.
ONCE_A_CAMPAIGN = (
    "group_locked", "group_ordered", "group_failed", "group_canceled", "campaign_locked", "campaign_failed",
    "campaign_canceled", "participation_joined", "participation_withdrawn", "timeline_planned", "purchase_order_issued",
)  # fmt: skip
#: States from which calling a group off is its outcome, and those of orders that went on.
BEFORE_LOCK = ("open", "threshold_met", "closed")
FURTHER = ("in_production", "shipped", "delivered", "withdrawn", "canceled")
PLACES = "SELECT id, campaign_id, user_id, quantity, state, total_minor, settled_minor FROM participation"


async def compare(data_dir: Path) -> list[str]:
    """All faults of the settled place whose database is the present one."""
    told = record_of(data_dir / "sandbox.sqlite3")
    found = [*await _payments(told), *await _refunds(told), *await _held(), *await campaigns()]
    found += [
        *await orders(),
        *await _votes(),
        *await allocations(),
        *await _questions(),
        *await jobs_and_runs(),
        *await _mails(),
    ]
    return found + [f"wrong book: {fault}" for fault in await ledger.faults()]


async def allocations(only: str | None = None) -> list[str]:
    """What was locked is what was proposed last: one proposal, and everybody has what it says, at its price."""
    found = []
    for campaign in await db.fetch("SELECT id, paid FROM campaign WHERE locked_at IS NOT NULL"):
        if only not in (None, campaign["id"]):
            continue
        rows = await db.fetch(
            "SELECT result, state FROM allocation WHERE campaign_id = ? ORDER BY round, turn", campaign["id"]
        )
        if [row["state"] for row in rows] != ["superseded"] * (len(rows) - 1) + ["locked"]:
            found.append(f"wrong: turns {[row['state'] for row in rows]}")
            continue
        result = _read(rows[-1]["result"])
        if result["units"] != campaign["paid"]:
            found.append(f"wrong: {result['units']} units proposed, {campaign['paid']} locked")
        given = {each["id"]: each for each in result["members"]}
        for place in await db.fetch(
            "SELECT id, state, answers, settled_minor, outcome FROM participation WHERE campaign_id = ? "
            "AND outcome IS NOT NULL",
            campaign["id"],
        ):
            each = given.get(place["id"], {"answers": None, "settled_minor": None})
            kept = place["state"] in KEPT
            if kept and _read(place["answers"]) != each["answers"]:
                found.append(f"wrong: place {place['id']} has other answers than proposed")
            if (place["settled_minor"] if kept else None) != each["settled_minor"]:
                found.append(f"wrong: place {place['id']} settled at {place['settled_minor']}, not {each}")
    return found


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


async def _votes() -> list[str]:
    """A closed vote was told once, its outcome is in the batch, and nobody who refused it holds a place."""
    found = []
    for vote in await db.fetch("SELECT * FROM batch_vote WHERE state = 'closed'"):
        outcome, name = json.loads(vote["outcome"]), vote["attribute"]
        told = await db.fetch(
            "SELECT id FROM event WHERE name = 'vote.closed' AND subject_id = ?", vote["id"]
        )
        if len(told) != 1:
            found.append(
                f"{'twice' if told else 'lost'}: the end of vote {vote['id']} has {len(told)} events"
            )
        row = await db.fetch_one("SELECT batch_answers FROM campaign WHERE id = ?", vote["campaign_id"])
        if row is None or json.loads(row["batch_answers"]).get(name) != outcome:
            found.append(f"wrong: the outcome of vote {vote['id']} is not in its batch")
        for member in await db.fetch(
            "SELECT id, state, preferences FROM participation WHERE campaign_id = ?", vote["campaign_id"]
        ):
            only = json.loads(member["preferences"]).get("votes", {}).get(name, {}).get("only")
            if only and outcome not in only and member["state"] not in GONE:
                found.append(f"wrong: {member['id']} refused the outcome and is {member['state']}")
    return found


async def _questions() -> list[str]:
    """Every question was decided once; whoever could not be kept has left, and nobody answers an older version."""
    found = []
    for asked in await db.fetch(
        "SELECT r.id, r.state, r.participation_id, p.state AS place FROM reconfirmation r "
        "JOIN participation p ON p.id = r.participation_id"
    ):
        names = {"kept": "requirement.kept", "left": "participation.left_out"}
        told = await db.fetch(
            "SELECT id FROM event WHERE name = ? AND subject_id = ?",
            names.get(asked["state"], ""),
            asked["participation_id"],
        )
        if len(told) != 1:
            found.append(f"lost or twice: question {asked['id']} is {asked['state']} with {len(told)} events")
        if asked["state"] == "left" and asked["place"] not in GONE:
            found.append(f"wrong: {asked['participation_id']} could not be kept and is {asked['place']}")
    mixed = await db.fetch(
        "SELECT p.id FROM participation p JOIN campaign c ON c.id = p.campaign_id JOIN product_schema s "
        "ON s.id = c.schema_id WHERE p.state = 'confirmed' AND p.schema_version <> s.version"
    )
    return found + [f"wrong: {row['id']} is confirmed in another version than its batch" for row in mixed]


async def seen() -> Counter[str]:
    """What there was to compare, by kind: an empty comparison proves nothing."""
    counted: Counter[str] = Counter()
    for what, sql in {
        "captures": "SELECT COUNT(*) AS n FROM payment WHERE state = 'succeeded'",
        "orders": "SELECT COUNT(*) AS n FROM purchase_order",
        "mails": "SELECT COUNT(*) AS n FROM mail",
        "reopened": "SELECT COUNT(*) AS n FROM event WHERE name = 'campaign.reopened'",
        "accepted": "SELECT COUNT(*) AS n FROM event WHERE name = 'participation.accepted'",
        "turns superseded": "SELECT COUNT(*) AS n FROM allocation WHERE state = 'superseded'",
        "votes closed": "SELECT COUNT(*) AS n FROM batch_vote WHERE state = 'closed'",
        "questions kept": "SELECT COUNT(*) AS n FROM reconfirmation WHERE state = 'kept'",
        "questions left": "SELECT COUNT(*) AS n FROM reconfirmation WHERE state = 'left'",
    }.items():
        row = await db.fetch_one(sql)
        counted[what] = row["n"] if row else 0
    for row in await db.fetch("SELECT outcome FROM participation WHERE outcome IS NOT NULL"):
        counted[f"outcomes {_read(row['outcome'])['kind']}"] += 1
    for row in await db.fetch("SELECT reason, COUNT(*) AS n FROM refund GROUP BY reason"):
        counted[f"refunds for {row['reason']}"] = row["n"]
    for row in await db.fetch("SELECT state, COUNT(*) AS n FROM campaign GROUP BY state"):
        counted[f"campaigns {row['state']}"] = row["n"]
    return counted


async def _payments(told: Record) -> list[str]:
    ours = {row["id"]: row for row in await db.fetch("SELECT * FROM payment WHERE state = 'succeeded'")}
    theirs = {row.payment_id: row for row in told.payments if row.status == "captured"}
    found = [f"lost: capture of {key}" for key in theirs.keys() - ours.keys()]
    found += [f"wrong: {key} is not captured at the provider" for key in ours.keys() - theirs.keys()]
    several = Counter(row.payment_id for row in told.payments if row.status == "captured")
    found += [f"twice: {key} was captured {count} times" for key, count in several.items() if count > 1]
    for key in ours.keys() & theirs.keys():
        one, other = ours[key], theirs[key]
        mine = (one["amount_minor"], one["currency"], one["provider_ref"], one["refunded_minor"])
        if mine != (other.amount_minor, other.currency, other.provider_ref, other.refunded_minor):
            found.append(f"wrong: payment {key}: ours {mine}, the provider's {other}")
    booked = Counter(
        row["cause_id"] for row in await db.fetch("SELECT cause_id FROM transfer WHERE cause = 'payment'")
    )
    return found + [f"wrong: {key} was booked {booked[key]} times" for key in ours if booked[key] != 1]


async def _refunds(told: Record) -> list[str]:
    ours = {row["key"]: row for row in await db.fetch("SELECT * FROM refund")}
    theirs: dict[str, list[int]] = defaultdict(list)
    for refund in told.refunds:
        theirs[":".join(refund.key.split(":")[:3])].append(refund.amount_minor)  # a control adds to the key
    found = [
        f"lost: {each.key} is {each.status} there" for each in told.refunds if each.status != "succeeded"
    ]
    found += [f"twice: {key} was refunded {len(each)} times" for key, each in theirs.items() if len(each) > 1]
    found += [f"lost: refund {key}" for key in ours if key not in theirs]
    found += [f"wrong: the provider refunded {key}, we did not ask" for key in theirs if key not in ours]
    for key, row in ours.items():
        if row["state"] != "succeeded":
            found.append(f"lost: refund {key} is {row['state']} here")
        if sum(theirs.get(key, [])) != row["amount_minor"]:
            found.append(f"wrong: refund {key}: ours {row['amount_minor']}, the provider's {theirs.get(key)}")
    booked = Counter(
        row["cause_id"] for row in await db.fetch("SELECT cause_id FROM transfer WHERE cause = 'refund'")
    )
    return found + [
        f"wrong: {key} was booked {booked[row['id']]} times"
        for key, row in ours.items()
        if booked[row["id"]] != 1
    ]


async def _held() -> list[str]:
    """Captured is refunded plus held, and what is held is what the places that were kept cost."""
    paid: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row in await db.fetch("SELECT * FROM payment WHERE state = 'succeeded'"):
        held[row["participation_id"]] += row["amount_minor"] - row["refunded_minor"]
        paid[row["participation_id"]] += 1
    found, escrow = [], Counter[str]()
    for place in await db.fetch(PLACES):
        kept = place["state"] in KEPT
        right = (place["settled_minor"] or place["total_minor"]) if kept else 0
        escrow[place["campaign_id"]] += right
        if held[place["id"]] != right:
            found.append(
                f"wrong: {place['state']} place {place['id']} holds {held[place['id']]}, not {right}"
            )
        if place["state"] in ("refunding", "joined", "pending_payment", "needs_attention"):
            found.append(f"lost: place {place['id']} is still {place['state']}")
    for campaign in await db.fetch("SELECT id, state FROM campaign"):
        balance = await ledger.balance(f"escrow:{campaign['id']}")
        if balance != escrow[campaign["id"]]:
            found.append(f"wrong: {campaign['state']} escrow {balance}, not {escrow[campaign['id']]}")
        if campaign["state"] in ("failed", "canceled") and balance:
            found.append(f"wrong: {campaign['state']} campaign holds {balance}")
    return found


async def campaigns(*, canceled_later: bool = False) -> list[str]:
    """Every group has one outcome. ``canceled_later``: some that had locked were then called off."""
    found = []
    for campaign in await db.fetch("SELECT id, state, paid FROM campaign"):
        steps = await db.fetch(
            "SELECT from_state, to_state FROM campaign_transition WHERE campaign_id = ?", campaign["id"]
        )
        over = [row for row in steps if row["to_state"] in ("locked", "failed", "canceled")]
        if canceled_later:
            over = [row for row in over if row["to_state"] != "canceled" or row["from_state"] in BEFORE_LOCK]
        ends = Counter(row["to_state"] for row in over)
        if sum(ends.values()) != 1:
            found.append(f"wrong: outcomes {dict(ends)}")
        kept = await db.fetch_one(
            "SELECT COALESCE(SUM(quantity), 0) AS units FROM participation WHERE campaign_id = ? "
            f"AND state IN ({', '.join(repr(state) for state in KEPT)})",
            campaign["id"],
        )
        assert kept
        if ends["locked"] and not canceled_later and int(kept["units"]) != campaign["paid"]:
            found.append(f"wrong: {campaign['paid']} units counted, {kept['units']} held")
    return found


async def orders(*, withdrawn: bool = False) -> list[str]:
    """Every locked group has one order. ``withdrawn``: members may have left later, orders may be in the making."""
    orders = await db.fetch("SELECT * FROM purchase_order ORDER BY number")
    locked = {
        row["id"]: row["paid"]
        for row in await db.fetch("SELECT id, paid FROM campaign WHERE locked_at IS NOT NULL")
    }
    several = Counter(row["campaign_id"] for row in orders)
    found = [f"twice: {count} orders of {key}" for key, count in several.items() if count > 1]
    found += [f"lost: no order of {key}" for key in locked if key not in several]
    numbers = [int(row["number"][-6:]) for row in orders]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"wrong: numbers {numbers}")
    for order in orders:
        found += await _order(order, locked.get(order["campaign_id"], 0), withdrawn=withdrawn)
    return found


async def _order(order: dict[str, Any], paid: int, *, withdrawn: bool) -> list[str]:
    found = []
    if order["state"] not in ("issued", "acknowledged", "expired", *(FURTHER if withdrawn else ())):
        found.append(f"lost: {order['number']} is {order['state']}")
    (revision,) = await db.fetch(
        "SELECT * FROM purchase_order_revision WHERE purchase_order_id = ?", order["id"]
    )
    units = await db.fetch("SELECT id FROM ordered_unit WHERE purchase_order_id = ?", order["id"])
    if len(units) != paid:
        found.append(f"wrong: {order['number']} orders {len(units)} units, {paid} are paid")
    documents = await db.fetch("SELECT * FROM document WHERE revision_id = ?", revision["id"])
    if Counter(row["locale"] for row in documents) != Counter(("en", "zh_CN")):
        found.append(f"wrong: documents of {order['number']}: {[row['locale'] for row in documents]}")
    found += [
        f"wrong: {row['storage_key']} is not what was issued"
        for row in documents
        if sha256_hex(storage.get(row["storage_key"])) != row["sha256"]
    ]
    return found


async def jobs_and_runs() -> list[str]:
    now, found = clock.now(), []
    for job in await db.fetch("SELECT * FROM job WHERE state <> 'done'"):
        due = db.instant(job["due_at"])
        if job["state"] != "ready" or due is None or due <= now or job["kind"] != "workflow.advance":
            found.append(f"lost: job {job['key']} is {job['state']}: {job['error'][-300:]}")
    for run in await db.fetch("SELECT * FROM run WHERE state <> 'done'"):
        if run["state"] != "waiting" or not run["waiting_for"].startswith("turn "):
            found.append(f"lost: run {run['id']} is {run['state']} {run['waiting_for']}")
    return found


async def _mails() -> list[str]:
    rows = await db.fetch("SELECT * FROM mail")
    found = [f"lost: mail {row['key']} is {row['state']}" for row in rows if row["state"] != "sent"]
    several = Counter(
        (row["template"], row["to_address"], row["campaign_id"])
        for row in rows
        if row["template"] in ONCE_A_CAMPAIGN
    )
    found += [f"twice: mail {each}" for each, count in several.items() if count > 1]
    for template, wanted in [each async for each in _wanted()]:
        sent = Counter(row["recipient_id"] for row in rows if row["template"] == template)
        found += [f"lost: {template} to {who}" for who, count in wanted.items() if sent[who] < count]
        found += [f"twice: {template} to {who}" for who, count in sent.items() if count > wanted[who]]
    for name in TELLINGS:
        events = await db.fetch_one("SELECT COUNT(*) AS n FROM event WHERE name = ?", name)
        jobs = await db.fetch_one("SELECT COUNT(*) AS n FROM job WHERE key LIKE ?", f"tell:{name}:%")
        assert events
        assert jobs
        if events["n"] != jobs["n"]:
            found.append(f"lost: {events['n']} times {name}, told {jobs['n']} times")
    return found + list(_letters({mail.message_id(row["key"]): row["key"] for row in rows}))


async def _wanted() -> Any:
    """Who must have got which mail, from what happened to them; nobody else may have got it."""
    for template, sql in {
        "participation_joined": "SELECT t.user_id FROM participation t JOIN event e ON e.subject_id = t.id "
        "WHERE e.name = 'participation.joined'",
        "group_locked": "SELECT user_id FROM participation WHERE settled_minor IS NOT NULL",
        "refund_done": "SELECT p.user_id FROM refund r JOIN payment p ON p.id = r.payment_id "
        "WHERE r.state = 'succeeded'",
    }.items():
        yield template, Counter(row["user_id"] for row in await db.fetch(sql))


def _letters(wanted: dict[str, str]) -> Iterator[str]:
    """The files of the outbox: every mail, and none that nobody wrote. (A repeated one replaces itself.)"""
    from c2b.config import settings

    found = Counter(
        email.message_from_bytes(path.read_bytes())["Message-ID"].strip()
        for path in (settings().data_dir / "outbox").glob("*.eml")
    )
    yield from (f"lost: no file of mail {key}" for message_id, key in wanted.items() if not found[message_id])
    yield from (f"wrong: unknown mail {message_id}" for message_id in found if message_id not in wanted)
    yield from (f"twice: {count} files of {message_id}" for message_id, count in found.items() if count > 1)
