"""What an operator does on the command line: the first admin, people of a manufacturer, the catalog."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from c2b.accounts.operations import create_user
from c2b.accounts.rules import ROLES
from c2b.catalog.loading import load_maker
from c2b.catalog.models import Manufacturer
from c2b.config import settings
from c2b.kit import db
from c2b.kit.errors import AppError


async def add_user(*, email: str, name: str, role: str, manufacturer: str = "", locale: str = "en") -> int:
    """``c2b users add``: an account of any role; its password is made here and printed once."""
    if role not in ROLES:
        raise SystemExit(f"--role is one of {', '.join(ROLES)}.")
    password = secrets.token_urlsafe(15)
    async with db.Database(db.database_url_of(settings())):
        maker = await Manufacturer.get_or_none(slug=manufacturer) if manufacturer else None
        if (role == "manufacturer") != (maker is not None):
            known = ", ".join([each.slug for each in await Manufacturer.all().order_by("slug")]) or "none yet"
            raise SystemExit(
                f"Exactly the role manufacturer needs --manufacturer with its slug (there are: {known})."
            )
        try:
            await create_user(
                name=name, email=email, password=password, role=role, locale=locale,
                manufacturer_id=maker.id if maker else None,
            )  # fmt: skip
        except AppError as error:
            raise SystemExit(" ".join([error.text(), *(fault.text() for fault in error.fields)])) from error
    print(f"{email} may log in with the password {password} and should change it.")
    return 0


async def load_catalog(*, file: str) -> int:
    """``c2b catalog load``: manufacturers and products from a JSON file; what is there already stays as it is."""
    try:
        makers = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file} cannot be read: {error}") from error
    async with db.Database(db.database_url_of(settings())), db.transaction():
        for data in makers:
            try:
                maker = await load_maker(data)
            except KeyError as error:
                raise SystemExit(
                    f"{data.get('slug', '?')}: {error} is missing; nothing was loaded."
                ) from error
            print(f"{maker.slug}: {', '.join(each['slug'] for each in data['products'])}")
    return 0
