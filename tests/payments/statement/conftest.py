"""A site with bank transfer beside the sandbox."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _with_bank(with_bank: None) -> None:
    """Everything here is about it."""
