"""What a member may do, and what their commitment is worth. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from c2b.catalog.rules import (
    ProductSchema,
    Quote,
    configuration_key,
    quote,
)
from c2b.kit.canonical import digest

MAX_QUANTITY = 20
#: State → the states it may change to.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "waitlisted": ("pending_payment", "expired", "withdrawn"),
    "pending_payment": ("joined", "needs_attention", "expired", "withdrawn"),
    "joined": (
        "confirmed",
        "needs_attention",
        "withdrawn",
        "refunding",
        "pending_payment",
    ),  # its hold was lost
    "needs_attention": ("joined", "confirmed", "withdrawn", "refunding", "pending_payment"),
    "confirmed": ("in_fulfillment", "refunding"),
    "in_fulfillment": ("delivered", "refunding"),
    "delivered": ("completed",),
    "completed": (),
    "withdrawn": ("refunding", "refunded"),
    "refunding": ("refunded",),
    "refunded": (),
    "expired": (),
}
#: Money was captured and the place counts.
PAID = ("joined", "needs_attention", "confirmed", "in_fulfillment", "delivered", "completed")


@dataclass(frozen=True)
class Priced:
    """A requirement made ready to be stored: its canonical hash, its configuration and its promised price.

    ``quote`` is the first choice's; ``commitment_minor`` is the most that any choice can cost, paid when joining.
    ``commit_below_minor``: the tier price from which on it counts, ``None`` for any.
    """

    answers: dict[str, Any]
    digest: str
    configuration_key: str
    quote: Quote
    commitment_minor: int
    preferences: dict[str, Any] = field(default_factory=dict)
    commit_below_minor: int | None = None


def price(
    schema: ProductSchema,
    *,
    batch_answers: dict[str, Any],
    answers: dict[str, Any],
    tier_unit_price_minor: int,
    quantity: int,
    currency: str,
    schema_version: int,
) -> Priced:
    """Hash, group and price valid answers. ``answers`` are the member's own; the batch's are added here."""
    complete = {**answers, **batch_answers}
    own = {key: value for key, value in answers.items() if key not in batch_answers}
    promised = quote(
        schema,
        complete,
        tier_unit_price_minor=tier_unit_price_minor,
        quantity=quantity,
        currency=currency,
        schema_version=str(schema_version),
    )
    return Priced(
        answers=own,
        digest=digest(complete),
        configuration_key=configuration_key(schema, complete),
        quote=promised,
        commitment_minor=promised.total_minor,
    )
