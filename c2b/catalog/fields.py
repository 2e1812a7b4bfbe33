"""What a form is made of, as values a template can draw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distance:
    """How far a minimum is: `count` of `minimum` units so far."""

    count: int
    minimum: int

    @property
    def percent(self) -> int:
        return min(self.count, self.minimum) * 100 // self.minimum


@dataclass(frozen=True)
class Choice:
    """One option on offer. `notes` are short facts (minimum, days), `reason` says why it does not fit now.
    `distance` is that of its minimum, for a bar beside the note that says it.

    Options that share a reason have it once, as a remark of their field with the id `remark`.
    """

    id: str
    value: str
    label: str
    surcharge: str = ""
    notes: tuple[str, ...] = ()
    swatch: str = ""
    selected: bool = False
    disabled: bool = False
    reason: str = ""
    remark: str = ""
    distance: Distance | None = None


@dataclass(frozen=True)
class Remark:
    """Why several options do not fit now."""

    id: str
    labels: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """One control. `control` is cards, select, checks, switch, confirm, number, text, date, upload or group.

    A group has `parts` and is `added` or not; `describedby` lists the ids of the texts that belong to it.
    """

    path: str
    name: str
    id: str
    control: str
    label: str
    required: bool = False
    help: str = ""
    hint: str = ""
    unit: str = ""
    value: str = ""
    surcharge: str = ""
    notes: tuple[str, ...] = ()
    distance: Distance | None = None
    choices: tuple[Choice, ...] = ()
    remarks: tuple[Remark, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    step: int = 1
    max_length: int | None = None
    example: str = ""
    added: bool = False
    parts: tuple[Field, ...] = ()
    errors: tuple[str, ...] = ()
    related: bool = False
    reason: str = ""
    disabled: bool = False

    @property
    def describedby(self) -> str:
        """Ids for aria-describedby, in reading order."""
        texts = {"help": self.help, "hint": self.hint, "reason": self.reason, "error": self.errors}
        ids = [f"{self.id}-{name}" for name, text in texts.items() if text]
        return " ".join([*ids, *(each.id for each in self.remarks)])


@dataclass(frozen=True)
class Form:
    """The fields of some scopes, in order, and the errors that belong to no field."""

    fields: tuple[Field, ...]
    errors: tuple[str, ...] = ()

    @property
    def error_links(self) -> tuple[tuple[str, str], ...]:
        """(id of the control, text) for a summary at the top of the page."""
        every = [each for field in self.fields for each in (field, *field.parts)]
        return tuple((field.id, text) for field in every for text in field.errors)
