"""Shortcuts: a place that asked to be paid by bank transfer, and lines of the statement."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from c2b.accounts.rules import Actor
from c2b.kit import clock, db
from c2b.participations.joining import Joined
from c2b.payments.asking import check_out
from c2b.payments.choosing import Checkout
from c2b.payments.statement.entering import Line, enter
from tests import small
from tests.payments.paying import payment_of
from tests.world import World

ACCOUNT = "6222000012345678"
_numbers = itertools.count(1)


async def open_campaign(w: World, **changes: Any) -> str:
    """A small campaign that is open long enough for transfers to arrive."""
    return await small.open_campaign(w, **{"deadline": clock.now() + timedelta(days=10), **changes})


async def asked_by_transfer(
    w: World, campaign: str, *, quantity: int = 2
) -> tuple[Joined, dict[str, Any], Checkout]:
    """A reserved place, its payment's row, and where it is paid."""
    joined = await w.join(campaign, quantity=quantity)
    opened = await check_out(w.members[-1], joined.participation_id, gateway_name="bank")
    return joined, await payment_of(joined), opened


def line(amount_minor: int, **said: Any) -> Line:
    """A line of the statement as the bank words it."""
    fields: dict[str, Any] = {
        "reference": f"STMT-{next(_numbers):06}", "booked_on": clock.today(), "amount_minor": amount_minor,
        "currency": "CNY", "payer_name": "Bo Zhang", "account": ACCOUNT, "bank": "ICBC",
    }  # fmt: skip
    return Line(**{**fields, **said})


async def came(actor: Actor, amount_minor: int, **said: Any) -> str:
    """The id of a line that this admin has entered."""
    return await enter(actor, line(amount_minor, **said))


async def line_row(line_id: str) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM bank_line WHERE id = ?", line_id)
    assert row
    return row


async def transfers_out(kind: str = "return") -> list[dict[str, Any]]:
    return await db.fetch("SELECT * FROM disbursement WHERE kind = ? ORDER BY id", kind)


async def place_of(joined: Joined) -> dict[str, Any]:
    row = await db.fetch_one("SELECT * FROM participation WHERE id = ?", joined.participation_id)
    assert row
    return row
