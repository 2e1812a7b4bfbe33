"""Figures for those who look after a campaign."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.insights.lives import Life
from c2b.insights.queries import option_lives
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import json_answer


@require_api("consumer", "admin")
async def lives(request: Request) -> Response:
    """GET /campaigns/{campaign}/option-lives: paid units per cell over time, for its organizer and admins."""
    actor = actor_of(request)
    found = await option_lives(actor, await campaign_for(actor, request.path_params["campaign"]))
    return json_answer(
        {
            "begins_at": found.begins,
            "ends_at": found.ends,
            "locked_at": found.locked_at,
            "units": found.units,
            "cells": [_cell(life) for life in found.lives],
        }
    )


def _cell(life: Life) -> dict[str, Any]:
    cell = life.cell
    return {
        "key": cell.key,
        "level": cell.level,
        "label": dict(cell.label),
        "attribute": cell.attribute or None,
        "minimum": cell.minimum,
        "count": life.count,
        "peak": life.peak,
        "reached_at": life.reached_at,
        "points": [{"at": at, "count": count} for at, count in life.points],
    }


ROUTES: list[Route] = [*resource("/campaigns/{campaign:name}/option-lives", get=lives)]
