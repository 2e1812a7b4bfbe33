"""The parent's side: a few child processes that draw, so that serving pages never waits for a document.

Drawing in a thread of the web process took the slowest pages from 4 to 140 milliseconds; a spawned process leaves them
alone. Each child belongs to one thread of a small pool, which only waits on a pipe: it works from any event loop, in
any thread. A child that dies is replaced and its request repeated once (drawing is pure); one that exceeds its limits
is ended, and its input refused for good.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c2b.config import ROOT
from c2b.kit import fonts
from c2b.kit.pdf import wire
from c2b.kit.pdf.errors import RenderFailed, RenderRefused


@dataclass(frozen=True)
class Limits:
    """What one document may use. ``wall_seconds`` also bounds a child that sleeps or swaps."""

    memory_bytes: int = 1 << 30
    cpu_seconds: int = 60
    wall_seconds: float = 90
    idle_seconds: int = 120


class Renderer:
    """`children` processes at most, started when first needed. Thread-safe; ``close`` ends them."""

    def __init__(self, *, children: int = 1, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.owner = os.getpid()
        self._folder = Path(tempfile.mkdtemp(prefix="c2b-pdf-"))
        self._environment = _child_environment(self._folder)
        self._threads = ThreadPoolExecutor(max_workers=children, thread_name_prefix="pdf")
        self._mine = threading.local()
        self._closed = False
        self._running: weakref.WeakSet[subprocess.Popen[bytes]] = weakref.WeakSet()
        self._finalizer = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request to a child and wait for its reply without blocking the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.ask_blocking, request)

    def ask_blocking(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request. Raises ``RenderRefused`` (the input is at fault) or ``RenderFailed``."""
        for _ in range(2):
            child = self._child()
            reply = self._exchange(child, request)
            if reply is not None:
                return _accepted(reply)
        raise RenderFailed("child_died", f"twice, the last time with code {child.returncode}")

    def close(self) -> None:
        """End all children and threads; who still waits for a document gets ``RenderFailed``."""
        self._closed = True
        for child in list(self._running):
            child.kill()
        self._threads.shutdown()
        for child in list(self._running):
            _forget(child)
        self._finalizer()

    @property
    def children(self) -> list[int]:
        """Process ids of the children that are alive."""
        return [child.pid for child in list(self._running) if child.poll() is None]

    def _child(self) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] | None = getattr(self._mine, "child", None)
        if child is None or child.poll() is not None:
            if child is not None:
                _forget(child)
            child = self._mine.child = self._start()
        return child

    def _start(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise RenderFailed("closed", "this process is about to end")
        limits = self.limits
        command = [sys.executable, "-m", "c2b.kit.pdf.child", f"--memory-bytes={limits.memory_bytes}",
                   f"--cpu-seconds={limits.cpu_seconds}", f"--idle-seconds={limits.idle_seconds}"]  # fmt: skip
        child = subprocess.Popen(  # noqa: S603  (our own program, fixed arguments)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=self._environment
        )
        self._running.add(child)
        return child

    def _exchange(self, child: subprocess.Popen[bytes], request: dict[str, Any]) -> dict[str, Any] | None:
        """The child's reply, or ``None`` when it died of something that is not the input's fault."""
        assert child.stdin is not None
        assert child.stdout is not None
        overdue = threading.Event()

        def stop() -> None:
            overdue.set()
            child.kill()

        timer = threading.Timer(self.limits.wall_seconds, stop)
        timer.start()
        try:
            wire.send(child.stdin, request)
            reply = wire.receive(child.stdout)
        except OSError:  # it had died, or ended itself for being idle, before it read the request
            reply = None
        finally:
            timer.cancel()
        if reply is None or reply.get("exit"):
            child.wait()
        if reply is None and overdue.is_set():
            raise RenderRefused("too_slow", f"stopped after {self.limits.wall_seconds} s")
        if reply is None and child.returncode in (-signal.SIGXCPU, -signal.SIGABRT):
            raise RenderRefused("too_large", "stopped at the processor or memory limit")
        return reply


def _accepted(reply: dict[str, Any]) -> dict[str, Any]:
    if "refused" in reply:
        raise RenderRefused(reply["refused"], reply.get("detail", ""))
    if "failed" in reply:
        raise RenderFailed(reply["failed"], reply.get("detail", ""))
    return reply


def _forget(child: subprocess.Popen[bytes]) -> None:
    child.wait()
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError):  # the rest of a request that nobody will read any more
            pipe.close()


def _child_environment(folder: Path) -> dict[str, str]:
    """Our fonts only; nothing of the parent's settings or secrets."""
    keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {
        **keep,
        "FONTCONFIG_FILE": str(fonts.write_configuration(folder)),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "HOME": str(folder),
        "PYTHONHASHSEED": "0",
    }
