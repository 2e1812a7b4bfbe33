"""How providers misbehave in the field, switchable one by one and repeatable by seed."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from c2b.payments.gateways.base import GatewayTimeout, GatewayUnavailable


class Behavior(StrEnum):
    """What a person does on the checkout page, with what the provider then makes of it."""

    PAY = "pay"
    DECLINE = "decline"
    LATE = "late"  # the money arrives a minute after the checkout, and with it the shop's reservation, has expired
    TWICE = "twice"  # paid once, notified twice
    OUT_OF_ORDER = "out_of_order"  # "processing" is told after "captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehavior:
    """Faults of one gateway object. The default is a provider that behaves.

    Calls: ``unavailable_percent`` answer 5xx and do nothing; ``timeout_percent`` act and lose the answer;
    ``before_answer`` runs after the provider has acted and before we hear of it (a webhook that overtakes its call).
    Notifications: ``copies`` of each, ``newest_first``, ``delay``, an additional ``forged`` one per event, and true
    signatures under a wrong amount or currency. ``refund_delay``: refunds stay pending that long.
    ``declines_capture``: what is held is not charged.
    """

    unavailable_percent: int = 0
    timeout_percent: int = 0
    seed: int = 0
    before_answer: Callable[[], Awaitable[object]] | None = None
    copies: int = 1
    newest_first: bool = False
    delay: timedelta = timedelta()
    forged: bool = False
    amount_off_by: int = 0
    other_currency: str = ""
    refund_delay: timedelta = timedelta()
    declines_capture: bool = False


class Fate:
    """The dice of one gateway object, thrown in the order of its calls."""

    def __init__(self, misbehavior: Misbehavior) -> None:
        self.misbehavior = misbehavior
        self._dice = random.Random(misbehavior.seed)

    def before_acting(self) -> None:
        """Raises ``GatewayUnavailable`` as often as agreed."""
        if self._hits(self.misbehavior.unavailable_percent):
            raise GatewayUnavailable

    async def after_acting(self) -> None:
        """Lets others overtake, then raises ``GatewayTimeout`` as often as agreed."""
        if self.misbehavior.before_answer is not None:
            await self.misbehavior.before_answer()
        if self._hits(self.misbehavior.timeout_percent):
            raise GatewayTimeout

    def _hits(self, percent: int) -> bool:
        return percent > 0 and self._dice.randrange(100) < percent
