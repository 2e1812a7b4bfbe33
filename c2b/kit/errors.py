"""Errors that people may see: a status, a stable code and a sentence somebody can act on.

A domain defines its errors beside the code that raises them, as subclasses of these. ``message`` is an English
message id, translated where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from c2b.kit.i18n import N_, gettext


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one answer. ``path`` is dotted ("engraving.text"); empty for the whole form."""

    path: str
    code: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The sentence in the reader's language."""
        return gettext(self.message).format(**self.params)

    def __str__(self) -> str:
        """A fault may be the reason that another one names."""
        return self.text()


class AppError(Exception):
    """Base of all refusals. ``status`` is the HTTP status, ``code`` stable for programs."""

    status = 500
    code = "error"
    message = N_("Something went wrong.")

    def __init__(self, *, fields: list[FieldError] | None = None, **params: Any) -> None:
        self.params = params
        self.fields = fields or []
        super().__init__(self.code, params, self.fields)

    def text(self) -> str:
        """The sentence in the reader's language."""
        return gettext(self.message).format(**self.params)


class Invalid(AppError):
    status = 422
    code = "invalid"
    message = N_("Some answers need another look.")


class Conflict(AppError):
    status = 409
    code = "conflict"
    message = N_("This is not possible at the moment.")


class NotFound(AppError):
    status = 404
    code = "not_found"
    message = N_("There is nothing here, or it is not yours to see.")


class Forbidden(AppError):
    status = 403
    code = "forbidden"
    message = N_("You may not do this.")


class Unauthorized(AppError):
    status = 401
    code = "unauthorized"
    message = N_("Please log in first.")


class TooMany(AppError):
    status = 429
    code = "too_many"
    message = N_("Too many attempts. Please wait {seconds} seconds and try again.")


class Busy(AppError):
    status = 503
    code = "busy"
    message = N_("Very many people are here at once. Please try again in a moment.")
