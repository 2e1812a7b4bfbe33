"""HTML to PDF in confined child processes: ``render``, ``render_part``, ``merge_and_stamp``.

Long documents are drawn as independent parts, written to files one by one, so memory stays flat however many pages
come out; the parts are then put together and every page is stamped with its running head and number.
"""

from __future__ import annotations

import atexit
import base64
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from c2b.kit.ids import sha256_hex
from c2b.kit.pdf.errors import RenderError, RenderFailed, RenderRefused
from c2b.kit.pdf.renderer import Limits, Renderer

__all__ = [
    "CHILDREN", "Limits", "Part", "RenderError", "RenderFailed", "RenderRefused", "Renderer", "Template", "close",
    "merge_and_stamp", "render", "render_part", "renderer",
]  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A PDF file on disk. ``warnings`` is what the layout engine complained of: empty in a good document."""

    path: Path
    pages: int
    warnings: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        return sha256_hex(self.path.read_bytes())


@dataclass(frozen=True, kw_only=True)
class Template:
    """A page given as a template of ``templates/`` and plain values; the child process fills it in.

    Making the HTML of a long table costs milliseconds that a web process does not have. Texts of `context` are made
    drawable on the way: no direction controls, no characters that the font lacks.
    """

    name: str
    context: Mapping[str, Any]
    locale: str = "en"
    zone: str | None = None


#: Children of the shared renderer: half the processors, at least one; pages come before documents.
CHILDREN = max(1, (os.cpu_count() or 2) // 2)
_shared: Renderer | None = None


def renderer() -> Renderer:
    """The renderer of this process. Not shared over a fork."""
    global _shared
    if _shared is None or _shared.owner != os.getpid():
        _shared = Renderer(children=CHILDREN)
        atexit.register(_shared.close)
    return _shared


def close() -> None:
    """End the shared renderer now; documents that are being drawn fail and may be retried elsewhere."""
    global _shared
    if _shared is not None and _shared.owner == os.getpid():
        _shared.close()
    _shared = None


async def render(
    page: str | Template, *, assets: Mapping[str, bytes] | None = None, by: Renderer | None = None
) -> bytes:
    """Draw a document, HTML or a template, and return the PDF; the same input gives the same bytes.

    It may load nothing but ``asset:<name>`` of `assets`. Raises ``RenderRefused`` or ``RenderFailed``.
    """
    with tempfile.TemporaryDirectory(prefix="c2b-doc-") as folder:
        part = await render_part(page, into=Path(folder) / "whole.pdf", assets=assets, by=by)
        return part.path.read_bytes()


async def render_part(
    page: str | Template, *, into: Path, assets: Mapping[str, bytes] | None = None, by: Renderer | None = None
) -> Part:
    """Draw a document into the file `into`. Raises as ``render``."""
    encoded = {name: base64.b64encode(data).decode() for name, data in (assets or {}).items()}
    source = {"html": page} if isinstance(page, str) else {"template": asdict(page)}
    request: dict[str, Any] = {"verb": "render", **source, "assets": encoded, "into": str(into)}
    reply = await (by or renderer()).ask(request)
    return Part(path=into, pages=reply["pages"], warnings=tuple(reply["warnings"]))


async def merge_and_stamp(
    parts: Sequence[Part],
    *,
    overlay: Callable[[int], str | Template],
    into: Path,
    links: Sequence[str] = (),
    by: Renderer | None = None,
) -> Part:
    """Put `parts` together in `into` and lay a stamp over every page.

    `overlay(n)` is a page that draws exactly `n` pages with nothing but running heads and numbers on them. `links` are
    the only addresses the document may point to; any other link, attachment or script raises ``RenderRefused``.
    """
    child = by or renderer()
    stamps = await render_part(
        overlay(sum(part.pages for part in parts)), into=into.with_suffix(".stamps"), by=child
    )
    request = {
        "verb": "merge",
        "parts": [str(part.path) for part in parts],
        "overlay": str(stamps.path),
        "into": str(into),
        "links": list(links),
    }
    try:
        reply = await child.ask(request)
    finally:
        stamps.path.unlink(missing_ok=True)
    warnings = tuple(text for part in (*parts, stamps) for text in part.warnings)
    return Part(path=into, pages=reply["pages"], warnings=warnings)
