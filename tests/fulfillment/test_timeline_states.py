"""Who may move a milestone, when it may start, and what its gate asks for."""

from __future__ import annotations

import pytest

from c2b.fulfillment.rules import (
    DONE,
    EVIDENCE_LABELS,
    STATES,
    TRANSITIONS,
    EvidenceMissing,
    MilestoneMoveRefused,
    MilestoneNotReady,
    check_evidence,
    check_move,
    check_ready,
    evidence_missing,
    load_template,
    next_states,
    ready_stages,
    template_codes,
    waiting_for,
)
from c2b.kit.i18n import use_locale

LIGHT = load_template("LIGHT")


class TestMill:
    """Mill makes: starts stages and closes those that close on evidence."""

    def test_starts_a_stage_and_hands_it_in(self) -> None:
        assert next_states("planned", role="manufacturer") == ("in_progress",)
        assert next_states("in_progress", role="manufacturer") == ("blocked", "submitted")
        assert next_states("submitted", role="manufacturer") == ("approved",)

    def test_cannot_approve_a_gate_that_the_platform_looks_at(self) -> None:
        assert next_states("submitted", role="manufacturer", closes_on="approval") == ()
        with pytest.raises(MilestoneMoveRefused):
            check_move(LIGHT.stage("FAI"), "submitted", "approved", role="manufacturer")

    def test_cannot_move_what_the_platform_records_by_itself(self) -> None:
        assert all(next_states(state, role="manufacturer", closes_on="system") == () for state in STATES)

    def test_cannot_skip_a_stage(self) -> None:
        assert all("skipped" not in next_states(state, role="manufacturer") for state in STATES)

    def test_takes_up_again_what_did_not_pass(self) -> None:
        assert next_states("rejected", role="manufacturer") == ("in_progress",)
        assert next_states("blocked", role="manufacturer") == ("in_progress",)


class TestRoot:
    """Root approves, sends back, and skips what does not apply."""

    @pytest.mark.parametrize("closes_on", ["evidence", "approval", "system"])
    def test_decides_about_what_was_handed_in(self, closes_on: str) -> None:
        assert next_states("submitted", role="admin", closes_on=closes_on) == ("approved", "rejected")
        assert "skipped" in next_states("planned", role="admin", closes_on=closes_on)


class TestCy:
    def test_has_nothing_to_move(self) -> None:
        assert all(next_states(state, role="consumer") == () for state in STATES)


class TestTheTable:
    def test_leads_out_of_every_state_but_the_two_last(self) -> None:
        assert {move.source for move in TRANSITIONS} == set(STATES) - DONE

    def test_leads_into_every_state_but_the_first(self) -> None:
        assert {move.target for move in TRANSITIONS} == set(STATES) - {"planned"}

    def test_goes_through_handing_in_before_approval(self) -> None:
        assert [move.source for move in TRANSITIONS if move.target == "approved"] == ["submitted"]

    def test_refuses_in_the_readers_language(self) -> None:
        with use_locale("zh_CN"), pytest.raises(MilestoneMoveRefused) as refusal:
            check_move(LIGHT.stage("MP"), "planned", "approved", role="admin")
        assert refusal.value.status == 409
        with use_locale("zh_CN"):
            assert "未开始" in refusal.value.text()


class TestAStage:
    def test_starts_when_all_it_waits_for_is_approved_or_skipped(self) -> None:
        states = {"LOCK": "approved", "PO_ACK": "approved", "KIT": "approved", "PROOF": "submitted"}
        assert waiting_for(LIGHT, states, "FAI") == ("PROOF",)
        with pytest.raises(MilestoneNotReady) as refusal:
            check_ready(LIGHT, states, "FAI")
        assert "Personalization proof" in refusal.value.text()
        check_ready(LIGHT, {**states, "PROOF": "skipped"}, "FAI")

    def test_is_ready_by_itself_only_at_the_beginning(self) -> None:
        assert ready_stages(LIGHT, {}) == ("LOCK",)
        assert ready_stages(LIGHT, {"LOCK": "approved"}) == ("PO_ACK", "PROOF")
        assert ready_stages(LIGHT, {"LOCK": "approved", "PROOF": "in_progress"}) == ("PO_ACK",)

    @pytest.mark.parametrize("code", template_codes())
    def test_is_reached_when_stages_close_one_after_another(self, code: str) -> None:
        graph, states = load_template(code), dict[str, str]()
        while ready := ready_stages(graph, states):
            states[ready[0]] = "approved"
        assert set(states) == set(graph.codes)


class TestAGate:
    def test_asks_for_one_item_that_counts(self) -> None:
        inspection = LIGHT.stage("OQC")
        assert evidence_missing(inspection, []) == 1
        assert evidence_missing(inspection, ["note", "note"]) == 1  # a note proves no inspection
        assert evidence_missing(inspection, ["note", "document"]) == 0
        assert evidence_missing(inspection, ["photo", "document"]) == 0

    def test_says_what_it_asks_for(self) -> None:
        with pytest.raises(EvidenceMissing) as refusal:
            check_evidence(LIGHT.stage("OQC"), ["note"])
        assert refusal.value.text() == (
            "This stage closes with evidence: Inspection report. Still missing: 1 (Photo, Document)."
        )
        check_evidence(LIGHT.stage("OQC"), ["document"])

    @pytest.mark.parametrize("code", template_codes())
    def test_opens_without_evidence_only_where_the_platform_has_its_own_record(self, code: str) -> None:
        for stage in load_template(code, export=True).stages:
            assert (stage.evidence_at_least == 0) == (stage.closes_on == "system")
            assert set(stage.evidence_kinds) <= set(EVIDENCE_LABELS)
