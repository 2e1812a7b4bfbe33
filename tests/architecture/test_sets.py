"""A set of tests that could not run is named, and fails the run where it is required."""

import subprocess
import sys
from pathlib import Path

import pytest

from c2b.config import ROOT

TESTS = """
import pytest

@pytest.mark.redis
def test_with_redis(): pass

@pytest.fixture
def rabbitmq_url(): raise AssertionError("nothing there to connect to")

def test_with_rabbitmq(rabbitmq_url): pass

def test_without(): pass
"""


def run(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """pytest on a small suite of its own, with our plugin and none of our settings."""
    (folder / "test_small.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\nmarkers =\n redis: needs Redis\n")
    nobody = "amqp://127.0.0.1:1"
    path = {"C2B_TEST_RABBITMQ": nobody, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.sets", "-p", "no:schemathesis"]
    return subprocess.run(command, cwd=folder, env=path | environment, capture_output=True, text=True)


@pytest.fixture
def nobody_listens() -> str:
    return "redis://127.0.0.1:1/0"


class TestASetThatIsNotHere:
    def test_is_named_and_the_rest_passes(self, tmp_path: Path, nobody_listens: str) -> None:
        done = run(tmp_path, C2B_TEST_REDIS=nobody_listens)
        assert done.returncode == 0
        assert "Left out: 1 tests that need Redis (none at redis://127.0.0.1:1/0" in done.stdout
        assert "Left out: 1 tests that need RabbitMQ" in done.stdout
        assert "1 passed, 2 skipped" in done.stdout

    def test_fails_the_run_where_it_is_required(self, tmp_path: Path, nobody_listens: str) -> None:
        done = run(tmp_path, C2B_TEST_REDIS=nobody_listens, C2B_REQUIRE="redis")
        assert done.returncode == 1
        assert "Required, but none ran: Redis" in done.stdout

    def test_fails_the_run_where_it_holds_no_test(self, tmp_path: Path, nobody_listens: str) -> None:
        done = run(tmp_path, C2B_TEST_REDIS=nobody_listens, C2B_REQUIRE="chromium")
        assert done.returncode == 1
        assert "Required, but none ran: Chromium" in done.stdout

    def test_must_be_spelled_right(self, tmp_path: Path) -> None:
        done = run(tmp_path, C2B_REQUIRE="postgress")
        assert done.returncode != 0
        assert "unknown sets: postgress" in done.stdout + done.stderr
