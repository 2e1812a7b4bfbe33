"""Bodies are counted while they arrive, whatever length they claim."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message

from c2b.kit.http.limits import FORM_LIMIT, JSON_LIMIT, KB, UPLOAD_LIMIT, BodyLimits, BodyTooLarge

read = []


async def endpoint(request: Request) -> PlainTextResponse:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        read.append(size)
    return PlainTextResponse(str(size))


async def too_large(_request: Request, error: Exception) -> PlainTextResponse:
    assert isinstance(error, BodyTooLarge)
    return PlainTextResponse(error.text(), status_code=error.status)


@pytest.fixture
def client() -> TestClient:
    read.clear()
    app = Starlette(
        routes=[Route("/{path:path}", endpoint, methods=["POST"])],
        middleware=[Middleware(BodyLimits, by_path={"/import": 3 * JSON_LIMIT})],
        exception_handlers={BodyTooLarge: too_large},
    )
    return TestClient(app, raise_server_exceptions=False)


class Sender:
    """A client that sends pieces of 16 KB without saying how many, and counts what was taken from it."""

    def __init__(self, size: int) -> None:
        self.left, self.taken, self.status, self.body = size, 0, 0, b""

    async def receive(self) -> Message:
        piece = min(self.left, 16384)
        self.left, self.taken = self.left - piece, self.taken + piece
        return {"type": "http.request", "body": b"x" * piece, "more_body": self.left > 0}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def sent(client: TestClient, size: int, kind: str, path: str = "/") -> Sender:
    sender = Sender(size)
    headers = [(b"content-type", kind.encode())] if kind else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": headers,
    }
    await client.app(scope, sender.receive, sender.send)
    return sender


TYPES = [
    ("application/json", JSON_LIMIT),
    ("application/json; charset=utf-8", JSON_LIMIT),
    ("text/plain", JSON_LIMIT),
    ("", JSON_LIMIT),
    ("application/x-www-form-urlencoded", FORM_LIMIT),
    ("Multipart/Form-Data; boundary=x", UPLOAD_LIMIT),
]


class TestABody:
    @pytest.mark.parametrize(("kind", "limit"), TYPES)
    async def test_of_exactly_the_limit_is_read(self, client: TestClient, kind: str, limit: int) -> None:
        sender = await sent(client, limit, kind)
        assert (sender.status, sender.body) == (200, str(limit).encode())

    @pytest.mark.parametrize(("kind", "limit"), TYPES)
    async def test_without_a_length_stops_at_the_limit(
        self, client: TestClient, kind: str, limit: int
    ) -> None:
        sender = await sent(client, limit + 10 * UPLOAD_LIMIT, kind)
        assert sender.status == 413
        assert max(read) <= limit
        assert sender.taken <= limit + 64 * KB

    def test_that_announces_too_much_is_not_read_at_all(self, client: TestClient) -> None:
        with pytest.raises(BodyTooLarge):
            TestClient(client.app).post("/", content=b"x" * (JSON_LIMIT + 1))
        assert not read

    async def test_may_be_larger_where_a_path_says_so(self, client: TestClient) -> None:
        assert (await sent(client, 3 * JSON_LIMIT, "", "/import")).status == 200
        assert (await sent(client, 3 * JSON_LIMIT + 1, "", "/import")).status == 413
