"""The set-up installs what is missing, once, and says in one line what it cannot do."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from c2b.config import ROOT


class Machine:
    """A machine on which nothing really happens: commands are written down, some of them fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        self.failing: tuple[str, ...] = ()

    def run(self, command: list[str], **_: object) -> SimpleNamespace:
        line = " ".join(str(word) for word in command)
        self.ran.append(line)
        failed = any(word in line for word in self.failing)
        if " -m venv" in line and not failed:
            (self.folder / ".venv/bin").mkdir(parents=True)
            (self.folder / ".venv/bin/python").touch()
            (self.folder / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
        if "uv.lock" in line and not failed:
            (self.folder / ".venv/bin/uv").touch()
        return SimpleNamespace(returncode=int(failed), stderr="no network")

    def ran_with(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self.ran)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "requirements").mkdir()
    for name in ("runtime", "scaled", "dev", "uv"):
        (tmp_path / f"requirements/{name}.lock").write_text(f"{name}==1\n")
    return Machine(tmp_path)


@pytest.fixture
def bootstrap(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools/bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", machine.folder)
    monkeypatch.setattr(module, "VENV", machine.folder / ".venv")
    monkeypatch.setattr(module, "PYTHON", machine.folder / ".venv/bin/python")
    monkeypatch.setattr(module, "LOCKS", machine.folder / "requirements")
    monkeypatch.setattr(module, "loads", lambda library: True)
    monkeypatch.setattr(
        module.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    monkeypatch.setattr(subprocess, "run", machine.run)
    return module


class TestPackages:
    def test_are_installed_by_hash_into_an_environment_of_their_own(
        self, bootstrap: ModuleType, machine: Machine
    ) -> None:
        assert bootstrap.main([]) == 0
        assert machine.ran_with("-m venv", ".venv")
        assert machine.ran_with(".venv/bin/uv", "--require-hashes", "runtime.lock")
        site = machine.folder / ".venv/lib/python3.11/site-packages"
        assert (site / "c2b-checkout.pth").read_text() == f"{machine.folder}\n"
        assert (machine.folder / ".venv/bin/c2b").stat().st_mode & 0o111

    def test_are_not_looked_at_again(self, bootstrap: ModuleType, machine: Machine) -> None:
        bootstrap.main([])
        machine.ran.clear()
        assert bootstrap.main([]) == 0
        assert machine.ran == []

    def test_of_development_do_for_running(self, bootstrap: ModuleType, machine: Machine) -> None:
        bootstrap.main(["dev"])
        machine.ran.clear()
        bootstrap.main(["runtime"])
        assert machine.ran == []

    def test_of_running_do_not_for_development(self, bootstrap: ModuleType, machine: Machine) -> None:
        bootstrap.main(["runtime"])
        bootstrap.main(["dev"])
        assert machine.ran_with("dev.lock")

    def test_are_installed_again_when_the_list_changes(self, bootstrap: ModuleType, machine: Machine) -> None:
        bootstrap.main([])
        machine.ran.clear()
        (machine.folder / "requirements/runtime.lock").write_text("runtime==2\n")
        bootstrap.main([])
        assert machine.ran_with("runtime.lock")
        assert not machine.ran_with("-m venv")

    def test_come_by_pip_where_uv_cannot_be_had(self, bootstrap: ModuleType, machine: Machine) -> None:
        machine.failing = ("uv.lock",)
        assert bootstrap.main([]) == 0
        assert machine.ran_with("-m pip", "--require-hashes", "runtime.lock")

    def test_that_cannot_be_had_leave_no_stamp(
        self, bootstrap: ModuleType, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        machine.failing = ("runtime.lock",)
        assert bootstrap.main([]) == 1
        assert "is the package index reachable?" in capsys.readouterr().err
        machine.failing = ()
        machine.ran.clear()
        assert bootstrap.main([]) == 0
        assert machine.ran_with("runtime.lock")


class TestASystemLibrary:
    @pytest.fixture(autouse=True)
    def _without_pango(self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bootstrap, "loads", lambda library: "pango-" not in library)

    def test_is_installed_where_we_may(
        self, bootstrap: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
        assert bootstrap.main([]) == 0
        assert machine.ran[1].startswith("apt-get install -y") and machine.ran[1].endswith(" libpango-1.0-0")

    def test_is_asked_for_in_one_line_where_we_may_not(
        self,
        bootstrap: ModuleType,
        machine: Machine,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
        assert bootstrap.main([]) == 1
        assert machine.ran == []
        said = capsys.readouterr().err
        assert (
            said == "Missing to lay out PDFs: libpango-1.0-0. Run: sudo apt-get install -y libpango-1.0-0\n"
        )

    def test_that_cannot_be_installed_ends_the_set_up(
        self, bootstrap: ModuleType, machine: Machine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
        machine.failing = ("apt-get",)
        assert bootstrap.main([]) == 1
        assert not machine.ran_with("runtime.lock")


class TestPython:
    def test_that_is_too_old_is_refused(
        self, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 13))
        assert bootstrap.main([]) == 1
        assert "needs Python 3.11" in capsys.readouterr().err
