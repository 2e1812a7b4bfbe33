"""Files that never change under their address: the address holds a hash of the content.

They are read once at start (a few hundred kilobytes), compressed once, and served from memory.
"""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from c2b.kit.ids import sha256_hex

YEAR = "public, max-age=31536000, immutable"
_TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class _File:
    content: bytes
    zipped: bytes | None
    media_type: str
    hash: str


class Statics:
    """An ASGI app over a folder, and the addresses of what is in it."""

    def __init__(self, folder: Path, *, at: str = "/static") -> None:
        self.at = at
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }

    def url(self, name: str) -> str:
        """The address of a file, with its hash. Raises KeyError when there is no such file."""
        return f"{self.at}/{self._files[name].hash}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(self.at).lstrip("/")
        hash_, _, name = path.partition("/")
        file = self._files.get(name)
        # another release's hash gets the present file, but nobody may keep it under that address
        named_by_hash = file is not None and file.hash == hash_
        file = file or self._files.get(path)
        if file is None:
            raise HTTPException(404)
        await _response(file, Headers(scope=scope), immutable=named_by_hash)(scope, receive, send)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = gzip.compress(content, mtime=0) if media_type.startswith(_TEXT) else None
    return _File(content, zipped, media_type, sha256_hex(content)[:12])


def _response(file: _File, headers: Headers, *, immutable: bool) -> Response:
    etag = f'"{file.hash}"'
    common = {
        "ETag": etag,
        "Cache-Control": YEAR if immutable else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=common)
    if file.zipped is not None and "gzip" in headers.get("accept-encoding", ""):
        return Response(
            file.zipped, media_type=file.media_type, headers={**common, "Content-Encoding": "gzip"}
        )
    return Response(file.content, media_type=file.media_type, headers=common)
