"""What may stand in an address where a route says ``{id:id}`` or ``{run:name}``.

Anything else is no address of ours: it is answered with 404 and never reaches a query. (The ORM raises an error of
its own for an id that is longer than its column, and PostgreSQL for a NUL character.)
"""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class Text(Convertor[str]):
    """A part of an address that matches its pattern."""

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class Id(Text):
    """An id: as long as ``kit.ids`` makes them at most."""

    regex = "[0-9a-z]{1,26}"


class Name(Text):
    """An id, a slug or a run's business key."""

    regex = "[A-Za-z0-9][A-Za-z0-9:._-]{0,119}"


register_url_convertor("id", Id())
register_url_convertor("name", Name())
