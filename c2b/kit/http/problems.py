"""Problem details for programs (RFC 9457): a status, a stable code, a sentence in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from c2b.kit.errors import FieldError
from c2b.kit.i18n import current_locale

#: More than a person reads at once, and it keeps any refusal small.
MAX_FIELDS = 20


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    fields: Sequence[FieldError] = (),
    request_id: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An ``application/problem+json`` answer. ``code`` is stable; ``detail`` is for people."""
    body: dict[str, Any] = {
        "type": f"urn:c2b:problem:{code}",
        "title": _phrase(status),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if request_id:
        body["request_id"] = request_id
    if fields:
        body["errors"] = [
            {"path": field.path, "code": field.code, "message": field.text()} for field in fields[:MAX_FIELDS]
        ]
    return Response(
        json.dumps(body, ensure_ascii=False),
        status_code=status,
        media_type="application/problem+json",
        headers={"Content-Language": current_locale().replace("_", "-"), **(headers or {})},
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
