"""A worked example while it is carried out: what is on its accounts after each step, and what moved between them."""

from __future__ import annotations

import copy
from collections import Counter
from datetime import timedelta
from typing import Any

from c2b.campaigns.counting import keep_deadlines
from c2b.kit import clock, db
from c2b.ledger.queries import balance
from tests import world

#: Answers and batch of a keyboard that costs the price of the tier and nothing else (with ``plain``).
ANSWERS = {**world.ANSWERS, "switch": "linear_a"}


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """A schema in which the options of the whole batch cost nothing."""
    found = copy.deepcopy(document)
    for attribute in found["properties"].values():
        for option in attribute.get("x-options", ()) if attribute.get("x-scope") == "batch" else ():
            option.pop("surcharge_minor", None)
    return found


class Story:
    """One campaign's accounts under the names that the manual gives them, in the order of its columns."""

    def __init__(self, campaign_id: str, others: dict[str, str] | None = None) -> None:
        self.campaign_id = campaign_id
        self.accounts = {
            f"escrow:{campaign_id}": "escrow", "world:sandbox:CNY": "world:sandbox",
            **(others or {}),
        }  # fmt: skip
        self.told: list[list[str]] = []

    async def look(self, after: str) -> None:
        """Note what every account has, as a row of the manual's table."""
        self.told.append([after, *[str(await balance(account)) for account in self.accounts]])

    async def moves(self) -> list[str]:
        """All transfers of the world, sorted, those that are alike counted: "escrow → world:sandbox 120000 × 10"."""
        rows = await db.fetch("SELECT debit_id, credit_id, amount_minor FROM transfer")
        found = Counter(
            f"{self.accounts[row['debit_id']]} → {self.accounts[row['credit_id']]} {row['amount_minor']}"
            for row in rows
        )
        return sorted(move if many == 1 else f"{move} × {many}" for move, many in found.items())

    async def places(self) -> list[list[str]]:
        """What everybody paid and got back, those that are alike together, as rows of the manual's table."""
        rows = await db.fetch(
            "SELECT t.quantity, t.state, SUM(p.amount_minor) AS paid, SUM(p.refunded_minor) AS back "
            "FROM participation t JOIN payment p ON p.participation_id = t.id AND p.state = 'succeeded' "
            "WHERE t.campaign_id = ? GROUP BY t.id, t.quantity, t.state",
            self.campaign_id,
        )
        found = Counter(
            (int(row["quantity"]), int(row["paid"]), int(row["back"]), row["state"]) for row in rows
        )
        return [
            [str(many), str(units), str(paid), str(back), str(paid - back), state]
            for (units, paid, back, state), many in sorted(found.items(), reverse=True)
        ]


async def pass_deadline(days: int) -> None:
    """The campaign's deadline, so many days from now, passes, and the group closes or fails."""
    clock.shift(timedelta(days=days, minutes=1))
    await keep_deadlines()
