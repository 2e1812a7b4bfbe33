"""How long pages take while the same process has a large purchase order drawn, against the same pages when it is idle.

One embedded process: pages, worker and clock. Requests come at a fixed rate, whether or not earlier ones are answered,
and are timed from the moment they were due. Halves: idle, drawing, idle, drawing …; so both see the same machine.
To reach: the 99th percentile while drawing is at most twice that of idle.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from bench.joins import free_port, until_up, world
from bench.load import exchange
from c2b.config import ROOT
from c2b.durable import Lease, enqueue, job
from c2b.kit import db

RATE, SECONDS, ROUNDS, CONNECTIONS, UNITS = 80, 12, 3, 24, 2000
MOST = 2.0
Times = dict[str, list[float]]


def main() -> int:
    """Measure, or with ``--serve`` be the process that is measured; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--switch-interval", type=float, default=0.0, help="seconds; 0 leaves Python's own")
    given, _ = parser.parse_known_args()
    if given.serve:
        return _serve(given.switch_interval)
    return asyncio.run(_compare(given.switch_interval))


def _serve(switch_interval: float) -> int:
    from c2b import app
    from c2b.purchasing.documents import render_purchase_order
    from tests.purchasing.orders import crowd, draft

    order = draft(crowd(UNITS)).snapshot
    if switch_interval:
        sys.setswitchinterval(switch_interval)

    @job("bench.draw")
    async def draw(_lease: Lease, **_: Any) -> None:
        await render_purchase_order(order, locale="zh_CN", acknowledgment_url="https://c2b.example/orders/1")

    return app.web()


async def _compare(switch_interval: float) -> int:
    with tempfile.TemporaryDirectory(prefix="c2b-bench-") as folder:
        url = f"sqlite://{folder}/c2b.sqlite3"
        _, slug, _ = await world(url, 1)
        port = free_port()
        server = subprocess.Popen(  # noqa: ASYNC220  (started once, before anything is measured)
            [sys.executable, "-m", "bench.pages", "--serve", "--switch-interval", str(switch_interval)],
            env={**os.environ, "DATABASE_URL": url, "C2B_DATA_DIR": folder, "PORT": str(port), "BROKER_URL": "",
                 "C2B_LOG_LEVEL": "warning", "C2B_SWEEP_SECONDS": "1"},
            cwd=ROOT,
        )  # fmt: skip
        try:
            await until_up(port)
            async with db.Database(url):
                return await _rounds(port, {"/healthz": "/healthz", "campaign page": f"/campaigns/{slug}"})
        finally:
            server.terminate()
            server.wait()


async def _rounds(port: int, pages: dict[str, str]) -> int:
    await _draw("warm")  # the renderer's children start with the first document
    await _asked(port, pages, seconds=3)
    idle: list[Times] = []
    busy: list[Times] = []
    drawing: list[float] = []
    for number in range(ROUNDS):
        idle.append(await _asked(port, pages, seconds=SECONDS))
        stop = asyncio.Event()
        drawer = asyncio.create_task(_keep_drawing(f"{number}", stop, drawing))
        busy.append(await _asked(port, pages, seconds=SECONDS))
        stop.set()
        await drawer
    return _report(pages, idle, busy, drawing)


async def _keep_drawing(name: str, stop: asyncio.Event, drawing: list[float]) -> None:
    number = 0
    while not stop.is_set():
        began = time.perf_counter()
        await _draw(f"{name}:{number}")
        drawing.append(time.perf_counter() - began)
        number += 1


async def _draw(name: str) -> None:
    async with db.transaction():
        await enqueue("bench.draw", key=f"bench:{name}")
    while True:
        row = await db.fetch_one("SELECT state, error FROM job WHERE key = ?", f"bench:{name}")
        if row and row["error"]:
            raise SystemExit(row["error"])
        if row and row["state"] == "done":
            return
        await asyncio.sleep(0.2)


async def _asked(port: int, pages: dict[str, str], *, seconds: float) -> Times:
    """Ask for each page in turn at ``RATE``; milliseconds from when a request was due until it was answered."""
    free: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    found: Times = {name: [] for name in pages}
    began, tasks = time.perf_counter(), []
    for number in range(int(RATE * seconds)):
        due = began + number / RATE
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        name = list(pages)[number % len(pages)]
        tasks.append(asyncio.create_task(_ask(free, pages[name], due, found[name])))
    await asyncio.gather(*tasks)
    while not free.empty():
        _, writer = free.get_nowait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return found


async def _ask(free: asyncio.Queue[Any], path: str, due: float, times: list[float]) -> None:
    reader, writer = await free.get()
    status, _ = await exchange(reader, writer, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    if status != 200:
        raise SystemExit(f"{path} was answered {status}")
    times.append((time.perf_counter() - due) * 1000)
    free.put_nowait((reader, writer))


def _report(pages: dict[str, str], idle: list[Times], busy: list[Times], drawing: list[float]) -> int:
    print(
        f"\nPages at {RATE}/s while {UNITS} units are drawn ({statistics.median(drawing):.1f} s each), {ROUNDS} rounds"
    )
    print(f"{'':<24} {'median ms':>10} {'p99 ms':>8} {'worst ms':>9}   (medians of the rounds)")
    worst = 0.0
    for name in pages:
        p99 = {}
        for when, rounds in (("idle", idle), ("drawing", busy)):
            each = [sorted(times[name]) for times in rounds]
            p99[when] = statistics.median(_percentile(times, 99) for times in each)
            middle = statistics.median(_percentile(times, 50) for times in each)
            last = statistics.median(times[-1] for times in each)
            print(f"{name + ', ' + when:<24} {middle:>10.1f} {p99[when]:>8.1f} {last:>9.1f}")
        worst = max(worst, p99["drawing"] / p99["idle"])
    print(f"target: p99 while drawing at most {MOST}x idle; reached {worst:.2f}x")
    return 1 if worst > MOST else 0


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
