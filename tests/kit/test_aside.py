"""Long arithmetic in a process of its own: what goes in comes out, and what goes wrong is said."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from c2b.config import ROOT
from c2b.kit.aside import AsideFailed, aside

HERE = "tests.kit.test_aside"


def process(_: Any) -> int:
    return os.getpid()


def secrets(_: Any) -> list[str]:
    return sorted(name for name in os.environ if name.startswith(("C2B_", "DATABASE_", "BROKER_")))


def refuse(reason: str) -> None:
    raise ValueError(reason)


def chatter(value: int) -> int:
    print("thinking aloud")
    return value


def hoard(_: Any) -> int:
    return len(bytearray(1 << 31))


def think_for_ever(_: Any) -> None:
    while True:
        pass


class TestAFunctionCarriedOutAside:
    async def test_gives_what_it_gives_here(self):
        value = {"members": [1, 2, None, "海军蓝"], "none": {}}
        assert await aside("c2b.kit.aside:echo", value) == value

    async def test_bears_more_than_a_pipe_holds_both_ways(self):
        value = ["x" * 1000] * 3000
        assert await aside("c2b.kit.aside:echo", value) == value

    async def test_runs_in_another_process_that_knows_no_settings(self, monkeypatch):
        monkeypatch.setenv("C2B_SECRET_KEY", "hush")
        assert await aside(f"{HERE}:process", None) != os.getpid()
        assert await aside(f"{HERE}:secrets", None) == []

    async def test_may_print(self):
        assert await aside(f"{HERE}:chatter", 7) == 7

    async def test_leaves_the_loop_free(self):
        waiting = asyncio.ensure_future(aside("c2b.kit.aside:echo", 1))
        beats = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            beats += 1
        assert beats > 3
        assert await waiting == 1


class TestWhatGoesWrong:
    async def test_in_the_function_is_said_in_its_words(self):
        with pytest.raises(AsideFailed, match="ValueError: no such member"):
            await aside(f"{HERE}:refuse", "no such member")

    async def test_with_memory_ends_at_the_limit(self):
        with pytest.raises(AsideFailed, match="MemoryError"):
            await aside(f"{HERE}:hoard", None, memory_bytes=1 << 30)

    async def test_with_time_ends_at_the_limit(self):
        with pytest.raises(AsideFailed, match=f"ended with -{int(signal.SIGXCPU)}|ended with -9"):
            await aside(f"{HERE}:think_for_ever", None, cpu_seconds=1)

    def test_with_the_parent_ends_the_child(self):
        """Somebody else's process starts one and is killed: the child notices that nobody reads."""
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        parent.stdout.close()
        for _ in range(3000):
            if not _alive(child):
                return
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child outlived its parent")


#: Starts a function that never ends, and says as which process.
PARENT = f"""
import asyncio, subprocess
from c2b.kit import aside

made = subprocess.Popen

def told(*args, **more):
    child = made(*args, **more)
    print(child.pid, flush=True)
    return child

subprocess.Popen = told
asyncio.run(aside.aside("{HERE}:think_for_ever", None))
"""


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
