"""Does the due jobs of a database and ends; a test kills it somewhere. Usage: crashing.py <database url>"""

from __future__ import annotations

import asyncio
import sys

from c2b import wiring
from c2b.durable.sweep import drain
from c2b.kit.db import Database


async def work(url: str) -> None:
    wiring.connect()
    async with Database(url):
        await drain()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
