"""The composition root: routes, connections and, embedded, worker and clock in one process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from c2b import seeds, wiring
from c2b.clock import keep_time
from c2b.config import Settings, settings
from c2b.durable.broker import Ringer, Worker, make_broker
from c2b.durable.queue import connect_doorbell
from c2b.kit import db, pdf
from c2b.kit.db.migrate import check, migrate
from c2b.payments import gateways
from c2b.payments.gateways.sandbox import checkout
from c2b.web import admin, api, consumer, manufacturer, metrics, webhooks
from c2b.web.app_factory import create_app
from c2b.web.auth import public

log = logging.getLogger(__name__)


@public
async def healthz(_request: Request) -> PlainTextResponse:
    """For load balancers: the process answers and its database does."""
    await db.fetch("SELECT 1 AS yes")
    return PlainTextResponse("ok")


def routes(configured: Settings) -> list[BaseRoute]:
    """All addresses."""
    found: list[BaseRoute] = [
        Route("/healthz", healthz),
        *metrics.routes,
        *api.routes,  # before the pages: addresses are tried in this order, and programs come in crowds
        *consumer.routes,
        *manufacturer.routes,
        *admin.routes,
        *webhooks.routes,
    ]
    if "sandbox" in configured.gateways:
        found += [_open_to_all(route) for route in checkout.routes(gateways.sandbox)]
    return found


def _open_to_all(route: Route) -> Route:
    """The sandbox is another company: anybody with the address of a checkout may see it."""
    return Route(route.path, public(route.endpoint), methods=list(route.methods or ()), name=route.name)


def make_app(configured: Settings | None = None) -> Starlette:
    """The web application; with ``lifespan`` it connects, and embedded it also works and keeps time."""
    configured = configured or settings()
    return create_app(
        routes(configured),
        settings=configured,
        lifespan=lambda app: lifespan(configured),
        form_targets=gateways.form_targets(configured.gateways),
        body_limits={"/webhooks/": 256 * 1024},
        without_cookies=("/sandbox/", "/webhooks/"),
    )


@contextlib.asynccontextmanager
async def lifespan(configured: Settings) -> AsyncIterator[None]:
    """Everything that lives as long as the server."""
    wiring.connect()
    url = db.database_url_of(configured)
    database = await db.Database(url).open(for_every_task=True)
    await check()
    broker = make_broker(configured.broker_url, url)
    ringer = Ringer(broker)
    connect_doorbell(ringer)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.callback(ringer.close)
        if configured.embedded:
            worker = Worker(broker, threads=configured.worker_threads)
            await worker.start()
            stack.push_async_callback(worker.stop)
            stack.callback(pdf.close)  # a document that is being drawn is drawn again after the next start
            stack.push_async_callback(_cancel, asyncio.get_running_loop().create_task(keep_time(configured)))
        yield


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def run() -> int:
    """``c2b run``: the whole product in one process. Migrates, loads the seed world once, serves."""
    configured = settings()
    if not configured.embedded:
        raise SystemExit("`c2b run` is the one-process mode; with BROKER_URL set, use the Procfile instead.")
    _check_port(configured)
    try:
        configured.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            f"The data folder {configured.data_dir} cannot be used: {error.strerror}."
        ) from error
    asyncio.run(migrate(db.database_url_of(configured)))
    seeds.load_once(configured)
    print(_welcome(configured))
    _serve(configured)
    return 0


def web() -> int:
    """``c2b web``: pages and API of a scaled installation."""
    configured = settings()
    for problem in configured.problems():
        raise SystemExit(problem)
    _serve(configured)
    return 0


def _check_port(configured: Settings) -> None:
    """Say that a port is taken before anything else is said."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((configured.host, configured.port))
        except OSError as error:
            where = f"{configured.host}:{configured.port}"
            raise SystemExit(
                f"{where} cannot be used ({error.strerror}). Try another: PORT=8001 make run"
            ) from error


def _serve(configured: Settings) -> None:
    uvicorn.run(
        make_app(configured),
        host=configured.host,
        port=configured.port,
        log_level=configured.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # forwarded addresses are read by our own middleware, from trusted proxies only
        timeout_graceful_shutdown=5,
    )


def _welcome(configured: Settings) -> str:
    lines = [f"\n  C2B is at {configured.base_url}\n", "  Log in as:"]
    lines += [f"    {role:<13} {email:<28} {seeds.PASSWORD}" for role, email in seeds.LOGINS]
    mail = (
        f"{configured.base_url}/outbox" if not configured.mail_url else urlsplit(configured.mail_url).hostname
    )
    lines += ["", f"  Mail lands at {mail}", f"  Data lies in {configured.data_dir}", ""]
    return "\n".join(lines)
