"""A sandbox on its own file with a shop that listens, at noon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from c2b.kit import clock
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from tests.payments.gateways.cast import BASE, NOON, SECRET, Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def sandbox(tmp_path: Path, shop: Shop) -> Iterator[SandboxGateway]:
    clock.set(NOON)
    gateway = SandboxGateway(tmp_path / "sandbox.sqlite3", base_url=BASE, secret=SECRET, send=shop.send)
    shop.gateway = gateway
    yield gateway
    gateway.store.close()
