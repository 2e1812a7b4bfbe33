"""What `make`, CI and an installation rely on is in step with the code."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from c2b import cli
from c2b.config import ROOT
from tests.architecture import gates

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
VENDOR = ROOT / "c2b/web/static/vendor"


def locked(name: str) -> dict[str, str]:
    """Package → everything the list pins it to, hashes included."""
    text = (ROOT / f"requirements/{name}.lock").read_text().replace("\\\n", "")
    return {line.split("==")[0]: line for line in text.splitlines() if line and not line.startswith("#")}


def without_markers(pins: dict[str, str]) -> dict[str, list[str]]:
    """Package → version and hashes."""
    return {
        name: [pin.split(";")[0].split()[0], *(part for part in pin.split() if part.startswith("--hash="))]
        for name, pin in pins.items()
    }


class TestLockedLists:
    @pytest.mark.parametrize("name", ["runtime", "scaled", "dev", "uv"])
    def test_hold_a_hash_for_every_package_and_no_address(self, name: str) -> None:
        pins = locked(name)
        assert pins
        assert all("--hash=sha256:" in pin and "://" not in pin and " @ " not in pin for pin in pins.values())

    @pytest.mark.parametrize("name", ["runtime", "scaled"])
    def test_run_what_was_developed_with(self, name: str) -> None:
        """Version and hashes; where a package is needed (its marker) may differ."""
        assert without_markers(locked(name)).items() <= without_markers(locked("dev")).items()

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
        assert {name_of(line) for line in wanted} <= locked(name).keys()


class TestDependencies:
    def test_are_declared_where_they_are_imported(self) -> None:
        """What only comes along with another library may leave with its next version."""
        declared = {name_of(line) for line in everything_asked_for()}
        sources = [path for folder in ("c2b", "workflows") for path in (ROOT / folder).rglob("*.py")]
        modules = {
            module.split(".")[0]
            for path in sources
            for _, module in gates.imports_of(ast.parse(path.read_text(encoding="utf-8")))
        }
        foreign = modules - sys.stdlib_module_names - {"c2b", "workflows", "tests", "__future__"}
        homes = packages_distributions()
        undeclared = {
            m
            for m in foreign
            if not declared & {name.lower().replace("_", "-") for name in homes.get(m, [m])}
        }
        assert not undeclared


def everything_asked_for() -> list[str]:
    extras = PROJECT["project"]["optional-dependencies"]
    # pika and redis are what the extras of dramatiq stand for
    return [
        *PROJECT["project"]["dependencies"],
        *(line for lines in extras.values() for line in lines),
        "pika",
        "redis",
    ]


def name_of(requirement: str) -> str:
    return re.split(r"[\[=<>~ ;]", requirement, maxsplit=1)[0].lower()


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


class TestTheNotice:
    def test_names_every_folder_with_the_work_of_others(self) -> None:
        notice = (ROOT / "NOTICE").read_text()
        licenses = [path for name in ("LICENSE*", "OFL*") for path in ROOT.glob(f"[a-z]*/**/{name}")]
        folders = {path.parent.relative_to(ROOT).as_posix() for path in licenses}
        assert folders
        assert all(folder in notice for folder in folders)
