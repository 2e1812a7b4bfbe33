"""The product in one process with its seed world, and a Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, sync_playwright

from c2b.config import ROOT
from c2b.seeds import PASSWORD
from tests.browser.people import PICTURES, Visitor
from tests.sets import place_of

OURS = ("DATABASE_URL", "BROKER_URL", "C2B_MAIL_URL", "C2B_BASE_URL", "C2B_SANDBOX_PATH", "C2B_GATEWAY")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the product as ``make run`` does; its address. It must also end well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("product")
    PICTURES.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in OURS}
    environment |= {"C2B_DATA_DIR": str(folder), "PORT": str(port)}
    with (PICTURES / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "c2b", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)
    assert "Traceback" not in (PICTURES / "server.log").read_text()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the product ended before it answered"
        try:
            if httpx2.get(f"{address}/healthz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.3)
    raise AssertionError("the product did not answer")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without its calls home."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(place_of("chromium")), args=quiet)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def arrive(chromium: Browser, site: str) -> Callable[..., Visitor]:
    """Somebody opens a browser; with an address they are logged in, with a language they read it."""

    def come(email: str = "", *, password: str = PASSWORD, language: str = "") -> Visitor:
        visitor = Visitor(chromium, site)
        if email:
            visitor.log_in(email, password)
        if language:
            visitor.speak(language)
        return visitor

    return come
