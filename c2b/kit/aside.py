"""A pure function carried out aside, in a process of its own: long arithmetic must not stop pages and heartbeats.

The function is named by where it is (``c2b.kit.aside:echo``) and takes and gives JSON. The child is this file,
started with its limits; it has nothing of the parent's settings or secrets, and ends with its parent. Starting one
costs a few tenths of a second, so what is short is called directly.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import resource
import select
import subprocess
import sys
import threading
from typing import Any

from c2b.config import ROOT

Json = Any
#: Enough for the largest campaign; beyond it the machine would suffer for one task.
MEMORY_BYTES = 1 << 30
CPU_SECONDS = 120


class AsideFailed(Exception):
    """No result came out: the function raised (``detail`` is its last line), or the child died at a limit."""

    def __init__(self, function: str, detail: str) -> None:
        super().__init__(f"{function}: {detail}")
        self.detail = detail


def echo(value: Json) -> Json:
    """Give back what came in."""
    return value


async def aside(
    function: str, argument: Json, *, memory_bytes: int = MEMORY_BYTES, cpu_seconds: int = CPU_SECONDS
) -> Json:
    """The result of ``function(argument)``, worked out in a child process. Raises ``AsideFailed``.

    Works on any event loop in any thread; when the caller is canceled, the child is ended.
    """
    child = _start(function, memory_bytes, cpu_seconds)
    try:
        replied, said = await asyncio.to_thread(child.communicate, json.dumps(argument).encode())
    except asyncio.CancelledError:
        child.kill()
        raise
    if child.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise AsideFailed(function, lines[-1][:300] if lines else f"ended with {child.returncode}")
    return json.loads(replied)


def _start(function: str, memory_bytes: int, cpu_seconds: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "c2b.kit.aside", function, str(memory_bytes), str(cpu_seconds)]
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  (our own program)
        command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env=_environment()
    )


def _environment() -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**keep, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}


def main(function: str, memory_bytes: str, cpu_seconds: str) -> None:
    """The child: read the argument, confine oneself, call, write the result."""
    os.nice(5)  # pages are served before anything is computed
    argument = json.load(sys.stdin)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not end up in the result
    module, _, name = function.partition(":")
    called = getattr(importlib.import_module(module), name)
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, args=(replies.fileno(),), daemon=True).start()
    gc.freeze()
    result = called(argument)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        replies.write(json.dumps(result).encode())
        replies.close()


def _end_with_parent(descriptor: int) -> None:
    """A result that nobody can read any more need not be worked out."""
    watch = select.poll()
    watch.register(descriptor, 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll()):
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
