"""The only way out of a document: named pieces held in memory. Everything else ends the rendering.

An ordinary error would be swallowed and leave a document that is silently incomplete, so refusals are fatal
(addresses of any kind: http, https, ftp, file, data, and those hidden in style sheets or drawings). Inside a drawing
the layout engine swallows even fatal ones, so they are remembered too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

SCHEME = "asset:"


class AssetFetcher(URLFetcher):
    """Serves ``asset:<name>`` from a mapping name -> bytes; raises ``FatalURLFetchingError`` for anything else."""

    def __init__(self, assets: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self._assets = assets
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        name = url.removeprefix(SCHEME)
        if not url.startswith(SCHEME) or name not in self._assets:
            self.refused.append(f"a document may not load {url[:120]!r}")
            raise FatalURLFetchingError(self.refused[-1])
        return URLFetcherResponse(url, self._assets[name])
