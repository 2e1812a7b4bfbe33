"""Members with real payments where a test asks for the provider."""

from __future__ import annotations

import pytest

from c2b import wiring
from tests.books import provider
from tests.purchasing.locked import _quick_documents, files

__all__ = ["_quick_documents", "files", "provider"]


@pytest.fixture(autouse=True)
def _wired() -> None:
    wiring.connect()
