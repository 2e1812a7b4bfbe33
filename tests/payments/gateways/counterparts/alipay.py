"""Alipay as its documents describe it: checks our RSA2 signatures, signs answers and notifications with its own key."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm

from c2b.kit import clock
from c2b.payments.gateways.alipay.settings import AlipaySettings
from tests.payments.gateways.counterparts.keys import key, private_pem, public_pem, signed
from tests.payments.gateways.counterparts.listening import Counterpart, Reply

APP_ID, SELLER_ID = "2021000000000001", "2088101106499364"
BEIJING = timezone(timedelta(hours=8))
COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


class Refusal(Exception):
    def __init__(self, sub_code: str, code: str = "40004") -> None:
        self.code, self.sub_code = code, sub_code
        super().__init__(sub_code)


class Alipay(Counterpart):
    """``trades`` and ``refunds`` are its record, amounts in fen."""

    def __init__(self) -> None:
        super().__init__()
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[tuple[str, str], dict[str, Any]] = {}
        self.signs_with = "alipay"
        self.bills: dict[str, bytes] = {}
        self.sent = 0
        self.keeps = 6

    def settings(self, **changes: Any) -> AlipaySettings:
        return AlipaySettings(
            **{
                "app_id": APP_ID,
                "seller_id": SELLER_ID,
                "private_key": private_pem("app"),
                "alipay_key": public_pem("alipay"),
                "api": f"{self.base}/gateway.do",
                **changes,
            }
        )

    # ------------------------------------------------------------------ its API

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path.startswith("/bill/"):
            return 200, {}, self.bills[path.removeprefix("/bill/")]
        said = dict(parse_qsl(body.decode(), strict_parsing=True))
        name = said["method"].replace(".", "_") + "_response"
        try:
            self.check(said)
            told = {"code": "10000", "msg": "Success"} | self._route(said)
        except Refusal as refusal:
            told = {"code": refusal.code, "msg": "Business Failed", "sub_code": refusal.sub_code}
            told["sub_msg"] = '说明 "}'
        return 200, {"Content-Type": "text/html;charset=utf-8"}, self.answer(name, told)

    def answer(self, name: str, told: dict[str, Any]) -> bytes:
        inner = json.dumps(told, ensure_ascii=False)
        made = base64.b64encode(signed(self.signs_with, inner.encode())).decode()
        return f'{{"{name}":{inner},"sign":"{made}"}}'.encode()

    def check(self, said: dict[str, str]) -> None:
        content = "&".join(f"{name}={value}" for name, value in sorted(said.items()) if name != "sign")
        try:
            key("app").public_key().verify(
                base64.b64decode(said["sign"]), content.encode(), PKCS1v15(), SHA256()
            )
        except InvalidSignature:
            raise Refusal("isv.invalid-signature", "40002") from None
        known = (said["app_id"], said["sign_type"], said["version"], said["charset"])
        datetime.strptime(said["timestamp"], "%Y-%m-%d %H:%M:%S")
        if known != (APP_ID, "RSA2", "1.0", "utf-8"):
            raise Refusal("isv.invalid-app-id", "40002")

    def _route(self, said: dict[str, str]) -> dict[str, Any]:
        asked = json.loads(said["biz_content"])
        routes = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }
        return routes[said["method"]](asked)

    def _precreate(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = self.trades.setdefault(asked["out_trade_no"], {"asked": asked, "state": None})
        if known["asked"] != asked:
            raise Refusal("ACQ.CONTEXT_INCONSISTENT")
        if known["state"] in ("TRADE_SUCCESS", "TRADE_CLOSED"):
            paid = known["state"] == "TRADE_SUCCESS"
            raise Refusal("ACQ.TRADE_HAS_SUCCESS" if paid else "ACQ.TRADE_HAS_CLOSE")
        return {"out_trade_no": asked["out_trade_no"], "qr_code": f"https://qr.alipay.com/{len(self.trades)}"}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(asked)
        told = {
            "out_trade_no": asked["out_trade_no"],
            "trade_no": f"2026{asked['out_trade_no']}",
            "trade_status": trade["state"],
            "total_amount": trade["asked"]["total_amount"],
        }
        return told | ({"send_pay_date": local(trade["paid_at"])} if "paid_at" in trade else {})

    def _close(self, asked: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(asked)
        if trade["state"] != "WAIT_BUYER_PAY":
            raise Refusal("ACQ.TRADE_STATUS_ERROR")
        trade["state"] = "TRADE_CLOSED"
        return {"out_trade_no": asked["out_trade_no"]}

    def _refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        number, trade = asked["out_trade_no"], self._trade(asked)
        amount, total = fen(asked["refund_amount"]), fen(trade["asked"]["total_amount"])
        told = {"out_trade_no": number, "trade_no": f"2026{number}", "buyer_logon_id": "bo***"}
        if known := self.refunds.get((number, asked["out_request_no"])):
            if known["amount"] != amount:
                raise Refusal("ACQ.DISCORDANT_REPEAT_REQUEST")
            return told | {"fund_change": "N", "refund_fee": yuan(self.gone(number))}
        if "paid_at" not in trade:
            raise Refusal("ACQ.TRADE_STATUS_ERROR")
        if clock.now() > trade["paid_at"] + timedelta(days=365):
            raise Refusal("ACQ.TRADE_HAS_FINISHED")
        if self.gone(number) + amount > total:
            raise Refusal("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        self.refunds[(number, asked["out_request_no"])] = {"amount": amount, "at": clock.now()}
        if self.gone(number) == total:
            trade["state"] = "TRADE_CLOSED"
        return told | {"fund_change": "Y", "refund_fee": yuan(self.gone(number))}

    def _refund_query(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._trade(asked)
        known = self.refunds.get((asked["out_trade_no"], asked["out_request_no"]))
        if known is None:
            return {}
        names = ("out_trade_no", "out_request_no")
        told = {name: asked[name] for name in names} | {"refund_amount": yuan(known["amount"])}
        return told | {"refund_status": "REFUND_SUCCESS"}

    def _bill(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["bill_date"] not in self.bills:
            raise Refusal("isp.bill_not_exist")
        return {"bill_download_url": f"{self.base}/bill/{asked['bill_date']}"}

    def _trade(self, asked: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(asked["out_trade_no"])
        if trade is None or trade["state"] is None:
            raise Refusal("ACQ.TRADE_NOT_EXIST")
        return trade

    # ------------------------------------------------------------------ its customers and its record

    def arrive(self, url: str) -> dict[str, str]:
        """A browser comes to the page: the trade is made now, if our signature is right."""
        said = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        self.check(said)
        assert said["method"] == "alipay.trade.page.pay"
        asked = json.loads(said["biz_content"])
        self.trades.setdefault(asked["out_trade_no"], {"asked": asked, "state": "WAIT_BUYER_PAY"})
        return said

    def pay(self, number: str) -> None:
        self.trades[number] |= {"state": "TRADE_SUCCESS", "paid_at": clock.now()}

    def gone(self, number: str) -> int:
        return sum(refund["amount"] for (trade, _), refund in self.refunds.items() if trade == number)

    def fee_of(self, minor: int) -> str:
        """0.6 %, rounded; ``keeps`` thousandths of it."""
        return yuan((minor * self.keeps + 500) // 1000)

    def write_bills(self) -> None:
        """Bills of every day in Beijing on which something happened."""
        rows: dict[str, list[str]] = {}
        for number, trade in self.trades.items():
            if "paid_at" in trade:
                total = trade["asked"]["total_amount"]
                line = bill_row(number, "交易", trade["paid_at"], total, "", "-" + self.fee_of(fen(total)))
                rows.setdefault(_day(trade["paid_at"]), []).append(line)
        for (number, request), refund in self.refunds.items():
            back = yuan(refund["amount"])
            line = bill_row(number, "退款", refund["at"], "-" + back, request, self.fee_of(refund["amount"]))
            rows.setdefault(_day(refund["at"]), []).append(line)
        for day, lines in rows.items():
            self.bills[day] = packed(bill_text(lines))

    # ------------------------------------------------------------------ its notifications

    def notice_of_payment(self, number: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        """``changes`` replace what is said, ``None`` leaves it out, before it is signed."""
        trade = self.trades[number]
        said = {
            "notify_time": local(clock.now()),
            "notify_type": "trade_status_sync",
            "notify_id": f"ac05099524730693a8b330c5ecf72da9{number[-4:]}",
            "charset": "utf-8",
            "version": "1.0",
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "trade_no": f"2026{number}",
            "out_trade_no": number,
            "seller_id": SELLER_ID,
            "trade_status": trade["state"],
            "total_amount": trade["asked"]["total_amount"],
            "subject": "Tidal 75 键盘 & more",
            "body": "",
            "gmt_payment": local(trade.get("paid_at", clock.now())),
        }
        said |= changes
        return self.signed_notice({name: value for name, value in said.items() if value is not None})

    def notice_of_refund(self, number: str, request: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        said = {
            "out_biz_no": request,
            "refund_fee": yuan(self.gone(number)),
            "gmt_refund": local(clock.now()) + ".320",
            "notify_id": sha256(request.encode()).hexdigest()[:34],
        }
        return self.notice_of_payment(number, **(said | changes))

    def signed_notice(
        self, said: dict[str, str], algorithm: HashAlgorithm | None = None, sign_type: str = "RSA2"
    ) -> tuple[dict[str, str], bytes]:
        content = "&".join(f"{name}={said[name]}" for name in sorted(said)).encode()
        made = base64.b64encode(signed(self.signs_with, content, algorithm)).decode()
        body = urlencode(said | {"sign": made, "sign_type": sign_type}).encode()
        return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body


def bill_text(lines: list[str]) -> str:
    paid, back = (sum(f",{kind}\t," in line for line in lines) for kind in ("交易", "退款"))
    rule = "#-----------------------------------------业务明细列表{}----------------------------------------"
    head = ["#支付宝业务明细查询", f"#账号：[{SELLER_ID}0156]", rule.format(""), COLUMNS]
    foot = [
        rule.format("结束"),
        f"#交易合计：{paid}笔，商家实收共0.00元",
        f"#退款合计：{back}笔，商家实收退款共0.00元",
    ]
    return "\r\n".join([*head, *lines, *foot, ""])


def packed(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(
            "20881011064993640156_20261123_业务明细(汇总).csv", "#支付宝业务汇总查询".encode("gb18030")
        )
        folder.writestr("20881011064993640156_20261123_业务明细.csv", text.encode("gb18030"))
    return file.getvalue()


def fen(text: str) -> int:
    assert re.fullmatch(r"[0-9]+\.[0-9]{2}", text)
    return int(text.replace(".", ""))


def yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def local(instant: datetime) -> str:
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _day(instant: datetime) -> str:
    return instant.astimezone(BEIJING).date().isoformat()


def bill_row(number: str, kind: str, at: datetime, amount: str, request: str, fee: str = "0.00") -> str:
    values = [f"2026{number}", number, kind, "Tidal 75 键盘", local(at), local(at), "", "", "", "", "bo***"]
    values += [amount, amount, *["0.00"] * 5, "", "0.00", "0.00", request, fee, "0.00", ""]
    return ",".join(value + "\t" for value in values)
