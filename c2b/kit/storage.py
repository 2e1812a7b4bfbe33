"""Files that are written once: purchase orders, evidence, pictures.

A key names a content for ever. Writing the same bytes again is fine (a job ran twice), writing other bytes under a
known key is refused: an issued document never changes. Callers put a digest or a fresh id into their keys.

``put`` returns only when the bytes and their name are on the disk. It flushes to the disk, so never call it inside a
transaction; hand it to a thread when the file is large.

``Store`` is what another place has to offer: an object store puts with "only if absent", and keeps what it fetched in
a folder of this machine, for which ``path`` answers (nothing there can become stale).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path
from typing import Protocol

from c2b.config import settings
from c2b.kit import faults
from c2b.kit.ids import new_id

MAX_KEY = 200
# each part starts with a letter or digit: no "..", no hidden file, no absolute path, nothing a shell would mind
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class InvalidKey(ValueError):
    """Not a key: up to 200 of ``A-Z a-z 0-9 . _ -``, in parts divided by ``/`` that start with a letter or digit."""


class NotStored(LookupError):
    """Nothing has been stored under this key."""


class AlreadyStored(RuntimeError):
    """Other bytes have this key already, and keep it."""


class Store(Protocol):
    """A place for files. Keys arrive checked; the errors are those above."""

    def put(self, key: str, data: bytes) -> None: ...

    def get(self, key: str) -> bytes: ...

    def path(self, key: str) -> Path: ...


def put(key: str, data: bytes) -> None:
    """Store ``data`` under ``key``, durably. Raises InvalidKey, and AlreadyStored where the key holds other bytes."""
    store().put(checked(key), data)


def get(key: str) -> bytes:
    """The bytes under ``key``. Raises InvalidKey and NotStored."""
    return store().get(checked(key))


def path(key: str) -> Path:
    """A local file with the bytes under ``key``, to be read only. Raises InvalidKey and NotStored."""
    return store().path(checked(key))


def store() -> Store:
    """The store the settings ask for."""
    return LocalStore(settings().data_dir / "files")


def checked(key: str) -> str:
    """``key`` itself. Raises InvalidKey for whatever could lead out of the store, or differ between file systems."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise InvalidKey(key[:MAX_KEY])
    return key


class LocalStore:
    """Files below ``root``, one per key."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes) -> None:
        target = self.root / key
        if target.exists():
            _compare(target, key, data)
            return
        _make_folder(target.parent)
        draft = target.parent / f".{new_id()}.part"  # starts with a dot: no key can ever name it
        try:
            _write(draft, data)
            faults.point("storage.written")
            _publish(draft, target, key, data)
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(target.parent)
        faults.point("storage.put")

    def get(self, key: str) -> bytes:
        try:
            return (self.root / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotStored(key) from None

    def path(self, key: str) -> Path:
        found = self.root / key
        if not found.is_file():
            raise NotStored(key)
        return found


def write_whole(target: Path, data: bytes) -> None:
    """Let ``target`` hold ``data``, durably and never by halves; what it held before is replaced."""
    _make_folder(target.parent)
    draft = target.parent / f".{new_id()}.part"
    try:
        _write(draft, data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    _flush_folder(target.parent)


def _publish(draft: Path, target: Path, key: str, data: bytes) -> None:
    """Give the finished draft its name, unless another writer was quicker: a rename would replace that one's bytes."""
    try:
        os.link(draft, target)
    except FileExistsError:
        _compare(target, key, data)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        draft.replace(target)  # a file system without hard links: the check in ``put`` has to do


def _compare(target: Path, key: str, data: bytes) -> None:
    if not target.is_file() or target.read_bytes() != data:
        raise AlreadyStored(key)
    _flush_folder(target.parent)  # whoever wrote it may have died before doing so


def _write(draft: Path, data: bytes) -> None:
    with draft.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        _flush_folder(each.parent)


def _flush_folder(folder: Path) -> None:
    """Make names durable, not only bytes. Some file systems cannot flush a folder, and need not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
