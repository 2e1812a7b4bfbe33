"""Product schemas for the tests: the shipped ones, and a small one that has every kind of attribute."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from c2b.catalog.schema import ProductSchema, parse_schema
from c2b.config import ROOT

PRODUCTS = ("keyboard", "laptop", "phone", "earphones", "powerbank")
PICTURE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def words(text: str) -> dict[str, str]:
    return {"en": text, "zh": f"中{text}"}


def option(code: str | int, **terms: Any) -> dict[str, Any]:
    return {"code": code, "label": words(f"Option {code}"), **terms}


@cache
def _read(path: Path) -> str:
    return path.read_text("utf-8")


def product(name: str) -> dict[str, Any]:
    """The first version of a shipped product schema, fresh for changing."""
    return json.loads(_read(ROOT / f"schemas/products/{name}/1.schema.json"))


def newest(name: str) -> dict[str, Any]:
    """The last version of a shipped product schema."""
    return json.loads(_read(ROOT / f"schemas/products/{name}/{max(versions(name))}.schema.json"))


def versions(name: str) -> list[int]:
    files = (ROOT / f"schemas/products/{name}").glob("*.schema.json")
    return sorted(int(file.name.partition(".")[0]) for file in files)


@cache
def parsed(name: str) -> ProductSchema:
    return parse_schema(product(name))


def example(name: str, which: str, *, folder: str = "valid", version: int = 1) -> dict[str, Any]:
    return json.loads(_read(ROOT / f"schemas/products/{name}/examples/{version}/{folder}/{which}.json"))


def examples(name: str, folder: str) -> list[str]:
    files = (ROOT / f"schemas/products/{name}/examples/1/{folder}").glob("*.json")
    return sorted(file.stem for file in files)


SMALL: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "x-title": words("Lamp"),
    "type": "object",
    "x-order": ["base", "dimmer", "watts", "shade", "tag", "extras", "day", "mark", "photo"],
    "properties": {
        "base": {
            "x-title": words("Base"),
            "x-scope": "batch",
            "type": "string",
            "enum": ["wood", "steel"],
            "x-options": [option("wood", moq=50), option("steel", surcharge_minor=500, nre_minor=90_000)],
        },
        "dimmer": {
            "x-title": words("Dimmer"),
            "x-scope": "batch",
            "type": "boolean",
            "x-price": {"surcharge_minor": 300},
        },
        "watts": {
            "x-title": words("Power"),
            "x-scope": "variant",
            "x-unit": words("W"),
            "type": "integer",
            "minimum": 5,
            "maximum": 25,
            "multipleOf": 5,
        },
        "shade": {
            "x-title": words("Shade"),
            "x-scope": "variant",
            "type": "integer",
            "enum": [1, 2],
            "x-options": [option(1), option(2, surcharge_minor=-200, moq=10, lead_days=7, cert=["CCC"])],
        },
        "tag": {
            "x-title": words("Tag"),
            "x-scope": "unit",
            "x-hint": words("Three capital letters."),
            "type": "string",
            "maxLength": 3,
            "pattern": "^[A-Z]{3}$",
        },
        "extras": {
            "x-title": words("Extras"),
            "x-scope": "variant",
            "type": "array",
            "items": {"type": "string", "enum": ["bulb", "cord"]},
            "uniqueItems": True,
            "minItems": 1,
            "maxItems": 2,
            "x-options": [
                option("bulb", surcharge_minor=100),
                option("cord", surcharge_minor=50, lead_days=2),
            ],
        },
        "day": {"x-title": words("Day"), "x-scope": "unit", "type": "string", "format": "date"},
        "mark": {
            "x-title": words("Mark"),
            "x-scope": "unit",
            "x-price": {"surcharge_minor": 900, "lead_days": 3},
            "type": "object",
            "x-order": ["text", "place"],
            "properties": {
                "text": {"x-title": words("Text"), "type": "string", "minLength": 1, "maxLength": 8},
                "place": {
                    "x-title": words("Place"),
                    "type": "string",
                    "enum": ["top", "foot"],
                    "x-options": [option("top"), option("foot")],
                },
            },
            "required": ["text", "place"],
            "additionalProperties": False,
        },
        "photo": {
            "x-title": words("Photo"),
            "x-scope": "unit",
            "type": "object",
            "x-order": ["image", "agreed"],
            "properties": {
                "image": {"x-title": words("Picture"), "type": "string", "format": "sha256"},
                "agreed": {"x-title": words("Agreed"), "type": "boolean", "const": True},
            },
            "required": ["image", "agreed"],
            "additionalProperties": False,
        },
    },
    "required": ["base", "dimmer", "shade"],
    "additionalProperties": False,
    "allOf": [
        {
            "x-reason": words("Shade 2 needs watts."),
            "if": {"properties": {"shade": {"const": 2}}, "required": ["shade"]},
            "then": {"required": ["watts"], "properties": {"watts": {"maximum": 15}}},
        },
        {
            "x-reason": words("Shade 1 has no watts."),
            "if": {"properties": {"shade": {"const": 1}}, "required": ["shade"]},
            "then": {"properties": {"watts": False}},
        },
        {
            "x-reason": words("Wood is marked on the foot."),
            "if": {"properties": {"base": {"const": "wood"}}, "required": ["base"]},
            "then": {"properties": {"mark": {"properties": {"place": {"const": "foot"}}}}},
        },
        {
            "x-reason": words("A photo or a mark, not both."),
            "if": {"required": ["photo"]},
            "then": {"properties": {"mark": False}},
        },
    ],
}

#: Complete answers to SMALL.
LAMP: dict[str, Any] = {"base": "steel", "dimmer": False, "shade": 1}


def small() -> dict[str, Any]:
    return deepcopy(SMALL)


@contextmanager
def hang_guard(seconds: int = 20) -> Iterator[None]:
    """Ends a test that would otherwise never end. It measures nothing."""

    def stop(*_: object) -> None:
        raise AssertionError("this does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
