"""A site with bank transfer beside the sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from c2b.config import settings


@pytest.fixture(autouse=True)
def _with_bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,bank")
    settings.cache_clear()
    yield
    settings.cache_clear()
