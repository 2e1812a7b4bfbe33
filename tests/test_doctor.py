"""`c2b doctor` tells what is well from what is not, and gives no password away."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from c2b import doctor
from c2b.config import Settings, load
from c2b.kit.db import Database


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    config = load({"C2B_DATA_DIR": str(tmp_path)})
    monkeypatch.setattr(doctor, "settings", lambda: config)
    return config


def change(monkeypatch: pytest.MonkeyPatch, config: Settings, **changes: str) -> None:
    monkeypatch.setattr(doctor, "settings", lambda: dataclasses.replace(config, **changes))  # type: ignore[arg-type]


@pytest.mark.usefixtures("config")
class TestDoctor:
    async def test_is_content_with_a_fresh_machine(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert await doctor.main() == 0
        output = capsys.readouterr().out
        assert "a PDF with Chinese text" in output
        assert output.endswith("Everything is well.\n")

    async def test_names_the_packages_a_pdf_needs(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async def no_pango(html: str) -> bytes:
            raise OSError("cannot load library 'libpango-1.0-0'")

        monkeypatch.setattr("c2b.kit.pdf.render", no_pango)
        assert await doctor.main() == 1
        assert f"on Debian: {doctor.APT_LINE}" in capsys.readouterr().out

    async def test_finds_a_database_without_its_tables(
        self,
        config: Settings,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        url = f"sqlite://{tmp_path}/empty.sqlite3"
        async with Database(url):
            pass
        Path(f"{tmp_path}/empty.sqlite3").touch()
        change(monkeypatch, config, database_url=url)
        assert await doctor.main() == 1
        assert "unwell  database   The database differs" in capsys.readouterr().out

    async def test_accepts_a_migrated_database(
        self,
        config: Settings,
        database_url: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        change(monkeypatch, config, database_url=database_url)
        assert await doctor.main() == 0
        assert "in step with this version" in capsys.readouterr().out

    async def test_finds_a_broker_that_does_not_answer(
        self, config: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        change(monkeypatch, config, broker_url="redis://:secret@127.0.0.1:1/0")
        assert await doctor.main() == 1
        output = capsys.readouterr().out
        assert "unwell  broker" in output
        assert "secret@" not in output

    async def test_says_what_an_enabled_payment_provider_lacks(
        self, config: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        enabled = dataclasses.replace(config, gateways=("sandbox", "wechatpay", "alipay", "pigeon"))
        monkeypatch.setattr(doctor, "settings", lambda: enabled)
        assert await doctor.main() == 1
        output = capsys.readouterr().out
        for words in (
            "'pigeon', which does not exist",
            "C2B_WECHATPAY_MCHID is not set",
            "C2B_ALIPAY_APP_ID is not",
        ):
            assert words in output


class TestAnAddress:
    def test_is_shown_without_its_password(self) -> None:
        assert doctor.without_password("amqp://ana:pa55@host/x") == "amqp://ana:…@host/x"
        assert doctor.without_password("redis://host/0") == "redis://host/0"
