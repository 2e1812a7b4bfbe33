"""A stage graph: what has to happen between the lock of a campaign and the last delivery, and in which order.

The graphs are data, `schemas/timelines/<code>.json`; `schemas/meta/timeline.schema.json` says what they may contain
and `lint.py` what they must. A graph is kept inside every plan that was made from it, so a running timeline does not
change when the file does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from c2b.config import ROOT

FOLDER = ROOT / "schemas" / "timelines"


@dataclass(frozen=True, slots=True)
class Label:
    """A text in both languages of the product."""

    en: str
    zh: str

    def to_json(self) -> dict[str, str]:
        return {"en": self.en, "zh": self.zh}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: `min_days <= likely_days <= max_days` of work, started when every stage of `after` is done.

    `calendar` is "factory", "carrier" or "open": whose holidays stop it. `closes_on` is "evidence", "approval" or
    "system": what closes its gate. `actor` is who works on it.
    """

    code: str
    label: Label
    actor: str
    calendar: str
    min_days: int
    likely_days: int
    max_days: int
    after: tuple[str, ...]
    gate: Label
    evidence: Label
    evidence_at_least: int
    evidence_kinds: tuple[str, ...]
    closes_on: str
    takes_lead_days: bool = False
    ships: bool = False


@dataclass(frozen=True, slots=True)
class StageGraph:
    """The stages of a template, every stage behind the stages it waits for."""

    code: str
    version: int
    label: Label
    promise_percent: int
    stages: tuple[Stage, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(stage.code for stage in self.stages)

    @property
    def final(self) -> Stage:
        """The stage that nothing waits for: delivery."""
        return self.stages[-1]

    @property
    def shipping(self) -> Stage:
        """The stage whose end is the day the goods leave."""
        return next(stage for stage in self.stages if stage.ships)

    def stage(self, code: str) -> Stage:
        """The stage of that code. Raises KeyError."""
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise KeyError(code)


def template_codes() -> tuple[str, ...]:
    """The templates a product may be made by: LIGHT, SEMI, TOOLED."""
    return ("LIGHT", "SEMI", "TOOLED")


@cache
def load_template(code: str, *, export: bool = False) -> StageGraph:
    """The stage graph of a template; with `export`, freight and customs clearance before delivery.

    Raises KeyError for an unknown code.
    """
    if code not in template_codes():
        raise KeyError(code)
    graph = graph_from_json(_read(f"{code.lower()}.json"))
    return inserted(graph, _read("export.json")) if export else graph


@cache
def actor_labels() -> Mapping[str, Label]:
    """Who works on stages, by code, for people to read."""
    return {code: _label(doc) for code, doc in _read("actors.json")["actors"].items()}


def inserted(graph: StageGraph, insert: Mapping[str, Any]) -> StageGraph:
    """`graph` with the stages of an insert document in a row before its stage `before`. Raises KeyError without it."""
    target = graph.stage(insert["before"])
    added = [_stage(doc) for doc in insert["stages"]]
    added[0] = replace(added[0], after=target.after)
    moved = replace(target, after=(added[-1].code,))
    at = graph.stages.index(target)
    return replace(graph, stages=(*graph.stages[:at], *added, moved, *graph.stages[at + 1 :]))


def with_lead_days(graph: StageGraph, days: int) -> StageGraph:
    """`graph` with the lead days of the chosen options in its production stage. Raises ValueError below zero."""
    if days < 0:
        raise ValueError("lead days cannot be negative")
    return replace(graph, stages=tuple(_longer(stage, days) for stage in graph.stages))


def graph_from_json(doc: Mapping[str, Any]) -> StageGraph:
    """Read a template document. Raises ValueError when a stage waits for one that does not stand before it."""
    stages = tuple(_stage(stage) for stage in doc["stages"])
    _check_order(stages)
    return StageGraph(
        code=doc["code"],
        version=doc["version"],
        label=_label(doc["label"]),
        promise_percent=doc["promise_percent"],
        stages=stages,
    )


def graph_to_json(graph: StageGraph) -> dict[str, Any]:
    """The document `graph_from_json` reads: text and integers only, fit to be stored and hashed."""
    return {
        "code": graph.code,
        "version": graph.version,
        "label": graph.label.to_json(),
        "promise_percent": graph.promise_percent,
        "stages": [_stage_to_json(stage) for stage in graph.stages],
    }


def _longer(stage: Stage, days: int) -> Stage:
    if not stage.takes_lead_days:
        return stage
    return replace(
        stage,
        min_days=stage.min_days + days,
        likely_days=stage.likely_days + days,
        max_days=stage.max_days + days,
    )


def _check_order(stages: Iterable[Stage]) -> None:
    seen: set[str] = set()
    for stage in stages:
        if missing := set(stage.after) - seen:
            raise ValueError(f"{stage.code} waits for {', '.join(sorted(missing))}, not listed before it")
        seen.add(stage.code)


def _stage(doc: Mapping[str, Any]) -> Stage:
    days, evidence = doc["days"], doc["evidence"]
    return Stage(
        code=doc["code"],
        label=_label(doc["label"]),
        actor=doc["actor"],
        calendar=doc["calendar"],
        min_days=days["min"],
        likely_days=days["likely"],
        max_days=days["max"],
        after=tuple(doc["after"]),
        gate=_label(doc["gate"]),
        evidence=_label(evidence["label"]),
        evidence_at_least=evidence["at_least"],
        evidence_kinds=tuple(evidence["kinds"]),
        closes_on=doc["closes_on"],
        takes_lead_days=doc.get("takes_lead_days", False),
        ships=doc.get("ships", False),
    )


def _stage_to_json(stage: Stage) -> dict[str, Any]:
    flags = {name: True for name in ("takes_lead_days", "ships") if getattr(stage, name)}
    return {
        "code": stage.code,
        "label": stage.label.to_json(),
        "actor": stage.actor,
        "calendar": stage.calendar,
        "days": {"min": stage.min_days, "likely": stage.likely_days, "max": stage.max_days},
        "after": list(stage.after),
        "gate": stage.gate.to_json(),
        "evidence": {
            "label": stage.evidence.to_json(),
            "at_least": stage.evidence_at_least,
            "kinds": list(stage.evidence_kinds),
        },
        "closes_on": stage.closes_on,
        **flags,
    }


def _label(doc: Mapping[str, str]) -> Label:
    return Label(en=doc["en"], zh=doc["zh"])


def _read(name: str, folder: Path = FOLDER) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))
