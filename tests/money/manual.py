"""The worked examples of ``docs/money.md``, read for the tests that replay them."""

from __future__ import annotations

from c2b.config import ROOT


def section(heading: str) -> str:
    """The text under a heading of the second level. Raises ``ValueError`` where there is none."""
    _, found, rest = (ROOT / "docs" / "money.md").read_text().partition(f"\n## {heading}\n")
    if not found:
        raise ValueError(f"docs/money.md has no section {heading!r}")
    return rest.partition("\n## ")[0]


def moves(heading: str) -> list[str]:
    """The transfers that an example lists, sorted: "escrow → commission:Bo 1138"."""
    lines = section(heading).splitlines()
    return sorted(line[2:] for line in lines if line.startswith("- ") and " → " in line)


def tables(heading: str) -> list[list[list[str]]]:
    """The tables under a heading, each a list of rows of cells, without its head."""
    found: list[list[list[str]]] = []
    inside = False
    for line in section(heading).splitlines():
        if line.startswith("|"):
            found += [] if inside else [[]]
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        inside = line.startswith("|")
    return [rows[2:] for rows in found]
