"""WeChat Pay as its documents describe it: checks our signatures, signs and encrypts with keys of its own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import secrets
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from c2b.kit import clock
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings
from tests.payments.gateways.counterparts.keys import key, private_pem, public_pem, signed
from tests.payments.gateways.counterparts.listening import Counterpart, Reply

MCHID, APPID, SERIAL = "1900000109", "wxd678efh567hg6787", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
API_V3_KEY = "0123456789abcdef0123456789ABCDEF"
KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
BEIJING = timezone(timedelta(hours=8))
COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,{}商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
REFUND_COLUMNS = (
    "退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
)
PLAIN_COLUMNS = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"


def when(instant: datetime) -> str:
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(code)


class WechatPay(Counterpart):
    """``orders`` and ``refunds`` are its record; ``refund_status`` is what becomes of the next refund."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.refund_status = "PROCESSING"
        self.signs_with = "platform"
        self.bills: dict[tuple[str, str], bytes] = {}
        self.wrong_hash = False
        self.keeps = 6

    def settings(self, **changes: Any) -> WechatPaySettings:
        return WechatPaySettings(
            **{
                "mchid": MCHID,
                "appid": APPID,
                "serial": SERIAL,
                "private_key": private_pem("merchant"),
                "api_v3_key": API_V3_KEY,
                "platform_keys": {KEY_ID: public_pem("platform")},
                "api": self.base,
                **changes,
            }
        )

    # ------------------------------------------------------------------ its API

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        try:
            self._check_authorization(method, path, headers["authorization"], body.decode())
            asked = json.loads(body) if body else {}
            told = self._route(method, urlsplit(path).path, parse_qs(urlsplit(path).query), asked)
        except Refusal as refusal:
            answer = json.dumps({"code": refusal.code, "message": "说明"}).encode()
            return refusal.status, self._signed(answer), answer
        if isinstance(told, bytes):
            return 200, {}, told
        if told is None:
            return 204, self._signed(b""), b""
        answer = json.dumps(told, ensure_ascii=False).encode()
        return 200, self._signed(answer) | {"Content-Type": "application/json; charset=utf-8"}, answer

    def _route(self, method: str, path: str, query: dict[str, list[str]], asked: dict[str, Any]) -> Any:
        if found := re.fullmatch(r"/v3/pay/transactions/(native|jsapi)", path):
            return self._order(found[1], asked)
        if found := re.fullmatch(r"/v3/pay/transactions/out-trade-no/(\w+)(/close)?", path):
            return self._close(found[1]) if found[2] else self._read(found[1], query["mchid"][0])
        if path == "/v3/refund/domestic/refunds":
            return self._refund(asked)
        if found := re.fullmatch(r"/v3/refund/domestic/refunds/(\w+)", path):
            if found[1] not in self.refunds:
                raise Refusal(404, "RESOURCE_NOT_EXISTS")
            return self.refunds[found[1]]
        if path == "/v3/bill/tradebill":
            return self._bill(query["bill_date"][0], query["bill_type"][0])
        if path == "/billdownload/file":
            return gzip.compress(self.bills[(query["date"][0], query["type"][0])])
        raise Refusal(404, "NOT_FOUND")

    def _order(self, kind: str, asked: dict[str, Any]) -> dict[str, str]:
        if asked["appid"] != APPID or asked["mchid"] != MCHID:
            raise Refusal(400, "APPID_MCHID_NOT_MATCH")
        known = self.orders.setdefault(asked["out_trade_no"], {"asked": asked, "state": "NOTPAY"})
        if known["asked"] != asked:
            raise Refusal(403, "OUT_TRADE_NO_USED")
        if known["state"] == "CLOSED":
            raise Refusal(400, "ORDER_CLOSED")
        if known["state"] != "NOTPAY":
            raise Refusal(400, "ORDERPAID")
        if kind == "jsapi":
            return {"prepay_id": "wx201410272009395522657a690389285100"}
        return {"code_url": f"weixin://wxpay/bizpayurl?pr={asked['out_trade_no'][-9:]}"}

    def _read(self, number: str, mchid: str) -> dict[str, Any]:
        if number not in self.orders or mchid != MCHID:
            raise Refusal(404, "ORDER_NOT_EXIST")
        return self.transaction(number)

    def transaction(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        paid = order["state"] in ("SUCCESS", "REFUND")
        return {
            "appid": APPID,
            "mchid": MCHID,
            "out_trade_no": number,
            "trade_state": order["state"],
            "trade_state_desc": "支付状态",
            "amount": {"total": order["asked"]["amount"]["total"], "currency": "CNY"},
        } | ({"transaction_id": f"42{number}", "success_time": when(order["paid_at"])} if paid else {})

    def _close(self, number: str) -> None:
        order = self.orders[number]
        if order["state"] == "NOTPAY":
            order["state"] = "CLOSED"
        elif order["state"] != "CLOSED":
            raise Refusal(400, "ORDERPAID")

    def _refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        number, order = asked["out_refund_no"], self.orders.get(asked["out_trade_no"])
        if not re.fullmatch(r"[0-9A-Za-z_|*@-]{1,64}", number):
            raise Refusal(400, "PARAM_ERROR")
        if order is None:
            raise Refusal(404, "RESOURCE_NOT_EXISTS")
        amount, total = asked["amount"]["refund"], order["asked"]["amount"]["total"]
        if known := self.refunds.get(number):
            if known["amount"]["refund"] != amount:
                raise Refusal(400, "INVALID_REQUEST")
            return known
        gone = sum(r["amount"]["refund"] for r in self._refunds_of(asked["out_trade_no"]))
        late = clock.now() > order["paid_at"] + timedelta(days=365)
        if order["state"] not in ("SUCCESS", "REFUND") or late or gone + amount > total:
            raise Refusal(400, "INVALID_REQUEST")
        if asked["amount"]["total"] != total:
            raise Refusal(400, "PARAM_ERROR")
        order["state"] = "REFUND"
        self.refunds[number] = {
            "refund_id": f"50{len(self.refunds):026d}",
            "out_refund_no": number,
            "transaction_id": f"42{asked['out_trade_no']}",
            "out_trade_no": asked["out_trade_no"],
            "create_time": when(clock.now()),
            "status": self.refund_status,
            "amount": {"total": total, "refund": amount, "currency": "CNY"},
        }
        return self.refunds[number]

    def _refunds_of(self, number: str) -> list[dict[str, Any]]:
        every = self.refunds.values()
        return [r for r in every if r["out_trade_no"] == number and r["status"] != "CLOSED"]

    def _bill(self, day: str, kind: str) -> dict[str, str]:
        if (day, kind) not in self.bills:
            raise Refusal(400, "NO_STATEMENT_EXIST")
        digest = hashlib.sha1(self.bills[(day, kind)], usedforsecurity=False).hexdigest()
        return {
            "hash_type": "SHA1",
            "hash_value": "0" * 40 if self.wrong_hash else digest,
            "download_url": f"{self.base}/billdownload/file?date={day}&type={kind}",
        }

    # ------------------------------------------------------------------ its customers and its record

    def pay(self, number: str) -> None:
        """A member pays; a closed or paid order cannot be."""
        assert self.orders[number]["state"] == "NOTPAY"
        self.orders[number] |= {"state": "SUCCESS", "paid_at": clock.now()}

    def settle(self, refund: str, status: str = "SUCCESS") -> None:
        self.refunds[refund]["status"] = status

    def write_bills(self) -> None:
        """Bills of every day in Beijing on which something happened."""
        rows: dict[tuple[str, str], list[str]] = {}
        for number, order in self.orders.items():
            if "paid_at" in order:
                rows.setdefault((_day(order["paid_at"]), "SUCCESS"), []).append(self._row(number, None))
        for refund in self.refunds.values():
            made = datetime.fromisoformat(refund["create_time"])
            rows.setdefault((_day(made), "REFUND"), []).append(self._row(refund["out_trade_no"], refund))
        for (day, kind), lines in rows.items():
            names = COLUMNS.format(REFUND_COLUMNS if kind == "REFUND" else PLAIN_COLUMNS)
            total = f"`{len(lines)}" + ",`0.00" * 6
            text = "\r\n".join([names, *lines, "总交易单数,应结订单总金额,退款总金额,…", total, ""])
            self.bills[(day, kind)] = b"\xef\xbb\xbf" + text.encode()

    def fee_of(self, minor: int) -> int:
        """0.6 %, rounded; ``keeps`` thousandths of it."""
        return (minor * self.keeps + 500) // 1000

    def _row(self, number: str, refund: dict[str, Any] | None) -> str:
        order = self.orders[number]
        total = _yuan(order["asked"]["amount"]["total"])
        back = _yuan(refund["amount"]["refund"]) if refund else "0.00"
        paid_at = _local(order["paid_at"])
        refunds = ["0", "0", "0.00", "0.00", "", ""]
        if refund:
            made = _local(datetime.fromisoformat(refund["create_time"]))
            done = made if refund["status"] == "SUCCESS" else ""
            refunds = [made, done, refund["refund_id"], refund["out_refund_no"], back, "0.00", "ORIGINAL"]
            refunds.append(refund["status"])
        values = [paid_at, APPID, MCHID, "0", "", f"42{number}", number, "openid", "NATIVE"]
        values += ["REFUND" if refund else "SUCCESS", "OTHERS", "CNY", total, "0.00", *refunds]
        about = refund["amount"]["refund"] if refund else order["asked"]["amount"]["total"]
        fee = ("-" if refund else "") + _yuan(self.fee_of(about)) + "000"
        values += [order["asked"]["description"], "", fee, "0.60%", total, back, ""]
        return ",".join("`" + value for value in values)

    # ------------------------------------------------------------------ its notifications

    def notice_of_payment(self, number: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        """``changes`` replace what is said inside, before it is encrypted and signed."""
        secret = self.transaction(number) | {"trade_type": "NATIVE", "payer": {"openid": "openid"}} | changes
        return self.notice("TRANSACTION.SUCCESS", "transaction", secret)

    def notice_of_refund(self, refund: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        known = self.refunds[refund]
        kind = {"SUCCESS": "SUCCESS", "ABNORMAL": "ABNORMAL"}.get(known["status"], "CLOSED")
        names = ("out_trade_no", "transaction_id", "refund_id", "out_refund_no")
        amount = known["amount"] | {"payer_total": 1, "payer_refund": 1}
        del amount["currency"]
        secret = {name: known[name] for name in names}
        secret |= {"mchid": MCHID, "refund_status": known["status"], "amount": amount} | changes
        if kind == "SUCCESS":
            secret["success_time"] = when(clock.now())
        return self.notice(f"REFUND.{kind}", "refund", secret)

    def notice(self, event_type: str, associated: str, secret: Any) -> tuple[dict[str, str], bytes]:
        plain = secret if isinstance(secret, bytes) else json.dumps(secret, ensure_ascii=False).encode()
        nonce = secrets.token_hex(6)
        sealed = AESGCM(API_V3_KEY.encode()).encrypt(nonce.encode(), plain, associated.encode())
        resource = {
            "original_type": associated,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated,
            "nonce": nonce,
        }
        body = {
            "id": f"EV-{hashlib.sha256(plain).hexdigest()[:20]}",
            "create_time": when(clock.now()),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": resource,
        }
        return self.signed_notice(json.dumps(body, ensure_ascii=False).encode())

    def signed_notice(self, body: bytes, **how: Any) -> tuple[dict[str, str], bytes]:
        return self._signed(body, **how) | {"Content-Type": "application/json"}, body

    def _signed(self, body: bytes, *, at: datetime | None = None, serial: str = KEY_ID) -> dict[str, str]:
        stamp, nonce = str(int((at or clock.now()).timestamp())), secrets.token_hex(16)
        message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        made = base64.b64encode(signed(self.signs_with, message)).decode()
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": made,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def _check_authorization(self, method: str, path: str, header: str, body: str) -> None:
        scheme, _, rest = header.partition(" ")
        said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        message = f"{method}\n{path}\n{said['timestamp']}\n{said['nonce_str']}\n{body}\n"
        fresh = abs(time.time() - int(said["timestamp"])) <= 300
        try:
            key("merchant").public_key().verify(
                base64.b64decode(said["signature"]), message.encode(), PKCS1v15(), SHA256()
            )
        except InvalidSignature:
            raise Refusal(401, "SIGN_ERROR") from None
        ours = (scheme, said["mchid"], said["serial_no"]) == ("WECHATPAY2-SHA256-RSA2048", MCHID, SERIAL)
        if not fresh or not ours:
            raise Refusal(401, "SIGN_ERROR")


def _day(instant: datetime) -> str:
    return instant.astimezone(BEIJING).date().isoformat()


def _local(instant: datetime) -> str:
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
