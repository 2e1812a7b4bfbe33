"""Stripe's SDK over our own wire, and what its errors mean for us (docs.stripe.com/error-handling)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from c2b.payments.gateways.base import GatewayRefused, GatewayUnavailable
from c2b.payments.gateways.stripe.settings import StripeSettings
from c2b.payments.gateways.wire import exchange, lost

if TYPE_CHECKING:
    import stripe

log = logging.getLogger(__name__)

#: Stripe's codes in our words; others are refused under their own.
REASONS = {
    "resource_missing": "unknown_payment",
    "charge_already_refunded": "over_refund",
    "payment_intent_unexpected_state": "unexpected_state",
    "charge_expired_for_capture": "hold_expired",
    "amount_too_large": "amount",
    "amount_too_small": "amount",
    "parameter_invalid_integer": "amount",
}
#: It says that it did nothing and that asking again can help.
_NOTHING_DONE = frozenset({"lock_timeout", "rate_limit", "idempotency_key_in_use"})


def client_of(settings: StripeSettings, *, seconds: float) -> stripe.StripeClient:
    """The SDK's client. It repeats nothing by itself: our jobs do, and ask before they do."""
    import stripe

    class Wire(stripe.HTTPClient):
        """Exchanges that tell "not reached" from "answer lost", under any event loop."""

        name = "c2b"

        async def request_async(
            self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
        ) -> tuple[bytes, int, Mapping[str, str]]:
            content = post_data.encode() if isinstance(post_data, str) else post_data or b""
            acts = method.lower() != "get"
            answer = await exchange(
                method.upper(), url, headers=headers, content=content, acts=acts, seconds=seconds
            )
            return answer.body, answer.status, answer.headers

        async def close_async(self) -> None:
            """Nothing is kept open."""

    return stripe.StripeClient(
        settings.key,
        stripe_account=settings.account or None,
        base_addresses={"api": settings.api},
        max_network_retries=0,
        http_client=Wire(),
    )


@asynccontextmanager
async def told(*, acts: bool) -> AsyncIterator[None]:
    """Turn the SDK's errors into ours; ``acts``: the call may have done something when its answer is no use."""
    import stripe

    try:
        yield
    except stripe.StripeError as error:
        raise _ours(error, acts=acts) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise lost(acts) from error  # an answer of another shape than Stripe's


def _ours(error: stripe.StripeError, *, acts: bool) -> Exception:
    import stripe

    code = error.code or ""
    if isinstance(error, stripe.RateLimitError) or error.http_status == 429 or code in _NOTHING_DONE:
        return GatewayUnavailable()
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        log.error("Stripe does not know our key, or what it may do: %s", code or error.http_status)
        return GatewayUnavailable()
    if isinstance(error, stripe.IdempotencyError):
        return GatewayRefused("key_reused") if error.http_status == 400 else GatewayUnavailable()
    if isinstance(error, stripe.CardError):
        return GatewayRefused("card_declined")
    if isinstance(error, stripe.InvalidRequestError):
        return GatewayRefused(_reason(code, str(error.param or ""), str(error.user_message or "")))
    return lost(acts)


def _reason(code: str, param: str, message: str) -> str:
    """A refund of more than is left has no code of its own, only the parameter it is about."""
    if not code and param == "amount":
        return "over_refund" if "refund" in message.lower() else "amount"
    return REASONS.get(code, code or "invalid_request")[:64]
