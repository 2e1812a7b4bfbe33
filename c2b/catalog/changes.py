"""One difference between two versions of a product schema, and what differences in price and minimum mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from c2b.catalog.schema import Terms, Words
from c2b.kit.i18n import N_, gettext
from c2b.kit.money import Amount

KINDS = ("same", "widening", "narrowing", "breaking")
SAME, WIDENING, NARROWING, BREAKING = KINDS


@dataclass(frozen=True)
class Change:
    """One difference: what it means for answers given, where it is, and one sentence about it (a message id)."""

    kind: str
    path: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The sentence in the reader's language."""
        return gettext(self.message).format(**self.params)


def terms_changes(old: Terms, new: Terms, path: str, label: Words, currency: str) -> Iterator[Change]:
    """Prices, minimums, days, engineering and certificates of something that stays on offer."""
    if old.surcharge_minor != new.surcharge_minor:
        kind = NARROWING if new.surcharge_minor > old.surcharge_minor else WIDENING
        message = N_("“{label}” now adds {after} to the price of a unit (before: {before}).")
        yield Change(kind, path, message, _amounts(label, old.surcharge_minor, new.surcharge_minor, currency))
    yield from moq_changes(old, new, path, label, currency)
    numbers = {"label": label, "before": old.lead_days, "after": new.lead_days}
    if old.lead_days != new.lead_days:
        yield Change(SAME, path, N_("“{label}” now takes {after} days more (before: {before})."), numbers)
    if old.nre_minor != new.nre_minor:
        message = N_("The one-off engineering of “{label}” is now {after} (before: {before}).")
        yield Change(SAME, path, message, _amounts(label, old.nre_minor, new.nre_minor, currency))
    if old.cert != new.cert:
        named = {"label": label, "before": ", ".join(old.cert) or "–", "after": ", ".join(new.cert) or "–"}
        yield Change(SAME, path, N_("Certificates of “{label}”: {after} (before: {before})."), named)


def moq_changes(old: Terms, new: Terms, path: str, label: Words, currency: str) -> Iterator[Change]:
    """A minimum, and what a unit missing to it costs."""
    if old.moq != new.moq:
        kind = NARROWING if new.moq > old.moq else WIDENING
        params = {"label": label, "before": old.moq, "after": new.moq}
        yield Change(
            kind, path, N_("“{label}” is now made from {after} units on (before: {before})."), params
        )
    if min(old.moq, new.moq) < 2 or old.premium_minor == new.premium_minor:
        return
    amounts = _amounts(label, old.premium_minor, new.premium_minor, currency)
    if not new.premium_minor:
        message = N_("“{label}” is no longer made below its minimum for a small-lot fee.")
        yield Change(NARROWING, path, message, amounts)
    elif not old.premium_minor:
        message = N_("“{label}” is now made below its minimum for a fee: {after} per missing unit.")
        yield Change(WIDENING, path, message, amounts)
    else:
        kind = NARROWING if new.premium_minor > old.premium_minor else WIDENING
        message = N_("Each unit missing to the minimum of “{label}” now costs {after} (before: {before}).")
        yield Change(kind, path, message, amounts)


def _amounts(label: Words, before: int, after: int, currency: str) -> dict[str, Any]:
    return {"label": label, "before": Amount(before, currency), "after": Amount(after, currency)}
