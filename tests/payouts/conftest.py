"""Documents that take no time, and files of one test only."""

from __future__ import annotations

from tests.purchasing.locked import _quick_documents, files

__all__ = ["_quick_documents", "files"]
