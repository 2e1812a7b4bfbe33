"""Which market allows what: one level everywhere; the second only on a written legal approval, which can be revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor
from c2b.catalog.markets import MARKETS
from c2b.events.operations import record
from c2b.kit import clock, db
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.referrals.binding import words
from c2b.referrals.rules import Depth


class DecidedMarket(Conflict):
    code = "market_decided"
    message = N_("This market's approval was changed meanwhile. Please look again.")


@dataclass(frozen=True, kw_only=True)
class MarketView:
    """One market, how deep it pays and on whose word."""

    code: str
    title: str
    depth: Depth
    reference: str
    approved_by: str | None
    approved_at: datetime | None
    revoked_at: datetime | None


async def depth_of(market: str) -> Depth:
    """How many levels a market pays now: 1, or 2 with an approval in force."""
    row = await db.fetch_one(
        "SELECT depth FROM commission_market WHERE market = ? AND revoked_at IS NULL", market
    )
    return 2 if row and row["depth"] == 2 else 1


async def markets() -> list[MarketView]:
    """All markets there are, for admins."""
    rows = {row["market"]: row for row in await db.fetch("SELECT * FROM commission_market")}
    names = await names_of({row["approved_by"] for row in rows.values() if row["approved_by"]})
    found = []
    for each in MARKETS.values():
        row = rows.get(each.code, {})
        in_force = row.get("depth") == 2 and row.get("revoked_at") is None
        found.append(
            MarketView(
                code=each.code,
                title=each.title,
                depth=2 if in_force else 1,
                reference=row.get("approval_reference") or "",
                approved_by=names.get(row.get("approved_by") or ""),
                approved_at=db.instant(row.get("approved_at")),
                revoked_at=db.instant(row.get("revoked_at")),
            )
        )
    return found


async def allow_second_level(actor: Actor, market: str, *, reference: str, confirmed: bool) -> None:
    """Write down a market's legal approval. Orders that lock from now on pay two levels there.

    Raises ``Invalid`` without the approval's reference or without the second confirmation, ``DecidedMarket``.
    """
    _known(market)
    reference = words(reference)[:160]
    if not reference:
        raise Invalid(fields=[FieldError("reference", "reference", N_("Name the written legal approval."))])
    if not confirmed:
        raise Invalid(fields=[FieldError("confirmed", "confirmed", N_("Please confirm this a second time."))])

    async def write() -> None:
        rows = await db.execute(
            "INSERT INTO commission_market (market, depth, approval_reference, approved_by, approved_at) "
            "VALUES (?, 2, ?, ?, ?) ON CONFLICT (market) DO UPDATE SET depth = 2, approval_reference = "
            "excluded.approval_reference, approved_by = excluded.approved_by, approved_at = excluded.approved_at, "
            "revoked_at = NULL WHERE commission_market.depth = 1",
            market,
            reference,
            actor.id,
            clock.now(),
        )
        if rows != 1:
            raise DecidedMarket
        await _tell("commission_market.approved", actor, market, reference)

    await db.atomically(write)


async def revoke_second_level(actor: Actor, market: str) -> None:
    """From now on nothing new is earned at the second level there; what was estimated stays.

    Raises ``DecidedMarket``.
    """
    _known(market)

    async def write() -> None:
        row = await db.fetch_one(
            "UPDATE commission_market SET depth = 1, revoked_at = ? WHERE market = ? AND depth = 2 "
            "RETURNING approval_reference",
            clock.now(),
            market,
        )
        if row is None:
            raise DecidedMarket
        await _tell("commission_market.revoked", actor, market, row["approval_reference"])

    await db.atomically(write)


def _known(market: str) -> None:
    if market not in MARKETS:
        raise NotFound


async def _tell(name: str, actor: Actor, market: str, reference: str) -> None:
    await record(
        name,
        subject="commission_market",
        subject_id=market,
        actor_id=actor.id,
        payload={"reference": reference},
    )
