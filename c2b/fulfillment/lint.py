"""Checks of the timeline files: what the meta-schema cannot say. Part of `c2b schemas check`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

from c2b.config import ROOT
from c2b.fulfillment.graph import graph_from_json, inserted, template_codes

TEMPLATES = tuple(f"{code.lower()}.json" for code in template_codes())
FILES = (*TEMPLATES, "export.json", "actors.json", "blackouts.json")


def check_all(root: Path) -> list[str]:
    """What is wrong with `schemas/timelines/` under `root`, one sentence each; empty when all is well."""
    folder = root / "schemas" / "timelines"
    meta = json.loads((root / "schemas" / "meta" / "timeline.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(meta, registry=Registry(), format_checker=FormatChecker())
    docs: dict[str, Any] = {}
    found: list[str] = []
    for name in FILES:
        problems = _read_into(docs, folder / name, validator)
        found += [f"{name}: {problem}" for problem in problems]
    found += [f"{path.name}: not a known timeline file" for path in _unknown(folder)]
    return found or [problem for name in FILES for problem in _check_file(name, docs)]


def check_graph(stages: list[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the stages of a template document that already satisfies the meta-schema."""
    codes = [stage["code"] for stage in stages]
    found = [f"{code}: stage listed twice" for code, count in Counter(codes).items() if count > 1]
    known = set(codes)
    found += [
        f"{s['code']}: waits for {a}, which does not exist"
        for s in stages
        for a in s["after"]
        if a not in known
    ]
    if found:
        return found
    return [
        *_order(stages),
        *(f"{stage['code']}: {problem}" for stage in stages for problem in _days(stage["days"])),
        *_ends(stages),
        *_exactly_one(stages, "takes_lead_days", "takes the lead days of options"),
        *_exactly_one(stages, "ships", "ships the goods"),
    ]


def check_spans(doc: Mapping[str, Any]) -> list[str]:
    """What is wrong with the days of a blackouts document: turned round, overlapping, outside, or a year left out."""
    begin, end = (date.fromisoformat(day) for day in doc["covers"])
    found = []
    for item in doc["blackouts"]:
        spans = [(date.fromisoformat(first), date.fromisoformat(latest)) for first, latest in item["spans"]]
        found += [f"{item['code']}: {first} is after {latest}" for first, latest in spans if first > latest]
        found += [
            f"{item['code']}: {first} is outside {begin} to {end}"
            for first, _ in spans
            if not begin <= first <= end
        ]
        pairs = pairwise(spans)
        found += [f"{item['code']}: {b[0]} is not after {a[1]}" for a, b in pairs if b[0] <= a[1]]
        missing = set(range(begin.year, end.year + 1)) - {first.year for first, _ in spans}
        found += [f"{item['code']}: nothing said about {year}" for year in sorted(missing)]
    return found


def _read_into(docs: dict[str, Any], path: Path, validator: Draft202012Validator) -> Iterator[str]:
    try:
        docs[path.name] = doc = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        yield f"cannot be read ({error})"
        return
    for mistake in sorted(validator.iter_errors(doc), key=str):
        yield f"{mistake.json_path}: {mistake.message}"


def _unknown(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.json")) if path.name not in FILES]


def _check_file(name: str, docs: Mapping[str, Any]) -> list[str]:
    doc = docs[name]
    if name in TEMPLATES:
        found = (
            [] if doc["code"] == Path(name).stem.upper() else [f"{doc['code']}: the file is named otherwise"]
        )
        found += check_graph(doc["stages"])
        found += [] if found else _check_insert(doc, docs["export.json"])
    elif name == "blackouts.json":
        found = check_spans(doc)
    else:
        found = []
    return [f"{name}: {problem}" for problem in found]


def _check_insert(template: Mapping[str, Any], insert: Mapping[str, Any]) -> list[str]:
    """The template with the insert in it must be a good graph too."""
    try:
        graph = inserted(graph_from_json(template), insert)
    except KeyError:
        return [f"has no stage {insert['before']}, before which {insert['code']} is put"]
    repeated = [code for code, count in Counter(graph.codes).items() if count > 1]
    return [f"{code}: also a stage of {insert['code']}" for code in repeated]


def _order(stages: list[Mapping[str, Any]]) -> Iterator[str]:
    """Every stage behind what it waits for; names the circle where no order exists."""
    done: set[str] = set()
    waiting = {stage["code"]: set(stage["after"]) for stage in stages}
    while free := [code for code in waiting if waiting[code] <= done]:
        done.update(free)
        waiting = {code: after for code, after in waiting.items() if code not in done}
    if waiting:
        yield f"{', '.join(waiting)}: wait for each other in a circle"
        return
    seen: set[str] = set()
    for stage in stages:
        for other in stage["after"]:
            if other not in seen:
                yield f"{stage['code']}: listed before {other}, for which it waits"
        seen.add(stage["code"])


def _days(days: Mapping[str, int]) -> Iterator[str]:
    if not days["min"] <= days["likely"] <= days["max"]:
        yield f"days {days['min']}/{days['likely']}/{days['max']} do not rise"


def _ends(stages: list[Mapping[str, Any]]) -> Iterator[str]:
    """One beginning, LOCK; one end, the last stage; so every stage lies on a way from lock to delivery."""
    for stage in stages:
        if (stage["code"] == "LOCK") == bool(stage["after"]):
            yield f"{stage['code']}: only LOCK, and LOCK always, waits for nothing"
    waited_for = {other for stage in stages for other in stage["after"]}
    for stage in stages[:-1]:
        if stage["code"] not in waited_for:
            yield f"{stage['code']}: nothing waits for it, and it is not the last stage"


def _exactly_one(stages: list[Mapping[str, Any]], flag: str, meaning: str) -> Iterator[str]:
    marked = [stage["code"] for stage in stages if stage.get(flag)]
    if len(marked) != 1:
        yield f"{flag}: exactly one stage {meaning}, here {', '.join(marked) or 'none'}"


def main() -> int:
    """``c2b timelines check``: print every fault; 1 when there is one."""
    problems = check_all(ROOT)
    for problem in problems:
        print(problem)
    if not problems:
        print("The stage graphs are in order.")
    return 1 if problems else 0
