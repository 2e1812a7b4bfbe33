"""Tax invoices in the seed world: one is asked for, one was issued. Receipts come by themselves."""

from __future__ import annotations

from c2b.accounts.rules import Actor
from c2b.invoicing import operations as papers
from c2b.invoicing.requests import amount_of
from c2b.kit import db


async def invoices(person: Actor, company: Actor, root: Actor, campaign_id: str) -> None:
    """``person`` asks for one, ``company`` has one already."""
    await papers.ask(
        person, await _place(person, campaign_id), title_kind="personal", title=person.name, email="bo@c2b.example"
    )  # fmt: skip
    place = await _place(company, campaign_id)
    asked = await papers.ask(
        company, place, title_kind="company", title="云杉设计工作室（杭州）有限公司", tax_id="91330106MA2K7Q4T0M",
        email="finance@members.c2b.example",
    )  # fmt: skip
    await papers.issue_invoice(
        root, asked, number="26312000000117450021", amount_minor=await amount_of(place)
    )


async def _place(who: Actor, campaign_id: str) -> str:
    row = await db.fetch_one(
        "SELECT id FROM participation WHERE user_id = ? AND campaign_id = ?", who.id, campaign_id
    )
    assert row
    return str(row["id"])
