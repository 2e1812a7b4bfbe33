"""Workflows being carried out: where each stands, what it waits for, and what every step returned."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.durable import queries
from c2b.durable.queries import RUN_STATES
from c2b.kit.http.paging import window_of
from c2b.web.admin.words import (
    JOB_TONES,
    RUN_TONES,
    WORKFLOWS,
    job_states,
    pretty,
    run_states,
    waits_for,
    workflow_names,
)
from c2b.web.auth import require
from c2b.web.pages import page


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/runs?state=&workflow=&cursor=: the latest started first."""
    state = _one_of(request, "state", RUN_STATES)
    workflow = _one_of(request, "workflow", tuple(WORKFLOWS))
    window = window_of(request.query_params, fields=(str, str))
    found = await queries.runs(window, state=state or None, workflow=workflow or None)
    return page(
        request,
        "pages/admin/runs.html",
        runs=[(run, waits_for(run)) for run in found.items],
        next_cursor=found.next_cursor,
        first=window.after is None,
        state=state,
        workflow=workflow,
        states=[(code, run_states()[code]) for code in RUN_STATES],
        workflows=workflow_names(),
        labels=run_states(),
        tones=RUN_TONES,
    )


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/runs/{id}."""
    run = await queries.run(request.path_params["id"])
    return page(
        request,
        "pages/admin/run.html",
        run=run,
        state="dead" if run.line.dead else run.line.state,
        waits=waits_for(run.line),
        args=pretty(run.args),
        result=pretty(run.result) if run.line.state == "done" else "",
        steps=[(step.name, pretty(step.result), step.finished_at) for step in run.steps],
        signals=[(each.name, pretty(each.payload), each.sent_at) for each in run.signals],
        campaign_id=str(run.args.get("campaign_id", "")),
        workflows=workflow_names(),
        labels=run_states(),
        tones=RUN_TONES,
        job_labels=job_states(),
        job_tones=JOB_TONES,
    )


def _one_of(request: Request, name: str, choices: tuple[str, ...]) -> str:
    asked = request.query_params.get(name, "")
    return asked if asked in choices else ""
