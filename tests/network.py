"""A pytest plugin: tests reach this machine and the servers they were given, nothing else."""

from __future__ import annotations

import ipaddress
import sys
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from tests.sets import SETS


class NetworkBlocked(BaseException):
    """A test tried to leave the machine. Not an Exception, so that code under test cannot swallow it."""


@cache
def is_near(host: str) -> bool:
    """This machine, or a host that C2B_TEST_… names."""
    given = {urlsplit(needed.place).hostname for needed in SETS.values()}
    if host in ("", "localhost") or host in given:
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_to_leave(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: every connection and look-up of this process passes here, whichever library makes it."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if not is_near(host):
        raise NetworkBlocked(f"{event}: {host}")


def pytest_configure() -> None:
    sys.addaudithook(refuse_to_leave)
