"""References that leave the document: refused by the dialect, and never followed by what stands behind it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from referencing.exceptions import Unresolvable

from c2b.catalog import dialect
from c2b.catalog.engine import safe_validator
from c2b.catalog.validation import compiled, validate
from tests.catalog.samples import example, product, small, words


@contextmanager
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine and the requests it got."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, hits
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_watched: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request"):
        _watched.append(f"{event} {arguments[0]!r}")


sys.addaudithook(_watch)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Every file this process opens and every connection it makes inside the block."""
    global _watched
    _watched = []
    try:
        yield _watched
    finally:
        _watched = None


def targets(port: int, secret: Path) -> list[str]:
    here = f"127.0.0.1:{port}/schema"
    return [
        f"http://{here}",
        f"https://{here}",
        f"ftp://{here}",
        f"//{here}",
        secret.as_uri(),
        str(secret),
        "data:application/json,{}",
        f"#/../http://{here}",
        "urn:c2b:other",
    ]


PLACES: dict[str, Callable[[dict[str, Any], str], object]] = {
    "as the attribute": lambda d, url: d["properties"].update(tag={"$ref": url, "x-scope": "unit"}),
    "as a part": lambda d, url: d["properties"]["mark"]["properties"].update(text={"$ref": url}),
    "in an unused definition": lambda d, url: d.update({"$defs": {"unused": {"$ref": url}}}),
    "in a rule": lambda d, url: d["allOf"].append({"x-reason": words("r"), "if": {"$ref": url}, "then": {}}),
    "as the id": lambda d, url: d.update({"$id": url}),
    "as the draft": lambda d, url: d.update({"$schema": url}),
    "as a dynamic reference": lambda d, url: d.update({"$dynamicRef": url}),
    "in an annotation": lambda d, url: d["properties"]["tag"].update({"x-title": {"$ref": url}}),
}


class TestReferencesThatLeave:
    @pytest.mark.parametrize("place", PLACES)
    def test_are_refused_and_never_followed(self, place: str, tmp_path: Path) -> None:
        secret = tmp_path / "secret.json"
        secret.write_text('{"const": "the secret"}')
        dialect.check(small())  # reads the meta-schema before we watch
        with listener() as (port, hits):
            for url in targets(port, secret):
                document = small()
                PLACES[place](document, url)
                with watched() as touched:
                    problems = dialect.check(document)
                assert problems != [], url
                assert touched == [], url
                assert "the secret" not in str(problems)
            assert hits == []

    def test_are_not_followed_even_without_the_dialect(self, tmp_path: Path) -> None:
        """The engines behind it are closed as well: defence in depth."""
        secret = tmp_path / "secret.json"
        secret.write_text('{"const": "the secret"}')
        with listener() as (port, hits):
            for url in targets(port, secret):
                with watched() as touched:
                    with pytest.raises(Unresolvable) as failed:
                        list(safe_validator({"$ref": url}).iter_errors("x"))
                    with pytest.raises((jsonschema_rs.ReferencingError, ValueError)):
                        jsonschema_rs.Draft202012Validator({"$ref": url}, offline=True).is_valid("x")
                assert touched == [], url
                assert "the secret" not in str(failed.value)
            assert hits == []

    def test_compiling_a_published_schema_touches_nothing(self) -> None:
        document = {**product("keyboard"), "x-help": words("Never compiled before.")}
        answers = example("keyboard", "barebones_kit")
        with watched() as touched:
            made = compiled(document)
            validate(document, answers=answers)
        assert made.schema.rules
        assert touched == []
