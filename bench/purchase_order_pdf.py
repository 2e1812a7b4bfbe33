"""Purchase order PDF for 10, 100, 1,000 and 10,000 engraved units, beside one naive document of 1,000.

To reach: ten times the units cost at most eleven times the processor time (10,000 against 1,000), and no process holds
more than 300 MB at any time. The naive floor is what one writes first: the same units, nine cells a row, automatic
table layout, one WeasyPrint document.

Every size runs in a process of its own, started cold; processor time includes all children. Run
``python -m bench.purchase_order_pdf`` (about two minutes); each figure is one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from html import escape

from c2b.config import ROOT
from c2b.kit import fonts, pdf
from c2b.purchasing.documents import render_purchase_order
from c2b.purchasing.snapshot import PurchaseOrderSnapshot
from tests.purchasing.orders import crowd, draft

SIZES = (10, 100, 1_000, 10_000)
NAIVE = 1_000
MOST_CPU_RATIO = 11.0
MOST_MEMORY_MB = 300.0
URL = "https://c2b.example/purchase-orders/PO-2026-000123/acknowledgment"


@dataclass(frozen=True)
class Figures:
    """One document: seconds, the largest resident set of any process in MB, pages, kilobytes."""

    name: str
    units: int
    cpu: float
    wall: float
    memory: float
    pages: int
    kilobytes: int


def measure(kind: str, units: int) -> Figures:
    """Draw one document in this process and its children."""
    order = draft(crowd(units)).snapshot
    cpu, wall = cpu_seconds(), time.perf_counter()
    pages, size = naive(order) if kind == "naive" else asyncio.run(ours(order))
    return Figures(
        name=kind,
        units=units,
        cpu=cpu_seconds() - cpu,
        wall=time.perf_counter() - wall,
        memory=max(resource.getrusage(who).ru_maxrss for who in _EVERYBODY) / 1024,
        pages=pages,
        kilobytes=size // 1024,
    )


async def ours(order: PurchaseOrderSnapshot) -> tuple[int, int]:
    renderer = pdf.Renderer()
    try:
        done = await render_purchase_order(order, locale="zh_CN", acknowledgment_url=URL, by=renderer)
    finally:
        renderer.close()  # only a child that was waited for counts
    return done.pages, len(done.data)


def naive(order: PurchaseOrderSnapshot) -> tuple[int, int]:
    """The unit list as a plain table in one document."""
    import weasyprint

    lines = {line.line_no: line for line in order.lines}
    rows = []
    for unit in order.units:
        line = lines[unit.line_no]
        color, personal = line.specification[2].value.zh, [each.value.zh for each in unit.personalization]
        cells = [unit.unit_id, str(unit.line_no), line.item_code, line.name.zh, color, *personal, ""]
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    html = f"""<style>
        @font-face {{ font-family: F; src: url({fonts.REGULAR.as_uri()}) }}
        @page {{ size: A4; @bottom-right {{ content: counter(page) " / " counter(pages) }} }}
        html {{ font: 8pt F }} table {{ border-collapse: collapse }} td {{ border: 1px solid #999; padding: 2px }}
        </style><table><thead><tr>{"<th>列</th>" * 9}</tr></thead>
        {"".join(f"<tr>{row}</tr>" for row in rows)}</table>"""
    document = weasyprint.HTML(string=html).render()
    return len(document.pages), len(document.write_pdf())


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in _EVERYBODY]
    return sum(each.ru_utime + each.ru_stime for each in used)


_EVERYBODY = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def in_own_process(kind: str, units: int) -> Figures:
    command = [sys.executable, "-m", "bench.purchase_order_pdf", "--kind", kind, "--units", str(units)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Figures(**json.loads(done.stdout))


def report(found: list[Figures]) -> list[str]:
    """Print the table; return what was not reached."""
    print(
        f"{'document':<10}{'units':>8}{'CPU s':>9}{'ms/unit':>9}{'wall s':>9}{'peak MB':>9}{'pages':>7}{'KB':>8}"
    )
    for each in found:
        print(
            f"{each.name:<10}{each.units:>8,}{each.cpu:>9.2f}{1000 * each.cpu / each.units:>9.2f}{each.wall:>9.2f}"
            f"{each.memory:>9.0f}{each.pages:>7}{each.kilobytes:>8,}"
        )
    by_size = {each.units: each for each in found if each.name == "ours"}
    plain = next(each for each in found if each.name == "naive")
    ratio = by_size[10_000].cpu / by_size[1_000].cpu
    memory = max(each.memory for each in by_size.values())
    print(f"10,000 against 1,000 units: {ratio:.1f} x the CPU (to reach: {MOST_CPU_RATIO:.0f})")
    print(f"largest process: {memory:.0f} MB (to reach: {MOST_MEMORY_MB:.0f})")
    print(f"naive against ours at {NAIVE:,}: {plain.cpu / by_size[NAIVE].cpu:.1f} x the CPU")
    missed = [f"CPU ratio {ratio:.1f}"] if ratio > MOST_CPU_RATIO else []
    return missed + ([f"{memory:.0f} MB"] if memory > MOST_MEMORY_MB else [])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=("ours", "naive"))
    parser.add_argument("--units", type=int, default=NAIVE)
    given = parser.parse_args()
    if given.kind:
        print(json.dumps(asdict(measure(given.kind, given.units))))
        return 0
    missed = report([*(in_own_process("ours", units) for units in SIZES), in_own_process("naive", NAIVE)])
    for each in missed:
        print(f"NOT REACHED: {each}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
