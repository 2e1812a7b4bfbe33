"""Settings from the environment, with defaults that need nothing installed.

Every variable starts with ``C2B_``, except the three that hosting platforms set by custom: ``DATABASE_URL``,
``BROKER_URL`` and ``PORT``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Only for the embedded demo mode; a scaled installation must bring its own (``Settings.problems``).
DEMO_SECRET = "demo-secret-for-one-machine-only"  # noqa: S105  (not a secret: refused outside the demo mode)


@dataclass(frozen=True)
class Settings:
    """What the environment decides. ``broker_url == ""`` means embedded: queue inside the web process."""

    database_url: str
    broker_url: str
    data_dir: Path
    base_url: str
    host: str
    port: int
    secret_key: str
    secret_key_before: str
    gateway: str
    gateways: tuple[str, ...]
    sandbox_path: Path
    sandbox_secret: str
    mail_url: str
    mail_from: str
    trusted_proxies: tuple[str, ...]
    log_level: str
    worker_threads: int
    sweep_seconds: float
    reservation_minutes: int
    waitlist_hours: int
    acknowledgment_days: int
    two_person_minor: int
    metrics_token: str
    referral_days: int
    referral_orders: int
    platform_fee_bp: int

    @property
    def embedded(self) -> bool:
        """One process does everything: web, worker and clock."""
        return self.broker_url == ""

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    def problems(self) -> list[str]:
        """What must not go into production, in words for the operator. Empty when all is well."""
        found = []
        if not self.embedded and self.secret_key == DEMO_SECRET:
            found.append("C2B_SECRET_KEY is the demo value: set at least 32 random characters.")
        if not self.embedded and self.database_url.startswith("sqlite"):
            found.append("Several processes need PostgreSQL: set DATABASE_URL=postgres://...")
        return found


def load(env: Mapping[str, str]) -> Settings:
    """Read settings from a mapping such as ``os.environ``."""
    data_dir = Path(env.get("C2B_DATA_DIR") or ROOT / "var").resolve()
    port = _whole(env, "PORT", 8000)
    host = env.get("C2B_HOST") or "127.0.0.1"
    secret_key = env.get("C2B_SECRET_KEY") or DEMO_SECRET
    for_trying_out = "sandbox" if env.get("BROKER_URL") else "sandbox,bank"
    named = env.get("C2B_GATEWAYS") or env.get("C2B_GATEWAY") or for_trying_out
    gateways = tuple(named.replace(" ", "").split(","))
    return Settings(
        database_url=env.get("DATABASE_URL") or f"sqlite://{data_dir}/c2b.sqlite3",
        broker_url=env.get("BROKER_URL") or "",
        data_dir=data_dir,
        base_url=(env.get("C2B_BASE_URL") or f"http://{host}:{port}").rstrip("/"),
        host=host,
        port=port,
        secret_key=secret_key,
        secret_key_before=env.get("C2B_SECRET_KEY_BEFORE") or "",
        gateway=gateways[0],
        gateways=gateways,
        sandbox_path=Path(env.get("C2B_SANDBOX_PATH") or data_dir / "sandbox.sqlite3"),
        sandbox_secret=env.get("C2B_SANDBOX_SECRET") or secret_key,
        mail_url=env.get("C2B_MAIL_URL") or "",
        mail_from=env.get("C2B_MAIL_FROM") or "C2B <orders@c2b.example>",
        trusted_proxies=tuple(p for p in (env.get("C2B_TRUSTED_PROXIES") or "").split(",") if p),
        log_level=env.get("C2B_LOG_LEVEL") or "info",
        worker_threads=_whole(env, "C2B_WORKER_THREADS", 4),
        sweep_seconds=float(env.get("C2B_SWEEP_SECONDS") or 2),
        reservation_minutes=_whole(env, "C2B_RESERVATION_MINUTES", 30),
        waitlist_hours=_whole(env, "C2B_WAITLIST_HOURS", 12),
        acknowledgment_days=_whole(env, "C2B_ACKNOWLEDGMENT_DAYS", 7),
        metrics_token=env.get("C2B_METRICS_TOKEN") or "",
        two_person_minor=_whole(env, "C2B_TWO_PERSON_MINOR", 100_000),
        referral_days=_whole(env, "C2B_REFERRAL_DAYS", 180),
        referral_orders=_whole(env, "C2B_REFERRAL_ORDERS", 5),
        platform_fee_bp=_whole(env, "C2B_PLATFORM_FEE_BP", 500),
    )


def _whole(env: Mapping[str, str], name: str, usual: int) -> int:
    """A whole number from the environment; ends the program with a sentence for anything else."""
    text = env.get(name) or str(usual)
    if not text.isascii() or not text.isdigit():
        raise SystemExit(f"{name} must be a whole number, not {text!r}.")
    return int(text)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once. Tests call ``settings.cache_clear()`` after changing the environment."""
    return load(os.environ)
