"""A small, named, believable world, loaded once; and the demo that does the main job in a terminal."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from c2b import wiring
from c2b.config import Settings, settings
from c2b.kit import clock, db
from c2b.seeds.acting import sandbox_without_server
from c2b.seeds.people import LOGINS, PASSWORD
from c2b.seeds.world import build, is_built

__all__ = ["LOGINS", "PASSWORD", "load_once", "main"]


def load_once(configured: Settings) -> bool:
    """Load the seed world unless it is there. ``False`` if it was there.

    In the embedded mode a load that was cut off is begun again from an empty database: nobody has used it yet.
    """
    mark = configured.data_dir / "seeding"
    if configured.embedded and mark.exists():
        _clear(configured)
    return asyncio.run(_load(configured, mark))


async def _load(configured: Settings, mark: Path) -> bool:
    wiring.connect()
    async with db.Database(db.database_url_of(configured)):
        if await is_built():
            return False
        print("Loading the seed world, once: campaigns, payments, a purchase order, a timeline …", flush=True)
        began = time.perf_counter()
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        try:
            with sandbox_without_server(configured):
                await build(clock.now())
        finally:
            clock.reset()
        mark.unlink()
        print(f"Loaded in {time.perf_counter() - began:.0f} s.", flush=True)
        return True


def _clear(configured: Settings) -> None:
    from c2b.kit.db.migrate import migrate

    url = db.database_url_of(configured)
    database = Path(url.split("://", 1)[1])
    for path in (database, configured.sandbox_path):
        for old in path.parent.glob(f"{path.name}*"):
            old.unlink()
    for folder in ("files", "outbox"):
        shutil.rmtree(configured.data_dir / folder, ignore_errors=True)
    asyncio.run(migrate(url))


def main() -> int:
    """``c2b seed``: load the seed world into the configured, migrated database."""
    print("The seed world is loaded." if load_once(settings()) else "The seed world was there already.")
    return 0
