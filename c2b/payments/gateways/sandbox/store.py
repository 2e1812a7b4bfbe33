"""The sandbox provider's own database: a SQLite file of its own, as durable as a provider would be.

It is another company's memory, so nothing of ours is in its transactions. Every change is one short transaction that
takes the write lock first (``BEGIN IMMEDIATE``), so any number of threads and processes may use the file; WAL with
``synchronous=FULL`` means that what was answered is on the disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS payment (
    ref            TEXT PRIMARY KEY,
    payment_id     TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('created', 'authorized', 'captured', 'failed', 'expired', 'voided')),
    amount_minor   INTEGER NOT NULL CHECK (amount_minor > 0),
    currency       TEXT NOT NULL CHECK (length(currency) = 3),
    refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND amount_minor),
    description    TEXT NOT NULL,
    locale         TEXT NOT NULL,
    return_url     TEXT NOT NULL,
    notify_url     TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    expires_at     TEXT NOT NULL,
    captures_at    TEXT,
    captured_at    TEXT,
    holds          INTEGER NOT NULL DEFAULT 0 CHECK (holds IN (0, 1)),
    hold_until     TEXT,
    CHECK ((status = 'captured') = (captured_at IS NOT NULL)),
    CHECK (refunded_minor = 0 OR status = 'captured')
) STRICT;
CREATE INDEX IF NOT EXISTS payment_held ON payment (hold_until) WHERE status = 'authorized';
CREATE INDEX IF NOT EXISTS payment_unsettled ON payment (coalesce(captures_at, expires_at)) WHERE status = 'created';

CREATE TABLE IF NOT EXISTS refund (
    ref          TEXT PRIMARY KEY,
    payment_ref  TEXT NOT NULL REFERENCES payment (ref),
    key          TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    reason       TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    settles_at   TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refund_of_payment ON refund (payment_ref);
CREATE INDEX IF NOT EXISTS refund_pending ON refund (settles_at) WHERE status = 'pending';

CREATE TABLE IF NOT EXISTS idempotency (
    key          TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    answer       TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS event (
    id          TEXT PRIMARY KEY,
    payment_ref TEXT NOT NULL REFERENCES payment (ref),
    kind        TEXT NOT NULL,
    refund_ref  TEXT REFERENCES refund (ref),
    occurred_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_of_payment ON event (payment_ref);

CREATE TABLE IF NOT EXISTS delivery (
    id            INTEGER PRIMARY KEY,
    event_id      TEXT NOT NULL,
    payment_ref   TEXT NOT NULL REFERENCES payment (ref),
    url           TEXT NOT NULL,
    body          TEXT NOT NULL,
    forged        INTEGER NOT NULL CHECK (forged IN (0, 1)),
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_at       TEXT NOT NULL,
    latest_status INTEGER,
    delivered_at  TEXT,
    abandoned_at  TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (next_at) WHERE delivered_at IS NULL AND abandoned_at IS NULL;
CREATE INDEX IF NOT EXISTS delivery_of_payment ON delivery (payment_ref);
"""

#: Waits of other processes for the write lock; a transaction here takes a few milliseconds.
_LOCK_WAIT_SECONDS = 30


class Store:
    """Connections to one sandbox file. Safe to share between threads and to carry through a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._inherited: list[list[sqlite3.Connection]] = []
        self._owner = 0

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction with the write lock; commits at the end, rolls back on any exception."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for single reads, without a lock."""
        with self._connection() as db:
            yield db

    def close(self) -> None:
        """Give the file back; the store opens it again when it is needed."""
        with self._lock:
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = self._take()
        try:
            yield db
        finally:
            if db.in_transaction:
                db.close()  # the roll-back failed: nobody meets this one again
            else:
                with self._lock:
                    self._idle.append(db)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._owner != os.getpid():
                # After a fork the parent's connections must be neither used nor closed (sqlite.org/howtocorrupt.html).
                self._inherited.append(self._idle)
                self._idle, self._owner = [], os.getpid()
                self._make()
            if self._idle:
                return self._idle.pop()
        return _connect(self.path)

    def _make(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = _connect(self.path)
        db.execute("PRAGMA journal_mode = WAL")
        _renew(db)
        db.executescript(_TABLES)
        self._idle.append(db)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _renew(db: sqlite3.Connection) -> None:
    """A file from before payments could be held gets the present table, with all its rows."""
    columns = [row["name"] for row in db.execute("PRAGMA table_info(payment)")]
    if not columns or "holds" in columns:
        return
    table = _TABLES[_TABLES.index("(") : _TABLES.index(") STRICT;")] + ") STRICT"
    names = ", ".join(columns)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    db.execute(f"CREATE TABLE payment_new {table}")
    db.execute(f"INSERT INTO payment_new ({names}) SELECT {names} FROM payment")  # noqa: S608  (our own columns)
    db.execute("DROP TABLE payment")
    db.execute("ALTER TABLE payment_new RENAME TO payment")
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_keys = ON")


def text(instant: datetime) -> str:
    """An instant as the file keeps it: UTC, microseconds, so that text order is time order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(stored: str) -> datetime:
    """The instant that ``text`` wrote."""
    return datetime.fromisoformat(stored)
