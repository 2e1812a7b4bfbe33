"""Sending: at least once, recognizably the same, and never again once it is written down as sent."""

from __future__ import annotations

import contextlib
import email
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from c2b import config
from c2b.config import ROOT
from c2b.durable import enqueue, jobs
from c2b.durable.sweep import drain
from c2b.kit import clock, db
from c2b.notifications import letters
from c2b.notifications.models import Mail
from c2b.notifications.operations import queue_mail
from tests.world import person

pytestmark = pytest.mark.usefixtures("connected", "database")


class Mailbox:
    """An SMTP server that notes what it took, and refuses whom it does not know."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.subjects: list[str] = []
        self.unknown: set[str] = set()
        self.taken = lambda: None

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        taken = email.message_from_bytes(envelope.content)
        self.ids.append(taken["Message-ID"])
        self.subjects.append(taken["Subject"])
        self.taken()
        return "250 taken"


@pytest.fixture
def mailbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setenv("C2B_MAIL_URL", f"smtp://127.0.0.1:{port}/")
    config.settings.cache_clear()
    yield box
    controller.stop()


async def queue(key: str = "k", to: str = "bo@c2b.example") -> None:
    async with db.transaction():
        await queue_mail(
            key=key,
            template="password_changed",
            context={"name": "Bo", "url": "u"},
            to_address=to,
            locale="en",
        )


def work(url: str, crash_at: str = "") -> int:
    """Do the due jobs in a process of its own; how it ended."""
    environment = {**os.environ, "C2B_CRASH_AT": crash_at, "PYTHONPATH": str(ROOT)}
    script = ROOT / "tests" / "notifications" / "crashing.py"
    done = subprocess.run([sys.executable, str(script), url], env=environment, timeout=120, check=False)
    return done.returncode


class TestAMailThatIsSent:
    async def test_goes_out_once_however_often_its_job_runs(self, mailbox):
        await queue()
        for _ in range(3):
            await db.execute("UPDATE job SET state = 'ready'")
            await drain()
        assert len(mailbox.ids) == 1
        assert (await Mail.get()).state == "sent"

    async def test_says_the_same_words_at_every_try(self, mailbox, monkeypatch):
        """A template that changes between two tries does not make two different mails."""
        await queue()
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr("c2b.notifications.jobs.mark_sent", _power_cut)
            await drain()
        assert len(mailbox.ids) == 1
        assert (await Mail.get()).state == "queued"
        monkeypatch.setattr(
            "c2b.notifications.jobs.letter", lambda *_: letters.Letter("Other", "other\n", "other")
        )
        clock.shift(timedelta(minutes=1))
        await drain()
        assert len(mailbox.ids) == 2
        assert len(set(mailbox.ids)) == 1
        assert mailbox.subjects == ["Your password was changed"] * 2
        row = await Mail.get()
        assert (row.subject, row.state) == ("Your password was changed", "sent")

    async def test_by_a_worker_that_was_given_up_is_not_marked_by_it(self, mailbox):
        """The zombie's mail went out, the other's too: same id; only the other writes it down."""
        await queue()
        mailbox.taken = lambda: clock.shift(jobs.LEASE + timedelta(seconds=1))
        job = await db.fetch_one("SELECT id FROM job")
        assert job
        real, others = jobs.Lease.completing, []

        def late(lease: jobs.Lease) -> Any:
            if not others:
                others.append(lease)
                return _taken_over(lease, job["id"], real)
            return real(lease)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs.Lease, "completing", late)
            await jobs.perform(job["id"])
        assert len(mailbox.ids) == 2
        assert len(set(mailbox.ids)) == 1
        row = await db.fetch_one("SELECT state, attempts FROM job")
        assert row == {"state": "done", "attempts": 2}


@contextlib.asynccontextmanager
async def _taken_over(lease: jobs.Lease, job_id: str, real: Any) -> Any:
    """While this worker slept, another one did the job."""
    assert await jobs.perform(job_id)
    async with real(lease):
        yield


async def _power_cut(_: str) -> None:
    raise RuntimeError("the power went out")


class TestAMailNobodyTakes:
    async def test_is_dead_at_once_and_no_mail_tells_of_it(self, mailbox):
        await person("Root", "admin")
        mailbox.unknown.add("gone@c2b.example")
        await queue(to="gone@c2b.example")
        await drain()
        row = await db.fetch_one("SELECT state, failures, error FROM job WHERE key = 'mail:k'")
        assert row
        assert (row["state"], row["failures"]) == ("dead", 1)
        assert "550 5.1.1 no such user" in row["error"]
        assert await Mail.all().count() == 1

    async def test_for_now_is_tried_again_later(self, data_dir, monkeypatch):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        monkeypatch.setenv("C2B_MAIL_URL", f"smtp://127.0.0.1:{port}/")
        config.settings.cache_clear()
        await queue()
        await drain()
        row = await db.fetch_one("SELECT state, failures FROM job")
        assert row == {"state": "ready", "failures": 1}
        monkeypatch.setenv("C2B_MAIL_URL", "")
        config.settings.cache_clear()
        clock.shift(timedelta(minutes=1))
        await drain()
        assert (await Mail.get()).state == "sent"


class TestAWorkerKilled:
    @pytest.mark.parametrize("point", ["job:mail.send:claimed", "mail.accepted", "job:mail.send:done"])
    async def test_anywhere_leaves_one_mail(self, database_url, mailbox, point):
        """Between the server's yes and our commit nothing can be known: it goes out again under the same id."""
        await queue()
        assert work(database_url, crash_at=point) == -signal.SIGKILL
        sent_by_then = len(mailbox.ids)
        await db.execute("UPDATE job SET lease_until = created_at WHERE state = 'running'")
        assert work(database_url) == 0
        assert (await Mail.get()).state == "sent"
        assert (await db.fetch("SELECT state FROM job")) == [{"state": "done"}]
        assert len(set(mailbox.ids)) == 1
        assert (sent_by_then, len(mailbox.ids)) == {
            "job:mail.send:claimed": (0, 1), "mail.accepted": (1, 2), "job:mail.send:done": (1, 1),
        }[point]  # fmt: skip

    async def test_while_telling_many_tells_each_of_them_once(self, database_url, data_dir, monkeypatch):
        admins = [await person(f"Root{number}", "admin") for number in range(3)]
        async with db.transaction():
            await enqueue("no.handler", key="nobody does this")
        await drain()
        before = await Mail.all().count()
        assert before == len(admins)
        await db.execute("DELETE FROM mail")
        await db.execute("UPDATE job SET key = key || ':old' WHERE kind = 'mail.send'")
        await db.execute("UPDATE job SET state = 'ready', due_at = created_at WHERE kind = 'event.tell'")
        assert work(database_url, crash_at="event.told") == -signal.SIGKILL
        await db.execute("UPDATE job SET lease_until = created_at WHERE state = 'running'")
        assert work(database_url) == 0
        assert sorted([row.recipient_id for row in await Mail.all()]) == sorted(admin.id for admin in admins)
        assert len(list((data_dir / "outbox").iterdir())) == before
