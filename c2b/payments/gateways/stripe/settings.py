"""What Stripe needs from the environment, and what is missing, in words for the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

API = "https://api.stripe.com"

_DAYS = {"C2B_STRIPE_HOLD_DAYS": 7, "C2B_STRIPE_REFUND_DAYS": 180, "C2B_STRIPE_PAYOUT_DAYS": 90}


@dataclass(frozen=True, kw_only=True)
class StripeSettings:
    """``webhook_secrets``: all that are valid now, so that a new one can stand beside the old while it is exchanged.

    ``account``: the connected account whose money this is; empty for the key's own. The days are terms of the contract
    (``gateway.capabilities_of``); ``payout_days`` 0: money may wait at Stripe without limit.
    """

    key: str
    webhook_secrets: tuple[str, ...]
    account: str = ""
    hold_days: int = 7
    refund_days: int = 180
    payout_days: int = 90
    api: str = API

    @property
    def live(self) -> bool:
        """Whether real money moves: the key says so (docs.stripe.com/keys)."""
        return "_live_" in self.key


def load(env: Mapping[str, str]) -> StripeSettings:
    """Read them; whoever asks has seen that ``problems`` is empty."""
    hold, refund, payout = (int(env.get(name) or usual) for name, usual in _DAYS.items())
    return StripeSettings(
        key=env.get("C2B_STRIPE_KEY", "").strip(),
        webhook_secrets=_secrets(env),
        account=env.get("C2B_STRIPE_ACCOUNT", "").strip(),
        hold_days=hold,
        refund_days=refund,
        payout_days=payout,
        api=(env.get("C2B_STRIPE_API") or API).rstrip("/"),
    )


def problems(env: Mapping[str, str]) -> list[str]:
    """What keeps Stripe from working; empty when all is well. Names variables, shows no secret."""
    found = []
    if not env.get("C2B_STRIPE_KEY"):
        found.append("C2B_STRIPE_KEY is not set: the secret or restricted API key (sk_… or rk_…).")
    elif not env["C2B_STRIPE_KEY"].strip().startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        found.append("C2B_STRIPE_KEY must be a secret or restricted key (sk_test_, sk_live_, rk_…).")
    if not _secrets(env):
        found.append(
            "C2B_STRIPE_WEBHOOK_SECRET is not set: the signing secret of the endpoint (whsec_…), several by comma."
        )
    elif not all(secret.startswith("whsec_") for secret in _secrets(env)):
        found.append("C2B_STRIPE_WEBHOOK_SECRET: each signing secret starts with whsec_.")
    found += [
        f"{name} must be a whole number of days." for name in _DAYS if not (env.get(name) or "0").isdigit()
    ]
    if find_spec("stripe") is None:
        found.append("The package stripe is not installed: pip install 'c2b[stripe]'.")
    return found


def _secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    words = (word.strip() for word in env.get("C2B_STRIPE_WEBHOOK_SECRET", "").split(","))
    return tuple(word for word in words if word)
