"""Money's own rules: which states there are, and why money goes back."""

from __future__ import annotations

#: Why a refund is made. These give everything back, once per payment.
FULL_REASONS = ("campaign_failed", "withdrawal", "option_minimum", "left_out", "late", "overdue", "delay")
REASONS = (*FULL_REASONS, "price_difference", "claim")

PAYMENT_TRANSITIONS: dict[str, tuple[str, ...]] = {
    "created": ("authorized", "succeeded", "failed", "closed"),
    "authorized": ("succeeded", "failed", "voided"),
    "failed": (
        "authorized",
        "succeeded",
    ),  # a provider may say failed first and captured later: the money is real
    "closed": ("authorized", "succeeded"),
    "voided": ("succeeded",),
    "succeeded": (),
}
REFUND_TRANSITIONS: dict[str, tuple[str, ...]] = {
    "requested": ("processing", "succeeded"),
    "processing": ("succeeded", "failed"),
    "failed": ("processing",),
    "succeeded": (),
}


def refund_key(payment_id: str, reason: str, number: int = 0) -> str:
    """The key of a refund, here and at the provider: one of each kind per payment, but claims are numbered."""
    key = f"refund:{payment_id}:{'full' if reason in FULL_REASONS else reason}"
    return f"{key}:{number}" if number else key


def provider_key(key: str, tries: int) -> str:
    """The key we ask the provider with: ours, and after each refusal for good a new one of the same refund."""
    return f"{key}#{tries}" if tries else key


def own_key(key: str) -> str:
    """Our key of a refund, from the one the provider knows it by."""
    return key.partition("#")[0]


def refundable(amount_minor: int, already_minor: int) -> int:
    """What may still go back: captured minus refunded and requested, never negative."""
    return max(amount_minor - already_minor, 0)
