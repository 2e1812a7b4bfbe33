"""What an admin decides by a form: done and said, or the form again with what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from c2b.kit.errors import AppError, Conflict, Invalid
from c2b.kit.http.redirects import see_other
from c2b.web.flash import flash


async def decided(
    doing: Awaitable[object], message: str, *, to: str, again: Callable[[AppError], Awaitable[Response]]
) -> Response:
    """Go to the page ``to`` and say ``message``; where that was refused, show the form ``again``."""
    try:
        await doing
    except (Invalid, Conflict) as error:
        return await again(error)
    response = see_other(to)
    flash(response, message)
    return response
