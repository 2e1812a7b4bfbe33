"""People are told here: reactions connected, and a data folder of the test's own for the outbox and the documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from c2b import config, wiring
from c2b.events import operations as events


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where files and the outbox lie; no mail server."""
    monkeypatch.setenv("C2B_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("C2B_MAIL_URL", "")
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
