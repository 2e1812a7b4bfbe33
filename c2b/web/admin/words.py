"""Runs and jobs in the reader's words, with the tone of the badge beside them."""

from __future__ import annotations

import json
from typing import Any

from c2b.durable.queries import RunLine
from c2b.kit.i18n import N_, gettext

WORKFLOWS = {"closing": N_("Closing a group"), "ordering": N_("Ordering and acknowledgment")}
#: A run is "dead" when its job gave up.
RUN_STATES = {
    "running": N_("Running"),
    "waiting": N_("Waiting"),
    "done": N_("Done"),
    "dead": N_("Stands still"),
}
RUN_TONES = {"running": "info", "waiting": "wait", "done": "good", "dead": "bad"}
JOB_STATES = {"ready": N_("Due"), "running": N_("Running"), "done": N_("Done"), "dead": N_("Gave up")}
JOB_TONES = {"ready": "wait", "running": "info", "done": "good", "dead": "bad"}


def waits_for(run: RunLine) -> str:
    """What a waiting run waits for. A turn of an order is whatever people next do about it."""
    if run.state != "waiting":
        return ""
    if run.workflow == "ordering" and run.waiting_for.startswith("turn "):
        return gettext("an answer to the purchase order, or a decision about it")
    return run.waiting_for


def workflow_names() -> dict[str, str]:
    """The workflows by name."""
    return {code: gettext(name) for code, name in WORKFLOWS.items()}


def run_states() -> dict[str, str]:
    """The states of a run by name."""
    return {code: gettext(name) for code, name in RUN_STATES.items()}


def job_states() -> dict[str, str]:
    """The states of a job by name."""
    return {code: gettext(name) for code, name in JOB_STATES.items()}


def pretty(value: Any) -> str:
    """A stored value for people who look after the machine."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
