"""The paper: complete, the same every time, in our fonts, with nothing on it that could harm or expose anybody."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import pikepdf
import pytest

from c2b.config import ROOT
from c2b.durable.jobs import PermanentFailure
from c2b.kit import i18n, pdf
from c2b.purchasing import documents, views
from c2b.purchasing.capitals import capital_amount
from c2b.purchasing.documents import RenderedDocument, render_purchase_order
from c2b.purchasing.rules import PurchaseOrderSnapshot
from c2b.purchasing.snapshot import Text
from tests.purchasing.orders import FEW, confirmed, crowd, draft

URL = "https://c2b.example/purchase-orders/PO-2026-000123/acknowledgment"
LOCALES = ("en", "zh_CN")
QPDF = Path("/usr/bin/qpdf")


@pytest.fixture(scope="module")
def by() -> Iterator[pdf.Renderer]:
    renderer = pdf.Renderer()
    yield renderer
    renderer.close()


_drawn: dict[tuple[str, str], RenderedDocument] = {}


async def drawn(order: PurchaseOrderSnapshot, locale: str, by: pdf.Renderer) -> RenderedDocument:
    """The document of an order; each is drawn once for all tests that only read it."""
    key = order.digest, locale
    if key not in _drawn:
        _drawn[key] = await redrawn(order, locale, by)
    return _drawn[key]


async def redrawn(order: PurchaseOrderSnapshot, locale: str, by: pdf.Renderer) -> RenderedDocument:
    return await render_purchase_order(order, locale=locale, acknowledgment_url=URL, by=by)


def text_of(data: bytes) -> str:
    """The text of a document, page by page, read back from its glyphs through their Unicode maps."""
    with pikepdf.open(io.BytesIO(data)) as document:
        return "\f".join(_page_text(page) for page in document.pages)


def _page_text(page: pikepdf.Page) -> str:
    drawn = [_glyphs(page, page.Resources)]
    forms = page.Resources.get("/XObject", pikepdf.Dictionary())
    used = [
        str(operands[0]) for operands, operator in pikepdf.parse_content_stream(page) if str(operator) == "Do"
    ]
    drawn += [_glyphs(forms[name], forms[name].Resources) for name in used if "/Resources" in forms[name]]
    return "".join(drawn)


def _glyphs(content: pikepdf.Page | pikepdf.Object, resources: pikepdf.Object) -> str:
    maps = {str(name): _unicode_map(font) for name, font in resources.get("/Font", {}).items()}
    current, out = {}, []
    for operands, operator in pikepdf.parse_content_stream(content):
        if str(operator) == "Tf":
            current = maps[str(operands[0])]
        elif str(operator) == "TJ":
            for piece in operands[0]:
                if isinstance(piece, pikepdf.String):
                    raw = bytes(piece)
                    out += [current.get(raw[at : at + 2], "") for at in range(0, len(raw), 2)]
        elif str(operator) == "ET":
            out.append("\n")
    return "".join(out)


def _unicode_map(font: pikepdf.Object) -> dict[bytes, str]:
    """Glyph code -> text, from the ``bfchar`` pairs of a ToUnicode map (ISO 32000-1, 9.10.3)."""
    pairs = re.findall(rb"<([0-9a-fA-F]{4})>\s*<([0-9a-fA-F]+)>", font.ToUnicode.read_bytes())
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in pairs
    }


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


class TestThePaper:
    @pytest.mark.parametrize("locale", LOCALES)
    async def test_says_everything_the_order_says(self, locale: str, by: pdf.Renderer) -> None:
        order = draft(FEW).snapshot
        text = squeezed(text_of((await drawn(order, locale, by)).data))
        side = views.language(locale)
        said = [
            order.number,
            order.spec_digest,
            order.digest,
            URL,
            order.quotation,
            order.quality.golden_sample,
        ]
        said += [
            order.campaign_code,
            order.buyer.registration_id,
            order.seller.vat_id,
            order.delivery.incoterm,
        ]
        for party in (order.buyer, order.seller):
            said += [party.legal_name[side], party.address[side], party.contact.email]
        for each in (*order.common, *(spec for line in order.lines for spec in line.specification)):
            said += [each.label[side], each.value[side]]
        said += [unit.unit_id for unit in order.units]
        said += [clause.body[side] for clause in order.clauses]
        said += [views.amount(line.total_minor, "CNY") for line in (*order.lines, *order.charges)]
        said += [views.amount(order.totals.gross_minor, "CNY"), views.amount(order.totals.tax_minor, "CNY")]
        said += [*order.quality.certificates, "「LiLei李雷」"]
        assert [each for each in said if squeezed(each) not in text] == []

    @pytest.mark.parametrize("locale", LOCALES)
    async def test_is_the_same_to_the_byte_every_time(self, locale: str, by: pdf.Renderer) -> None:
        first = await drawn(draft(FEW).snapshot, locale, by)
        assert await redrawn(draft(FEW).snapshot, locale, by) == first
        other = replace(draft(FEW).snapshot, quotation="another")
        assert (await drawn(other, locale, by)).sha256 != first.sha256

    @pytest.mark.parametrize("locale", LOCALES)
    async def test_embeds_every_font_and_has_no_other_than_ours(self, locale: str, by: pdf.Renderer) -> None:
        data = (await drawn(draft(FEW).snapshot, locale, by)).data
        with pikepdf.open(io.BytesIO(data)) as document:
            fonts = [item for item in document.objects
                     if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"]  # fmt: skip
            assert fonts
            assert all("C2B-Sans-SC" in str(font.FontName) and "/FontFile2" in font for font in fonts)

    @pytest.mark.parametrize(
        ("locale", "last"), [("en", "Page {n} of {n}"), ("zh_CN", "第 {n} 页，共 {n} 页")]
    )
    async def test_numbers_every_page_and_names_the_revision_on_each(
        self, locale: str, last: str, by: pdf.Renderer
    ) -> None:
        done = await drawn(draft(crowd(200)).snapshot, locale, by)
        pages = text_of(done.data).split("\f")
        assert len(pages) == done.pages > 5
        with i18n.use_locale(locale):
            title = squeezed(views.order_title(draft(FEW).snapshot))
        assert all(title in squeezed(page) for page in pages)
        assert squeezed(last.format(n=done.pages)) in squeezed(pages[-1])

    async def test_repeats_the_head_of_a_table_on_every_page_it_runs_over(self, by: pdf.Renderer) -> None:
        pages = text_of((await drawn(draft(crowd(300, lines=60)).snapshot, "en", by)).data).split("\f")
        lines = [page for page in pages if "MR-KB75-" in page]
        units = [page for page in pages if "U-0" in page]
        assert len(lines) > 5
        assert len(units) > 5
        assert all("Configuration" in page for page in lines)
        assert all("Unitid" in squeezed(page) for page in units)

    async def test_lists_every_unit_once_over_all_shards(
        self, by: pdf.Renderer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(documents, "SHARD", 40)
        order = draft(crowd(130)).snapshot
        found = re.findall(r"U-\d{4}-\w{5}-\w{5}", text_of((await drawn(order, "en", by)).data))
        assert found == [unit.unit_id for unit in order.units]

    async def test_without_personal_work_still_lists_its_units(self, by: pdf.Renderer) -> None:
        order = draft([confirmed("a", quantity=3)]).snapshot
        assert order.charges == ()
        assert "U-0003-" in text_of((await drawn(order, "en", by)).data)

    async def test_shows_the_chinese_capital_amount_in_chinese_only(self, by: pdf.Renderer) -> None:
        order = draft(FEW).snapshot
        words = f"人民币{capital_amount(order.totals.gross_minor)}"
        assert words in text_of((await drawn(order, "zh_CN", by)).data)
        assert words not in text_of((await drawn(order, "en", by)).data)

    async def test_leads_to_the_acknowledgment_and_nowhere_else(self, by: pdf.Renderer) -> None:
        lure = confirmed(
            "bo", engraving={"text": "https://evil.example", "font": "kai", "position": "case_back"}
        )
        data = (await drawn(draft([lure]).snapshot, "en", by)).data
        with pikepdf.open(io.BytesIO(data)) as document:
            links = {
                str(annotation.A.URI) for page in document.pages for annotation in page.get("/Annots", [])
            }
        assert links == {URL}


HOSTILE = (
    '"><script>alert(1)</script>', "{{ 7 * 7 }}", "</style><style>*{display:none}", "<img src='file:///etc/passwd'>",
    "<link rel=attachment href='file:///etc/passwd'>", "a" * 400, "好" * 200, "&lt;b&gt; &amp;",
)  # fmt: skip


class TestAnOrderThatCannotBeDrawn:
    async def test_fails_for_good_and_is_not_tried_again(self) -> None:
        renderer = pdf.Renderer(limits=pdf.Limits(cpu_seconds=1, wall_seconds=0.01))
        try:
            with pytest.raises(documents.DocumentRefused, match="PO-2026-000123, en: too_slow") as caught:
                await redrawn(draft(FEW).snapshot, "en", renderer)
        finally:
            renderer.close()
        assert isinstance(caught.value, PermanentFailure)


class TestHostileText:
    async def test_is_printed_as_it_was_typed_and_does_nothing(self, by: pdf.Renderer) -> None:
        done = await drawn(poisoned(HOSTILE), "en", by)
        printed = squeezed(text_of(done.data))
        assert {text: printed.count(squeezed(text)) > 1 for text in HOSTILE} == dict.fromkeys(HOSTILE, True)
        with pikepdf.open(io.BytesIO(done.data)) as document:
            assert "/Names" not in document.Root

    async def test_that_cannot_be_drawn_is_spelled_out(self, by: pdf.Renderer) -> None:
        text = text_of((await drawn(poisoned(["Bo \U0001f600"]), "en", by)).data)
        assert "Bo[U+1F600]" in squeezed(text)

    async def test_that_runs_backwards_is_never_issued(self, by: pdf.Renderer) -> None:
        with pytest.raises(ValueError, match="control"):
            await drawn(poisoned(["pay \u202e001"]), "en", by)


def poisoned(texts: Sequence[str]) -> PurchaseOrderSnapshot:
    """An order with `texts`, in turn, in all the places that are filled by people."""
    order, given = draft(FEW).snapshot, cycle(Text(text, text) for text in texts)
    units = tuple(
        replace(unit, personalization=tuple(replace(order.common[0], value=next(given)) for _ in range(4)))
        for unit in order.units
    )
    lines = tuple(
        replace(
            line,
            name=next(given),
            specification=tuple(replace(s, value=next(given)) for s in line.specification),
        )
        for line in order.lines
    )
    seller = replace(order.seller, legal_name=next(given), address=next(given))
    return replace(order, units=units, lines=lines, product_name=next(given), seller=seller)


class TestChineseCapitals:
    @pytest.mark.parametrize(
        ("fen", "words"),
        [
            (0, "零元整"),
            (1, "壹分"),
            (10, "壹角整"),
            (105, "壹元零伍分"),
            (110, "壹元壹角整"),
            (123_405, "壹仟贰佰叁拾肆元零伍分"),
            (1_000_100, "壹万零壹元整"),
            (3_020_400, "叁万零贰佰零肆元整"),
            (1_234_567_890, "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角整"),
            (10_203_040_506, "壹亿零贰佰零叁万零肆佰零伍元零陆分"),
            (100_000_000_000, "壹拾亿元整"),
        ],
    )
    def test_follow_the_rules_for_payment_papers(self, fen: int, words: str) -> None:
        assert capital_amount(fen) == words

    @pytest.mark.parametrize("fen", [-1, 10**18])
    def test_do_not_exist_for_amounts_out_of_range(self, fen: int) -> None:
        with pytest.raises(ValueError):
            capital_amount(fen)


class TestTheTemplates:
    def test_never_mark_anything_as_safe_and_show_no_style_or_script_from_data(self) -> None:
        for path in (ROOT / "templates" / "documents").iterdir():
            source = path.read_text()
            assert "|safe" not in source.replace(" ", "")
            assert "<script" not in source
            for style in re.findall(r"<style>(.*?)</style>", source, re.DOTALL):
                assert "{{" not in style

    def test_speak_chinese_throughout(self) -> None:
        asked = set()
        for path in (ROOT / "templates" / "documents").glob("*.html"):
            asked |= set(re.findall(r'_\("([^"]+)"', path.read_text()))
        with i18n.use_locale("zh_CN"):
            assert [message for message in asked if i18n.gettext(message) == message] == []

    async def test_draw_without_a_complaint_of_the_layout_engine(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        order = draft(FEW).snapshot
        with i18n.use_locale("zh_CN", zone=documents.ZONE):
            context = views.order_page(order, digest=order.digest, acknowledgment_url=URL)
        page = pdf.Template(
            name="documents/purchase_order.html", context=context, locale="zh_CN", zone=documents.ZONE
        )
        qr = {"qr": documents.qr_code(URL)}
        part = await pdf.render_part(page, into=tmp_path / "a.pdf", assets=qr, by=by)
        assert part.warnings == ()


class TestAmounts:
    @pytest.mark.parametrize(
        ("minor", "currency", "text"),
        [
            (123_450, "CNY", "1,234.50"),
            (5, "CNY", "0.05"),
            (-8_000, "CNY", "-80.00"),
            (1_234, "JPY", "1,234"),
        ],
    )
    def test_show_the_digits_of_their_currency(self, minor: int, currency: str, text: str) -> None:
        assert views.amount(minor, currency) == text


class TestInstants:
    def test_are_shown_in_the_time_of_both_parties_in_both_languages(self) -> None:
        order = replace(draft(FEW).snapshot, issued_at=datetime(2026, 11, 23, 17, 0, tzinfo=UTC))
        for locale, day in (("en", "Nov 24, 2026"), ("zh_CN", "2026年11月24日")):
            with i18n.use_locale(locale, zone=documents.ZONE):
                assert day in [
                    fact["value"]
                    for fact in views.order_page(order, digest="", acknowledgment_url=URL)["facts"]
                ]


class TestOtherReaders:
    @pytest.mark.skipif(not QPDF.exists(), reason="qpdf, the strictest reader at hand, is not installed")
    async def test_find_nothing_wrong_with_it(self, by: pdf.Renderer, tmp_path: Path) -> None:
        path = tmp_path / "order.pdf"
        path.write_bytes((await drawn(draft(FEW).snapshot, "zh_CN", by)).data)
        checking = await asyncio.create_subprocess_exec(
            str(QPDF), "--check", str(path), stdout=subprocess.PIPE
        )
        said, _ = await checking.communicate()
        assert checking.returncode == 0, said
