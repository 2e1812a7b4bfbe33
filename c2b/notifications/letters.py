"""From a template and its context to subject, text and HTML, in the recipient's language.

Each mail is a folder of ``templates/emails``: ``subject.txt`` and ``words.jinja``. The words are written once, with
the macros ``ui.p``, ``ui.facts`` and ``ui.button``, and set twice: ``body.txt`` and ``body.html`` bring their own
macros. So the two can never say different things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c2b.config import ROOT, settings
from c2b.kit.i18n import use_locale
from c2b.kit.templating import render, render_text
from c2b.notifications.rules import revived

FOLDER = ROOT / "templates" / "emails"


@dataclass(frozen=True)
class Letter:
    """A mail in words."""

    subject: str
    text: str
    html: str


def templates() -> list[str]:
    """The names of all mails."""
    return sorted(path.parent.name for path in FOLDER.glob("*/words.jinja"))


def letter(template: str, context: Mapping[str, Any], locale: str) -> Letter:
    """The mail ``template`` in ``locale``. Raises Jinja's UndefinedError for a fact that is missing."""
    facts = {**revived(context), "mail": template, "home": settings().base_url}
    with use_locale(locale):
        return Letter(
            subject=" ".join(render_text(f"emails/{template}/subject.txt", **facts).split()),
            text=_tidy(render_text("emails/body.txt", **facts)),
            html=render("emails/body.html", **facts),
        )


def _tidy(text: str) -> str:
    """One empty line between paragraphs, none at the ends of lines or of the text."""
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"
