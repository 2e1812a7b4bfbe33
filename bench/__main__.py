"""``python -m bench [validation allocation jobs joins pages purchase_order_pdf]``: all of them, or the named ones."""

from __future__ import annotations

import importlib
import sys

ALL = ("validation", "allocation", "jobs", "joins", "pages", "purchase_order_pdf")


def main() -> int:
    """Run the named benchmarks one after another; each prints its own table."""
    names = sys.argv[1:] or list(ALL)
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        return 2
    return max(_run(name) for name in names)


def _run(name: str) -> int:
    sys.argv[1:] = []  # the names are ours; each benchmark reads options of its own
    return int(importlib.import_module(f"bench.{name}").main() or 0)


if __name__ == "__main__":
    sys.exit(main())
