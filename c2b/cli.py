"""The `c2b` command: one table of what can be done, each a call of one function that is imported only then.

A target is `module:function`. It takes its options as keyword arguments, may be a coroutine function, and returns
an exit code, or nothing for success.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from c2b import __version__


@dataclass(frozen=True)
class Option:
    """One argument of a command, in the words of argparse."""

    flag: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Command:
    """`words` as typed, the function that does it, and the line `--help` shows."""

    words: str
    target: str
    help: str
    options: tuple[Option, ...] = ()


def flag(name: str, help: str, *, into: str) -> Option:
    """A switch; `into` is the keyword the target knows it by."""
    return Option(name, {"action": "store_true", "help": help, "dest": into})


COMMANDS = (
    Command("run", "c2b.app:run", "the whole product in one process: web, worker and clock (embedded)"),
    Command("demo", "c2b.seeds.demo:main", "do the main job in the terminal on a throw-away database"),
    Command("web", "c2b.app:web", "serve pages and API only; any number of these (scaled)"),
    Command("worker", "c2b.worker:main", "carry out jobs from the broker; any number of these (scaled)"),
    Command("clock", "c2b.clock:main", "ring for what is due; safe to run more than once (scaled)"),
    Command(
        "migrate",
        "c2b.kit.db.migrate:main",
        "bring the database to the newest form",
        (flag("--check", "change nothing; fail where models and migrations differ", into="check_only"),),
    ),
    Command("seed", "c2b.seeds:main", "load the seed world once"),
    Command(
        "users add",
        "c2b.management:add_user",
        "make an account of any role; prints its password once",
        (
            Option("--email", {"required": True}),
            Option("--name", {"required": True}),
            Option("--role", {"required": True, "help": "consumer, manufacturer or admin"}),
            Option("--manufacturer", {"default": "", "help": "slug of the manufacturer, for that role"}),
            Option("--locale", {"default": "en", "help": "en or zh_CN"}),
        ),
    ),
    Command(
        "catalog load",
        "c2b.management:load_catalog",
        "add manufacturers and products from a JSON file",
        (Option("file", {"help": "as c2b/seeds/data/makers.json, with quoted_until and complete terms"}),),
    ),
    Command(
        "catalog publish",
        "c2b.management:publish",
        "publish the next version of a product's schema",
        (
            Option("product", {"help": "slug of the product"}),
            Option("file", {"help": "the JSON Schema document"}),
        ),
    ),
    Command(
        "schemas compare",
        "c2b.management:compare_schemas",
        "tell what a new version of a product schema means for answers given under the old one",
        (Option("old", {"help": "the older document"}), Option("new", {"help": "the newer one"})),
    ),
    Command(
        "schemas check", "c2b.catalog.lint:main", "lint product schemas, their options, labels and examples"
    ),
    Command("timelines check", "c2b.fulfillment.lint:main", "lint the stage graphs of the timelines"),
    Command(
        "i18n check",
        "c2b.kit.translations:check",
        "fail unless every message has one good Chinese translation",
    ),
    Command(
        "i18n update", "c2b.kit.translations:update", "add new messages to locales/zh_CN, drop stale ones"
    ),
    Command("openapi check", "c2b.web.api.openapi:check", "compare the API document with the routes"),
    Command(
        "doctor", "c2b.doctor:main", "look at what this machine has: PDFs, fonts, database, broker, mail"
    ),
)

GROUPS = {
    "schemas": "product schemas",
    "users": "accounts",
    "catalog": "manufacturers and products",
    "timelines": "timeline templates",
    "i18n": "translations",
    "openapi": "the API document",
    "manifest": "tables, checks, indexes and triggers",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = vars(parser().parse_args(arguments))
    target = options.pop("target", None)
    if target is None:
        parser().print_help()
        return 2
    for name in [name for name in options if name.startswith("_")]:
        del options[name]
    return call(load(target), options)


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    root = argparse.ArgumentParser(
        prog="c2b", description="Custom group orders: from a campaign to a purchase order."
    )
    root.add_argument("--version", action="version", version=f"c2b {__version__}")
    commands = root.add_subparsers(title="commands", metavar="<command>", dest="_command")
    groups: dict[str, Any] = {}
    for command in COMMANDS:
        group, _, word = command.words.rpartition(" ")
        if group and group not in groups:
            entry = commands.add_parser(group, help=GROUPS[group], description=GROUPS[group])
            groups[group] = entry.add_subparsers(metavar="<what>", dest="_what", required=True)
        place = groups[group] if group else commands
        entry = place.add_parser(word, help=command.help, description=command.help)
        for option in command.options:
            entry.add_argument(option.flag, **option.settings)
        entry.set_defaults(target=command.target)
    return root


def load(target: str) -> Callable[..., Any]:
    """The function a target names. Raises ImportError or AttributeError where it does not exist."""
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def call(function: Callable[..., Any], options: dict[str, Any]) -> int:
    """Call and wait; an interrupt from the keyboard ends quietly, everything else flies."""
    try:
        result = function(**options)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
    except KeyboardInterrupt:
        return 130
    return int(result or 0)


if __name__ == "__main__":
    sys.exit(main())
