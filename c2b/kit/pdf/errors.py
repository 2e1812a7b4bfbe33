"""Why a document could not be drawn, and whether trying again can help."""

from __future__ import annotations


class RenderError(Exception):
    """No document came out. ``reason`` is a stable code; ``permanent`` says that the same input fails again."""

    permanent = False

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class RenderRefused(RenderError):
    """The input itself is at fault: it asks for a forbidden address, is too large or too deep. Do not retry."""

    permanent = True


class RenderFailed(RenderError):
    """The machine is at fault: the child process died twice, or the disk is full. Retrying may help."""
