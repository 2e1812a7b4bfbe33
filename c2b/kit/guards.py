"""Promises that the database itself keeps, said once and carried on SQLite and PostgreSQL alike.

Tortoise creates neither checks nor conditional unique indexes, and a table that SQLite rebuilds loses its triggers
and hand-made indexes without a word. So each domain lists its guards beside its models, and they are (re)applied
after every migration: as constraints and triggers on PostgreSQL, as triggers on SQLite.

In expressions, columns stand in braces: ``{paid} <= {cap}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_COLUMN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Check:
    """Every row satisfies ``expression`` (NULL passes, as in SQL)."""

    table: str
    name: str
    expression: str

    def sqlite(self) -> list[str]:
        condition = _COLUMN.sub(r'NEW."\1"', self.expression)
        return [
            statement
            for moment in ("INSERT", "UPDATE")
            for statement in _sqlite_trigger(
                f"{self.name}_{moment.lower()}",
                f"BEFORE {moment}",
                self.table,
                f"NOT ({condition})",
                self.name,
            )
        ]

    def postgres(self) -> list[str]:
        condition = _COLUMN.sub(r'"\1"', self.expression)
        return [
            f'ALTER TABLE "{self.table}" DROP CONSTRAINT IF EXISTS "{self.name}"',
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.name}" CHECK ({condition})',
        ]


@dataclass(frozen=True)
class PartialUnique:
    """``columns`` are unique among the rows where ``where`` holds (plain SQL, no braces)."""

    table: str
    name: str
    columns: tuple[str, ...]
    where: str

    def sqlite(self) -> list[str]:
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return [
            f'CREATE UNIQUE INDEX IF NOT EXISTS "{self.name}" ON "{self.table}" ({columns}) WHERE {self.where}'
        ]

    postgres = sqlite


@dataclass(frozen=True)
class Index:
    """A partial index for a sweep or a list."""

    table: str
    name: str
    columns: tuple[str, ...]
    where: str

    def sqlite(self) -> list[str]:
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return [f'CREATE INDEX IF NOT EXISTS "{self.name}" ON "{self.table}" ({columns}) WHERE {self.where}']

    postgres = sqlite


@dataclass(frozen=True)
class Frozen:
    """Rows never leave, and ``columns`` never change once written (from NULL they may be set once)."""

    table: str
    columns: tuple[str, ...]
    deletable: bool = False

    def sqlite(self) -> list[str]:
        changed = " OR ".join(f'(OLD."{c}" IS NOT NULL AND NEW."{c}" IS NOT OLD."{c}")' for c in self.columns)
        name = f"frozen_{self.table}"
        statements = _sqlite_trigger(f"{name}_update", "BEFORE UPDATE", self.table, changed, name)
        if not self.deletable:
            statements += _sqlite_trigger(f"{name}_delete", "BEFORE DELETE", self.table, "1", name)
        return statements

    def postgres(self) -> list[str]:
        changed = " OR ".join(
            f'(OLD."{c}" IS NOT NULL AND NEW."{c}" IS DISTINCT FROM OLD."{c}")' for c in self.columns
        )
        name = f"frozen_{self.table}"
        statements = _postgres_trigger(f"{name}_update", "BEFORE UPDATE", self.table, changed, name)
        if not self.deletable:
            statements += _postgres_trigger(f"{name}_delete", "BEFORE DELETE", self.table, "TRUE", name)
        return statements


@dataclass(frozen=True)
class AppendOnly:
    """Rows are written once: no update, no delete."""

    table: str

    def sqlite(self) -> list[str]:
        name = f"append_only_{self.table}"
        return [
            *_sqlite_trigger(f"{name}_update", "BEFORE UPDATE", self.table, "1", name),
            *_sqlite_trigger(f"{name}_delete", "BEFORE DELETE", self.table, "1", name),
        ]

    def postgres(self) -> list[str]:
        name = f"append_only_{self.table}"
        return [
            *_postgres_trigger(f"{name}_update", "BEFORE UPDATE", self.table, "TRUE", name),
            *_postgres_trigger(f"{name}_delete", "BEFORE DELETE", self.table, "TRUE", name),
        ]


@dataclass(frozen=True)
class Statements:
    """Hand-written idempotent DDL, for what the other guards cannot say."""

    name: str
    on_sqlite: tuple[str, ...] = field(repr=False)
    on_postgres: tuple[str, ...] = field(repr=False)

    def sqlite(self) -> list[str]:
        return list(self.on_sqlite)

    def postgres(self) -> list[str]:
        return list(self.on_postgres)


Guard = Check | PartialUnique | Index | Frozen | AppendOnly | Statements


def statements(guards: Iterable[Guard], dialect: str) -> list[str]:
    """The DDL of ``guards`` for ``"sqlite"`` or ``"postgres"``, safe to run again."""
    return [sql for guard in guards for sql in (guard.sqlite() if dialect == "sqlite" else guard.postgres())]


def _sqlite_trigger(name: str, when: str, table: str, condition: str, message: str) -> list[str]:
    return [
        f'DROP TRIGGER IF EXISTS "{name}"',
        f'CREATE TRIGGER "{name}" {when} ON "{table}" WHEN {condition} '
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END",
    ]


def _postgres_trigger(name: str, when: str, table: str, condition: str, message: str) -> list[str]:
    return [
        f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; "
        f"IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
        f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"',
        f'CREATE TRIGGER "{name}" {when} ON "{table}" FOR EACH ROW EXECUTE FUNCTION "{name}"()',
    ]
