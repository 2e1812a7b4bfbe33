"""No test reaches the internet, whichever library it asks."""

import asyncio
import socket
import urllib.request

import httpx2
import pytest

from tests.network import NetworkBlocked

ELSEWHERE = "192.0.2.1"  # reserved for documentation, belongs to nobody


class TestTheNetwork:
    @pytest.mark.parametrize("host", [ELSEWHERE, "shop.example", "2001:db8::1"])
    def test_is_blocked(self, host: str) -> None:
        with pytest.raises(NetworkBlocked, match=host):
            socket.create_connection((host, 80), timeout=1)

    def test_is_blocked_for_libraries(self) -> None:
        with pytest.raises(NetworkBlocked):
            urllib.request.urlopen(f"http://{ELSEWHERE}/", timeout=1)
        with pytest.raises(NetworkBlocked):
            httpx2.get(f"http://{ELSEWHERE}/", timeout=1, trust_env=False)

    async def test_is_blocked_for_coroutines(self) -> None:
        with pytest.raises(NetworkBlocked):
            await asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 80), 1)

    def test_is_open_to_this_machine(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            assert server.accept()[0].close() is None
