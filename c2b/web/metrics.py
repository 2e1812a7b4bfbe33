"""Figures for a monitoring system, in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from c2b.durable.queries import dead_count
from c2b.payments.cases import days_under_way, open_cases
from c2b.web.auth import require_api

MEDIA_TYPE = "text/plain; version=0.0.4"
_LINES = """\
# HELP c2b_reconciliation_cases_open Differences to providers' records that nobody has closed.
# TYPE c2b_reconciliation_cases_open gauge
c2b_reconciliation_cases_open {cases}
# HELP c2b_reconciliation_days_under_way Days whose comparison has begun and not ended.
# TYPE c2b_reconciliation_days_under_way gauge
c2b_reconciliation_days_under_way {days}
# HELP c2b_jobs_dead Jobs that gave up.
# TYPE c2b_jobs_dead gauge
c2b_jobs_dead {jobs}
"""


@require_api("admin")
async def metrics(_request: Request) -> Response:
    """GET /metrics, with the API token of an admin."""
    text = _LINES.format(cases=await open_cases(), days=await days_under_way(), jobs=await dead_count())
    return PlainTextResponse(text, media_type=MEDIA_TYPE)
