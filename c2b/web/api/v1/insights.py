"""Figures for those who look after a campaign."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.insights.lives import Life
from c2b.insights.queries import option_lives
from c2b.kit.errors import NotFound
from c2b.participations.closing.proposals import allocation_of
from c2b.participations.explanations.outcomes import read_outcome
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.outcomes import reason_words, result_words
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


@require_api("consumer", "admin")
async def allocation(request: Request) -> Response:
    """GET /campaigns/{campaign}/allocation: who would get what, or got it, for its organizer and admins."""
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["campaign"])
    found = await allocation_of(actor, campaign)
    if found is None:
        raise NotFound
    schema, result = (await pinned_schema(campaign["schema_id"])).parsed, found["result"]
    names = ("units", "unit_price_minor", "units_bound", "optimal", "cells", "cost")
    return json_answer(
        {
            **{name: found[name] for name in ("round", "turn", "state", "created_at", "objections_until")},
            **{name: result[name] for name in names},
            "currency": campaign["currency"],
            "members": [
                _seat(schema, each, found, campaign["currency"])
                for each in result["members"]
                if each["id"] in found["names"]
            ],
        }
    )


def _seat(
    schema: ProductSchema, member: dict[str, Any], found: dict[str, Any], currency: str
) -> dict[str, Any]:
    outcome = read_outcome(member["outcome"])
    return {
        "id": member["id"],
        "name": found["names"][member["id"]],
        "quantity": member["units"],
        "kind": outcome.kind,
        "rank": outcome.rank,
        "cause": outcome.cause,
        "answers": member["answers"],
        "unit_price_minor": outcome.unit_price_minor,
        "fee_minor": outcome.fee_minor,
        "settled_minor": member["settled_minor"],
        "result": result_words(schema, outcome, currency),
        "reason": reason_words(schema, outcome, currency),
        "may_object": member["id"] in found["result"]["asked"],
        "accepted": member["id"] in found["accepted"],
    }


ROUTES: list[Route] = [
    *resource("/campaigns/{campaign:name}/option-lives", get=lives),
    *resource("/campaigns/{campaign:name}/allocation", get=allocation),
]
