"""A provider of its own on this machine: a real socket, so that what gets lost is lost as on any wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

#: Longer than the patience that tests give a gateway.
SILENCE = 2.0
PATIENCE = 1.0

Reply = tuple[int, Mapping[str, str], bytes]


class Counterpart:
    """Answers requests by ``handle``. ``faults`` are spent one per request, the first first:

    ``away`` answers 503 without acting, ``after`` acts and answers 500, ``silent`` acts and answers too late, ``cut``
    acts and breaks off in the middle of the answer, ``rubbish`` acts and answers with a page of somebody else.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        raise NotImplementedError

    def reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[str, Reply]:
        with self._lock:
            self.requests.append((method, path, headers, body))
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "away":
                return fault, (503, {}, b"the service is away")
            answer = self.handle(method, path, headers, body)
        if fault == "after":
            answer = (500, {}, b"something broke after it was done")
        if fault == "rubbish":
            answer = (200, {"Content-Type": "text/html"}, b"<html>welcome to the hotel's network</html>")
        return fault, answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Without looking up this machine's name, which takes longer than everything else."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]


def _handler(counterpart: Counterpart) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault, (status, names, content) = counterpart.reply(self.command, self.path, headers, body)
            if fault == "silent":
                time.sleep(SILENCE)
            try:
                self.send_response(status)
                for name, value in names.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content) + (5 if fault == "cut" else 0)))
                self.send_header("Connection", "close")
                self.end_headers()
                if status != 204:
                    self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)
            except OSError:  # whoever asked has gone
                pass

        do_GET = do_POST = _any  # noqa: N815  (names of the standard library)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
