"""The provider's record outlives its processes, as a real provider's does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from c2b.config import ROOT
from tests.payments.gateways.cast import PRICE


def run(mode: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.payments.gateways.killed", mode, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class TestTheRecord:
    def test_holds_together_when_killed_before_any_statement_and_finishes_when_told_again(
        self, tmp_path: Path
    ) -> None:
        result = run("kill", tmp_path)
        assert result["problems"] == []
        assert result["kills"] > 50

    def test_would_not_without_transactions(self, tmp_path: Path) -> None:
        """The control: if this finds nothing, the test above proves nothing."""
        assert len(run("torn", tmp_path)["problems"]) > 5

    def test_is_right_when_four_processes_ask_for_the_same_refunds_at_once(self, tmp_path: Path) -> None:
        result = run("crowd", tmp_path)
        assert result["exits"] == [0, 0, 0, 0]
        assert result["refunded_minor"] == result["sum_minor"] == PRICE // 1000 * 1000
        assert len(set(result["keys"])) == len(result["keys"]) == 45
