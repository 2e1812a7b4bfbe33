"""What every machine of this folder has: a fresh database, a provider that misbehaves, a clock, workers that die.

A machine adds its own rules, and says by ``KINDS`` which jobs its workers carry out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from c2b.durable.jobs import perform
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.payments.capturing import ask_again, receive
from c2b.payments.gateways.sandbox.misbehavior import Misbehavior
from tests.books import MONEY, due_jobs, faults_of_books, sandbox_at, work

T = TypeVar("T")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
#: Opens a fresh database on the running loop; the world in it, and how to take it away again.
Opening = Callable[[], Awaitable[tuple[Database, Any, Callable[[], None]]]]
MOODS = st.builds(
    Misbehavior,
    unavailable_percent=st.sampled_from([0, 0, 40]),
    timeout_percent=st.sampled_from([0, 0, 50]),
    seed=st.integers(0, 99),
    copies=st.integers(1, 3),
    newest_first=st.booleans(),
    delay=st.sampled_from([timedelta(), timedelta(), timedelta(minutes=40)]),
    refund_delay=st.sampled_from([timedelta(), timedelta(hours=2)]),
)
ANY = st.integers(0, 50)
#: More examples, and other ones each time: C2B_MODEL_EXAMPLES=2000.
MORE = int(os.environ.get("C2B_MODEL_EXAMPLES", "0"))


def some(examples: int, *, steps: int = 30, shrink: bool = True) -> settings:
    """How many lives of how many steps, the same ones each time unless more are asked for."""
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=MORE or examples, stateful_step_count=steps, deadline=None, derandomize=not MORE, database=None,
        phases=phases, suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip


class PowerCut(BaseException):
    """The process dies between two statements."""


class Driven(RuleBasedStateMachine):
    """One example: ``opening`` gives its database, ``folder`` keeps the provider's record, begun as ``record`` is."""

    #: The jobs that workers carry out, and those of them that bear being done again when they are done.
    KINDS: tuple[str, ...] = MONEY
    AGAIN: tuple[str, ...] = MONEY

    def __init__(self, opening: Opening, folder: Path, *, record: Path | None = None) -> None:
        super().__init__()
        self.events: list[Any] = []
        self.stack = ExitStack()
        self.stack.callback(clock.reset)
        clock.set(NOON)
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.database, self.w, drop = self.run(opening())
        self.stack.callback(drop)
        self.stack.callback(lambda: self.run(self.database.close()))
        own = folder / f"{id(self)}-{len(list(folder.iterdir()))}.sqlite3"
        if record:
            shutil.copy(record, own)
        self.provider = self.stack.enter_context(sandbox_at(own))
        self._remember_events()

    def run(self, work_: Coroutine[Any, Any, T] | Awaitable[T]) -> T:
        async def whole() -> T:
            return await work_

        return self.runner.run(whole())

    def trying(self, act: Awaitable[Any], *allowed: type[BaseException]) -> Any:
        """What the act returns, or the refusal, if it is one of the allowed."""
        try:
            return self.run(act)
        except allowed as refusal:
            return refusal

    # ------------------------------------------------------------------ the provider

    @rule(mood=MOODS)
    def the_provider_changes_its_manners(self, mood: Misbehavior) -> None:
        self.provider.misbehave(mood)

    @rule()
    def notifications_arrive(self) -> None:
        self.run(self.provider.deliver_due())

    @precondition(lambda self: self.events)
    @rule(n=ANY)
    def an_old_notification_comes_again(self, n: int) -> None:
        assert self.run(receive("sandbox", self.events[n % len(self.events)])) == "known"

    @rule()
    def we_ask_the_provider(self) -> None:
        self.run(ask_again())

    # ------------------------------------------------------------------ workers

    @rule(n=ANY)
    def a_job_is_done(self, n: int) -> None:
        for job_id in self._due(n):
            self.run(perform(job_id))

    @rule()
    def all_jobs_are_done(self) -> None:
        self.run(work(*self.KINDS))

    @rule(n=ANY)
    def a_job_is_done_twice_at_once(self, n: int) -> None:
        async def both(job_id: str) -> None:
            await asyncio.gather(perform(job_id), perform(job_id))

        for job_id in self._due(n):
            self.run(both(job_id))

    @rule(n=ANY)
    def a_job_that_is_done_is_done_again(self, n: int) -> None:
        kinds = ", ".join(f"'{kind}'" for kind in self.AGAIN)
        rows = self.run(
            db.fetch(f"SELECT id FROM job WHERE state = 'done' AND kind IN ({kinds}) ORDER BY id")
        )
        if rows:
            job_id = rows[n % len(rows)]["id"]
            self.run(db.execute("UPDATE job SET state = 'ready', finished_at = NULL WHERE id = ?", job_id))
            self.run(perform(job_id))

    @rule(n=ANY, statement=st.integers(1, 9))
    def a_worker_dies(self, n: int, statement: int) -> None:
        """At any of its statements; a minute later somebody else may take over."""
        for job_id in self._due(n):
            with dying_at(statement):
                self.trying(perform(job_id), PowerCut)

    # ------------------------------------------------------------------ what must always be true

    @invariant()
    def the_books_are_right(self) -> None:
        found = self.run(faults_of_books(self.provider.store.path, settled=False))
        assert not found, found

    def _due(self, n: int) -> list[str]:
        found = self.run(due_jobs(*self.KINDS))
        return [found[n % len(found)]] if found else []

    def _remember_events(self) -> None:
        send = self.provider.send

        async def remembering(url: str, headers: Any, body: bytes) -> int:
            status = await send(url, headers, body)
            self.events.append(self.provider.parse_webhook(headers, body, clock.now()))
            return status

        self.provider.send = remembering


class dying_at:  # noqa: N801  (reads as a statement)
    """The n-th writing statement from here on is the last thing this process does."""

    def __init__(self, statement: int) -> None:
        self.left = statement

    def __enter__(self) -> None:
        self.real = db.execute

        async def execute(sql: str, *args: Any) -> int:
            self.left -= 1
            if self.left == 0:
                raise PowerCut
            return await self.real(sql, *args)

        db.execute = execute

    def __exit__(self, *_exc: object) -> None:
        db.execute = self.real
