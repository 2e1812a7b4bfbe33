"""The seed world holds what a newcomer is promised; and the demo does the main job from beginning to end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2b import wiring
from c2b.campaigns.queries import forget_offers
from c2b.config import ROOT, settings
from c2b.kit import clock, db
from c2b.kit.db import Database
from c2b.seeds import LOGINS, load_once
from tests.books import assert_books, faults_of_books
from tests.databases import Templates


@pytest.fixture(scope="module")
def seeded(
    database_templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The seed world, built once: address of its database, and the provider's record."""
    folder = tmp_path_factory.mktemp("seeds")
    url = database_templates.sqlite()
    before = {name: os.environ.get(name) for name in ("C2B_DATA_DIR", "DATABASE_URL")}
    os.environ.update(C2B_DATA_DIR=str(folder), DATABASE_URL=url)
    settings.cache_clear()
    wiring.connect()
    try:
        assert load_once(settings())
        assert not load_once(settings()), "the second load changes nothing"
        yield url, settings().sandbox_path
    finally:
        clock.reset()
        forget_offers()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        settings.cache_clear()
        database_templates.drop(url)


def ask(seeded: tuple[str, Path], sql: str) -> list[dict[str, object]]:
    async def run() -> list[dict[str, object]]:
        async with Database(seeded[0]):
            return await db.fetch(sql)

    return asyncio.run(run())


@pytest.mark.slow
class TestTheSeedWorld:
    def test_has_a_campaign_in_each_state_that_is_promised(self, seeded):
        rows = ask(seeded, "SELECT title, state, threshold, paid, review_note FROM campaign ORDER BY id")
        assert Counter(row["state"] for row in rows) == {
            "in_production": 2, "completed": 1, "failed": 1, "open": 2, "under_review": 1, "draft": 1,
            "threshold_met": 2, "closed": 1,
        }  # fmt: skip
        (short,) = [row for row in rows if row["state"] == "open" and row["threshold"] - row["paid"] == 1]
        assert short["title"] == "Quiet seventy-five for shared rooms"
        (returned,) = [row for row in rows if row["state"] == "draft"]
        assert "superlative" in str(returned["review_note"])

    def test_lacks_one_unit_only_and_no_option_minimum_would_keep_that_unit_from_deciding(self, seeded):
        from c2b.catalog.cells import cells_of
        from c2b.catalog.rules import option_counts, parse_schema, shortfalls

        (campaign,) = ask(
            seeded,
            "SELECT c.id, c.batch_answers, s.document FROM campaign c JOIN product_schema s ON s.id = c.schema_id "
            "WHERE c.title LIKE 'Quiet%'",
        )
        members = ask(
            seeded,
            f"SELECT answers, quantity FROM participation WHERE campaign_id = '{campaign['id']}' AND state = 'joined'",
        )
        schema = parse_schema(_json(campaign["document"]))
        batch = _json(campaign["batch_answers"])
        counts = option_counts(
            schema, ((_json(each["answers"]) | batch, each["quantity"]) for each in members)
        )
        assert sum(each["quantity"] for each in members) == 199
        assert shortfalls(schema, counts) == ()
        cells: Counter[tuple[str, int]] = Counter()
        for each in members:
            for cell in cells_of(schema, _json(each["answers"]) | batch):
                cells[cell.key, cell.minimum] += int(str(each["quantity"]))
        assert ("combination:navy_brass", 6) in cells, "the tour's own choice is one of many"
        assert [key for (key, minimum), units in cells.items() if units < minimum] == []

    def test_has_refunded_everybody_in_the_failed_one_and_its_books_are_right(self, seeded):
        url, record = seeded

        async def check() -> None:
            async with Database(url) as database:
                await assert_books(database, record)
                assert await faults_of_books(record) == []

        asyncio.run(check())
        states = ask(
            seeded,
            "SELECT DISTINCT t.state FROM participation t JOIN campaign c ON c.id = t.campaign_id "
            "WHERE c.state = 'failed'",
        )
        assert [row["state"] for row in states] == ["refunded"]

    def test_is_half_way_through_the_timeline_of_one(self, seeded):
        states = Counter(row["state"] for row in ask(seeded, "SELECT state FROM milestone"))
        assert states["approved"] >= 3
        assert states["planned"] >= 2
        orders = ask(seeded, "SELECT number, acknowledged_at FROM purchase_order")
        assert all(str(order["number"]).startswith("PO-") and order["acknowledged_at"] for order in orders)
        documents = Counter(row["locale"] for row in ask(seeded, "SELECT locale FROM document"))
        assert documents == {"en": len(orders), "zh_CN": len(orders)}

    def test_shows_a_group_in_which_an_option_died_and_its_members_got_their_second_choice(self, seeded):
        members = ask(
            seeded,
            "SELECT t.answers, t.outcome, t.quantity, t.state, t.settled_minor, t.total_minor FROM participation t "
            "JOIN campaign c ON c.id = t.campaign_id WHERE c.title LIKE 'Sea, ink%' AND t.outcome IS NOT NULL",
        )
        kinds = Counter(_json(each["outcome"])["kind"] for each in members)
        assert kinds.keys() == {"first", "alternative", "fee", "left"}
        moved = [each for each in members if _json(each["outcome"])["kind"] == "alternative"]
        assert {_json(each["answers"])["case_color"] for each in moved} == {"black"}
        assert sum(int(str(each["quantity"])) for each in moved) < 30
        (gone,) = [each for each in members if _json(each["outcome"])["kind"] == "left"]
        assert (_json(gone["outcome"])["cause"], gone["state"]) == ("vote", "refunded")

    def test_has_a_full_group_with_people_waiting(self, seeded):
        (full,) = ask(
            seeded, "SELECT id, paid, cap FROM campaign WHERE title LIKE 'A power bank for the alpine%'"
        )
        assert full["paid"] == full["cap"]
        waiting = ask(seeded, "SELECT campaign_id FROM participation WHERE state = 'waitlisted'")
        assert [row["campaign_id"] for row in waiting] == [full["id"]] * 3

    def test_shows_a_vote_that_is_open_and_a_member_who_is_asked(self, seeded):
        (vote,) = ask(seeded, "SELECT attribute FROM batch_vote WHERE state = 'open'")
        assert vote["attribute"] == "form_factor"
        (asked,) = ask(
            seeded,
            "SELECT a.objections_until FROM allocation a JOIN campaign c ON c.id = a.campaign_id "
            "WHERE c.state = 'closed' AND a.state = 'proposed'",
        )
        assert asked["objections_until"]

    def test_knows_the_four_who_log_in_and_left_no_work_behind(self, seeded):
        rows = ask(seeded, "SELECT email, role FROM user_account")
        roles = {row["email"]: row["role"] for row in rows}
        assert [roles[email] for _, email in LOGINS] == [
            "consumer",
            "consumer",
            "manufacturer",
            "admin",
            "admin",
        ]
        jobs = Counter(row["state"] for row in ask(seeded, "SELECT state FROM job"))
        assert jobs["dead"] == jobs["running"] == 0
        assert ask(seeded, "SELECT key, error FROM job WHERE error <> ''") == []


def _json(value: object) -> dict[str, object]:
    import json

    found = json.loads(value) if isinstance(value, str) else value
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
class TestTheDemo:
    def test_does_the_main_job_and_says_so(self, tmp_path):
        env = {
            **os.environ,
            "C2B_DATA_DIR": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PYTHONWARNINGS": "default",
        }
        done = subprocess.run(
            [sys.executable, "-m", "c2b.cli", "demo"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert "132 accepted, 10 refused" in done.stdout
        assert "Navy: wanted by 22, minimum 30: not made" in done.stdout
        assert "so you get your second choice, Black" in done.stdout
        assert "is completed" in done.stdout
        assert "WRONG" not in done.stdout
        (order, *_more) = [line for line in done.stdout.splitlines() if "Purchase order:" in line]
        assert Path(order.split("Purchase order:")[1].strip()).read_bytes().startswith(b"%PDF")
