"""The processes of the Procfile on PostgreSQL with RabbitMQ and with Redis: the same product by environment alone."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from c2b.accounts.tokens import create_token
from c2b.config import ROOT
from c2b.kit.db import Database
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from tests import world
from tests.sets import place_of

SECRET = "a secret of more than thirty-two characters"
BROKERS = [
    pytest.param("redis", marks=[pytest.mark.redis, pytest.mark.postgres]),
    pytest.param("rabbitmq", marks=[pytest.mark.rabbitmq, pytest.mark.postgres]),
]
pytestmark = pytest.mark.slow


def procfile() -> dict[str, list[str]]:
    """Process name → its arguments after ``c2b``, as the Procfile says them."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    parts = {
        name: shlex.split(command) for name, _, command in (line.partition(":") for line in lines if line)
    }
    assert all(command[0].endswith("c2b") for command in parts.values())
    return {name: command[1:] for name, command in parts.items()}


@pytest.fixture(params=BROKERS)
def installation(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path: Path
) -> Iterator[tuple[str, dict[str, str]]]:
    """Release, then web, two workers and a clock; the address and the environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": postgres_url,
        "BROKER_URL": place_of(request.param),
        "C2B_SECRET_KEY": SECRET,
        "C2B_BASE_URL": f"http://127.0.0.1:{port}",
        "C2B_SANDBOX_PATH": str(tmp_path / "sandbox.sqlite3"),
        "C2B_DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "C2B_SWEEP_SECONDS": "1",
    }
    commands = procfile()
    subprocess.run([sys.executable, "-m", "c2b", *commands["release"]], cwd=ROOT, env=environment, check=True)
    names = ("web", "worker", "worker", "clock")
    log = (tmp_path / "processes.log").open("w")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "c2b", *commands[name]], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        for name in names
    ]
    try:
        yield f"http://127.0.0.1:{port}", environment
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=60) for process in processes]
        log.close()
    assert [code for code in codes if code not in (0, -signal.SIGTERM)] == [], (
        tmp_path / "processes.log"
    ).read_text()


class TestTheProcfile:
    def test_carries_a_last_payment_to_a_purchase_order_on_another_process(self, installation):
        address, environment = installation
        campaign, token = asyncio.run(_one_short(environment["DATABASE_URL"]))
        with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
            _wait(lambda: client.get("/healthz").status_code == 200)
            joined = client.post(
                f"/api/v1/campaigns/{campaign}/participations",
                json={"answers": world.ANSWERS, "quantity": 1},
                headers={"Idempotency-Key": "join"},
            )
            assert joined.status_code == 201, joined.text
            mine = f"/api/v1/participations/{joined.json()['id']}"
            payment = client.post(f"{mine}/payment", json={}, headers={"Idempotency-Key": "pay"})
            assert payment.status_code in (200, 201), payment.text
            asyncio.run(_pay(environment, address, payment.json()["checkout_url"].rsplit("/", 1)[1]))
            order = _wait(lambda: _issued(client, campaign))
            assert order["number"].startswith("PO-")
            assert client.get(mine).json()["state"] == "confirmed"


async def _one_short(url: str) -> tuple[str, str]:
    """A campaign that lacks one unit, and the token of somebody who will join it."""
    async with Database(url):
        w = await world.build()
        campaign = await w.open_campaign()
        await w.fill(campaign, 49)
        return campaign, (await create_token(w.bo, name="journey")).secret


async def _pay(environment: dict[str, str], address: str, ref: str) -> None:
    """Pay at the provider, which tells the web process over HTTP."""
    sandbox = SandboxGateway(
        Path(environment["C2B_DATA_DIR"]) / "sandbox.sqlite3", base_url=address, secret=SECRET
    )
    await sandbox.pay(ref)


def _issued(client: httpx2.Client, campaign: str) -> Any:
    answer = client.get(f"/api/v1/campaigns/{campaign}/purchase-order")
    return answer.json() if answer.status_code == 200 and answer.json().get("issued_at") else None


def _wait(look: Any, seconds: float = 90) -> Any:
    """What ``look`` finds, tried until it finds something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := look():
                return found
        except httpx2.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError("it did not happen in time")
