"""What a manufacturer sends as evidence: photos are painted anew, documents are PDFs, everything else is refused.

No decoder runs in the web process: a photo goes through a confined child (``repaint``). A document is kept as it came
and only ever sent out as a file to be saved. Names of stored files are hashes of their content.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass, field

from c2b.config import ROOT
from c2b.fulfillment.repaint import MAX_PIXELS, REASONS
from c2b.kit.downloads import safe_filename
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.kit.ids import sha256_hex

MAX_BYTES = 8 * 1024 * 1024
WALL_SECONDS = 30
_PDF_VERSIONS = tuple(f"%PDF-{version}".encode() for version in ("1.", "2."))
#: A PDF ends with this, near the end of the file (ISO 32000-2, 7.5.5).
_PDF_END, _TAIL = b"%%EOF", 2048

_SENTENCES = {
    "empty": N_("Choose a file."),
    "too_large": N_("The file is larger than {megabytes} MB."),
    "not_a_picture": N_("Send the photo as PNG, JPEG or WebP."),
    "too_many_pixels": N_("The photo has more than {megapixels} million pixels. Please make it smaller."),
    "broken_picture": N_("The photo is damaged or takes too much to read. Please save it again and retry."),
    "not_a_pdf": N_("Send the document as a complete PDF."),
}


class UploadRefused(Invalid):
    """A file we do not take. ``fields`` says why, beside the field it was sent in."""

    code = "upload_refused"
    message = N_("This file was not accepted.")


@dataclass(frozen=True)
class Upload:
    """A file that was accepted, as it will be stored."""

    kind: str
    filename: str
    media_type: str
    sha256: str
    data: bytes = field(repr=False)

    @property
    def storage_key(self) -> str:
        """Where it lies: its own hash, so equal files are one and no name of a stranger becomes a path."""
        return f"evidence/{self.sha256[:2]}/{self.sha256}{'.webp' if self.kind == 'photo' else '.pdf'}"


async def accept(kind: str, *, filename: str, data: bytes) -> Upload:
    """Check a ``"photo"`` or ``"document"``; the photo comes back painted anew. Raises ``UploadRefused``."""
    if not data:
        raise refused("empty")
    if len(data) > MAX_BYTES:
        raise refused("too_large")
    if kind == "photo":
        painted = await asyncio.to_thread(_repainted, data)
        return _upload("photo", filename, ".webp", "image/webp", painted)
    _check_pdf(data)
    return _upload("document", filename, ".pdf", "application/pdf", data)


def refused(reason: str) -> UploadRefused:
    """The refusal with its sentence."""
    numbers = {"megabytes": MAX_BYTES // 1024 // 1024, "megapixels": MAX_PIXELS // 1_000_000}
    return UploadRefused(fields=[FieldError("file", reason, _SENTENCES[reason], numbers)])


def _upload(kind: str, filename: str, suffix: str, media_type: str, data: bytes) -> Upload:
    name = safe_filename(filename, suffix=suffix, otherwise=kind)
    return Upload(kind=kind, filename=name, media_type=media_type, sha256=sha256_hex(data), data=data)


def _check_pdf(data: bytes) -> None:
    if not data.startswith(_PDF_VERSIONS) or _PDF_END not in data[-_TAIL:]:
        raise refused("not_a_pdf")


def _repainted(data: bytes) -> bytes:
    """Blocks while the child works; call it in a thread."""
    command = [sys.executable, "-m", "c2b.fulfillment.repaint"]
    keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        child = subprocess.run(  # noqa: S603  (our own program, fixed arguments)
            command, input=data, capture_output=True, timeout=WALL_SECONDS, cwd=ROOT, env=keep, check=False
        )
    except subprocess.TimeoutExpired:
        raise refused("broken_picture") from None
    if child.returncode == 0 and child.stdout:
        return child.stdout
    raise refused(REASONS.get(child.returncode, "broken_picture"))
