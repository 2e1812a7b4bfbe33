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
from tests import versions


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


class TestANewVersion:
    def test_is_published_once_with_what_it_means(self, installation, file, tmp_path, capsys):
        asyncio.run(management.load_catalog(file=str(file)))
        newer = json.loads((ROOT / "schemas/products/keyboard/2.schema.json").read_text())
        versions.without("plate", "pc")(newer)
        path = tmp_path / "3.json"
        path.write_text(json.dumps(newer))
        for _ in range(2):
            assert asyncio.run(management.publish(product="lingyue-75", file=str(path))) == 0
        told = capsys.readouterr().out
        assert "lingyue-75: version 3 is published.\nFor answers given: narrowing." in told
        assert "“Plate” is no longer offered as: Polycarbonate." in told
        assert "this is version 3 already; nothing was published" in told

    def test_that_the_lint_refuses_is_not_published(self, installation, file, tmp_path):
        asyncio.run(management.load_catalog(file=str(file)))
        document = json.loads((ROOT / "schemas/products/keyboard/2.schema.json").read_text())
        document["properties"]["plate"]["x-title"]["zh"] = "Plate made of"
        document["properties"]["plate"]["x-title"]["en"] = "Plate made of"
        path = tmp_path / "3.json"
        path.write_text(json.dumps(document))
        with pytest.raises(SystemExit, match="the zh label is not translated"):
            asyncio.run(management.publish(product="lingyue-75", file=str(path)))
        with pytest.raises(SystemExit, match="There is no product nothing"):
            asyncio.run(management.publish(product="nothing", file=str(path)))

    def test_is_compared_from_files(self, capsys):
        old, new = (str(ROOT / f"schemas/products/keyboard/{number}.schema.json") for number in (1, 2))
        assert management.compare_schemas(old=old, new=new) == 0
        assert capsys.readouterr().out.startswith("For answers given: narrowing.")
        with pytest.raises(SystemExit, match="cannot be read"):
            management.compare_schemas(old="nowhere.json", new=new)
