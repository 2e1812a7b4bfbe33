"""What an operator does first on an empty installation, on the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from c2b import management
from c2b.accounts.operations import log_in
from c2b.catalog.models import Product, ProductSchema
from c2b.config import ROOT, settings
from c2b.kit import clock
from c2b.kit.db import Database
from c2b.seeds.world import _completed


@pytest.fixture
def installation(database_url, monkeypatch):
    """An empty, migrated installation that the commands find by their environment."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    yield database_url
    settings.cache_clear()


@pytest.fixture
def file(tmp_path):
    """A catalog file with one complete manufacturer."""
    maker = json.loads((ROOT / "c2b/seeds/data/makers.json").read_text())[0]
    maker["products"] = [_completed(each, clock.now() + timedelta(days=1)) for each in maker["products"]]
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps([maker], ensure_ascii=False), encoding="utf-8")
    return path


class TestAnEmptyInstallation:
    def test_gets_its_catalog_once_and_people_who_can_log_in(self, installation, file, capsys):
        for _ in range(2):
            assert asyncio.run(management.load_catalog(file=str(file))) == 0
        for role, maker in (("admin", ""), ("manufacturer", "lingyue")):
            asyncio.run(
                management.add_user(
                    email=f"{role}@example.com", name="Somebody", role=role, manufacturer=maker
                )
            )
        password = capsys.readouterr().out.split("password ")[1].split()[0]

        async def look() -> tuple[int, int]:
            async with Database(installation):
                await log_in(email="admin@example.com", password=password)
                return await Product.all().count(), await ProductSchema.all().count()

        assert asyncio.run(look()) == (2, 3), "the keyboard has two versions, each published once"

    def test_says_what_is_wrong(self, installation, file):
        for wrong in (
            {"role": "boss"},
            {"role": "manufacturer"},
            {"role": "manufacturer", "manufacturer": "nobody"},
            {"role": "admin", "email": "no address"},
        ):
            with pytest.raises(SystemExit):
                asyncio.run(management.add_user(**{"email": "a@example.com", "name": "A", **wrong}))
        broken = json.loads(file.read_text())
        del broken[0]["products"][1]["terms"]
        file.write_text(json.dumps(broken))
        with pytest.raises(SystemExit, match="terms"):
            asyncio.run(management.load_catalog(file=str(file)))
