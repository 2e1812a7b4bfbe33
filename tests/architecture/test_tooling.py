"""What `make`, CI and an installation rely on is in step with the code."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from c2b import cli
from c2b.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
VENDOR = ROOT / "c2b/web/static/vendor"


def locked(name: str) -> dict[str, str]:
    """Package → everything the list pins it to, hashes included."""
    text = (ROOT / f"requirements/{name}.lock").read_text().replace("\\\n", "")
    return {line.split("==")[0]: line for line in text.splitlines() if line and not line.startswith("#")}


class TestLockedLists:
    @pytest.mark.parametrize("name", ["runtime", "scaled", "dev", "uv"])
    def test_hold_a_hash_for_every_package_and_no_address(self, name: str) -> None:
        pins = locked(name)
        assert pins
        assert all("--hash=sha256:" in pin and "://" not in pin and " @ " not in pin for pin in pins.values())

    @pytest.mark.parametrize("name", ["runtime", "scaled"])
    def test_run_what_was_developed_with(self, name: str) -> None:
        assert locked(name).items() <= locked("dev").items()

    @pytest.mark.parametrize(
        ("name", "extras"), [("runtime", []), ("scaled", ["postgres", "rabbitmq", "redis"]), ("dev", ["dev"])]
    )
    def test_name_everything_the_project_asks_for(self, name: str, extras: list[str]) -> None:
        project = PROJECT["project"]
        wanted = project["dependencies"] + [
            line
            for extra in extras
            for line in project["optional-dependencies"][extra]
            if not line.startswith("c2b[")
        ]
        packages = {re.split(r"[\[=<>~ ;]", line, maxsplit=1)[0].lower() for line in wanted}
        assert packages <= locked(name).keys()


class TestCommands:
    @pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.words)
    def test_lead_to_a_function(self, command: cli.Command) -> None:
        assert callable(cli.load(command.target))

    def test_are_all_in_the_help(self) -> None:
        text = cli.parser().format_help()
        assert all(command.words.split()[0] in text for command in cli.COMMANDS)

    def test_pass_their_options_to_the_function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[dict[str, object]] = []

        async def migrate(**options: object) -> int:
            seen.append(options)
            return 3

        monkeypatch.setattr(cli, "load", lambda target: migrate)
        assert cli.main(["migrate", "--check"]) == 3
        assert seen == [{"check_only": True}]

    def test_without_a_word_show_the_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main([]) == 2
        assert "migrate" in capsys.readouterr().out

    def test_of_the_procfile_exist(self) -> None:
        lines = (ROOT / "Procfile").read_text().splitlines()
        words = {command.words for command in cli.COMMANDS}
        assert [line.split(":")[0] for line in lines] == ["release", "web", "worker", "clock"]
        assert all(line.split("c2b ")[1] in words for line in lines)


class TestImportRules:
    def test_know_every_part_of_the_house(self) -> None:
        contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "house")
        named = set(re.findall(r"[\w.]+", " ".join(contract["layers"])))
        parts = {
            f"c2b.{path.stem}"
            for path in (ROOT / "c2b").iterdir()
            if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
        }
        assert parts - {"c2b.__init__", "c2b.migrations"} <= named

    def test_know_the_drawers_of_every_domain(self) -> None:
        contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "drawers")
        domains = {f"c2b.{path.parent.name}" for path in ROOT.glob("c2b/*/models.py")}
        assert domains == set(contract["containers"])


class TestVendoredFiles:
    @pytest.mark.parametrize("sums", sorted(VENDOR.rglob("SHA256SUMS")), ids=lambda path: path.parent.name)
    def test_are_as_published(self, sums: Path) -> None:
        for line in sums.read_text().splitlines():
            expected, name = line.split()
            assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == expected, name

    def test_have_their_sums_and_license_beside_them(self) -> None:
        folders = {path.parent for path in VENDOR.rglob("*") if path.is_file()}
        assert folders
        for folder in folders:
            listed = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
            assert "LICENSE" in listed
            assert {path.name for path in folder.iterdir()} - {"SHA256SUMS", "README.md"} == listed
