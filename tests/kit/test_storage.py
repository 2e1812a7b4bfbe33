"""Files: written once, whole or not at all, and nowhere but in their folder."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from c2b.config import ROOT
from c2b.kit import storage
from c2b.kit.storage import AlreadyStored, InvalidKey, LocalStore, NotStored

KEY = "purchase-orders/PO-2026-000123/1.zh_CN.pdf"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "files")


def files_in(store: LocalStore) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file())


class TestAFile:
    def test_is_read_back_as_it_was_written(self, store):
        store.put(KEY, b"%PDF order")
        assert store.get(KEY) == b"%PDF order"
        assert store.path(KEY).read_bytes() == b"%PDF order"
        assert files_in(store) == [KEY]

    def test_may_be_written_again_with_the_same_bytes(self, store):
        store.put(KEY, b"order")
        store.put(KEY, b"order")
        assert store.get(KEY) == b"order"

    def test_is_never_replaced_by_other_bytes(self, store):
        store.put(KEY, b"order")
        with pytest.raises(AlreadyStored):
            store.put(KEY, b"another order")
        assert store.get(KEY) == b"order"
        assert files_in(store) == [KEY]

    def test_that_nobody_stored_is_not_there(self, store):
        for key in ("never", "a/b/c"):
            with pytest.raises(NotStored):
                store.get(key)
            with pytest.raises(NotStored):
                store.path(key)

    def test_is_not_its_folder(self, store):
        store.put("a/b", b"x")
        with pytest.raises(NotStored):
            store.get("a")
        with pytest.raises(NotStored):
            store.get("a/b/c")
        with pytest.raises(AlreadyStored):
            store.put("a", b"y")

    def test_of_a_rival_who_was_quicker_stays(self, store, monkeypatch):
        """The rival comes after the first look and before the name is given."""
        link = os.link

        def link_late(draft, target):
            target.write_bytes(b"theirs")
            link(draft, target)

        monkeypatch.setattr(os, "link", link_late)
        with pytest.raises(AlreadyStored):
            store.put(KEY, b"mine")
        assert store.get(KEY) == b"theirs"
        assert files_in(store) == [KEY]

    def test_is_one_of_the_contents_when_many_write_at_once(self, store):
        refused: list[bytes] = []

        def write(data: bytes) -> None:
            try:
                store.put(KEY, data)
            except AlreadyStored:
                refused.append(data)

        contents = [f"{number}".encode() * 10_000 for number in range(8)]
        threads = [threading.Thread(target=write, args=(data,)) for data in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.get(KEY) in contents
        assert sorted([*refused, store.get(KEY)]) == sorted(contents)
        assert files_in(store) == [KEY]

    def test_can_be_written_where_there_are_no_hard_links(self, store, monkeypatch):
        def refuse(*_):
            raise OSError(errno.EPERM, "not supported")

        monkeypatch.setattr(os, "link", refuse)
        store.put(KEY, b"order")
        assert (store.get(KEY), files_in(store)) == (b"order", [KEY])


class TestAKey:
    @pytest.mark.parametrize(
        "key",
        [
            "",
            "/etc/passwd",
            "../outside",
            "a/../../outside",
            "a/..",
            "a/./b",
            "a//b",
            "a/",
            ".hidden",
            "a/.hidden",
            "-rf",
            "a b",
            "a\\b",
            "a\x00b",
            "a\nb",
            "order.pdf\n",
            "C:x",
            "订单",
            "e\u0301",
            "%2e%2e/a",
            "~root",
            "a" * 201,
        ],
    )
    def test_that_could_lead_astray_is_refused(self, key, tmp_path, monkeypatch):
        monkeypatch.setattr(storage, "store", lambda: LocalStore(tmp_path / "files"))
        for act in (lambda: storage.put(key, b"x"), lambda: storage.get(key), lambda: storage.path(key)):
            with pytest.raises(InvalidKey):
                act()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("key", ["a", "0", "a..b", "evidence/01k/front.view.webp", "a" * 200])
    def test_of_plain_parts_is_taken(self, key, tmp_path, monkeypatch):
        monkeypatch.setattr(storage, "store", lambda: LocalStore(tmp_path / "files"))
        storage.put(key, b"x")
        assert storage.get(key) == b"x"
        assert storage.path(key).is_relative_to(tmp_path / "files")


WRITE = """
import sys
from pathlib import Path
from c2b.kit.storage import LocalStore
LocalStore(Path(sys.argv[1])).put("order.pdf", b"whole" * 100_000)
"""


class TestACrash:
    @pytest.mark.parametrize(("at", "there"), [("storage.written", False), ("storage.put", True)])
    def test_leaves_the_whole_file_or_none(self, store, at, there):
        environment = {**os.environ, "C2B_CRASH_AT": at, "PYTHONPATH": str(ROOT)}
        child = subprocess.run(
            [sys.executable, "-c", WRITE, str(store.root)], env=environment, timeout=60, check=False
        )
        assert child.returncode == -signal.SIGKILL
        assert (store.root / "order.pdf").exists() is there
        store.put("order.pdf", b"whole" * 100_000)
        assert store.get("order.pdf") == b"whole" * 100_000
