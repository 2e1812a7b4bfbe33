"""Stripe as its documents describe it: form-encoded calls, keys that repeat the first answer, signed notifications."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from c2b.kit import clock
from c2b.payments.gateways.stripe.settings import StripeSettings
from tests.payments.gateways.counterparts.listening import Counterpart, Reply

KEY = "sk_test_51Qx" + "k" * 20
SECRET, OLD_SECRET = "whsec_new" + "s" * 24, "whsec_old" + "s" * 24


class Refusal(Exception):
    def __init__(
        self, status: int, code: str = "", *, param: str = "", message: str = "no", kind: str = ""
    ) -> None:
        self.status = status
        self.error = {
            "type": kind or "invalid_request_error",
            "message": message,
            **({"code": code} if code else {}),
            **({"param": param} if param else {}),
        }
        super().__init__(code)


def now() -> int:
    return int(clock.now().timestamp())


class Stripe(Counterpart):
    """``sessions``, ``intents``, ``charges``, ``refunds_made`` and ``moves`` are its record."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.charges: dict[str, dict[str, Any]] = {}
        self.refunds_made: dict[str, dict[str, Any]] = {}
        self.moves: list[dict[str, Any]] = []
        self.payouts: list[dict[str, Any]] = []
        self.refund_status = "succeeded"
        self._asked: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, tuple[str, Reply]] = {}

    def settings(self, **changes: Any) -> StripeSettings:
        given = {"key": KEY, "webhook_secrets": (SECRET, OLD_SECRET), "api": self.base}
        return StripeSettings(**{**given, **changes})

    def forget_keys(self) -> None:
        """As it may after 24 hours."""
        self._keys.clear()

    # ------------------------------------------------------------------ its API

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        key, digest = headers.get("idempotency-key", ""), hashlib.sha256(path.encode() + body).hexdigest()
        if method == "POST" and key in self._keys:
            before, reply = self._keys[key]
            return reply if before == digest else self._no(Refusal(400, kind="idempotency_error"))
        try:
            if headers.get("authorization") != f"Bearer {KEY}":
                raise Refusal(401)
            asked = _nested(parse_qsl(body.decode() or urlsplit(path).query, keep_blank_values=True))
            reply = _json(200, self._route(method, urlsplit(path).path, asked))
        except Refusal as refusal:
            reply = self._no(refusal)
        if method == "POST" and key:
            self._keys[key] = (digest, reply)
        return reply

    def _no(self, refusal: Refusal) -> Reply:
        return _json(refusal.status, {"error": refusal.error})

    def _route(self, method: str, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        parts = [unquote(part) for part in path.removeprefix("/v1/").split("/")]
        match method, parts:
            case "POST", ["checkout", "sessions"]:
                return self._open(asked)
            case "GET", ["checkout", "sessions", name]:
                return self._expanded(self._known(self.sessions, name))
            case "GET", ["checkout", "sessions"]:
                wanted = asked["payment_intent"]
                return self._page([s for s in self.sessions.values() if s["payment_intent"] == wanted], asked)
            case "POST", ["checkout", "sessions", name, "expire"]:
                return self._expire(self._known(self.sessions, name))
            case "POST", ["payment_intents", name, "capture"]:
                return self._capture(self._known(self.intents, name), asked)
            case "POST", ["payment_intents", name, "cancel"]:
                return self._cancel(self._known(self.intents, name))
            case "POST", ["refunds"]:
                return self._refund(asked)
            case "GET", [kind]:
                return self._list(kind, asked)
        raise Refusal(404, "resource_missing")

    def _known(self, record: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
        if name not in record:
            raise Refusal(404, "resource_missing", param="id")
        return record[name]

    def _open(self, asked: dict[str, Any]) -> dict[str, Any]:
        ends = int(asked.get("expires_at") or now() + 86_400)
        if not now() + 1800 <= ends <= now() + 86_400:
            raise Refusal(400, param="expires_at")
        price = asked["line_items"]["0"]["price_data"]
        name = f"cs_test_{len(self.sessions):058d}"
        self._asked[name] = asked
        self.sessions[name] = {
            "id": name, "object": "checkout.session", "livemode": False, "status": "open",
            "payment_status": "unpaid", "payment_intent": None, "amount_total": int(price["unit_amount"]),
            "currency": price["currency"], "client_reference_id": asked["client_reference_id"],
            "metadata": asked["metadata"], "url": f"{self.base}/c/pay/{name}", "expires_at": ends,
            "created": now(),
        }  # fmt: skip
        return self.sessions[name]

    def _expanded(self, session: dict[str, Any]) -> dict[str, Any]:
        if session["payment_intent"] is None:
            return session
        return session | {"payment_intent": self._with_charge(self.intents[session["payment_intent"]])}

    def _with_charge(self, intent: dict[str, Any]) -> dict[str, Any]:
        charge = self.charges.get(intent["latest_charge"] or "")
        if charge is None:
            return intent
        moved = next((m for m in self.moves if m["source"] == charge["id"]), None)
        return intent | {"latest_charge": charge | {"balance_transaction": moved}}

    def _expire(self, session: dict[str, Any]) -> dict[str, Any]:
        if session["status"] != "open":
            raise Refusal(400, message="Only Checkout Sessions with a status of open can be expired.")
        session["status"] = "expired"
        return session

    def _capture(self, intent: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        if intent["status"] != "requires_capture":
            raise Refusal(400, "payment_intent_unexpected_state")
        amount = int(asked["amount_to_capture"])
        if amount > intent["amount"]:
            raise Refusal(400, "amount_too_large")
        intent["metadata"] |= asked.get("metadata", {})
        self._take(intent, amount)
        return self._with_charge(intent)

    def _take(self, intent: dict[str, Any], amount: int) -> None:
        intent |= {"status": "succeeded", "amount_received": amount}
        self.charges[intent["latest_charge"]]["amount_captured"] = amount
        self._move(intent["latest_charge"], "charge", amount, fee=amount * 29 // 1000)

    def _move(self, source: str, kind: str, amount: int, *, fee: int = 0) -> None:
        self.moves.append(
            {"id": f"txn_{len(self.moves)}", "object": "balance_transaction", "source": source, "type": kind,
             "amount": amount, "fee": fee, "created": now(), "payout": None}
        )  # fmt: skip

    def _cancel(self, intent: dict[str, Any]) -> dict[str, Any]:
        if intent["status"] != "requires_capture":
            raise Refusal(400, "payment_intent_unexpected_state")
        intent["status"] = "canceled"
        return self._with_charge(intent)

    def _refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        intent, amount = self._known(self.intents, asked["payment_intent"]), int(asked["amount"])
        if intent["status"] != "succeeded":
            raise Refusal(400, "payment_intent_unexpected_state")
        charge = self.charges[intent["latest_charge"]]
        left = charge["amount_captured"] - charge["amount_refunded"]
        if not left:
            raise Refusal(400, "charge_already_refunded")
        if amount > left:
            raise Refusal(
                400, param="amount", message="Refund amount is greater than unrefunded amount on charge"
            )
        charge["amount_refunded"] += amount
        name = f"re_{len(self.refunds_made):024d}"
        self.refunds_made[name] = {
            "id": name, "object": "refund", "amount": amount, "currency": intent["currency"],
            "charge": charge["id"], "payment_intent": intent["id"], "status": self.refund_status,
            "metadata": asked["metadata"], "created": now(),
        }  # fmt: skip
        self._move(name, "refund", -amount)
        return self.refunds_made[name]

    def _list(self, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
        rows: list[dict[str, Any]]
        if kind == "refunds":
            field = "payment_intent" if "payment_intent" in asked else "charge"
            rows = [r for r in self.refunds_made.values() if r[field] == asked[field]]
        elif kind == "payouts":
            rows = [p for p in self.payouts if _within(p["arrival_date"], asked["arrival_date"])]
        elif kind == "balance_transactions":
            rows = [
                m | {"source": self._source(m["source"])}
                for m in self.moves
                if (
                    m["payout"] == asked["payout"]
                    if "payout" in asked
                    else _within(m["created"], asked["created"])
                )
            ]
        else:
            raise Refusal(404, "resource_missing")
        return self._page(list(reversed(rows)), asked)

    def _source(self, name: str) -> dict[str, Any] | None:
        payouts = {payout["id"]: payout for payout in self.payouts}
        return {**self.charges, **self.refunds_made, **payouts}.get(name)

    def _page(self, rows: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
        ids = [row["id"] for row in rows]
        start = ids.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        most = min(int(asked["limit"]), 2)  # short pages, so that they are turned
        return {"object": "list", "data": rows[start : start + most], "has_more": len(rows) > start + most}

    # ------------------------------------------------------------------ its customers

    def pay(self, name: str) -> None:
        """A member pays at its page; held where that was asked for."""
        session, asked = self.sessions[name], self._asked[name]["payment_intent_data"]
        assert session["status"] == "open"
        number = len(self.intents)
        intent, charge = f"pi_{number:024d}", f"ch_{number:024d}"
        self.charges[charge] = {
            "id": charge, "object": "charge", "payment_intent": intent, "currency": session["currency"],
            "amount": session["amount_total"], "amount_captured": 0, "amount_refunded": 0, "created": now(),
            "metadata": dict(asked["metadata"]),
        }  # fmt: skip
        self.intents[intent] = {
            "id": intent, "object": "payment_intent", "amount": session["amount_total"], "amount_received": 0,
            "currency": session["currency"], "status": "requires_capture", "latest_charge": charge,
            "metadata": dict(asked["metadata"]), "created": now(),
        }  # fmt: skip
        session |= {"status": "complete", "payment_intent": intent}
        if asked["capture_method"] == "automatic":
            self._take(self.intents[intent], session["amount_total"])
            session["payment_status"] = "paid"

    def intent_of(self, name: str) -> dict[str, Any]:
        return self.intents[self.sessions[name]["payment_intent"]]

    def pay_out(self) -> None:
        """Everything on the balance goes to our bank, less the fees."""
        name = f"po_{len(self.payouts):024d}"
        moves = [move for move in self.moves if move["payout"] is None]
        for move in moves:
            move["payout"] = name
        amount = sum(move["amount"] - move["fee"] for move in moves)
        self.payouts.append(
            {"id": name, "object": "payout", "amount": amount, "currency": "cny", "arrival_date": now()}
        )
        self._move(name, "payout", -amount)
        self.moves[-1]["payout"] = name

    # ------------------------------------------------------------------ its notifications

    def notice_of_payment(self, name: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        """``changes`` replace what is said of the session before it is signed."""
        session = self.sessions[name]
        ended = session["status"] == "expired"
        return self.notice("checkout.session." + ("expired" if ended else "completed"), session | changes)

    def notice_of_refund(self, name: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        return self.notice("refund.updated", self.refunds_made[name] | changes)

    def notice(self, kind: str, about: dict[str, Any], **changes: Any) -> tuple[dict[str, str], bytes]:
        said = json.dumps(about, sort_keys=True)
        event = {
            "id": f"evt_{hashlib.sha256((kind + said).encode()).hexdigest()[:24]}", "object": "event",
            "type": kind, "created": now(), "livemode": False, "data": {"object": about},
        }  # fmt: skip
        return self.signed_notice(json.dumps(event | changes).encode())

    def signed_notice(
        self, body: bytes, *, at: datetime | None = None, secret: str = SECRET
    ) -> tuple[dict[str, str], bytes]:
        stamp = int((at or clock.now()).timestamp())
        made = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "Stripe-Signature": f"t={stamp},v1={made},v0=unused",
            "Content-Type": "application/json",
        }, body


def _json(status: int, told: dict[str, Any]) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """``a[b][0]=c`` as dictionaries in each other."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        *outer, last = re.findall(r"[^\[\]]+", name)
        inner = found
        for word in outer:
            inner = inner.setdefault(word, {})
        inner[last] = value
    return found


def _within(instant: int, asked: dict[str, str]) -> bool:
    return int(asked["gte"]) <= instant < int(asked["lt"])
