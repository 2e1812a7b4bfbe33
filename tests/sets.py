"""A pytest plugin: which sets of tests this machine can run, and a plain word on those it left out.

A set is a marker (`@pytest.mark.postgres`) whose server or browser is looked for once. Where it is missing its tests
are skipped and named at the end; `C2B_REQUIRE=postgres,redis` turns that into a failure, also where a required set
holds no test at all.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import pytest


@dataclass(frozen=True)
class Needed:
    """What a set needs: its name for people, the variable that says where it is, and where it usually is."""

    title: str
    variable: str
    usual: str
    found: Callable[[str], bool]

    @property
    def place(self) -> str:
        return os.environ.get(self.variable) or self.usual


def listens(url: str) -> bool:
    """Whether something accepts connections at the URL's host and port."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2):
            return True
    except OSError:
        return False


def is_command(name: str) -> bool:
    return shutil.which(name) is not None


SETS = {
    "postgres": Needed(
        "PostgreSQL", "C2B_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres", listens
    ),
    "redis": Needed("Redis", "C2B_TEST_REDIS", "redis://127.0.0.1:6379/9", listens),
    "rabbitmq": Needed("RabbitMQ", "C2B_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672", listens),
    "chromium": Needed("Chromium", "C2B_TEST_CHROMIUM", "chromium", is_command),
}


@cache
def is_here(name: str) -> bool:
    """Whether this machine has what the set needs; looked up once."""
    needed = SETS[name]
    return needed.found(needed.place)


def place_of(name: str) -> str:
    """The address (or command) of what a set needs; for fixtures."""
    return SETS[name].place


def required() -> frozenset[str]:
    """The sets `C2B_REQUIRE` names. Raises UsageError for a name that is none."""
    names = frozenset(name.strip() for name in os.environ.get("C2B_REQUIRE", "").split(",") if name.strip())
    unknown = names - SETS.keys()
    if unknown:
        raise pytest.UsageError(f"C2B_REQUIRE names unknown sets: {', '.join(sorted(unknown))}")
    return names


class Tally:
    """Counts, per set, the tests left out and those that ran, in this process and in the lanes it has started."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self.ran: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        for name in sets_of(item):
            if not is_here(name):
                pytest.skip(f"no {SETS[name].title} at {place_of(name)}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        names = [name for name in SETS if name in report.keywords]
        if report.when == "call":
            self.ran.update(names)
        elif report.skipped:
            self.left_out.update([name for name in names if not is_here(name)][:1])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            return  # a lane has seen only its share
        whole = not session.config.option.collectonly and session.config.args_source.name == "TESTPATHS"
        if whole and any(not self.ran[name] for name in required()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, needed in SETS.items():
            if self.left_out[name]:
                terminalreporter.write_line(
                    f"Left out: {self.left_out[name]} tests that need {needed.title} (none at {needed.place}; "
                    f"set {needed.variable} to use another)",
                    yellow=True,
                )
            elif self.ran[name]:
                terminalreporter.write_line(f"Ran {self.ran[name]} tests with {needed.title}.")
        for name in sorted(required()):
            if not self.ran[name]:
                terminalreporter.write_line(f"Required, but none ran: {SETS[name].title}", red=True)


# asking for the server is needing it
FIXTURES = {
    "postgres_url": "postgres",
    "redis_url": "redis",
    "rabbitmq_url": "rabbitmq",
    "browser": "chromium",
}


def sets_of(item: pytest.Item) -> list[str]:
    """The sets a test belongs to, by its markers and by the fixtures it asks for."""
    asked = {FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES}
    return [name for name in SETS if name in asked or item.get_closest_marker(name)]


#: Whole folders that take minutes: each begins while others still have much to do, so that no lane ends alone.
LONG = (
    "tests/faults",
    "tests/models",
    "tests/browser",
    "tests/payments/gateways",
    "tests/races",
    "tests/seeds",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `-m postgres` find what only asks for the fixture; whole files with much to do begin first."""
    for item in items:
        for name in sets_of(item):
            item.add_marker(name)
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_configure(config: pytest.Config) -> None:
    required()
    config.pluginmanager.register(Tally(), "c2b-sets")
