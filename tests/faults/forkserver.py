"""Starts workers that are about to be killed. Run as a program, it imports everything once and forks per order.

One order per line of standard input (JSON of ``worker.Order``), one answer per line of standard output: how the worker
ended (``killed``, ``finished``, ``failed``). A fork costs a few milliseconds where a new interpreter costs seconds, and
this process has neither threads nor connections that a fork could break. Workers start warm (templates and schemas are
compiled), as one that has run for a while: a cold one would be killed before it gets anything done.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

#: No worker of these tests needs that long; one that does hangs, and that is a finding.
HANGS = 120.0
_LOG = os.environ.get("C2B_FAULTS_LOG", "")


def serve(work: Callable[[dict[str, Any], Callable[[], None]], Any]) -> None:
    """Carry out orders until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(_one(json.loads(line), work)), flush=True)


def _one(order: dict[str, Any], work: Callable[[dict[str, Any], Callable[[], None]], Any]) -> dict[str, Any]:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _child(order, work, theirs)
    os.close(theirs)
    try:
        return {"ended": _watch(pid, ours, order.get("delay"))}
    finally:
        os.close(ours)


def _watch(pid: int, pipe: int, delay: float | None) -> str:
    """Wait until the worker works, then give it ``delay`` seconds to live; how it ended."""
    if not _readable(pipe, HANGS) or os.read(pipe, 1) == b"":
        delay = 0 if delay is None else delay  # died before it worked: nothing left to wait for
    elif not _readable(pipe, HANGS if delay is None else delay):
        os.kill(pid, signal.SIGKILL)  # the end of the pipe did not come: it is still alive
        _, status = os.waitpid(pid, 0)
        return "hung" if delay is None else _word(status)
    _, status = os.waitpid(pid, 0)
    return _word(status)


def _readable(pipe: int, seconds: float) -> bool:
    return bool(select.select([pipe], [], [], seconds)[0])


def _word(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return {0: "finished", -signal.SIGKILL: "killed"}.get(code, "failed")


def _child(
    order: dict[str, Any], work: Callable[[dict[str, Any], Callable[[], None]], Any], pipe: int
) -> None:
    """Never returns."""
    log = os.open(_LOG or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = 0
    try:
        asyncio.run(work(order, lambda: os.write(pipe, b"!") and None))
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


if __name__ == "__main__":
    from tests.faults import worker

    worker.warm_up()
    serve(worker.work)
