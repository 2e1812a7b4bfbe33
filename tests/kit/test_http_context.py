"""Who calls from where, however many proxies stand in between and whatever a caller claims."""

import ipaddress

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from c2b.kit.http.context import RequestContext, client_ip, network_of

OURS = (ipaddress.ip_network("10.0.0.0/8"),)


async def echo(request: Request) -> JSONResponse:
    return JSONResponse({"ip": request.state.client_ip, "id": request.state.request_id})


def client(peer: str, *trusted: str) -> TestClient:
    app = Starlette(
        routes=[Route("/", echo)], middleware=[Middleware(RequestContext, trusted_proxies=trusted)]
    )
    return TestClient(app, client=(peer, 1))


class TestTheAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "expected"),
        [
            ("8.8.8.8", [], "8.8.8.8"),
            ("8.8.8.8", ["1.1.1.1"], "8.8.8.8"),
            ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", ["6.6.6.6", "1.1.1.1, 10.0.0.2"], "1.1.1.1"),
            ("10.0.0.1", ["<script>"], "10.0.0.1"),
            ("10.0.0.1", [], "10.0.0.1"),
        ],
    )
    def test_is_the_last_hop_we_do_not_run(self, peer: str, forwarded: list[str], expected: str) -> None:
        assert client_ip(peer, forwarded, OURS) == expected

    def test_reaches_the_endpoint(self) -> None:
        answer = client("10.0.0.1", "10.0.0.0/8").get("/", headers={"X-Forwarded-For": "2.2.2.2"})
        assert answer.json()["ip"] == "2.2.2.2"

    def test_of_a_household_is_one_network(self) -> None:
        assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::1")
        assert network_of("2001:db8:1:2::5") != network_of("2001:db8:1:3::5")
        assert network_of("::ffff:1.2.3.4") == network_of("1.2.3.4") == "1.2.3.4"
        assert network_of("testclient") == "testclient"


class TestTheRequestId:
    def test_is_answered(self) -> None:
        answer = client("8.8.8.8").get("/")
        assert answer.headers["x-request-id"] == answer.json()["id"]

    def test_of_a_stranger_is_not_believed(self) -> None:
        assert (
            client("8.8.8.8").get("/", headers={"X-Request-ID": "chosen-by-me"}).json()["id"]
            != "chosen-by-me"
        )

    def test_of_our_proxy_is_kept(self) -> None:
        proxied = client("10.0.0.1", "10.0.0.1")
        assert proxied.get("/", headers={"X-Request-ID": "proxy-12345"}).json()["id"] == "proxy-12345"
        assert proxied.get("/", headers={"X-Request-ID": "a b\tc<script>"}).json()["id"] != "a b\tc<script>"
