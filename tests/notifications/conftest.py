"""People are told here: reactions connected, and a data folder of the test's own for the outbox and the documents."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from c2b import config, wiring
from c2b.events import operations as events
from c2b.kit.ids import sha256_hex
from c2b.purchasing.documents import RenderedDocument


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files and the outbox lie; no mail server."""
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("C2B_MAIL_URL", "")
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,bank")
    monkeypatch.setenv("C2B_BASE_URL", "https://c2b.example")
    config.settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    config.settings.cache_clear()


@pytest.fixture
def connected(data_dir: Path) -> Iterator[None]:
    """Everybody reacts to events as in the product; afterwards whoever did before."""
    before = {name: list(reactions) for name, reactions in events._reactions.items()}
    wiring.connect()
    yield
    events._reactions.clear()
    events._reactions.update(before)


@pytest.fixture
def quick_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders on an empty sheet: drawing real ones takes seconds, and is tested where it is done."""
    sheet = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(sheet)

    async def draw(*_: Any, **__: Any) -> RenderedDocument:
        return RenderedDocument(sheet.getvalue(), sha256_hex(sheet.getvalue()), 1)

    monkeypatch.setattr("c2b.purchasing.issuing.render_purchase_order", draw)
