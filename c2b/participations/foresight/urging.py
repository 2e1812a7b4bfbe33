"""What a nudge says to a member: who moving where would make what real, and what it brings. Pure over values."""

from __future__ import annotations

from typing import Any

from c2b.catalog.rules import ProductSchema
from c2b.kit.i18n import format_number, gettext, ngettext
from c2b.participations.explanations.explaining import cell_words, listed

Json = dict[str, Any]


def urge(schema: ProductSchema, nudge: Json) -> str:
    """ "3 people moving from blue to navy make navy real." """
    people, cell = nudge["people"], cell_words(schema, nudge["key"])
    if nudge["from"]:
        origin = listed([cell_words(schema, key) for key in nudge["from"]])
        return ngettext(
            "{n} person moving from {origin} to {cell} makes {cell} real.",
            "{n} people moving from {origin} to {cell} make {cell} real.",
            people,
            origin=origin,
            cell=cell,
        )
    return ngettext(
        "{n} person moving to {cell} makes {cell} real.",
        "{n} people moving to {cell} make {cell} real.",
        people,
        cell=cell,
    )


def benefits(nudge: Json) -> tuple[str, ...]:
    """How far it is, and whom it helps besides those who move: whole sentences."""
    said = [
        gettext(
            "{count} of {minimum} want it so far.",
            count=format_number(nudge["count"]),
            minimum=format_number(nudge["minimum"]),
        )
    ]
    if nudge["served"]:
        said.append(
            ngettext(
                "{n} person would get something who gets nothing now.",
                "{n} people would get something who get nothing now.",
                nudge["served"],
            )
        )
    if nudge["better"]:
        said.append(
            ngettext(
                "{n} person would get a choice they like better.",
                "{n} people would get a choice they like better.",
                nudge["better"],
            )
        )
    return tuple(said)
