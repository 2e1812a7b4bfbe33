"""WeChat Pay's own record of a day: the trade bills, downloaded, their hash checked, row by row.

Applying for a bill: pay.weixin.qq.com/doc/v3/merchant/4012791887 (a day in Beijing, ready after 10 o'clock of the next,
kept for three months; ``hash_value`` is the SHA-1 of the unpacked file); downloading: 4013071239; its columns:
4013071235. Every value stands behind a backtick, amounts are yuan with two decimals, two summary lines close the file.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from c2b.payments.gateways.base import (
    DayRecord,
    GatewayUnavailable,
    ProviderPayment,
    ProviderRefund,
    SettledRow,
)
from c2b.payments.gateways.beijing import instant, local_days
from c2b.payments.gateways.billed import fees_of
from c2b.payments.gateways.references import as_key
from c2b.payments.gateways.wechatpay.client import Client, WechatPayRefused
from c2b.payments.gateways.wechatpay.settings import WechatPaySettings
from c2b.payments.gateways.wire import MOST_BYTES
from c2b.payments.gateways.yuan import fee_fen, fen

#: Columns of every bill that we read.
_NEEDED = frozenset(("交易时间", "公众账号ID", "商户号", "商户订单号", "货币种类", "订单金额"))

Row = dict[str, str]


async def day(client: Client, wanted: date, settings: WechatPaySettings, *, now: datetime) -> DayRecord:
    """What the bills say of one UTC day. Raises ``GatewayUnavailable`` while the later of the two is not ready."""
    paid: dict[str, ProviderPayment] = {}
    given_back: dict[str, tuple[str, ProviderRefund]] = {}
    fees: dict[str, Row] = {}
    for local in local_days(wanted, now=now):
        for row in await _rows(client, local, "SUCCESS"):
            if _ours(row, settings) and _utc_day(row["交易时间"]) == wanted:
                payment = _payment(row)
                paid[payment.provider_ref] = payment
                fees[payment.provider_ref] = row
        for row in await _rows(client, local, "REFUND"):
            if _ours(row, settings) and wanted in (
                _utc_day(row["退款申请时间"]),
                _utc_day(row["退款成功时间"]),
            ):
                refund = _refund(row)
                given_back[refund.refund_ref] = (row["商户订单号"], refund)
                if refund.status == "succeeded":
                    fees[refund.refund_ref] = row
    return DayRecord(
        payments=tuple(paid.values()),
        refunds=tuple(given_back.values()),
        settlements=fees_of("wechatpay", wanted, fees.values(), _settled),
    )


async def _rows(client: Client, local: date, kind: str) -> list[Row]:
    try:
        told = await client.ask(
            f"/v3/bill/tradebill?bill_date={local.isoformat()}&bill_type={kind}&tar_type=GZIP"
        )
    except WechatPayRefused as error:
        if error.told == "NO_STATEMENT_EXIST":
            return []
        raise GatewayUnavailable from error
    if told.get("hash_type") != "SHA1" or not isinstance(told.get("download_url"), str):
        raise GatewayUnavailable
    packed = await client.download(told["download_url"])
    return await asyncio.to_thread(_read, packed, str(told.get("hash_value", "")))


def _read(packed: bytes, expected: str) -> list[Row]:
    """The rows of one file. Raises ``GatewayUnavailable`` unless it is whole: its hash and its own count agree."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            data = file.read(MOST_BYTES + 1)
        found = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        if len(data) > MOST_BYTES or not hmac.compare_digest(found, expected.lower()):
            raise GatewayUnavailable
        return list(_table(data.decode("utf-8-sig")))
    except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
        raise GatewayUnavailable from error


def _table(text: str) -> Iterator[Row]:
    """Values may hold commas, so they are told apart by the backtick that each begins with."""
    lines = text.splitlines()
    names = [name.strip() for name in lines[0].split(",")]
    if not set(names) >= _NEEDED:
        raise ValueError("a column is missing")
    data = [line[1:].split(",`") for line in lines[1:] if line.startswith("`")]
    rows, total = data[:-1], data[-1]
    if int(total[0]) != len(rows):
        raise ValueError("the file's own count differs")
    for values in rows:
        yield {name: value.strip() for name, value in zip(names, values, strict=True)}


def _payment(row: Row) -> ProviderPayment:
    try:
        return ProviderPayment(
            provider_ref=row["商户订单号"],
            payment_id=_key(row["商户订单号"]),
            status="captured",
            amount_minor=fen(row["订单金额"]),
            currency=row["货币种类"],
            captured_at=instant(row["交易时间"]),
            refunded_minor=0,
        )
    except (KeyError, ValueError) as error:
        raise GatewayUnavailable from error


def _refund(row: Row) -> ProviderRefund:
    states: dict[str, Any] = {"SUCCESS": "succeeded", "PROCESSING": "pending"}
    try:
        return ProviderRefund(
            refund_ref=row["微信退款单号"],
            key=_key(row["商户退款单号"]),
            amount_minor=fen(row["申请退款金额"]),
            status=states.get(row["退款状态"], "failed"),
        )
    except (KeyError, ValueError) as error:
        raise GatewayUnavailable from error


def _settled(row: Row) -> SettledRow:
    """What a row moved, less its fee, which comes back with a refund (手续费 below zero)."""
    back = "退款申请时间" in row  # a column of bills of refunds only
    moved = -fen(row["退款金额"]) if back else fen(row["应结订单金额"])
    return SettledRow(
        reference=row["微信退款单号"] if back else row["微信订单号"],
        kind="refund" if back else "payment",
        provider_ref=row["商户订单号"],
        refund_key=_key(row["商户退款单号"]) if back else "",
        amount_minor=fen(row["申请退款金额"]) if back else fen(row["订单金额"]),
        currency=row["货币种类"],
        moved_minor=moved,
        fee_minor=fee_fen(row["手续费"]),
    )


def _ours(row: Row, settings: WechatPaySettings) -> bool:
    """A merchant number may serve several apps, each with a bill's rows of its own."""
    return row.get("商户号") == settings.mchid and row.get("公众账号ID") == settings.appid


def _key(reference: str) -> str:
    """Our key; what was made elsewhere (by hand on the merchant platform) stays as it is and shows as a difference."""
    try:
        return as_key(reference)
    except ValueError:
        return reference


def _utc_day(text: str) -> date | None:
    return instant(text).date() if text else None
