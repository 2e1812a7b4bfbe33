"""The house obeys its gates, and each gate can say no."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from c2b.config import ROOT
from tests.architecture import gates

CODE = ("c2b/**/*.py", "workflows/**/*.py")
TEXTS = ("*", ".ci/*", "[a-z]*/**/*")
NOT_OURS = ("c2b/web/static/vendor/", "var/", "build/", "dist/")

# gate, the files it looks at, a text it refuses (at a path where it applies), one it accepts
GATES = [
    (gates.money_without_floats, CODE, "x = price_minor / 2", "x = price_minor // 2 + a / b"),
    (gates.money_without_floats, CODE, "x = float(row['total_minor'])", "x = int(row['total_minor'])"),
    (gates.money_without_floats, CODE, "def f(*, fee_minor: float): ...", "def f(*, fee_minor: int): ..."),
    (gates.money_without_floats, CODE, "order.total_minor /= 3", "order.total_minor //= 3"),
    (
        gates.whole_numbers_where_money_is,
        CODE,
        "x = total / 3",
        "x = total // 3 + (a @ b)\ny = folder / 'name'",
    ),
    (gates.whole_numbers_where_money_is, CODE, "rate = 0.05", "rate_bp = 500"),
    (gates.whole_numbers_where_money_is, CODE, "x = round(total, 2)", "x = divide_half_up(total, 100)"),
    (gates.whole_numbers_where_money_is, CODE, "def f(rate: float): ...", "def f(seconds: float): ..."),
    (gates.no_markup_in_code, CODE, "x = markupsafe.Markup(name)", "x = escape(name)"),
    (
        gates.libraries_behind_their_door,
        CODE,
        "from weasyprint import HTML",
        "from c2b.kit.pdf import render",
    ),
    (gates.libraries_behind_their_door, CODE, "def f():\n    import jsonschema", "import json"),
    (gates.libraries_behind_their_door, CODE, "import pickle", "import decimal"),
    (gates.one_clock, CODE, "x = datetime.now(UTC)", "x = clock.now()"),
    (gates.one_clock, CODE, "x = datetime.date.today()", "x = clock.today()"),
    (gates.one_clock, CODE, "x = time.time()", "x = time.monotonic()"),
    (gates.pure_rules, ("c2b/*/rules.py",), "import tortoise", "import decimal"),
    (gates.pure_rules, ("c2b/*/rules.py",), "from c2b.kit import clock", "from c2b.kit import money"),
    (
        gates.pure_rules,
        ("c2b/*/rules.py",),
        "from c2b.kit.db import fetch",
        "from c2b.kit.errors import Invalid",
    ),
    (
        gates.pure_rules,
        ("c2b/*/rules.py",),
        "from c2b.bad.models import Bad",
        "from c2b.bad.graph import Graph",
    ),
    (
        gates.pure_rules,
        ("c2b/*/rules.py",),
        "from c2b.ledger.pure import f",
        "from c2b.ledger.rules import f",
    ),
    (gates.pure_rules, ("c2b/*/rules.py",), "async def f(): ...", "def f(): ..."),
    (gates.short_files, (*CODE, "tools/*.py", "tests/**/*.py"), "x = 1\n" * 321, "x = 1\n" * 320),
    (gates.no_swallowed_errors, CODE, "try: f()\nexcept Exception: pass", "try: f()\nexcept KeyError: pass"),
    (gates.escaped_templates, ("templates/**/*",), "{{ name | safe }}", "{{ name }} is safe"),
    (gates.escaped_templates, ("templates/**/*",), "{% autoescape false %}", "{% if safe %}"),
    (
        gates.templates_for_a_strict_policy,
        ("templates/**/*",),
        '<p style="color: red">',
        '<p class="warning">',
    ),
    (
        gates.templates_for_a_strict_policy,
        ("templates/**/*",),
        "<script>go()</script>",
        '<script src="/a.js">',
    ),
    (gates.templates_for_a_strict_policy, ("templates/**/*",), '<a onclick="go()">', '<a hx-on="click">'),
    (gates.templates_for_a_strict_policy, ("templates/**/*",), "<a href={{ url }}>", '<a href="{{ url }}">'),
    (gates.no_machine_paths, TEXTS, "path = '/" + "root/project/x'", "path = '/var/lib/x', templates/home/x"),
    (gates.no_machine_paths, TEXTS, "--index" + "-url x", "index url"),
]
IDS = [f"{gate.__name__}-{number}" for number, (gate, *_) in enumerate(GATES)]
WHERE = {("c2b/*/rules.py",): "c2b/bad/rules.py", ("templates/**/*",): "templates/pages/bad.html"}


def files(patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(path from the root, text) of every file of ours that matches; what is not text is left out."""
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}):
        name = path.relative_to(ROOT).as_posix()
        if name != ".git" and not name.startswith(NOT_OURS) and "__pycache__" not in name:
            text = read(path)
            if text is not None:
                yield name, text


def read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


class TestTheHouse:
    @pytest.mark.parametrize(
        ("gate", "patterns"), {gate.__name__: (gate, patterns) for gate, patterns, *_ in GATES}.values()
    )
    def test_passes_the_gate(self, gate: gates.Gate, patterns: tuple[str, ...]) -> None:
        complaints = [
            f"{name}:{complaint}" for name, text in files(patterns) for complaint in gate(name, text)
        ]
        assert not complaints, "\n".join([str(gate.__doc__), *complaints])

    def test_has_files_to_look_at(self) -> None:
        assert all(any(files(patterns)) for _, patterns, *_ in GATES)


class TestAGate:
    @pytest.mark.parametrize(("gate", "patterns", "bad", "good"), GATES, ids=IDS)
    def test_says_no(self, gate: gates.Gate, patterns: tuple[str, ...], bad: str, good: str) -> None:
        path = WHERE.get(patterns, "c2b/payments/bad.py")
        assert len(list(gate(path, bad))) == 1
        assert list(gate(path, good)) == []

    @pytest.mark.parametrize("allowed", [gates.MARKUP_ALLOWED, gates.CLOCK_ALLOWED, gates.LONG_ALLOWED])
    def test_has_no_exception_that_nobody_needs(self, allowed: dict[str, str]) -> None:
        assert all((ROOT / path).is_file() and reason for path, reason in allowed.items())
