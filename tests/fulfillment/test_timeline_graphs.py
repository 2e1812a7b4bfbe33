"""The stage graphs as data: the three templates, the way abroad, and what the lint refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from c2b.config import ROOT
from c2b.fulfillment.graph import (
    actor_labels,
    graph_from_json,
    graph_to_json,
    load_template,
    template_codes,
    with_lead_days,
)
from c2b.fulfillment.lint import check_all


class TestTheShippedFiles:
    def test_have_nothing_to_complain_about(self) -> None:
        assert check_all(ROOT) == []

    @pytest.mark.parametrize(
        ("code", "way"),
        [
            ("LIGHT", "LOCK PO_ACK PROOF KIT FAI MP OQC PACK LASTMILE"),
            ("SEMI", "LOCK PO_ACK REVIEW COLOR PROC CERT PILOT MP OQC SHIP LASTMILE"),
            ("TOOLED", "LOCK PO_ACK DFM EVT TOOL TOOLFIX DVT CERT PROC PVT MP OQC SHIP LASTMILE"),
        ],
    )
    def test_name_the_stages_of_each_template(self, code: str, way: str) -> None:
        graph = load_template(code)
        assert graph.codes == tuple(way.split())
        assert {stage.actor for stage in graph.stages} <= set(actor_labels())

    def test_never_call_an_advance_earnest_money_in_chinese(self) -> None:
        texts = "".join(path.read_text() for path in (ROOT / "schemas" / "timelines").glob("*.json"))
        assert "定金" not in texts

    @pytest.mark.parametrize("code", template_codes())
    def test_survive_being_stored(self, code: str) -> None:
        graph = load_template(code, export=True)
        assert graph_from_json(json.loads(json.dumps(graph_to_json(graph)))) == graph


class TestAnUnknownTemplate:
    def test_is_not_found(self) -> None:
        with pytest.raises(KeyError):
            load_template("../../secrets")


class TestTheWayAbroad:
    def test_puts_freight_and_customs_between_the_warehouse_and_delivery(self) -> None:
        graph = load_template("SEMI", export=True)
        assert graph.codes[-4:] == ("SHIP", "FREIGHT", "CUSTOMS", "LASTMILE")
        assert graph.stage("FREIGHT").after == ("SHIP",)
        assert graph.final.after == ("CUSTOMS",)
        assert load_template("SEMI").codes[-2:] == ("SHIP", "LASTMILE")


class TestLeadDaysOfOptions:
    def test_lengthen_production_and_nothing_else(self) -> None:
        graph, longer = load_template("LIGHT"), with_lead_days(load_template("LIGHT"), 12)
        changed = {new.code for old, new in zip(graph.stages, longer.stages, strict=True) if old != new}
        assert changed == {"MP"}
        production = longer.stage("MP")
        assert (production.min_days, production.likely_days, production.max_days) == (15, 20, 27)

    def test_cannot_be_negative(self) -> None:
        with pytest.raises(ValueError):
            with_lead_days(load_template("LIGHT"), -1)


def _stage(doc: dict[str, Any], code: str) -> dict[str, Any]:
    return next(stage for stage in doc["stages"] if stage["code"] == code)


def circle(doc: dict[str, Any]) -> None:
    _stage(doc, "KIT")["after"] = ["FAI"]


def two_beginnings(doc: dict[str, Any]) -> None:
    _stage(doc, "PO_ACK")["after"] = []


def lock_waits(doc: dict[str, Any]) -> None:
    doc["stages"][0]["code"] = "BEGIN"
    for code in ("PO_ACK", "PROOF"):
        _stage(doc, code)["after"] = ["BEGIN"]


def loose_end(doc: dict[str, Any]) -> None:
    _stage(doc, "FAI")["after"] = ["KIT"]


def unknown_dependency(doc: dict[str, Any]) -> None:
    _stage(doc, "MP")["after"] = ["FAY"]


def wrong_order(doc: dict[str, Any]) -> None:
    doc["stages"][5], doc["stages"][6] = doc["stages"][6], doc["stages"][5]


def listed_twice(doc: dict[str, Any]) -> None:
    doc["stages"].insert(3, doc["stages"][2])


def days_do_not_rise(doc: dict[str, Any]) -> None:
    _stage(doc, "MP")["days"] = {"min": 3, "likely": 16, "max": 15}


def no_chinese_label(doc: dict[str, Any]) -> None:
    del _stage(doc, "MP")["label"]["zh"]


def english_in_the_chinese_gate(doc: dict[str, Any]) -> None:
    _stage(doc, "MP")["gate"]["zh"] = "All units built"


def unknown_actor(doc: dict[str, Any]) -> None:
    _stage(doc, "MP")["actor"] = "robot"


def two_productions(doc: dict[str, Any]) -> None:
    _stage(doc, "KIT")["takes_lead_days"] = True


def never_ships(doc: dict[str, Any]) -> None:
    del _stage(doc, "PACK")["ships"]


def promise_below_p80(doc: dict[str, Any]) -> None:
    doc["promise_percent"] = 90


def a_word_nobody_knows(doc: dict[str, Any]) -> None:
    _stage(doc, "MP")["durationn"] = 3


def wrong_name(doc: dict[str, Any]) -> None:
    doc["code"] = "HEAVY"


def clashes_with_export(doc: dict[str, Any]) -> None:
    _stage(doc, "PACK")["code"] = "FREIGHT"
    _stage(doc, "LASTMILE")["after"] = ["FREIGHT"]


MISTAKES: dict[Callable[[dict[str, Any]], None], str] = {
    circle: "KIT, FAI, MP, OQC, PACK, LASTMILE: wait for each other in a circle",
    two_beginnings: "PO_ACK: only LOCK",
    lock_waits: "BEGIN: only LOCK",
    loose_end: "PROOF: nothing waits for it",
    unknown_dependency: "MP: waits for FAY, which does not exist",
    wrong_order: "OQC: listed before MP",
    listed_twice: "PROOF: stage listed twice",
    days_do_not_rise: "MP: days 3/16/15 do not rise",
    no_chinese_label: "'zh' is a required property",
    english_in_the_chinese_gate: "'All units built' does not match",
    unknown_actor: "'robot' is not one of",
    two_productions: "exactly one stage takes the lead days of options, here KIT, MP",
    never_ships: "exactly one stage ships the goods, here none",
    promise_below_p80: "90 is less than the minimum of 100",
    a_word_nobody_knows: "'durationn' was unexpected",
    wrong_name: "HEAVY: the file is named otherwise",
    clashes_with_export: "FREIGHT: also a stage of EXPORT",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("timelines", "meta"):
        shutil.copytree(ROOT / "schemas" / folder, tmp_path / "schemas" / folder)
    return tmp_path


class TestTheLint:
    @pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
    def test_names_the_mistake(self, root: Path, mistake: Callable[[dict[str, Any]], None]) -> None:
        path = root / "schemas" / "timelines" / "light.json"
        doc = json.loads(path.read_text())
        mistake(doc)
        path.write_text(json.dumps(doc))
        found = check_all(root)
        assert any(MISTAKES[mistake] in problem for problem in found), found
        assert all(problem.startswith("light.json: ") for problem in found)

    def test_misses_a_missing_file(self, root: Path) -> None:
        (root / "schemas" / "timelines" / "semi.json").unlink()
        assert [problem.split(" (")[0] for problem in check_all(root)] == ["semi.json: cannot be read"]

    def test_asks_what_an_unknown_file_is(self, root: Path) -> None:
        (root / "schemas" / "timelines" / "lihgt.json").write_text("{}")
        assert check_all(root) == ["lihgt.json: not a known timeline file"]

    @pytest.mark.parametrize(
        ("span", "complaint"),
        [
            (["2027-02-19", "2027-01-30"], "2027-02-19 is after 2027-01-30"),
            (["2026-02-20", "2027-02-19"], "2026-02-20 is not after 2026-03-02"),
            (["2026-12-30", "2027-01-19"], "nothing said about 2027"),
        ],
    )
    def test_reads_the_holidays(self, root: Path, span: list[str], complaint: str) -> None:
        path = root / "schemas" / "timelines" / "blackouts.json"
        doc = json.loads(path.read_text())
        spans = doc["blackouts"][0]["spans"]
        spans[[first[:4] for first, _ in spans].index("2027")] = span
        path.write_text(json.dumps(doc))
        assert f"blackouts.json: NEW_YEAR: {complaint}" in check_all(root)
