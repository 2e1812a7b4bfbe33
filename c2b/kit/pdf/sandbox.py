"""What a rendering child process may do: bounded memory, time and files, no network, no other programs.

The limits are the operating system's, because a layout engine cannot be trusted to bound itself: a page one centimeter
wide, or tables in tables, take minutes and gigabytes.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from pathlib import Path
from typing import Any

LARGEST_FILE = 512 * 1024 * 1024
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "urllib.",
    "ftplib.",
)


class NotAllowed(RuntimeError):
    """Something in a document reached for the network or for another program."""


def confine(*, memory_bytes: int) -> None:
    """Confine this process for good. Call it after the imports, before any input is read."""
    os.nice(5)  # pages are served before documents are drawn
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse)


def allow_cpu(seconds: int) -> None:
    """Give this process `seconds` of processor time from now on; the system ends it when they are used up."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def peak_bytes() -> int:
    """The most memory this process has held so far.

    From the kernel's book of this program: ``ru_maxrss`` also counts what the parent held when it forked, and a large
    parent would make every child look grown.
    """
    held = _status("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if held is None else held


def hit_memory_limit() -> bool:
    """Whether this process has ever asked for nearly all it may have: then odd errors are want of memory.

    Native libraries report it in their own ways, not as ``MemoryError``. Known on Linux only, where the limit holds.
    """
    peak = _status("VmPeak")
    return peak is not None and peak > 0.9 * resource.getrlimit(resource.RLIMIT_AS)[0]


def _status(name: str) -> int | None:
    """A size in bytes from Linux' book of this process, ``None`` elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise NotAllowed(f"a document may not use {event}")
