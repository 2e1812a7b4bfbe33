"""`make check`: everything CI holds the code to before the tests, one readable step each.

python tools/check.py [word]    only the steps whose name contains the word
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

STEPS = {
    "format": "ruff format --check --quiet --output-format concise .",
    "lint": "ruff check --quiet --output-format concise .",
    "types": "mypy",
    "imports": "lint-imports --no-logo",
    "gates": "python -m pytest -q --no-header tests/architecture",
    "schemas": "c2b schemas check",
    "timelines": "c2b timelines check",
    "translations": "c2b i18n check",
    "api document": "c2b openapi check",
    "migrations": "c2b migrate --check",
}


def main(arguments: list[str]) -> int:
    """Run the steps one after the other; show what a failing one said; 1 where one failed."""
    os.chdir(ROOT)
    wanted = {name: line for name, line in STEPS.items() if not arguments or arguments[0] in name}
    failed = [name for name, line in wanted.items() if not passes(name, line)]
    if failed or not wanted:
        print(f"\nTo mend: {', '.join(failed) or 'no such step'}")
        return 1
    print("\nAll in order.")
    return 0


def passes(name: str, line: str) -> bool:
    """One step, with its time and, where it fails, its words."""
    command, *arguments = line.split()
    print(f"{name:14} {line} … ", end="", flush=True)
    start = time.monotonic()
    done = subprocess.run(
        [str(BIN / command), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    print(f"{'ok' if done.returncode == 0 else 'FAILED'}  {time.monotonic() - start:.1f} s", flush=True)
    if done.returncode:
        print((done.stdout + done.stderr).rstrip() + "\n", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
