"""`c2b doctor`: looks at everything the product leans on and says, a line each, what is well and what to do."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from c2b.config import Settings, settings

APT_LINE = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
SAMPLE = "<p>Purchase order 采购订单</p>"
PATIENCE = 20  # seconds for one look; a server that needs longer is not well


class Unwell(Exception):
    """Something is missing; the message says what to do about it."""


Look = Callable[[Settings], Awaitable[str]]


async def main() -> int:
    """Every look, one line each; 1 where something is unwell."""
    config, unwell = settings(), 0
    for name, look in LOOKS.items():
        try:
            print(f"  ok      {name:10} {await asyncio.wait_for(look(config), PATIENCE)}")
        except Exception as error:  # a look fails in as many ways as there are drivers; each is shown
            unwell += 1
            print(f"  unwell  {name:10} {str(error) or type(error).__name__}")
    print("Everything is well." if not unwell else f"{unwell} to mend.")
    return 1 if unwell else 0


async def python(_: Settings) -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


async def configuration(config: Settings) -> str:
    problems = config.problems()
    if problems:
        raise Unwell(" ".join(problems))
    return "one process, embedded" if config.embedded else "several processes, scaled"


async def files(config: Settings) -> str:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=config.data_dir):
        free = os.statvfs(config.data_dir)
    return f"{config.data_dir} is writable, {free.f_bavail * free.f_frsize // 2**30} GB free"


async def fonts(_: Settings) -> str:
    from c2b.kit.fonts import BOLD, REGULAR, coverage

    for path in (REGULAR, BOLD):
        missing = [char for char in SAMPLE if ord(char) not in coverage(path)]
        if missing:
            raise Unwell(
                f"{path.name} cannot draw {''.join(missing)}: restore assets/fonts from the repository"
            )
    return f"{len(coverage(REGULAR)):,} characters, regular and bold"


async def documents(_: Settings) -> str:
    from c2b.kit import pdf

    try:
        drawn = await pdf.render(SAMPLE)
    except (pdf.RenderError, OSError) as error:
        raise Unwell(f"no PDF could be drawn ({error}); on Debian: {APT_LINE}") from error
    return f"a PDF with Chinese text, {len(drawn) // 1000} kB"


async def database(config: Settings) -> str:
    from c2b.kit.db import Database, database_url_of, fetch
    from c2b.kit.db.migrate import check

    url = database_url_of(config)
    path = Path(url.removeprefix("sqlite://"))
    if url.startswith("sqlite") and not path.exists():
        return f"{path.name} does not exist yet; `c2b run` makes it"
    async with Database(url):
        await fetch("SELECT 1")
        await check()
    return f"{without_password(url)}, in step with this version"


async def broker(config: Settings) -> str:
    if config.embedded:
        return "none needed"
    await asyncio.to_thread(ring_at, config.broker_url)
    return without_password(config.broker_url)


def ring_at(url: str) -> None:
    """Connect to Redis or RabbitMQ once. Raises what the driver raises."""
    if url.startswith("redis"):
        import redis

        redis.Redis.from_url(url).ping()
        return
    import pika

    pika.BlockingConnection(pika.URLParameters(url)).close()


async def gateways(config: Settings) -> str:
    from c2b.payments.gateways import problems

    if found := problems(os.environ, config.gateways):
        raise Unwell(" ".join(found))
    return ", ".join(config.gateways)


async def mail(config: Settings) -> str:
    if not config.mail_url:
        return "kept in the outbox page"
    import aiosmtplib

    parts = urlsplit(config.mail_url)
    secure = parts.scheme == "smtps"
    async with aiosmtplib.SMTP(
        hostname=parts.hostname, port=parts.port, use_tls=secure, timeout=10
    ) as server:
        await server.noop()
    return without_password(config.mail_url)


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", ":…@", 1)


LOOKS: dict[str, Look] = {
    "python": python,
    "settings": configuration,
    "files": files,
    "fonts": fonts,
    "documents": documents,
    "database": database,
    "broker": broker,
    "gateways": gateways,
    "mail": mail,
}
