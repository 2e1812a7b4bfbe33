"""Which refunds we have asked a provider for: some answer by our own number only and have no list of a payment's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from c2b.kit import db
from c2b.payments.rules import provider_key

#: The keys of all refunds ever asked of a payment, oldest first.
Asked = Callable[[str], Awaitable[Sequence[str]]]


async def asked_keys(payment_id: str) -> list[str]:
    """From our own rows, which are written before a provider is asked: so none is missing that it could have."""
    rows = await db.fetch("SELECT key, tries FROM refund WHERE payment_id = ? ORDER BY id", payment_id)
    return [provider_key(row["key"], number) for row in rows for number in range(row["tries"] + 1)]
