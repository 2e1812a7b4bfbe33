"""A form as a browser gets it, and what a browser sends back."""

from __future__ import annotations

from typing import Any

from lxml import html

from c2b.catalog.forms import Form
from c2b.kit.templating import environment


def page(form: Form) -> Any:
    """The form as a browser gets it."""
    return html.fromstring(
        f"<form>{environment().get_template('partials/answers.html').module.answers_form(form)}</form>"
    )


def submitted(tree: Any) -> list[tuple[str, str]]:
    """What a browser without JavaScript would send: the successful controls, in order (HTML, form submission)."""
    sent = []
    for control in tree.iter("input", "select"):
        if control.get("disabled") is not None or control.get("type") == "file":
            continue
        if control.tag == "select":
            chosen = [each for each in control.iter("option") if each.get("selected") is not None]
            sent.append((control.get("name"), (chosen or list(control.iter("option")))[0].get("value")))
        elif control.get("type") not in ("checkbox", "radio") or control.get("checked") is not None:
            sent.append((control.get("name"), control.get("value")))
    return sent
