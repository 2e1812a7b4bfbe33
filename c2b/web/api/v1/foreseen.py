"""If a group closed now: for programs, true for the present wishes or absent, as pages show it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.catalog.queries import pinned_schema
from c2b.catalog.rules import ProductSchema
from c2b.participations.explanations.explained import explained
from c2b.participations.foresight.foreseen import foreseen
from c2b.participations.foresight.urging import urge
from c2b.participations.wishes.promoting import promoted
from c2b.web.api.routing import resource
from c2b.web.auth import current_actor, public
from c2b.web.views import json_answer

_CELL = ("key", "level", "label", "minimum", "wanted", "count", "fee_minor", "made")


@public
async def show(request: Request) -> Response:
    """GET /campaigns/{campaign}/preview: what would be made, and at which price."""
    campaign = await campaign_for(current_actor(request), request.path_params["campaign"])
    found = await foreseen(campaign)
    if found is None:
        return json_answer({"preview": None})
    return json_answer(
        {
            "preview": {
                "goes_ahead": found.units >= campaign["threshold"],
                "units": found.units,
                "paid": found.paid,
                "unit_price_minor": found.unit_price_minor,
                "currency": campaign["currency"],
                "assumed": found.assumed,
                "cells": [{name: cell[name] for name in _CELL} for cell in found.cells],
            }
        }
    )


async def own_preview(row: dict[str, Any]) -> dict[str, Any]:
    """``preview``: what a member would get if their group closed now, from their participation's row, or ``None``
    where the group would not go ahead, nothing is known at the moment, or they have not paid. ``nudges``: what they
    could do for others."""
    campaign = {"id": row["campaign_id"], "state": row["campaign_state"]}
    names = ("wishes_version", "terms_version", "threshold")
    found = await foreseen({**campaign, **{name: row[name] for name in names}})
    outcome = found.outcome_of(row["id"]) if found and found.units >= row["threshold"] else None
    if found is None or outcome is None:
        return {"preview": None, "nudges": []}
    schema = (await pinned_schema(row["schema_id"])).parsed
    return {
        "preview": explained(schema, outcome, row["currency"]),
        "nudges": [_nudge(schema, nudge, row, position) for nudge, position in found.nudges_for(row["id"])],
    }


def _nudge(
    schema: ProductSchema, nudge: dict[str, Any], row: dict[str, Any], position: int
) -> dict[str, Any]:
    names = ("key", "count", "minimum", "people", "served", "better")
    answers, preferences = promoted(row["answers"], row["preferences"], position)
    return {
        "sentence": urge(schema, nudge),
        **{name: nudge[name] for name in names},
        "requirement": {"answers": answers, "preferences": preferences},
    }


ROUTES: list[Route] = [*resource("/campaigns/{campaign:name}/preview", get=show)]
