"""What a choice costs and asks for, as a product schema says it: prices, minimums, days, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from c2b.kit.i18n import pick

#: One code of an option; booleans are the two answers of a flag.
Code = str | int


class Words(dict[str, str]):
    """A label in both languages, `{"en": …, "zh": …}`, that shows itself in the reader's when it is formatted."""

    def __format__(self, spec: str) -> str:
        return format(pick(self), spec)

    def __str__(self) -> str:
        return pick(self)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What choosing something costs and asks for: minor units per unit made, pieces, days, minor units once.

    `premium_minor` is what each unit missing to `moq` costs those who want it made all the same (0: it is not made).
    """

    surcharge_minor: int = 0
    moq: int = 1
    premium_minor: int = 0
    lead_days: int = 0
    nre_minor: int = 0
    cert: tuple[str, ...] = ()


NO_TERMS = Terms()


@dataclass(frozen=True)
class Combination:
    """Options that together have a minimum of their own: units that chose one of the codes of every attribute."""

    code: str
    label: Words = field(compare=False)
    when: tuple[tuple[str, tuple[Code, ...]], ...]
    terms: Terms


@dataclass(frozen=True)
class Minimums:
    """The minimums beside those of options: of every configuration (identical units), and of combinations."""

    configuration: Terms = NO_TERMS
    combinations: tuple[Combination, ...] = ()


def read_terms(spec: Mapping[str, Any]) -> Terms:
    """The terms in an option, an `x-price`, or an entry of `x-minimums`."""
    return Terms(
        surcharge_minor=spec.get("surcharge_minor", 0),
        moq=spec.get("moq", 1),
        premium_minor=spec.get("premium_minor", 0),
        lead_days=spec.get("lead_days", 0),
        nre_minor=spec.get("nre_minor", 0),
        cert=tuple(spec.get("cert", ())),
    )


def read_minimums(spec: Mapping[str, Any]) -> Minimums:
    """The document's `x-minimums`. Attributes of a combination are put in order: JSON objects have none."""
    return Minimums(
        configuration=read_terms(spec.get("configuration", {})),
        combinations=tuple(
            Combination(
                code=each["code"],
                label=Words(each["label"]),
                when=tuple((name, tuple(each["when"][name])) for name in sorted(each["when"])),
                terms=read_terms(each),
            )
            for each in spec.get("combinations", ())
        ),
    )
