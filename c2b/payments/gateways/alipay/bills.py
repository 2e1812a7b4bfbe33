"""Alipay's own record of a day: the trade bill, a zip of GB 18030 tables, read row by row.

Source: opendocs.alipay.com/open/028woc (alipay.data.dataservice.bill.downloadurl.query: one day in Beijing, ready the
next morning). There is no hash beside it: the zip's own checksums, the account at its head, the line that closes the
list and the counts below it must agree.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime

from c2b.payments.gateways.alipay.client import AlipayRefused, Client
from c2b.payments.gateways.alipay.settings import AlipaySettings
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
from c2b.payments.gateways.wire import MOST_BYTES
from c2b.payments.gateways.yuan import fee_fen, fen

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
_PAID, _GIVEN_BACK = "交易", "退款"
_COUNT = re.compile(r"#(交易|退款)合计：([0-9]+)笔")

Row = dict[str, str]


async def day(client: Client, wanted: date, settings: AlipaySettings, *, now: datetime) -> DayRecord:
    """What the bills say of one UTC day. Raises ``GatewayUnavailable`` while the later of the two is not ready."""
    payments: list[ProviderPayment] = []
    refunds: list[tuple[str, ProviderRefund]] = []
    told: list[Row] = []
    for local in local_days(wanted, now=now):
        rows = await _rows(client, local, settings)
        try:
            ours = [row for row in rows if instant(row["完成时间"]).date() == wanted]
            payments += [_payment(row) for row in ours if row["业务类型"] == _PAID]
            refunds += [_refund(row) for row in ours if row["业务类型"] == _GIVEN_BACK]
            told += [row for row in ours if row["业务类型"] in (_PAID, _GIVEN_BACK)]
        except (KeyError, ValueError) as error:
            raise GatewayUnavailable from error
    return DayRecord(
        payments=tuple(payments),
        refunds=tuple(refunds),
        settlements=fees_of("alipay", wanted, told, _settled),
    )


async def _rows(client: Client, local: date, settings: AlipaySettings) -> list[Row]:
    try:
        told = await client.call(METHOD, {"bill_type": "trade", "bill_date": local.isoformat()}, acts=False)
    except AlipayRefused as error:
        if error.told.lower().endswith("bill_not_exist"):  # nothing was traded
            return []
        raise GatewayUnavailable from error
    packed = await client.download(str(told.get("bill_download_url", "")))
    return await asyncio.to_thread(_read, packed, settings.seller_id)


def _read(packed: bytes, seller_id: str) -> list[Row]:
    """The rows of one bill. Raises ``GatewayUnavailable`` unless it is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as folder:
            if sum(entry.file_size for entry in folder.infolist()) > MOST_BYTES:
                raise ValueError("the bill is larger than any")
            tables = [folder.read(entry).decode("gb18030") for entry in folder.infolist()]
        [details] = [table for table in tables if "业务明细列表结束" in table]
        return list(_table(details, seller_id))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
        raise GatewayUnavailable from error


def _table(text: str, seller_id: str) -> Iterator[Row]:
    if f"#账号：[{seller_id}" not in text:
        raise ValueError("the bill of another account")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    names, *data = [[value.strip() for value in values] for values in csv.reader(lines)]
    rows = [dict(zip(names, values, strict=True)) for values in data]
    for kind, count in _COUNT.findall(text):
        if sum(row.get("业务类型") == kind for row in rows) != int(count):
            raise ValueError("the bill's own count differs")
    yield from rows


def _payment(row: Row) -> ProviderPayment:
    return ProviderPayment(
        provider_ref=row["商户订单号"],
        payment_id=_key(row["商户订单号"]),
        status="captured",
        amount_minor=fen(row["订单金额（元）"]),
        currency="CNY",
        captured_at=instant(row["完成时间"]),
        refunded_minor=0,
    )


def _refund(row: Row) -> tuple[str, ProviderRefund]:
    """A refund's amounts stand there with a minus."""
    number = row["退款批次号/请求号"]
    refund = ProviderRefund(
        refund_ref=number,
        key=_key(number),
        amount_minor=fen(row["订单金额（元）"].removeprefix("-")),
        status="succeeded",
    )
    return row["商户订单号"], refund


def _settled(row: Row) -> SettledRow:
    """What a row moved, less its fee: 服务费 stands below zero where it is kept, above where it comes back."""
    back = row["业务类型"] == _GIVEN_BACK
    number = row["退款批次号/请求号"]
    return SettledRow(
        reference=f"{row['支付宝交易号']}:{number}" if back else row["支付宝交易号"],
        kind="refund" if back else "payment",
        provider_ref=row["商户订单号"],
        refund_key=_key(number) if back else "",
        amount_minor=fen(row["订单金额（元）"].removeprefix("-")),
        currency="CNY",
        moved_minor=fee_fen(row["商家实收（元）"]),
        fee_minor=-fee_fen(row["服务费（元）"]),
    )


def _key(reference: str) -> str:
    """Our key; what was made elsewhere stays as it is and shows as a difference."""
    try:
        return as_key(reference)
    except ValueError:
        return reference
