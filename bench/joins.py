"""Joins over HTTP on one hot campaign, 64 waiting, against the same rows written by one bare statement per join.

Everything is in it on our side: HTTP, token, JSON, validation, price, place, event, stored answer for a retry. The
floor knows all rows beforehand and only writes them, through the bare driver, with the same tables and guards.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.load import post, send_all
from bench.machine import HEADER, Cost, Watch
from c2b import wiring
from c2b.campaigns import operations as campaigns
from c2b.campaigns.rules import Offer, PriceTier
from c2b.config import ROOT
from c2b.kit import clock, db
from c2b.kit.db.migrate import migrate
from c2b.kit.ids import new_id, sha256_hex
from c2b.seeds import wishes
from c2b.seeds.world import people_and_catalog

JOINS, WARM, WAITING = 4000, 400, 64
TARGET = 1.5
POSTGRES = os.environ.get("C2B_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    """Measure both databases; 1 when the PostgreSQL target is missed."""
    print(f"\nJoins on one hot campaign, {WAITING} waiting, {JOINS} joins\n{HEADER}")
    ratio = 0.0
    if _postgres_answers():
        ratio = asyncio.run(_on_postgres())
    else:
        print("PostgreSQL is not on this machine: left out.")
    asyncio.run(_on_sqlite())
    print(f"target on PostgreSQL: at most {TARGET}x the CPU of the bare statement; reached {ratio:.2f}x")
    return 1 if ratio > TARGET else 0


async def _on_postgres() -> float:
    import asyncpg

    name = f"c2b_bench_{os.getpid()}"
    admin = await asyncpg.connect(POSTGRES)
    await admin.execute(f'CREATE DATABASE "{name}"')
    url = POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    try:
        floor = await _bare_postgres(url)
        ours = await _over_http(url, "PostgreSQL: joins over HTTP", database=name)
        print(floor.row())
        print(ours.row(floor))
        return ours.microseconds / floor.microseconds
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


async def _on_sqlite() -> None:
    with tempfile.TemporaryDirectory(prefix="c2b-bench-") as folder:
        one, many = await _bare_sqlite(f"sqlite://{folder}/bare.sqlite3")
        ours = await _over_http(f"sqlite://{folder}/c2b.sqlite3", "SQLite: joins over HTTP")
        print(one.row())
        print(many.row(one))
        print(ours.row(one))


# ---------------------------------------------------------------- the world


async def world(url: str, people: int) -> tuple[str, str, list[tuple[str, str]]]:
    """A migrated database with one open campaign; its id, its slug, and (user id, token) for many people."""
    await migrate(url)
    wiring.connect()
    async with db.Database(url):
        cast = await people_and_catalog(clock.now())
        await db.execute("UPDATE product SET capacity = 1000000 WHERE slug = 'lingyue-75'")
        made = await campaigns.draft(
            cast.ana,
            product_slug="lingyue-75",
            offer=Offer(
                title="Everybody at once", story="", batch_answers=wishes.KEYBOARD_BATCH, threshold=900_000,
                cap=1_000_000, tiers=(PriceTier(60, 42900),), closes="at_deadline", visibility="public",
                deadline=clock.now().replace(microsecond=0) + _days(20),
            ),
        )  # fmt: skip
        await campaigns.submit(cast.ana, made.id)
        await campaigns.approve(cast.root, made.id)
        return made.id, made.slug, await _people(people)


def _days(number: int) -> Any:
    from datetime import timedelta

    return timedelta(days=number)


async def _people(number: int) -> list[tuple[str, str]]:
    now, found = clock.now(), [(new_id(), f"c2b_{new_id()}{new_id()}") for _ in range(number)]
    async with db.transaction():
        await db.execute_many(
            "INSERT INTO user_account (id, email, email_key, name, role, locale, password_hash, password_changed_at, "
            "created_at) VALUES (?, ?, ?, 'Member', 'consumer', 'en', 'none', ?, ?)",
            [(user, f"{user}@bench.example", f"{user}@bench.example", now, now) for user, _ in found],
        )
        await db.execute_many(
            "INSERT INTO api_token (id, user_id, name, token_hash, hint, can_write, created_at, expires_at) "
            "VALUES (?, ?, 'bench', ?, 'c2b_', ?, ?, ?)",
            [(new_id(), user, sha256_hex(token), True, now, now + _days(30)) for user, token in found],
        )
    return found


def bodies() -> list[dict[str, Any]]:
    chance = random.Random(1)
    found = []
    for number in range(50):
        answers = {
            "kit": "full", "physical_layout": "ansi", "case_color": chance.choice(("black", "silver", "navy")),
            "plate": chance.choice(("fr4", "pc", "pom", "alu", "brass")),
            "switch": chance.choice(("linear_a", "tactile_b", "silent_c")), "keycap": "pbt_dye_a", "legend": "us",
        }  # fmt: skip
        if number % 3 == 0:
            answers["engraving"] = {"text": f"No. {number} 键盘", "font": "kai", "position": "weight_back"}
        found.append({"answers": answers, "quantity": 1})
    return found


# ---------------------------------------------------------------- ours


async def _over_http(url: str, name: str, *, database: str = "") -> Cost:
    if database:
        await _empty(url)
    _, slug, people = await world(url, JOINS + WARM)
    with tempfile.TemporaryDirectory(prefix="c2b-bench-data-") as folder:
        port = free_port()
        server = subprocess.Popen(  # noqa: ASYNC220  (started once, before anything is measured)
            [sys.executable, "-m", "c2b", "web"],
            env={**os.environ, "DATABASE_URL": url, "C2B_DATA_DIR": folder, "PORT": str(port), "BROKER_URL": "",
                 "C2B_LOG_LEVEL": "warning"},
            cwd=ROOT,
        )  # fmt: skip
        try:
            await until_up(port)
            wishes_of_all, path = bodies(), f"/api/v1/campaigns/{slug}/participations"
            requests = [
                post(f"127.0.0.1:{port}", path, token, f"join-{user}", wishes_of_all[number % 50])
                for number, (user, token) in enumerate(people)
            ]
            await send_all("127.0.0.1", port, requests[:WARM], waiting=WAITING)
            with Watch(server.pid, database=database) as watch:
                seen = await send_all("127.0.0.1", port, requests[WARM:], waiting=WAITING)
            if seen != {201: JOINS}:
                raise SystemExit(f"not every join was answered 201: {dict(seen)}")
        finally:
            server.terminate()
            server.wait()
    return watch.cost(name, JOINS)


async def _empty(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()


async def until_up(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                await asyncio.sleep(0.5)
                return
        await asyncio.sleep(0.1)
    raise SystemExit("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---------------------------------------------------------------- the floors

_STATEMENT = """
WITH place AS (
  UPDATE campaign SET reserved = reserved + 1 WHERE id = $1 AND state = 'open' AND reserved < cap RETURNING id
), member AS (
  INSERT INTO participation (id, campaign_id, user_id, quantity, answers, digest, configuration_key, schema_version,
    quote, preferences, total_minor, due_minor, captured_minor, currency, state, attention, joined_at, reserved_until)
  SELECT $2, id, $3, 1, $4, $5, $6, 1, $7, '{}', 42900, 42900, 0, 'CNY', 'pending_payment', '', $8, $8 FROM place RETURNING id
), happened AS (
  INSERT INTO event (id, name, subject, subject_id, campaign_id, actor_id, audience, payload, occurred_at)
  SELECT $9, 'requirement.submitted', 'participation', id, $1, $3, 'organizer', '{}', $8 FROM member RETURNING id
), kept AS (
  INSERT INTO idempotency_key (id, actor_id, key, fingerprint, state, fence, leased_until, status, body, created_at)
  SELECT $10, $3, $2, $5, 'done', 1, $8, 201, $7, $8 FROM happened RETURNING id
) SELECT id FROM kept
"""


def _rows(people: list[tuple[str, str]]) -> list[tuple[Any, ...]]:
    texts = [json.dumps(body["answers"], ensure_ascii=False) for body in bodies()]
    quote = json.dumps(
        {"base_minor": 42900, "surcharges": [], "schema_digest": "0" * 64, "answers_digest": "0" * 64}
    )
    return [
        (new_id(), user, texts[number % 50], sha256_hex(user), sha256_hex(texts[number % 50]), quote, new_id(), new_id())
        for number, (user, _) in enumerate(people)
    ]  # fmt: skip


async def _bare_postgres(url: str) -> Cost:
    import asyncpg

    campaign, _, people = await world(url, JOINS + WARM)
    rows, now = _rows(people), clock.now()
    pool = await asyncpg.create_pool(url, min_size=4, max_size=4)

    async def join(row: tuple[Any, ...]) -> None:
        member, user, answers, digest, key, quote, event, kept = row
        written = await pool.fetchval(
            _STATEMENT, campaign, member, user, answers, digest, key, quote, now, event, kept
        )
        assert written == kept

    async def some(shared: Any) -> None:
        for row in shared:
            await join(row)

    async def all_of(part: list[tuple[Any, ...]]) -> None:
        shared = iter(part)
        await asyncio.gather(*(some(shared) for _ in range(WAITING)))

    await all_of(rows[:WARM])
    with Watch(os.getpid(), database=url.rsplit("/", 1)[1]) as watch:
        await all_of(rows[WARM:])
    await pool.close()
    return watch.cost("PostgreSQL: one bare statement per join (asyncpg)", JOINS)


async def _bare_sqlite(url: str) -> tuple[Cost, Cost]:
    campaign, _, people = await world(url, 2 * JOINS)
    rows, now = _rows(people), clock.now().isoformat(" ")
    raw = sqlite3.connect(Path(url.split("://", 1)[1]), isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        raw.execute(f"PRAGMA {pragma}")

    def write(batch: list[tuple[Any, ...]]) -> None:
        raw.execute("BEGIN IMMEDIATE")
        for member, user, answers, digest, key, quote, event, kept in batch:
            raw.execute(
                "UPDATE campaign SET reserved = reserved + 1 WHERE id = ? AND state = 'open' AND reserved < cap",
                (campaign,),
            )
            raw.execute(
                "INSERT INTO participation (id, campaign_id, user_id, quantity, answers, digest, configuration_key, "
                "schema_version, quote, preferences, total_minor, due_minor, captured_minor, currency, state, attention, "
                "joined_at, reserved_until) "
                "VALUES (?, ?, ?, 1, ?, ?, ?, 1, ?, '{}', 42900, 42900, 0, 'CNY', 'pending_payment', '', ?, ?)",
                (member, campaign, user, answers, digest, key, quote, now, now),
            )
            raw.execute(
                "INSERT INTO event (id, name, subject, subject_id, campaign_id, actor_id, audience, payload, occurred_at) "
                "VALUES (?, 'requirement.submitted', 'participation', ?, ?, ?, 'organizer', '{}', ?)",
                (event, member, campaign, user, now),
            )
            raw.execute(
                "INSERT INTO idempotency_key (id, actor_id, key, fingerprint, state, fence, leased_until, status, body, "
                "created_at) VALUES (?, ?, ?, ?, 'done', 1, ?, 201, ?, ?)",
                (kept, user, member, digest, now, quote, now),
            )
        raw.execute("COMMIT")

    with Watch(os.getpid()) as single:
        for row in rows[:JOINS]:
            write([row])
    with Watch(os.getpid()) as batched:
        for start in range(JOINS, 2 * JOINS, WAITING):
            write(rows[start : start + WAITING])
    raw.close()
    return (
        single.cost("SQLite: bare statements, one transaction per join (sqlite3)", JOINS),
        batched.cost(f"SQLite: bare statements, {WAITING} joins per transaction (sqlite3)", JOINS),
    )


def _postgres_answers() -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", 5432)) == 0


if __name__ == "__main__":
    began = time.perf_counter()
    code = main()
    print(f"{time.perf_counter() - began:.0f} s")
    sys.exit(code)
