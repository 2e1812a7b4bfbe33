"""What members get and why, in words for those who look at the whole: the organizer and admins.

`participations.explaining` speaks to the member; here the same facts are said about them, in a few words for a table.
"""

from __future__ import annotations

from c2b.catalog.rules import ProductSchema
from c2b.kit.i18n import current_locale, format_number, gettext
from c2b.kit.money import short_money
from c2b.participations.explanations.explaining import cell_words, change_words, choice_words, decision_words
from c2b.participations.explanations.outcomes import CellMark, Outcome


def result_words(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """What they get: "first choice", "second choice: Black", with the fee where there is one; "leaves"."""
    if outcome.kind == "left":
        return gettext("leaves, refunded")
    what = choice_words(outcome.rank)
    if outcome.changes:
        changes = gettext(", ").join(change_words(schema, each) for each in outcome.changes)
        what = gettext("{choice}: {what}", choice=what, what=changes)
    if outcome.fee_minor:
        fee = short_money(outcome.fee_minor, currency, current_locale())
        what = gettext("{what}, with a small-lot fee of {fee}", what=what, fee=fee)
    return what


def reason_words(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """Why it is not the plain first choice; empty where it is."""
    cells = [outcome.cell, *outcome.also] if outcome.cell else []
    if cells and outcome.cause != "group":
        return gettext(", ").join(_far(schema, each) for each in cells)
    if outcome.cause == "group":
        if cells:
            return gettext(
                "with them, {cell} comes to its minimum of {minimum}",
                cell=_named(schema, cells[0]),
                minimum=format_number(cells[0].minimum),
            )
        return gettext("more members are served this way")
    if outcome.cause == "price" and outcome.limit_minor is not None:
        limit = short_money(outcome.limit_minor, currency, current_locale())
        return gettext("above their limit of {limit}", limit=limit)
    if outcome.cause == "tier" and outcome.limit_minor is not None:
        below = short_money(outcome.limit_minor, currency, current_locale())
        return gettext("takes part from {price} on", price=below)
    if outcome.cause == "vote" and outcome.decided:
        name, answer = outcome.decided
        return gettext("the vote decided for {choice}", choice=decision_words(schema, name, answer))
    words = {
        "vote": gettext("ruled out by the vote"),
        "schema": gettext("no longer offered"),
        "full": gettext("no room left"),
        "minimum": gettext("too few chose it"),
    }
    return words.get(outcome.cause or "", "")


def _far(schema: ProductSchema, cell: CellMark) -> str:
    return gettext(
        "{cell}: {count} of {minimum}",
        cell=_named(schema, cell),
        count=format_number(cell.count),
        minimum=format_number(cell.minimum),
    )


def _named(schema: ProductSchema, cell: CellMark) -> str:
    return (
        gettext("this exact configuration") if cell.level == "configuration" else cell_words(schema, cell.key)
    )
