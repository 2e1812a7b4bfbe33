"""What an operator does on the command line: the first admin, people of a manufacturer, the catalog."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

from c2b.accounts.operations import create_user
from c2b.accounts.rules import ROLES
from c2b.catalog import dialect
from c2b.catalog.evolution import Comparison, compare
from c2b.catalog.lint import problems_of
from c2b.catalog.loading import load_maker
from c2b.catalog.models import Manufacturer, Product
from c2b.catalog.operations import publish_schema
from c2b.catalog.queries import latest_schema
from c2b.catalog.schema import parse_schema
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


async def publish(*, product: str, file: str) -> int:
    """``c2b catalog publish``: the next version of a product's schema; campaigns stay with theirs until moved."""
    document = _schema_in(file)
    async with db.Database(db.database_url_of(settings())):
        found = await Product.get_or_none(slug=product)
        if found is None:
            known = ", ".join([each.slug for each in await Product.all().order_by("slug")]) or "none yet"
            raise SystemExit(f"There is no product {product} (there are: {known}).")
        before = await latest_schema(found.id)
        try:
            version = await publish_schema(found.id, document)
        except dialect.Refused as error:
            raise SystemExit(_refusal(file, error.problems)) from error
        if version.version == before.version:
            print(f"{product}: this is version {version.version} already; nothing was published.")
            return 0
        print(f"{product}: version {version.version} is published.")
        _show(compare(before.parsed, parse_schema(document), currency=found.currency))
    return 0


def compare_schemas(*, old: str, new: str) -> int:
    """``c2b schemas compare``: what a new version means for answers given under the old one."""
    documents = [_schema_in(each) for each in (old, new)]
    for name, document in zip((old, new), documents, strict=True):
        if problems := problems_of(document):
            raise SystemExit(_refusal(name, problems))
    _show(compare(*map(parse_schema, documents)))
    return 0


def _schema_in(file: str) -> Any:
    try:
        return json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file} cannot be read: {error}") from error


def _refusal(file: str, problems: list[dialect.Problem]) -> str:
    return "\n".join(f"{file}: {problem}" for problem in problems)


def _show(comparison: Comparison) -> None:
    print(f"For answers given: {comparison.kind}.")
    for change in comparison.changes:
        print(f"  {change.kind:9}  {change.words}")
