"""What admins look after: runs, jobs (with another chance for dead ones), and the log of events."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.durable import operations, queries
from c2b.events.queries import all_events
from c2b.payments import cases
from c2b.web.api.listing import listed, window, word
from c2b.web.api.routing import resource
from c2b.web.auth import actor_of, require_api
from c2b.web.views import idempotent, json_answer


@require_api("admin")
async def runs(request: Request) -> Response:
    """GET /admin/runs?state=&workflow=: the latest started first."""
    state, workflow = word(request, "state", queries.RUN_STATES), word(request, "workflow")
    return listed(await queries.runs(window(request, str, str), state=state, workflow=workflow))


@require_api("admin")
async def run(request: Request) -> Response:
    """GET /admin/runs/{run}: its steps, signals and jobs."""
    view = await queries.run(request.path_params["run"])
    fields = {name: getattr(view, name) for name in view.__dataclass_fields__ if name != "line"}
    return json_answer({**view.line.__dict__, **fields})


@require_api("admin")
async def jobs(request: Request) -> Response:
    """GET /admin/jobs?state=&kind=: newest first."""
    state, kind = word(request, "state", queries.JOB_STATES), word(request, "kind")
    return listed(await queries.jobs(window(request), state=state, kind=kind))


@require_api("admin")
async def job(request: Request) -> Response:
    """GET /admin/jobs/{job}: with what it was given and the whole of its latest error."""
    return await _job(request)


@require_api("admin")
@idempotent
async def retry(request: Request) -> Response:
    """POST /admin/jobs/{job}/retry: a dead job gets all its tries again."""
    await operations.retry_job(request.path_params["job"], actor_id=actor_of(request).id)
    return await _job(request)


@require_api("admin")
async def reconciled_days(request: Request) -> Response:
    """GET /admin/reconciliation/days: how each day of each provider compared with our books, the latest first."""
    return listed(await cases.days(window(request, str, str)))


@require_api("admin")
async def reconciliation_cases(request: Request) -> Response:
    """GET /admin/reconciliation/cases?state=: differences to providers' records, newest first."""
    return listed(await cases.cases(window(request), state=word(request, "state", cases.CASE_STATES) or ""))


@require_api("admin")
async def events(request: Request) -> Response:
    """GET /admin/events?name=&campaign_id=&subject=&subject_id=: the log, newest first; ``name=payment.*``."""
    filters = {name: word(request, name) for name in ("name", "campaign_id", "subject", "subject_id")}
    return listed(await all_events(window(request), **filters))


async def _job(request: Request) -> Response:
    view = await queries.job(request.path_params["job"])
    extra: dict[str, datetime | dict | str | None] = {
        "args": view.args,
        "error": view.error,
        "lease_until": view.lease_until,
    }
    return json_answer({**view.line.__dict__, **extra})


ROUTES: list[Route] = [
    *resource("/admin/runs", get=runs),
    *resource("/admin/runs/{run:name}", get=run),
    *resource("/admin/reconciliation/days", get=reconciled_days),
    *resource("/admin/reconciliation/cases", get=reconciliation_cases),
    *resource("/admin/jobs", get=jobs),
    *resource("/admin/jobs/{job:id}", get=job),
    *resource("/admin/jobs/{job:id}/retry", post=retry),
    *resource("/admin/events", get=events),
]
