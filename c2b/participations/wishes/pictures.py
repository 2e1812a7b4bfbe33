"""Members' own pictures: an answer names one by its hash, the file lies in the store and goes out with the unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from c2b.catalog.rules import ProductSchema
from c2b.kit import storage
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_


def storage_key(sha256: str) -> str:
    """Where the picture with this hash lies."""
    return f"pictures/{sha256[:2]}/{sha256}.webp"


def held(sha256: str) -> bool:
    """Do we hold the picture with this hash?"""
    try:
        return storage.path(storage_key(sha256)).is_file()
    except (storage.InvalidKey, storage.NotStored):
        return False


def hashes(schema: ProductSchema, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The dotted path and the hash of every picture that valid answers name."""
    found = []
    for attribute in schema.of_scope("unit"):
        answer = answers.get(attribute.name)
        if attribute.kind == "image" and isinstance(answer, str):
            found.append((attribute.path, answer))
        elif isinstance(answer, Mapping):
            found += [
                (part.path, answer[part.name])
                for part in attribute.parts
                if part.kind == "image" and part.name in answer
            ]
    return found


def missing(schema: ProductSchema, answers: Mapping[str, Any]) -> list[FieldError]:
    """A fault for each picture that is named and not held: a purchase order must never lack one."""
    return [
        FieldError(path, "picture_gone", N_("Please choose the picture again."))
        for path, sha256 in hashes(schema, answers)
        if not held(sha256)
    ]
