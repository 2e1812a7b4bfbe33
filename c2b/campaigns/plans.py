"""When members pay: the three payment plans and their amounts. Values in, values out.

``full``: all at joining. ``deposit``: a refundable part at joining, the balance when the group has closed, before
anything is ordered. ``authorize``: all is held at joining and nothing is charged; at the close exactly the final price
is. Whatever the plan, nobody ever pays more than what their dearest choice costs at the first tier.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_

FULL, DEPOSIT, AUTHORIZE = "full", "deposit", "authorize"
PLANS = (FULL, DEPOSIT, AUTHORIZE)
LEAST_PERCENT, MOST_PERCENT = 10, 30
MOST_BALANCE_DAYS = 30
USUAL_PERCENT, USUAL_BALANCE_DAYS = 20, 7
#: Days after a balance was due on which its member is reminded.
REMINDER_DAYS = (1, 3, 7)
#: Days after it was due on which the place is given to somebody else.
OVERDUE_DAYS = 8


def deposit_minor(total_minor: int, percent: int) -> int:
    """The deposit on a commitment, in minor units, half a unit rounded up; never nothing, never more than all."""
    return min(max((total_minor * percent + 50) // 100, 1), total_minor)


def first_due_minor(plan: str, percent: int, total_minor: int) -> int:
    """What is asked for at joining, in minor units."""
    return deposit_minor(total_minor, percent) if plan == DEPOSIT else total_minor


def missing_minor(settled_minor: int, captured_minor: int) -> int:
    """What somebody still has to pay for what they get; 0 where enough has come (what is too much goes back)."""
    return max(settled_minor - captured_minor, 0)


def overdue_at(due_at: datetime) -> datetime:
    """From when on a place whose balance was due at ``due_at`` is lost."""
    return due_at + timedelta(days=OVERDUE_DAYS)


def reminder_days(due_at: datetime, now: datetime) -> tuple[int, ...]:
    """The reminders that are due by ``now``, as days after ``due_at``."""
    return tuple(days for days in REMINDER_DAYS if due_at + timedelta(days=days) <= now)


def faults_of_plan(plan: str, percent: int, balance_days: int) -> list[FieldError]:
    """What is wrong with a plan as it was given, each beside its field."""
    if plan not in PLANS:
        return [FieldError("payment_plan", "choice", N_("Choose when members pay."))]
    found = []
    if plan == DEPOSIT and not LEAST_PERCENT <= percent <= MOST_PERCENT:
        found.append(
            FieldError(
                "deposit_percent",
                "range",
                N_("A deposit is from {least} to {most} percent of what is promised."),
                {"least": LEAST_PERCENT, "most": MOST_PERCENT},
            )
        )
    if not 1 <= balance_days <= MOST_BALANCE_DAYS:
        found.append(
            FieldError(
                "balance_days",
                "range",
                N_("Give members from 1 to {most} days to pay the balance."),
                {"most": MOST_BALANCE_DAYS},
            )
        )
    return found
