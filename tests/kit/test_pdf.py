"""Documents are drawn in confined child processes: the same bytes, only our fonts, whatever happens to a child."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from fontTools.ttLib import TTFont

from c2b.config import ROOT
from c2b.kit import fonts, pdf
from c2b.kit.canonical import BIDI_CONTROLS

STYLE = "<style>@page { size: A4 } body { font-family: 'C2B Sans SC' }</style>"
HELLO = f"{STYLE}<h1>Purchase order 采购订单</h1><p>Navy 藏青, ¥1,234.50</p>"


@pytest.fixture(scope="module")
def by() -> Iterator[pdf.Renderer]:
    renderer = pdf.Renderer()
    yield renderer
    renderer.close()


def embedded_fonts(data: Path) -> dict[str, bool]:
    """Font name -> whether its outlines are in the file."""
    found = {}
    with pikepdf.open(data) as document:
        for item in document.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
                found[str(item.FontName)] = any(f"/FontFile{n}" in item for n in ("", "2", "3"))
    return found


def drawn_forms(page: pikepdf.Page) -> list[str]:
    """The names of the forms (here: stamps) that a page draws."""
    return [
        str(operands[0]) for operands, operator in pikepdf.parse_content_stream(page) if str(operator) == "Do"
    ]


def numbered(pages: int) -> str:
    css = "section { break-before: page } @page { @bottom-center { content: counter(page) ' / ' counter(pages) } }"
    return f"{STYLE}<style>{css}</style>" + "<section></section>" * pages


class TestRender:
    async def test_the_same_input_gives_the_same_bytes_in_the_same_and_in_a_new_child(
        self, by: pdf.Renderer
    ) -> None:
        first = await pdf.render(HELLO, by=by)
        assert first.startswith(b"%PDF-")
        assert await pdf.render(HELLO, by=by) == first
        other = pdf.Renderer()
        try:
            assert await pdf.render(HELLO, by=other) == first
        finally:
            other.close()

    async def test_embeds_our_fonts_and_no_other_even_if_another_is_asked_for(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        html = "<p style=\"font-family: 'DejaVu Sans', serif\">Engraving 刻字</p><b>粗</b>"
        part = await pdf.render_part(html, into=tmp_path / "a.pdf", by=by)
        found = embedded_fonts(part.path)
        assert len(found) == 2
        assert all(found.values())
        assert all("C2B-Sans-SC" in name for name in found)

    async def test_draws_chinese_and_latin_as_text_that_can_be_copied(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        part = await pdf.render_part(HELLO, into=tmp_path / "a.pdf", by=by)
        with pikepdf.open(part.path) as document:
            maps = b"".join(font.ToUnicode.read_bytes() for font in document.pages[0].Resources.Font.values())
        for char in "采购订单藏青":
            assert f"<{ord(char):04x}>".encode() in maps.lower()

    async def test_templates_are_filled_in_the_childs_language_with_text_fit_to_be_drawn(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        context = {"lang": "zh", "title": "a", "other_title": "b", "first": True, "count": 1}
        parts = []
        for number, text in enumerate(("pay\u202e 001 \U0001f600", "pay 001 [U+1F600]")):
            page = pdf.Template(
                name="documents/purchase_order_units.html",
                context={**context, "rows": [["U-1", 1, [text]]]},
                locale="zh_CN",
            )
            parts.append(await pdf.render_part(page, into=tmp_path / f"{number}.pdf", by=by))
        assert parts[0].sha256 == parts[1].sha256
        with pikepdf.open(parts[0].path) as document:
            maps = b"".join(font.ToUnicode.read_bytes() for font in document.pages[0].Resources.Font.values())
        assert f"<{ord('单'):04x}>".encode() in maps.lower()

    async def test_assets_come_from_memory(self, by: pdf.Renderer) -> None:
        drawing = (
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>"
        )
        with_it = await pdf.render("<img src='asset:chop'>", assets={"chop": drawing}, by=by)
        assert len(with_it) > len(await pdf.render("<p></p>", by=by))

    async def test_reports_what_the_layout_engine_ignored(self, by: pdf.Renderer, tmp_path: Path) -> None:
        part = await pdf.render_part("<style>p { colour: red }</style>", into=tmp_path / "a.pdf", by=by)
        assert any("colour" in text for text in part.warnings)

    def test_works_from_several_event_loops_in_several_threads(self, by: pdf.Renderer) -> None:
        results: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: results.append(asyncio.run(pdf.render(HELLO, by=by))))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == 3
        assert len(set(results)) == 1

    async def test_the_loop_goes_on_while_a_document_is_drawn(self, by: pdf.Renderer) -> None:
        drawing = asyncio.ensure_future(pdf.render(STYLE + "<p>采购</p>" * 300, by=by))
        turns = 0
        while not drawing.done():
            await asyncio.sleep(0)
            turns += 1
        assert drawing.result()
        assert turns > 100


class TestAChildThatDies:
    async def test_between_two_documents_is_replaced(self, by: pdf.Renderer) -> None:
        await pdf.render(HELLO, by=by)
        (before,) = by.children
        os.kill(before, signal.SIGKILL)
        assert await pdf.render(HELLO, by=by)
        assert before not in by.children

    async def test_while_drawing_is_replaced_and_the_document_still_comes(self, by: pdf.Renderer) -> None:
        expected = await pdf.render(STYLE + "<p>采购</p>" * 400, by=by)
        (before,) = by.children
        drawing = asyncio.ensure_future(pdf.render(STYLE + "<p>采购</p>" * 400, by=by))
        await asyncio.sleep(0)
        os.kill(before, signal.SIGKILL)
        assert await drawing == expected

    async def test_twice_is_a_failure_that_may_be_retried(self) -> None:
        renderer = pdf.Renderer(limits=pdf.Limits(memory_bytes=1 << 20))  # dies while loading
        try:
            with pytest.raises(pdf.RenderFailed) as caught:
                await pdf.render(HELLO, by=renderer)
        finally:
            renderer.close()
        assert caught.value.reason == "child_died"
        assert not caught.value.permanent

    async def test_of_idleness_is_started_again(self) -> None:
        renderer = pdf.Renderer(limits=pdf.Limits(idle_seconds=0))  # ends itself after each document
        try:
            assert len({await pdf.render(HELLO, by=renderer) for _ in range(3)}) == 1
        finally:
            renderer.close()


class TestARendererThatCloses:
    async def test_fails_who_still_waits_and_starts_nothing_new(self) -> None:
        renderer = pdf.Renderer()
        await pdf.render(HELLO, by=renderer)
        waiting = asyncio.ensure_future(pdf.render(STYLE + "<p>采购</p>" * 3000, by=renderer))
        await asyncio.sleep(0)
        await asyncio.to_thread(renderer.close)
        with pytest.raises(pdf.RenderFailed):
            await waiting
        assert renderer.children == []


class TestAConfinedProcess:
    @pytest.mark.parametrize(
        "attempt",
        [
            "import socket; socket.create_connection(('127.0.0.1', 9))",
            "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
            "import subprocess; subprocess.run(['/bin/true'])",
            "import os; os.system('true')",
        ],
    )
    def test_reaches_neither_network_nor_programs(self, attempt: str) -> None:
        program = f"from c2b.kit.pdf import sandbox; sandbox.confine(memory_bytes=1 << 30); {attempt}"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert done.returncode == 1
        assert "NotAllowed: a document may not use" in done.stderr


class TestLimits:
    async def test_a_document_over_the_wall_limit_is_refused_for_good(self) -> None:
        await self.refused(pdf.Limits(wall_seconds=0.05), "too_slow")

    async def test_a_document_over_the_processor_limit_is_refused_for_good(self) -> None:
        await self.refused(pdf.Limits(cpu_seconds=1), "too_large", rows=60_000)

    async def test_a_document_over_the_memory_limit_is_refused_for_good(self) -> None:
        await self.refused(pdf.Limits(memory_bytes=360 << 20), "too_large", rows=60_000)

    async def test_a_document_nested_too_deep_is_refused_and_the_child_lives_on(
        self, by: pdf.Renderer
    ) -> None:
        with pytest.raises(pdf.RenderRefused) as caught:
            await pdf.render("<div>" * 5000, by=by)
        assert caught.value.reason == "too_deep"
        assert await pdf.render(HELLO, by=by)

    async def refused(self, limits: pdf.Limits, reason: str, rows: int = 2000) -> None:
        renderer = pdf.Renderer(limits=limits)
        try:
            with pytest.raises(pdf.RenderRefused) as caught:
                await pdf.render(STYLE + "<table>" + "<tr><td>采购<td>订单" * rows, by=renderer)
            assert caught.value.reason == reason
            assert caught.value.permanent
        finally:
            renderer.close()


class TestMergeAndStamp:
    async def test_every_page_of_every_part_is_stamped_with_its_number_and_the_total(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        bodies = ["<section>cover</section>", "<p>annex</p><p style='break-before: page'>more</p>"]
        parts = [
            await pdf.render_part(STYLE + body, into=tmp_path / f"{n}.pdf", by=by)
            for n, body in enumerate(bodies)
        ]
        whole = await pdf.merge_and_stamp(parts, overlay=numbered, into=tmp_path / "whole.pdf", by=by)
        assert whole.pages == 3
        with pikepdf.open(whole.path) as document:
            assert len(document.pages) == 3
            stamps = [drawn_forms(page) for page in document.pages]
            assert [len(names) for names in stamps] == [1, 1, 1]
        again = await pdf.merge_and_stamp(parts, overlay=numbered, into=tmp_path / "again.pdf", by=by)
        assert again.sha256 == whole.sha256
        assert not list(tmp_path.glob("*.stamps"))

    async def test_a_stamp_for_another_number_of_pages_is_refused(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        part = await pdf.render_part(HELLO, into=tmp_path / "a.pdf", by=by)
        with pytest.raises(pdf.RenderRefused, match="2 stamps for 1 pages"):
            await pdf.merge_and_stamp(
                [part], overlay=lambda n: numbered(n + 1), into=tmp_path / "b.pdf", by=by
            )

    async def test_only_the_links_that_were_named_may_stand_in_it(
        self, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        ours = "https://c2b.example/acknowledgment"
        part = await pdf.render_part(f"<a href='{ours}'>confirm</a>", into=tmp_path / "a.pdf", by=by)
        await pdf.merge_and_stamp([part], overlay=numbered, into=tmp_path / "b.pdf", links=[ours], by=by)
        with pytest.raises(pdf.RenderRefused, match="forbidden_content"):
            await pdf.merge_and_stamp([part], overlay=numbered, into=tmp_path / "c.pdf", by=by)


class TestFonts:
    def test_regular_covers_all_of_gb_2312_and_every_chinese_letter_an_engraving_may_use(self) -> None:
        covered = fonts.coverage(fonts.REGULAR)
        assert gb2312() - covered == set()
        assert set(range(0x4E00, 0x9FF0)) - covered == set()
        assert {*range(0x20, 0x7F), *range(0xC0, 0x250)} - covered == set()

    def test_bold_covers_all_of_gb_2312(self) -> None:
        assert gb2312() - fonts.coverage(fonts.BOLD) == set()

    @pytest.mark.parametrize("path", [fonts.REGULAR, fonts.BOLD])
    def test_glyphs_stand_where_their_outlines_begin(self, path: Path) -> None:
        """A wrong left side bearing shifts every glyph: brackets leave gaps, letters collide."""
        with TTFont(path) as font:
            sample = [font.getBestCmap()[ord(char)] for char in "（）A1中，g"]
            assert [font["hmtx"][name][1] for name in sample] == [font["glyf"][name].xMin for name in sample]
            assert font["glyf"][sample[0]].xMin > 500

    def test_the_license_lies_beside_them(self) -> None:
        assert "SIL OPEN FONT LICENSE" in (fonts.FOLDER / "OFL.txt").read_text()

    def test_what_cannot_be_drawn_is_written_out(self) -> None:
        assert fonts.drawable("Bo 😀 李雷") == "Bo [U+1F600] 李雷"
        assert fonts.missing_characters("李😀a😀") == "😀"

    @pytest.mark.parametrize("control", sorted(BIDI_CONTROLS))
    def test_controls_that_make_text_run_backwards_are_removed(self, control: str) -> None:
        assert fonts.drawable(f"pay 1{control}00") == "pay 100"


def gb2312() -> set[int]:
    cells = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    found = {ord(text) for raw in cells if (text := raw.decode("gb2312", errors="ignore"))}
    assert len(found) == 7445  # 682 symbols, 3,755 and 3,008 Chinese characters
    return found


class TestAChildOfALargeParent:
    async def test_is_not_taken_for_a_large_one(self) -> None:
        """A forked process begins with the peak of its parent; a child must not end after every document for it."""
        held = bytearray(400 * 1024 * 1024)
        held[::4096] = b"x" * len(held[::4096])
        renderer = pdf.Renderer()
        try:
            await pdf.render(HELLO, by=renderer)
            assert len(renderer.children) == 1
        finally:
            renderer.close()
            del held
