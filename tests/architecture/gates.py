"""What the code may not say, as functions: text in, complaints out ("12: float() of price_minor").

Each gate looks at one file. The exceptions are listed here with their reasons, and nowhere else.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator

Gate = Callable[[str, str], Iterator[str]]  # (path from the root, text) → complaints

# ---- Python ----------------------------------------------------------------------------------------------------


def money_without_floats(path: str, text: str) -> Iterator[str]:
    """Minor units are integers: neither `/` nor float(), round() or a float annotation comes near them."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
            if any(mentions_money(side) for side in sides):
                yield f"{node.lineno}: `/` on minor units makes a float; use // or kit.money"
        elif isinstance(node, ast.Call) and called(node) in ("float", "round"):
            if any(mentions_money(argument) for argument in node.args):
                yield f"{node.lineno}: {called(node)}() of minor units"
        elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            if name.endswith("_minor") and "float" in ast.unparse(node.annotation):
                yield f"{node.lineno}: {name} is a float"


#: Where amounts and shares of them are counted, whatever their names are.
MONEY_AREAS = (
    "c2b/allocation/", "c2b/campaigns/", "c2b/invoicing/", "c2b/kit/money.py", "c2b/ledger/", "c2b/participations/",
    "c2b/payments/", "c2b/payouts/", "c2b/purchasing/", "c2b/referrals/", "workflows/", "c2b/catalog/quotes.py",
)  # fmt: skip


def whole_numbers_where_money_is(path: str, text: str) -> Iterator[str]:
    """Areas of money know no float at all: no literal, no float(), round() or `/` but of paths; only seconds may be."""
    if not path.startswith(MONEY_AREAS):
        return
    tree = ast.parse(text)
    of_time = {
        node.annotation for node in ast.walk(tree)
        if (isinstance(node, ast.arg) and node.arg == "seconds")
        or (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "seconds")
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.lineno}: {node.value} is a float"
        elif isinstance(node, ast.Name) and node.id == "float" and node not in of_time:
            yield f"{node.lineno}: float"
        elif isinstance(node, ast.Call) and called(node) == "round":
            yield f"{node.lineno}: round()"
        elif (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and isinstance(node.op, ast.Div)
            and not _of_a_path(node)
        ):
            yield f"{node.lineno}: `/` makes a float; use // or kit.money"


def _of_a_path(node: ast.BinOp | ast.AugAssign) -> bool:
    if isinstance(node, ast.AugAssign):
        return False
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def mentions_money(node: ast.expr) -> bool:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    names |= {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return any(name == "minor" or name.endswith("_minor") for name in names)


MARKUP_ALLOWED = {
    "c2b/kit/templating.py": "escapes first, then fills placeholders that escape what they take",
    "c2b/kit/http/csrf.py": "a constant tag, its attributes filled by the escaping format",
    "c2b/web/api/reading.py": "escapes our own API document first, then marks code and emphasis",
    "c2b/web/consumer/invitation.py": "a QR code drawn by segno; nothing a person typed is in it",
}


def no_markup_in_code(path: str, text: str) -> Iterator[str]:
    """Text becomes HTML in templates, which escape; code that builds markup is listed with its reason."""
    if path in MARKUP_ALLOWED:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and called(node) == "Markup":
            yield f"{node.lineno}: Markup() outside of the listed modules"


# a library that is dangerous, or slow to import, lives behind one door
DOORS = {
    "jsonschema": (
        "c2b/catalog/engine.py",
        "c2b/catalog/messages.py",
        "c2b/catalog/lint.py",
        "c2b/fulfillment/lint.py",
        "c2b/web/api/openapi.py",  # check our own files only
    ),
    "jsonschema_rs": ("c2b/catalog/validation.py",),
    "re2": ("c2b/catalog/", "c2b/kit/"),
    "weasyprint": ("c2b/kit/pdf/",),
    "pikepdf": ("c2b/kit/pdf/",),
    "dramatiq": ("c2b/worker.py", "c2b/clock.py", "c2b/app.py", "c2b/kit/", "c2b/durable/"),
    "argon2": ("c2b/accounts/",),
    "aiosmtplib": ("c2b/kit/mail", "c2b/notifications/", "c2b/doctor.py"),
    "asyncpg": ("c2b/kit/db/",),
    "aiosqlite": ("c2b/kit/db/",),
    "pickle": (),  # runs what it reads
}


def libraries_behind_their_door(path: str, text: str) -> Iterator[str]:
    """Each library of DOORS is imported only where its dangers are handled."""
    for line, module in imports_of(ast.parse(text)):
        doors = DOORS.get(module.split(".")[0])
        if doors is not None and not path.startswith(doors):
            yield f"{line}: imports {module} outside of {', '.join(doors) or 'nowhere'}"


CLOCK_ALLOWED = {
    "c2b/kit/clock.py": "is the clock",
    "c2b/kit/ids.py": "ids sort by the time they were made, also where a test holds the clock still",
}
WALL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}


def one_clock(path: str, text: str) -> Iterator[str]:
    """The time of day comes from kit.clock, which tests and demos can set; time.monotonic is for durations."""
    if path in CLOCK_ALLOWED:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ".".join(ast.unparse(node.func).split(".")[-2:]) in WALL_CLOCK:
            yield f"{node.lineno}: {ast.unparse(node.func)}() instead of kit.clock"


IMPURE_KIT = {"clock", "db", "ids", "http", "pdf", "storage", "mail", "templating"}
IMPURE_DRAWERS = {"models", "queries", "operations", "jobs", "documents"}


def pure_rules(path: str, text: str) -> Iterator[str]:
    """rules.py: values in, values out. Standard library, kit's values, other rules, its domain's pure modules."""
    tree = ast.parse(text)
    own = path.removesuffix("/rules.py").replace("/", ".")
    for line, module in imports_of(tree):
        first, *rest = module.split(".")
        if first != "c2b":
            if first not in sys.stdlib_module_names and first != "__future__":
                yield f"{line}: rules import {module}"
        elif rest[:1] == ["kit"]:
            if set(rest[1:2]) & IMPURE_KIT:
                yield f"{line}: rules import {module}; pass the value in"
        elif rest[1:2] != ["rules"] and (not module.startswith(own + ".") or set(rest[1:2]) & IMPURE_DRAWERS):
            yield f"{line}: rules import {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{node.lineno}: rules do not wait"
        elif isinstance(node, ast.Call) and called(node) in ("open", "print"):
            yield f"{node.lineno}: rules do not {called(node)}()"


LONGEST, LONGEST_TEST = 320, 450  # tables of cases are long and read easily
LONG_ALLOWED: dict[str, str] = {}


def short_files(path: str, text: str) -> Iterator[str]:
    """Past about 300 lines there is a noun that wants its own file."""
    lines = text.count("\n")
    if path.startswith("c2b/migrations/"):
        return  # written by the machine
    most = LONGEST_TEST if path.startswith("tests/") else LONGEST
    if lines > most and path not in LONG_ALLOWED:
        yield f"{lines}: lines, more than {most}"


def no_swallowed_errors(path: str, text: str) -> Iterator[str]:
    """`except: pass` and its like hide what went wrong; contextlib.suppress(Named) with a reason says it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            if broad and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body):
                yield f"{node.lineno}: swallows every error"


# ---- templates -------------------------------------------------------------------------------------------------

_UNSAFE = re.compile(r"\|\s*safe\b|\bautoescape\s+false|\bMarkup\b")


def escaped_templates(path: str, text: str) -> Iterator[str]:
    """Everything a template shows is escaped."""
    for number, line in enumerate(text.splitlines(), 1):
        if _UNSAFE.search(line):
            yield f"{number}: switches escaping off"


_INLINE = re.compile(r"<style\b|\sstyle\s*=|<script\b(?![^>]*\bsrc=)|\son[a-z]+\s*=|javascript:", re.I)
_BARE = re.compile(r"\s[\w-]+=\{\{")


def templates_for_a_strict_policy(path: str, text: str) -> Iterator[str]:
    """Pages obey the Content-Security-Policy: no inline style, script or handler; no unquoted attribute."""
    if path.startswith(("templates/documents/", "templates/emails/")):
        return  # never shown by our pages; mail programs know only inline styles
    for number, line in enumerate(text.splitlines(), 1):
        if _INLINE.search(line):
            yield f"{number}: inline style, script or handler"
        if _BARE.search(line):
            yield f"{number}: an attribute without quotes"


# ---- every text file -------------------------------------------------------------------------------------------

_MACHINE = re.compile(r"(?<![\w.<{}$-])/(?:root|work|Users|home/[a-z]\w+|opt/\w+)/[\w.]")
_REGISTRY = re.compile(r"\b(?:pypi|pythonhosted|npmjs|yarnpkg)\.(?:org|com)\b|--(?:index-url|find-links)\b")


def no_machine_paths(path: str, text: str) -> Iterator[str]:
    """Nothing knows the machine it was written on, nor where packages came from."""
    for number, line in enumerate(text.splitlines(), 1):
        if _MACHINE.search(line):
            yield f"{number}: an absolute path of one machine"
        if _REGISTRY.search(line):
            yield f"{number}: a package registry"


# ---- helpers ---------------------------------------------------------------------------------------------------


def called(node: ast.Call) -> str:
    """The bare name of what a call calls: `Markup` for `markupsafe.Markup(…)`."""
    return ast.unparse(node.func).split(".")[-1]


def imports_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every imported module with its line, also inside functions; `from a import b` gives `a.b` and `a`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            first = node.module.split(".")[0]
            yield from ((node.lineno, name) for name in (names if first == "c2b" else [node.module]))
