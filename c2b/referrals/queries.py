"""Reading commissions: a member's own with what each waits for, and what admins review."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from c2b.accounts.queries import names_of
from c2b.accounts.rules import Actor, public_name
from c2b.catalog.markets import market_of
from c2b.kit import db
from c2b.kit.errors import NotFound
from c2b.kit.http.paging import Slice, Window, slice_of
from c2b.participations.rules import PAID
from c2b.referrals.booking import free_of, open_of
from c2b.referrals.identities import Known, known_identity
from c2b.referrals.rules import RATES_BP, WHOLE_BP, base, caps_of
from c2b.referrals.telling import from_json

STATES = ("estimated", "confirmed", "payable", "paid", "reversed", "expired")
WITHDRAWAL_STATES = ("requested", "approved", "refused", "paid")


@dataclass(frozen=True, kw_only=True)
class CommissionLine:
    """One commission. Amounts in minor units; ``left_minor`` is what refunds have left of it. ``earner``: whose it is,
    for admins only. Nobody else's name: whoever joined through a link is nobody's business."""

    id: str
    campaign_title: str
    campaign_slug: str
    level: int
    base_minor: int
    rate_bp: int
    amount_minor: int
    left_minor: int
    reversed_minor: int
    currency: str
    state: str
    reason: str
    estimated_at: datetime
    confirm_from: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    earner: str = ""


@dataclass(frozen=True, kw_only=True)
class WithdrawalLine:
    """One payout that a member asked for. ``member``: their name, for admins only."""

    id: str
    user_id: str
    member: str
    amount_minor: int
    currency: str
    state: str
    note: str
    requested_at: datetime
    reviewed_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Sums:
    """A member's commissions in one currency, minor units. ``expected``: orders in groups that have not locked,
    computed now and promised nowhere; ``netted``: what later commissions will be less by; ``payable``: what
    can be asked for."""

    currency: str
    expected_minor: int
    expected_orders: int
    estimated_minor: int
    confirmed_minor: int
    payable_minor: int
    under_way_minor: int
    paid_minor: int
    netted_minor: int


@dataclass(frozen=True, kw_only=True)
class MyCommissions:
    """Everything on the page of one member."""

    sums: list[Sums]
    lines: Slice[CommissionLine]
    withdrawals: list[WithdrawalLine]
    identity: Known | None
    invited: int


@dataclass(frozen=True, kw_only=True)
class WithdrawalView:
    """A payout with what it is made of, for the admin who reviews it."""

    line: WithdrawalLine
    identity: Known | None
    commissions: list[CommissionLine]
    bindings: list[dict[str, Any]] = field(default_factory=list)


_LINES = (
    "SELECT c.*, k.title, k.slug FROM commission c JOIN campaign k ON k.id = c.campaign_id "
    "WHERE (c.id < ? OR ? = '') "
)


async def came_invited(participation_id: str) -> bool:
    """Did this place come through an invitation?"""
    row = await db.fetch_one("SELECT invitation_id FROM participation WHERE id = ?", participation_id)
    return row is not None and row["invitation_id"] is not None


async def has_commissions(participation_id: str) -> bool:
    """Was anything earned on this place?"""
    row = await db.fetch_one(
        "SELECT 1 AS yes FROM commission WHERE participation_id = ? LIMIT 1", participation_id
    )
    return row is not None


async def my_commissions(actor: Actor, window: Window) -> MyCommissions:
    """What a member earns by inviting, currency by currency and order by order, newest first."""
    bound = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM referral_binding WHERE inviter_id = ? AND state = 'bound'", actor.id
    )
    return MyCommissions(
        sums=await sums_of(actor.id),
        lines=await commissions(window, beneficiary_id=actor.id),
        withdrawals=(await withdrawals(Window(limit=20), user_id=actor.id)).items,
        identity=await known_identity(actor.id),
        invited=int(bound["n"]) if bound else 0,
    )


async def commissions(window: Window, *, beneficiary_id: str = "", state: str = "") -> Slice[CommissionLine]:
    """Commissions, newest first: one member's, or (admins) everybody's. The caller has checked who reads."""
    after = window.after[0] if window.after else ""
    rows = await db.fetch(
        _LINES
        + "AND (c.beneficiary_id = ? OR ? = '') AND (c.state = ? OR ? = '') ORDER BY c.id DESC LIMIT ?",
        after,
        after,
        beneficiary_id,
        beneficiary_id,
        state,
        state,
        window.limit + 1,
    )
    names = {} if beneficiary_id else await names_of({row["beneficiary_id"] for row in rows})
    found = [_line(row, names.get(row["beneficiary_id"], "")) for row in rows]
    return slice_of(found, window, lambda line: (line.id,))


async def withdrawals(window: Window, *, user_id: str = "", state: str = "") -> Slice[WithdrawalLine]:
    """Payouts that were asked for, newest first: one member's, or (admins) everybody's."""
    after = window.after[0] if window.after else ""
    rows = await db.fetch(
        "SELECT * FROM commission_withdrawal WHERE (id < ? OR ? = '') AND (user_id = ? OR ? = '') "
        "AND (state = ? OR ? = '') ORDER BY id DESC LIMIT ?",
        after,
        after,
        user_id,
        user_id,
        state,
        state,
        window.limit + 1,
    )
    names = await names_of({row["user_id"] for row in rows})
    return slice_of([_withdrawal(row, names) for row in rows], window, lambda line: (line.id,))


async def waiting() -> int:
    """How many payouts wait for an admin."""
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM commission_withdrawal WHERE state = 'requested'")
    return int(row["n"]) if row else 0


async def withdrawal_view(withdrawal_id: str) -> WithdrawalView:
    """One payout with its commissions and the bindings they come from. Raises ``NotFound``."""
    row = await db.fetch_one("SELECT * FROM commission_withdrawal WHERE id = ?", withdrawal_id)
    if row is None:
        raise NotFound
    rows = await db.fetch(
        _LINES + "AND c.withdrawal_id = ? ORDER BY c.id DESC LIMIT 200", "", "", withdrawal_id
    )
    bindings = await db.fetch(
        "SELECT DISTINCT b.id, b.state, b.bound_at, b.expires_at, u.name FROM commission c "
        "JOIN referral_binding b ON b.id = c.binding_id JOIN user_account u ON u.id = b.invitee_id "
        "WHERE c.withdrawal_id = ? ORDER BY b.id LIMIT 200",
        withdrawal_id,
    )
    return WithdrawalView(
        line=_withdrawal(row, await names_of({row["user_id"]})),
        identity=await known_identity(row["user_id"]),
        commissions=[_line(each) for each in rows],
        bindings=[
            {
                **each,
                "name": public_name(each["name"]),
                "bound_at": db.instant(each["bound_at"]),
                "expires_at": db.instant(each["expires_at"]),
            }
            for each in bindings
        ],
    )


async def sums_of(user_id: str) -> list[Sums]:
    """A member's commissions currency by currency."""
    rows = await db.fetch(
        "SELECT currency, state, CASE WHEN withdrawal_id IS NULL THEN 0 ELSE 1 END AS asked, "
        "SUM(amount_minor - reversed_minor) AS minor FROM commission WHERE beneficiary_id = ? "
        "GROUP BY currency, state, CASE WHEN withdrawal_id IS NULL THEN 0 ELSE 1 END",
        user_id,
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        of = found.setdefault(row["currency"], {})
        name = "under_way" if row["state"] == "payable" and row["asked"] else row["state"]
        of[name] = of.get(name, 0) + int(row["minor"])
    expected = await expected_of(user_id)
    return [
        await _sums(user_id, currency, found.get(currency, {}), expected.get(currency, (0, 0)))
        for currency in sorted(found.keys() | expected.keys())
    ]


async def _sums(user_id: str, currency: str, of: dict[str, int], expected: tuple[int, int]) -> Sums:
    netted = await open_of(user_id, currency)
    free = max(await free_of(user_id, currency) - netted, 0)
    return Sums(
        currency=currency, expected_minor=expected[0], expected_orders=expected[1],
        estimated_minor=of.get("estimated", 0), confirmed_minor=of.get("confirmed", 0),
        payable_minor=min(of.get("payable", 0), free), under_way_minor=of.get("under_way", 0),
        paid_minor=of.get("paid", 0), netted_minor=netted,
    )  # fmt: skip


async def expected_of(user_id: str) -> dict[str, tuple[int, int]]:
    """What paid orders in groups that have not locked would earn their inviter at the price of joining, by currency:
    minor units and orders. Without second levels, which depend on what holds at the lock."""
    states = ", ".join(f"'{state}'" for state in PAID)
    rows = await db.fetch(
        "SELECT p.quantity, p.total_minor, p.quote, k.currency, k.batch_answers FROM referral_binding b "
        "JOIN participation p ON p.user_id = b.invitee_id AND b.bound_at <= p.paid_at AND p.paid_at < b.expires_at "
        "JOIN campaign k ON k.id = p.campaign_id AND k.locked_at IS NULL AND k.state NOT IN ('failed', 'canceled') "
        f"WHERE b.inviter_id = ? AND b.state <> 'void' AND b.orders_left > 0 AND p.state IN ({states}) LIMIT 1000",
        user_id,
    )
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        minor, orders = found.get(row["currency"], (0, 0))
        found[row["currency"]] = minor + _expected(row), orders + 1
    return found


def _expected(row: dict[str, Any]) -> int:
    quote, batch = from_json(row["quote"]), from_json(row["batch_answers"])
    on = base(
        unit_price_minor=quote["base_minor"], one_off_minor=0, quantity=row["quantity"],
        settled_minor=row["total_minor"], vat_percent=market_of(row["currency"], batch).vat_percent,
    )  # fmt: skip
    return min(on * RATES_BP[1] // WHOLE_BP, caps_of(row["currency"]).order_minor)


def _line(row: dict[str, Any], earner: str = "") -> CommissionLine:
    same = (
        "id",
        "level",
        "base_minor",
        "rate_bp",
        "amount_minor",
        "reversed_minor",
        "currency",
        "state",
        "reason",
    )
    estimated_at = db.instant(row["estimated_at"])
    assert estimated_at
    return CommissionLine(
        **{name: row[name] for name in same},
        earner=earner,
        campaign_title=row["title"],
        campaign_slug=row["slug"],
        left_minor=row["amount_minor"] - row["reversed_minor"],
        estimated_at=estimated_at,
        confirm_from=db.instant(row["confirm_from"]),
        confirmed_at=db.instant(row["confirmed_at"]),
        ended_at=db.instant(row["ended_at"]),
    )


def _withdrawal(row: dict[str, Any], names: dict[str, str]) -> WithdrawalLine:
    requested_at = db.instant(row["requested_at"])
    assert requested_at
    return WithdrawalLine(
        id=row["id"], user_id=row["user_id"], member=names.get(row["user_id"], ""),
        amount_minor=row["amount_minor"], currency=row["currency"], state=row["state"], note=row["note"],
        requested_at=requested_at, reviewed_at=db.instant(row["reviewed_at"]), paid_at=db.instant(row["paid_at"]),
    )  # fmt: skip
