"""Figures for monitoring, in the text format of Prometheus: what waits for a person, by what kind of thing."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from c2b.config import settings
from c2b.durable.queries import dead_count
from c2b.kit.errors import NotFound
from c2b.payments import cases, disbursements, refunds
from c2b.payments.statement import reading as statement
from c2b.web.auth import public

#: prometheus.io/docs/instrumenting/exposition_formats
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@public
async def show(request: Request) -> Response:
    """GET /metrics with ``Authorization: Bearer`` and the ``C2B_METRICS_TOKEN``; without one it does not exist."""
    token = settings().metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not token or not secrets.compare_digest(given.encode(), token.encode()):
        raise NotFound
    lines = [line for name, about, samples in await _figures() for line in _family(name, about, samples)]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=MEDIA_TYPE)


async def _figures() -> list[tuple[str, str, dict[str, int]]]:
    compared = await cases.standing(settings().gateways)
    return [
        ("c2b_reconciliation_cases_open", "Differences to a provider's record that nobody has closed.",
         {f'gateway="{name}"': each.open_cases for name, each in compared.items()}),
        ("c2b_reconciliation_latest_day_timestamp_seconds", "Midnight UTC of the latest day that was compared.",
         {f'gateway="{name}"': each.latest_second for name, each in compared.items()}),
        ("c2b_refunds_waiting", "Refunds that a person has to see to.", {"": await refunds.waiting()}),
        ("c2b_bank_lines_open", "Lines of the bank statement that nobody has decided about.",
         {"": await statement.waiting()}),
        ("c2b_bank_transfers_waiting", "Bank transfers to approve or to send.", {"": await disbursements.waiting()}),
        ("c2b_jobs_dead", "Jobs that gave up.", {"": await dead_count()}),
    ]  # fmt: skip


def _family(name: str, about: str, samples: dict[str, int]) -> list[str]:
    told = [f"{name}{{{labels}}} {n}" if labels else f"{name} {n}" for labels, n in samples.items()]
    return [f"# HELP {name} {about}", f"# TYPE {name} gauge", *told]


routes = [Route("/metrics", show, methods=["GET"])]
