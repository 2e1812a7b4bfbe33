"""Journeys through the API use its rig: the application beside a sandbox provider."""

from tests.web.api.rig import app, fresh_settings, sandbox

__all__ = ["app", "fresh_settings", "sandbox"]
