"""Judging a member's requirement the way a join does, beside jsonschema alone and beside reading the JSON at all.

Fifty requirements of the shipped keyboard, a third of them engraved. The floor is ``json.loads`` of the same body: less
cannot be done with a requirement. jsonschema alone gives the verdict and nothing else: no bounds, no reasons, no price.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench.joins import bodies
from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.rules import PriceTier
from c2b.catalog.engine import safe_validator
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.schema import parse_schema
from c2b.catalog.validation import compiled, validate
from c2b.config import ROOT
from c2b.kit.canonical import digest, strict_loads
from c2b.participations.operations import requirement
from c2b.seeds import wishes

SCHEMA = ROOT / "schemas" / "products" / "keyboard" / "1.schema.json"
SECONDS, REPEATS = 0.5, 5


def main() -> int:
    """Print one line per way of judging; the figures are medians."""
    document = json.loads(SCHEMA.read_text(encoding="utf-8"))
    print(f"\nOne requirement, of {len(bodies())} in turn; median of {REPEATS} times {SECONDS} s of CPU")
    print(f"{'':<58} {'rate':>11} {'µs CPU':>8} {'to floor':>9}")
    floor = 0.0
    for name, work, given in _ways(document):
        each = measure(work, given)
        floor = floor or each
        print(f"{name:<58} {1e6 / each:>9.0f}/s {each:>8.1f} {each / floor:>8.1f}x")
    return 0


def measure(work: Callable[[Any], object], given: list[Any]) -> float:
    """Microseconds of CPU per call, the median of the repeats."""
    found = []
    for _ in range(REPEATS):
        calls, began = 0, time.process_time()
        while (used := time.process_time() - began) < SECONDS:
            for one in given:
                work(one)
            calls += len(given)
        found.append(used / calls * 1e6)
    return statistics.median(found)


def _ways(document: dict[str, Any]) -> list[tuple[str, Callable[[Any], object], list[Any]]]:
    key, batch, offer = digest(document), wishes.KEYBOARD_BATCH, _offer(document)
    sent = [json.dumps(body, ensure_ascii=False).encode() for body in bodies()]
    answers = [body["answers"] for body in bodies()]
    complete = [{**each, **batch} for each in answers]
    wrong = [{**each, "switch": "none of these", "plate": 7} for each in answers]
    slow, fast = safe_validator(document), compiled(document, digest=key).fast
    return [
        ("floor: json.loads of the body", json.loads, sent),
        ("the body read strictly", strict_loads, sent),
        ("verdict by jsonschema-rs alone", _sure(fast.is_valid), complete),
        ("verdict by jsonschema alone", _sure(slow.is_valid), complete),
        ("validated", _sure(lambda each: not _validate(document, each, batch, key)), answers),
        ("validated and priced, as a join does it",
         lambda each: requirement(offer, answers=each, quantity=1), answers),
        ("the same with a fallback for the color and a limit",
         lambda each: requirement(offer, answers=each, quantity=1, preferences=_wishes(each)), answers),
        ("two faults found and put into words",
         _sure(lambda each: len(_validate(document, each, batch, key)) == 2), wrong),
    ]  # fmt: skip


def _wishes(answers: dict[str, Any]) -> dict[str, Any]:
    """What most people say beyond their first choice."""
    other = "black" if answers["case_color"] != "black" else "silver"
    return {"alternatives": [{"attribute": "case_color", "any_of": [other]}], "limit_minor": 200_000}


def _validate(document: dict[str, Any], answers: object, batch: dict[str, Any], key: str) -> list[Any]:
    return validate(document, answers=answers, fixed=batch, digest=key)


def _sure(verdict: Callable[[Any], bool]) -> Callable[[Any], object]:
    """A benchmark of something that went wrong would be fast."""

    def judged(given: Any) -> None:
        if not verdict(given):
            raise SystemExit(f"judged otherwise than it should be: {given}")

    return judged


def _offer(document: dict[str, Any]) -> JoinOffer:
    schema = PinnedSchema("schema", "product", 1, document, digest(document), parse_schema(document))
    tiers, deadline = (PriceTier(60, 42900),), datetime(2027, 1, 1, tzinfo=UTC)
    return JoinOffer("campaign", schema, wishes.KEYBOARD_BATCH, tiers, "CNY", deadline)


if __name__ == "__main__":
    sys.exit(main())
