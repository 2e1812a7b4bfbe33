"""The house that the pages of manufacturers and admins are tried in."""

from tests.web.manufacturer.house import app, bo, fresh, mill, rival, root, w

__all__ = ["app", "bo", "fresh", "mill", "rival", "root", "w"]
