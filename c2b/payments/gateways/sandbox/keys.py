"""Idempotency keys: the same key gives the same answer, other parameters under it are refused.

A key is forgotten after its lifetime and then acts as a new one, as the large providers do
(docs.stripe.com/idempotency): who repeats a call later than that must ask first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from c2b.kit.canonical import digest
from c2b.payments.gateways.base import GatewayRefused
from c2b.payments.gateways.sandbox.store import instant, text

LIFETIME = timedelta(hours=24)
MAX_LENGTH = 255


def once(
    db: sqlite3.Connection,
    key: str,
    *,
    request: Mapping[str, Any],
    now: datetime,
    act: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Answer of the first call under ``key``; ``act`` runs for the first only. A refusal is not remembered.

    Raises ``GatewayRefused``: ``key`` (empty or too long), ``key_reused`` (same key, other ``request``), ``malformed``
    (a fraction, a control character: what has no canonical form).
    """
    if not 1 <= len(key) <= MAX_LENGTH:
        raise GatewayRefused("key")
    try:
        request_hash = digest(dict(request))
    except ValueError as error:
        raise GatewayRefused("malformed") from error
    known = db.execute("SELECT * FROM idempotency WHERE key = ?", (key,)).fetchone()
    if known is not None and now < instant(known["created_at"]) + LIFETIME:
        if known["request_hash"] != request_hash:
            raise GatewayRefused("key_reused")
        return dict(json.loads(known["answer"]))
    answer = act()
    db.execute(
        "INSERT OR REPLACE INTO idempotency (key, request_hash, answer, created_at) VALUES (?, ?, ?, ?)",
        (key, request_hash, json.dumps(answer), text(now)),
    )
    return answer
