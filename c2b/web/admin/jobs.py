"""Jobs: what is due, at work or done, and above all what gave up and needs another chance."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from c2b.durable import queries
from c2b.durable.operations import JobNotDead, retry_job
from c2b.durable.queries import JOB_STATES
from c2b.kit.http.paging import window_of
from c2b.kit.http.redirects import see_other
from c2b.kit.i18n import N_
from c2b.web.admin.words import JOB_TONES, job_states, pretty
from c2b.web.auth import actor_of, require
from c2b.web.flash import flash
from c2b.web.pages import page


@require("admin")
async def index(request: Request) -> Response:
    """GET /admin/jobs?state=&cursor=: newest first."""
    asked = request.query_params.get("state", "")
    state = asked if asked in JOB_STATES else ""
    window = window_of(request.query_params)
    found = await queries.jobs(window, state=state or None)
    return page(
        request,
        "pages/admin/jobs.html",
        jobs=found.items,
        next_cursor=found.next_cursor,
        first=window.after is None,
        state=state,
        dead=await queries.dead_count(),
        labels=job_states(),
        tones=JOB_TONES,
    )


@require("admin")
async def show(request: Request) -> Response:
    """GET /admin/jobs/{id}."""
    job = await queries.job(request.path_params["id"])
    return page(
        request, "pages/admin/job.html", job=job, args=pretty(job.args), labels=job_states(), tones=JOB_TONES
    )


@require("admin")
async def retry(request: Request) -> Response:
    """POST /admin/jobs/{id}/retry: all its tries again, due now. Twice is once."""
    job_id = request.path_params["id"]
    response = see_other(f"/admin/jobs/{job_id}")
    try:
        await retry_job(job_id, actor_id=actor_of(request).id)
    except JobNotDead as error:
        flash(response, error.message, kind="info")
        return response
    flash(response, N_("The job is due again."))
    return response
