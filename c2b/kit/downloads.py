"""Files that people brought or that we drew, on their way out: as what they are, never as a page of ours."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from urllib.parse import quote

from c2b.kit.errors import AppError
from c2b.kit.i18n import N_
from c2b.kit.ids import sha256_hex

LONGEST_NAME = 120
_FORBIDDEN = frozenset('/\\:*?"<>|%;')


class FileDamaged(AppError):
    """The stored bytes are not those that were written down. Somebody has to look at the storage."""

    status = 500
    code = "file_damaged"
    message = N_("This file is damaged. We have been told; please try again later.")


@dataclass(frozen=True)
class Download:
    """A file to be sent. ``data`` has been compared with ``sha256``."""

    filename: str
    media_type: str
    data: bytes = field(repr=False)
    sha256: str

    def headers(self) -> dict[str, str]:
        """What goes out with it: saved under its name, its type not guessed, nothing in it run (RFC 6266, RFC 8187)."""
        plain = self.filename.encode("ascii", "replace").decode().replace("?", "_")
        encoded = quote(self.filename, safe="")
        return {
            "Content-Type": self.media_type,
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-cache",
            "ETag": f'"{self.sha256}"',
        }


def checked(data: bytes, sha256: str) -> bytes:
    """The bytes, if they are the ones that were written down. Raises ``FileDamaged``."""
    if sha256_hex(data) != sha256:
        raise FileDamaged
    return data


def safe_filename(name: str, *, suffix: str, otherwise: str = "file") -> str:
    """A name to show and to save under: no folders, nothing invisible, the suffix that tells the truth."""
    text = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join(char for char in text if char.isprintable() and char not in _FORBIDDEN)
    stem = (kept.rpartition(".")[0] if "." in kept else kept).strip(" .")
    return f"{stem[:LONGEST_NAME].strip(' .') or otherwise}{suffix}"
