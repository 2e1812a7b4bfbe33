"""The purchase order as a PDF: one frozen snapshot, drawn in English or in Chinese.

The order itself is one document; its unit list is cut into shards of 500 rows that are drawn independently, so that ten
thousand engraved units need no more memory than five hundred. A running head and "page x of y" are stamped on last.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno

from c2b.durable.jobs import PermanentFailure
from c2b.kit import i18n, pdf
from c2b.kit.i18n import gettext
from c2b.kit.ids import sha256_hex
from c2b.purchasing import views
from c2b.purchasing.snapshot import PurchaseOrderSnapshot, UnitListEntry

#: Rows of one shard: fewer cost more font subsets, more cost memory (measured: 250 to 1,000 are all fine).
SHARD = 500
#: Both parties work by Beijing time; it is named on paper.
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class RenderedDocument:
    """A finished PDF. The same snapshot, language and address always give the same bytes."""

    data: bytes
    sha256: str
    pages: int


class DocumentRefused(PermanentFailure):
    """This order can never be drawn: it would load something, or is beyond what one document may use."""


async def render_purchase_order(
    snapshot: PurchaseOrderSnapshot,
    *,
    locale: str,
    acknowledgment_url: str,
    by: pdf.Renderer | None = None,
) -> RenderedDocument:
    """Draw an order in `locale` ("en", "zh_CN"), with a QR code to `acknowledgment_url`.

    Raises ``DocumentRefused`` (an admin must look) or ``kit.pdf.RenderFailed`` (may be retried).
    """
    try:
        return await _render(snapshot, locale, acknowledgment_url, by)
    except pdf.RenderRefused as error:
        raise DocumentRefused(f"{snapshot.number}, {locale}: {error}") from error


async def _render(
    snapshot: PurchaseOrderSnapshot, locale: str, acknowledgment_url: str, by: pdf.Renderer | None
) -> RenderedDocument:
    digest = snapshot.digest
    with tempfile.TemporaryDirectory(prefix="c2b-po-") as name:
        folder = Path(name)
        cover = _cover(snapshot, digest, locale, acknowledgment_url)
        qr = {"qr": qr_code(acknowledgment_url)}
        parts = [await pdf.render_part(cover, into=folder / "cover.pdf", assets=qr, by=by)]
        parts += await _draw_units(snapshot, locale, folder, by)
        whole = await pdf.merge_and_stamp(
            parts,
            overlay=lambda pages: _stamps(snapshot, digest, locale, pages),
            into=folder / "whole.pdf",
            links=[acknowledgment_url],
            by=by,
        )
        data = whole.path.read_bytes()
    return RenderedDocument(data=data, sha256=sha256_hex(data), pages=whole.pages)


async def _draw_units(
    snapshot: PurchaseOrderSnapshot, locale: str, folder: Path, by: pdf.Renderer | None
) -> list[pdf.Part]:
    """All shards in order. One more is prepared than can be drawn: no child waits, and rows are not all held twice."""
    turn = asyncio.Semaphore(pdf.CHILDREN + 1)

    async def draw(number: int, units: Sequence[UnitListEntry]) -> pdf.Part:
        async with turn:
            page = _unit_list(snapshot, units, locale, first=number == 0)
            return await pdf.render_part(page, into=folder / f"units-{number}.pdf", by=by)

    shards = [snapshot.units[at : at + SHARD] for at in range(0, len(snapshot.units), SHARD)]
    return await asyncio.gather(*(draw(number, units) for number, units in enumerate(shards)))


def qr_code(url: str) -> bytes:
    """A QR code (ISO/IEC 18004, correction level M) as an SVG drawing."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", border=2, dark="#1b2733", light="#ffffff", xmldecl=False
    )
    return out.getvalue()


def _cover(snapshot: PurchaseOrderSnapshot, digest: str, locale: str, url: str) -> pdf.Template:
    with i18n.use_locale(locale, zone=ZONE):
        context = views.order_page(snapshot, digest=digest, acknowledgment_url=url)
    return pdf.Template(name="documents/purchase_order.html", context=context, locale=locale, zone=ZONE)


def _unit_list(
    snapshot: PurchaseOrderSnapshot, units: Sequence[UnitListEntry], locale: str, *, first: bool
) -> pdf.Template:
    with i18n.use_locale(locale):
        title, other = views.order_title(snapshot), views.other_language(gettext("Annex: unit list"))
    context: dict[str, Any] = {
        "lang": views.language_tag(locale),
        "title": title,
        "other_title": other,
        "first": first,
        "count": len(snapshot.units),
        "rows": [_row(unit, locale) for unit in units],
    }
    return pdf.Template(name="documents/purchase_order_units.html", context=context, locale=locale)


def _row(unit: UnitListEntry, locale: str) -> list[Any]:
    return [unit.unit_id, unit.line_no, views.personal_texts(unit, views.language(locale))]


def _stamps(snapshot: PurchaseOrderSnapshot, digest: str, locale: str, pages: int) -> pdf.Template:
    with i18n.use_locale(locale):
        order = views.order_title(snapshot)
    party = snapshot.buyer.legal_name[views.language(locale)]
    context = {
        "lang": views.language_tag(locale),
        "order": order,
        "party": party,
        "hash": f"{digest[:16]}…",
        "pages": pages,
    }
    return pdf.Template(name="documents/purchase_order_stamps.html", context=context, locale=locale)
