"""``c2b demo``: the main job in a terminal, on a throw-away database, in about a minute.

A real campaign is filled from a file of requirements, paid at the sandbox provider, locked, ordered, acknowledged and
carried through its timeline, all by the operations that pages and API use.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from c2b import wiring
from c2b.accounts.rules import Actor
from c2b.campaigns import operations as campaigns
from c2b.campaigns.queries import campaign_for, join_offer
from c2b.campaigns.rules import Offer, PriceTier
from c2b.campaigns.votes import OpenVote
from c2b.config import ROOT, Settings, settings
from c2b.fulfillment.queries import timeline_of
from c2b.kit import clock, db, storage
from c2b.kit.db.migrate import migrate
from c2b.kit.money import format_money
from c2b.ledger import queries as ledger
from c2b.ledger.rules import world
from c2b.participations.wishes.importing import ImportedRow, read_requirements
from c2b.payments.gateways.sandbox.record import record_of
from c2b.payments.queries import money_of_campaign
from c2b.purchasing.models import Document, PurchaseOrder
from c2b.seeds import wishes
from c2b.seeds.acting import join_and_pay, sandbox_without_server
from c2b.seeds.factory import acknowledge, carry_on
from c2b.seeds.people import person
from c2b.seeds.together import decide_together
from c2b.seeds.world import people_and_catalog

#: How long members vote, and how long they join, from the day the campaign is drafted.
VOTE, JOINING = timedelta(days=10), timedelta(days=20)
REQUIREMENTS = ROOT / "c2b/seeds/data/keyboard_requirements.csv"


class Stage:
    """Headings and lines on the terminal, with the seconds that have passed."""

    def __init__(self) -> None:
        self.began = time.perf_counter()

    def heading(self, text: str) -> None:
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}[{time.perf_counter() - self.began:5.1f} s] {text}{plain}", flush=True)

    def line(self, text: str) -> None:
        print(f"          {text}", flush=True)

    def again(self, text: str, *, whole: bool) -> None:
        """A line that is drawn over itself; where output is no terminal, its last state only."""
        if sys.stdout.isatty():
            print(f"\r          {text}", end="\n" if whole else "", flush=True)
        elif whole:
            self.line(text)


def main() -> int:
    """Run the demo; the exit code says whether every sum and every count was right."""
    folder = Path(tempfile.mkdtemp(prefix="c2b-demo-"))
    configured = replace(
        settings(),
        data_dir=folder,
        database_url=f"sqlite://{folder}/c2b.sqlite3",
        sandbox_path=folder / "sandbox.sqlite3",
        broker_url="",
        mail_url="",
        gateway="sandbox",
    )
    return asyncio.run(_demo(configured, Stage()))


async def _demo(configured: Settings, stage: Stage) -> int:
    use_settings(configured)
    await migrate(db.database_url_of(configured))
    wiring.connect()
    try:
        async with db.Database(db.database_url_of(configured)):
            with sandbox_without_server(configured):
                return await _story(configured, stage)
    finally:
        clock.reset()


async def _story(configured: Settings, stage: Stage) -> int:
    stage.heading("Ana opens a campaign; an admin approves it")
    cast = await people_and_catalog(clock.now())
    opened = clock.now()
    campaign_id = await _campaign(cast.ana, cast.root, stage)

    stage.heading(f"Friends send their requirements: {REQUIREMENTS.name}")
    rows = list(read_requirements(REQUIREMENTS, await join_offer(campaign_id)))
    good = [row for row in rows if row.priced]
    for row in rows:
        for fault in row.faults[:1]:
            stage.line(f"line {row.line:>3}  {row.name}: refused. {fault.path or 'form'}: {fault.text()}")
    stage.line(f"{len(rows)} requirements read: {len(good)} accepted, {len(rows) - len(good)} refused")

    stage.heading("They pay at the sandbox provider; only captured money counts")
    await _join_all(good, campaign_id, stage)

    stage.heading("The vote ends, the group closes, and each gets the best choice that can be made")
    await decide_together(campaign_id, ends=opened + VOTE, closes=opened + JOINING, stage=stage)

    stage.heading("The batch is locked and frozen; the purchase order is written")
    files = await _documents(campaign_id, stage)

    stage.heading("Mill acknowledges, and the timeline begins")
    clock.shift(timedelta(days=1))
    mill = cast.makers["lingyue"]
    await acknowledge(mill, campaign_id)
    page = await timeline_of(cast.root, campaign_id)
    stage.line(
        f"promised: leaves the factory by {page.promised_ship_by}, delivered by {page.promised_delivery}"
    )
    await carry_on(mill, cast.root, campaign_id, until=clock.now() + timedelta(days=400), say=stage.line)
    page = await timeline_of(cast.root, campaign_id)
    stage.line(f"delivered on {page.delivered_on}, promised for {page.promised_delivery}")

    stage.heading("Where the money stands")
    faults = await _money(configured, campaign_id, stage)
    campaign = await campaign_for(cast.root, campaign_id)
    stage.heading(f"Campaign {campaign['code']} is {campaign['state']}")
    for file in files:
        stage.line(f"Purchase order: {file}")
    for wrong in faults:
        stage.line(f"WRONG: {wrong}")
    print()
    return 1 if faults or campaign["state"] != "completed" else 0


async def _campaign(ana: Actor, root: Actor, stage: Stage) -> str:
    made = await campaigns.draft(
        ana,
        product_slug="lingyue-75",
        offer=Offer(
            title="Quiet seventy-five for shared rooms",
            story="A gasket-mounted aluminum board that does not wake the baby.",
            batch_answers={k: v for k, v in wishes.KEYBOARD_BATCH.items() if k != "mounting"},
            votes=(OpenVote("mounting", ("gasket", "top", "tray"), clock.now() + VOTE, "listed"),),
            threshold=150,
            cap=400,
            tiers=(PriceTier(100, 45900), PriceTier(150, 42900)),
            closes="at_deadline",
            visibility="public",
            deadline=clock.now() + JOINING,
        ),
    )
    await campaigns.submit(ana, made.id)
    await campaigns.approve(root, made.id)
    stage.line(f"{made.code}: {made.title}, from {made.threshold} units, ¥459 and ¥429 from 150 on")
    return made.id


async def _join_all(rows: list[ImportedRow], campaign_id: str, stage: Stage) -> None:
    chance = random.Random(1)
    units = 0
    for number, row in enumerate(rows, start=1):
        locale = "zh_CN" if not row.name.isascii() and "一" <= row.name[0] <= "鿿" else "en"
        who = await person(f"friend{number}@members.c2b.example", row.name, locale=locale)
        clock.shift(timedelta(minutes=chance.randrange(10, 120)))
        wishes = row.priced.preferences if row.priced else None
        await join_and_pay(who, campaign_id, row.answers, quantity=row.quantity, preferences=wishes)
        units += row.quantity
        if number % 4 == 0 or number == len(rows):
            bar = "█" * (units * 40 // 240)
            stage.again(f"{bar:<40} {units:>3} units paid by {number} people", whole=number == len(rows))


async def _documents(campaign_id: str, stage: Stage) -> list[Path]:
    order = await PurchaseOrder.get(campaign_id=campaign_id)
    frozen = await db.fetch_one("SELECT digest FROM frozen_batch WHERE campaign_id = ?", campaign_id)
    assert frozen
    stage.line(f"frozen, SHA-256 {frozen['digest']}")
    files = []
    for document in await Document.all().order_by("locale"):
        files.append(storage.path(document.storage_key))
        size = document.size_bytes // 1024
        stage.line(f"{order.number} r{order.revision} {document.locale}: {document.pages} pages, {size} KB")
    return files


async def _money(configured: Settings, campaign_id: str, stage: Stage) -> list[str]:
    """Print where every cent rests, and return what does not agree with the provider's own record."""
    ours = await money_of_campaign(campaign_id)
    record = record_of(configured.sandbox_path)
    captured = sum(row.amount_minor for row in record.payments if row.status == "captured")
    refunded = sum(row.amount_minor for row in record.refunds if row.status == "succeeded")
    outside = await ledger.balance(world("sandbox", "CNY"))
    rests = await ledger.where_it_rests(campaign_id)
    for label, minor in (
        ("captured from members", rests.captured_minor),
        ("given back (lower tier, cheaper choices, exits)", rests.returned_minor),
        *((kind.title.lower(), minor) for kind, minor in rests.parts if minor),
    ):
        stage.line(f"{label:<48} {format_money(minor, 'CNY', 'en'):>16}")
    total = sum(minor for _, minor in rests.parts)
    stage.line(f"{'all of it, where it rests now':<48} {format_money(total, 'CNY', 'en'):>16}")
    stage.line(
        f"{'the provider says: captured − refunded':<48} {format_money(captured - refunded, 'CNY', 'en'):>16}"
    )
    faults = await ledger.faults()
    if not rests.adds_up or total != captured - refunded:
        faults.append("what rests on our accounts is not what came in less what went back")
    if (captured, refunded) != (ours["captured_minor"], ours["refunded_minor"]):
        faults.append("our payments and refunds are not the provider's")
    inside = await db.fetch_one("SELECT SUM(balance_minor) AS minor FROM account WHERE id NOT LIKE 'world:%'")
    assert inside
    if int(inside["minor"]) != captured - refunded or outside != refunded - captured or ours["refunding"]:
        faults.append("what rests with us is not what was captured minus what was given back")
    return faults


def use_settings(configured: Settings) -> None:
    """Let everything in this process use these settings."""
    import os

    os.environ.update(
        DATABASE_URL=configured.database_url,
        C2B_DATA_DIR=str(configured.data_dir),
        C2B_SANDBOX_PATH=str(configured.sandbox_path),
        C2B_GATEWAY="sandbox",
        C2B_MAIL_URL="",
        BROKER_URL="",
    )
    settings.cache_clear()
