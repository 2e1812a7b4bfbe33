"""Reading what work cost: CPU seconds of processes, from the operating system's own books."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """CPU seconds (user and system) a living process and its ended children have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICK


def children_of(pid: int) -> list[int]:
    """Living descendants of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(entry.name), *children_of(int(entry.name))]
    return found


def postgres_cpu(database: str) -> float:
    """CPU seconds of the PostgreSQL processes that serve one database, whatever else the machine is doing."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().strip() == "postgres" and _serves(entry, database):
                    fields = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
                    total += (int(fields[11]) + int(fields[12])) / _TICK
            except OSError:
                continue
    return total


def _serves(process: Path, database: str) -> bool:
    """PostgreSQL writes the database into the title of its process: "postgres: user database 127.0.0.1(40000) idle"."""
    return database in (process / "cmdline").read_text().replace("\0", " ").split()


@dataclass
class Cost:
    """What a number of operations cost."""

    name: str
    operations: int
    wall: float
    own: float
    database: float = 0.0

    @property
    def microseconds(self) -> float:
        """CPU per operation, database included."""
        return (self.own + self.database) / self.operations * 1e6

    def row(self, floor: Cost | None = None) -> str:
        """One line of a table; with a floor, the ratio to it."""
        own = self.own / self.operations * 1e6
        database = self.database / self.operations * 1e6
        ratio = f"{self.microseconds / floor.microseconds:5.2f}x" if floor else "     –"
        rate = self.operations / self.wall
        return (
            f"{self.name:<58} {rate:>9.0f}/s {own:>8.0f} {database:>8.0f} {self.microseconds:>8.0f} {ratio}"
        )


HEADER = f"{'':<58} {'rate':>11} {'own µs':>8} {'db µs':>8} {'sum µs':>8}  CPU"


class Watch:
    """Measures wall time, the CPU of one process and of PostgreSQL around a block; ``database`` empty for SQLite."""

    def __init__(self, pid: int, *, database: str = "") -> None:
        self.pid, self.database_name = pid, database

    def __enter__(self) -> Watch:
        self._before = (time.perf_counter(), cpu_of(self.pid), self._database_cpu())
        return self

    def __exit__(self, *_exc: object) -> None:
        wall, own, database = self._before
        self.wall = time.perf_counter() - wall
        self.own = cpu_of(self.pid) - own
        self.database = self._database_cpu() - database

    def _database_cpu(self) -> float:
        return postgres_cpu(self.database_name) if self.database_name else 0.0

    def cost(self, name: str, operations: int) -> Cost:
        """What was measured, for so many operations."""
        return Cost(name, operations, self.wall, self.own, self.database)
