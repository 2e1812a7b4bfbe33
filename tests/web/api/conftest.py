"""The API beside a sandbox provider: see rig.py."""

from tests.web.api.rig import app, fresh_settings, sandbox

__all__ = ["app", "fresh_settings", "sandbox"]
