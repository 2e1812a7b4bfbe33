"""Notifications over real HTTP, and providers found by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from c2b.config import settings
from c2b.payments import gateways
from c2b.payments.gateways.sandbox.delivery import http_send, post
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from tests.payments.gateways.cast import BASE, SECRET


@pytest.fixture
async def listener() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server on this machine that answers every request with a redirect, and what it was sent."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2))
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", heard
    server.close()
    await server.wait_closed()


class TestSending:
    async def test_posts_body_and_signature_and_follows_no_redirect(
        self, listener: tuple[str, list[bytes]]
    ) -> None:
        address, heard = listener
        assert await http_send(f"{address}/webhooks", {"webhook-id": "evt_1"}, b"{}") == 302
        (request,) = heard
        assert request.startswith(b"POST /webhooks HTTP/1.1\r\n")
        assert b"webhook-id: evt_1\r\n" in request
        assert request.endswith(b"\r\n\r\n{}")

    async def test_to_nobody_is_no_answer(self) -> None:
        assert await http_send("http://127.0.0.1:1/", {}, b"{}") == 0

    @pytest.mark.parametrize("error", [httpx2.ReadTimeout("slow"), httpx2.RemoteProtocolError("odd")])
    async def test_to_somebody_who_breaks_off_is_no_answer(self, error: Exception) -> None:
        def broken(request: httpx2.Request) -> httpx2.Response:
            raise error

        async with httpx2.AsyncClient(transport=httpx2.MockTransport(broken)) as client:
            assert await post(client, f"{BASE}/webhooks", {}, b"{}") == 0

    async def test_to_an_impossible_address_is_no_answer_and_stops_no_sweep(self) -> None:
        assert await http_send("http://[::bad/", {}, b"{}") == 0


class TestTheProviders:
    def test_are_found_by_name_and_the_sandbox_is_the_default(self) -> None:
        assert gateways.gateway() is gateways.gateway("sandbox")
        assert gateways.gateway().name == "sandbox"
        assert gateways.gateway().store.path == settings().sandbox_path  # type: ignore[attr-defined]

    def test_that_nobody_has_are_refused(self) -> None:
        with pytest.raises(gateways.UnknownGateway, match="sandbox"):
            gateways.gateway("cash")

    def test_can_be_replaced_for_a_while(self, tmp_path: Path) -> None:
        usual = gateways.gateway()
        other = SandboxGateway(tmp_path / "other.sqlite3", base_url=BASE, secret=SECRET)
        with gateways.replaced_by(other):
            assert gateways.gateway() is other
            assert gateways.sandbox() is other
        assert gateways.gateway() is usual

    def test_follow_the_settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        elsewhere = replace(settings(), sandbox_path=tmp_path / "elsewhere.sqlite3")
        monkeypatch.setattr(gateways, "settings", lambda: elsewhere)
        assert gateways.gateway().store.path == elsewhere.sandbox_path  # type: ignore[attr-defined]
