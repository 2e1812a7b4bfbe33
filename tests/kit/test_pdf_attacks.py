"""Twelve ways to make a document read a file or call an address (each worked against the layout engine's defaults)."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pikepdf
import pytest
import weasyprint

from c2b.kit import pdf

SECRET = "secret-of-the-machine-0815"


@dataclass
class Listener:
    """A web server on this machine that counts who calls, and forwards ``/redirect`` to the secret file."""

    port: int
    secret_file: Path
    hits: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    secret_file = tmp_path / "secret.txt"
    secret_file.write_text(SECRET)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.hits.append(self.path)
            self.send_response(302 if self.path == "/redirect" else 404)
            self.send_header("Location", found.secret_file.as_uri())
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Listener(port=server.server_port, secret_file=secret_file)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def by() -> Iterator[pdf.Renderer]:
    renderer = pdf.Renderer()
    yield renderer
    renderer.close()


def nested_svg(url: str) -> str:
    image = f"<image href='{url}' width='9' height='9'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{image}</svg>"
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


PAYLOADS = {
    "attachment link": "<link rel=attachment href='{file}'>",
    "attachment anchor": "<a rel=attachment href='{file}'>a</a>",
    "image": "<img src='{http}/i.png'>",
    "style url": "<p style='background: url({http}/b.png)'>a</p>",
    "style import": "<style>@import url('{http}/s.css');</style>",
    "font face": "<style>@font-face {{ font-family: F; src: url('{http}/f.ttf') }} p {{ font-family: F }}</style><p>a",
    "svg image and use": "<svg width='9' height='9'><image href='{http}/v.png' width='9' height='9'/>"
    "<use href='{http}/u.svg#x'/></svg>",
    "svg in data address": '<img src="{nested}">',
    "object": "<object data='{file}' type='image/svg+xml'></object>",
    "embed": "<embed src='{http}/e.svg' type='image/svg+xml'>",
    "redirect to file": "<link rel=stylesheet href='{http}/redirect'>",
    "base address": "<base href='{http}/'><img src='relative.png'>",
}


class TestADocument:
    @pytest.mark.parametrize("name", PAYLOADS)
    async def test_reads_no_file_and_calls_nobody(
        self, name: str, listener: Listener, by: pdf.Renderer, tmp_path: Path
    ) -> None:
        file = listener.secret_file.as_uri()
        html = PAYLOADS[name].format(http=listener.url, file=file, nested=nested_svg(listener.url + "/n.png"))
        into = tmp_path / "out.pdf"
        with pytest.raises(pdf.RenderRefused) as caught:
            await pdf.render_part(html, into=into, by=by)
        assert caught.value.reason == "forbidden_address"
        assert listener.hits == []
        assert not contains_secret(into)

    async def test_with_a_relative_address_only_loads_nothing(
        self, listener: Listener, by: pdf.Renderer
    ) -> None:
        assert await pdf.render("<img src='/etc/hostname'><link rel=attachment href='secret.txt'>", by=by)
        assert listener.hits == []

    async def test_after_an_attack_the_next_document_is_drawn(self, by: pdf.Renderer) -> None:
        with pytest.raises(pdf.RenderRefused):
            await pdf.render("<img src='file:///etc/hostname'>", by=by)
        assert await pdf.render("<p>a</p>", by=by)


class TestTheSameAttacksOnTheDefaults:
    """Controls: if these fail, the tests above prove nothing."""

    def test_embed_the_secret(self, listener: Listener, tmp_path: Path) -> None:
        into = tmp_path / "out.pdf"
        weasyprint.HTML(
            string=PAYLOADS["attachment link"].format(file=listener.secret_file.as_uri())
        ).write_pdf(into)
        assert contains_secret(into)

    @pytest.mark.parametrize(
        "name", ["image", "style url", "style import", "svg in data address", "base address"]
    )
    def test_reach_the_listener(self, name: str, listener: Listener) -> None:
        html = PAYLOADS[name].format(http=listener.url, nested=nested_svg(listener.url + "/n.png"))
        weasyprint.HTML(string=html).write_pdf()
        assert listener.hits


def contains_secret(path: Path) -> bool:
    """Whether the secret, or any attached file, is in the document once its streams are unpacked."""
    if not path.exists():
        return False
    with pikepdf.open(path) as document:
        streams = [item.read_bytes() for item in document.objects if isinstance(item, pikepdf.Stream)]
        embedded = any("/EmbeddedFile" in str(item.get("/Type", "")) for item in document.objects
                       if isinstance(item, pikepdf.Stream))  # fmt: skip
    return embedded or any(SECRET.encode() in data for data in streams)
