"""New versions of product schemas as Hypothesis draws them: a few changes of any kind, allowed or not."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from c2b.config import ROOT
from tests.catalog import strategies
from tests.catalog.samples import option

Document = dict[str, Any]


def shipped(name: str, version: int) -> Document:
    """A version of a shipped product schema."""
    found: Document = json.loads((ROOT / f"schemas/products/{name}/{version}.schema.json").read_text("utf-8"))
    return found


@st.composite
def from_(draw: st.DrawFn, old: Document) -> Document:
    """A version that might follow `old`."""
    new = copy.deepcopy(old)
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        draw(st.sampled_from(_WAYS))(draw, new)
    if not new.get("allOf", True):
        del new["allOf"]
    return new


def _named(draw: st.DrawFn, new: Document) -> Document:
    found: Document = new["properties"][draw(st.sampled_from(new["x-order"]))]
    return found


def _required(draw: st.DrawFn, new: Document) -> None:
    name = draw(st.sampled_from(new["x-order"]))
    present = new.get("required", [])
    new["required"] = [each for each in present if each != name] if name in present else [*present, name]


def _added(draw: st.DrawFn, new: Document) -> None:
    name = f"n{len(new['x-order'])}"
    new["x-order"].append(name)
    new["properties"][name] = draw(strategies.attribute())
    if draw(st.booleans()):
        new["required"] = [*new.get("required", []), name]


def _removed(draw: st.DrawFn, new: Document) -> None:
    name = draw(st.sampled_from(new["x-order"]))
    if len(new["x-order"]) > 1:
        new["x-order"].remove(name)
        del new["properties"][name]
        new["required"] = [each for each in new.get("required", []) if each != name]
        new["allOf"] = [rule for rule in new.get("allOf", []) if f"'{name}'" not in str(rule)]


def _scope(draw: st.DrawFn, new: Document) -> None:
    _named(draw, new)["x-scope"] = draw(st.sampled_from(["batch", "variant", "unit"]))


def _offered(draw: st.DrawFn, new: Document) -> None:
    node = _named(draw, new)
    codes = node.get("items", node).get("enum")
    if codes is None:
        return
    if draw(st.booleans()) and len(codes) > 1:
        code = draw(st.sampled_from(codes))
        codes.remove(code)
        node["x-options"] = [each for each in node["x-options"] if each["code"] != code]
        if "maxItems" in node:
            node["maxItems"] = min(node["maxItems"], len(codes))
    else:
        code = 7 if isinstance(codes[0], int) else "new"
        if code not in codes:
            codes.append(code)
            node["x-options"].append(option(code))


def _priced(draw: st.DrawFn, new: Document) -> None:
    node = _named(draw, new)
    terms = (
        draw(st.sampled_from(node["x-options"])) if "x-options" in node else node.setdefault("x-price", {})
    )
    terms["surcharge_minor"] = draw(st.integers(-300, 300))
    if draw(st.booleans()):
        terms["moq"] = draw(st.integers(1, 40))


def _limited(draw: st.DrawFn, new: Document) -> None:
    node = _named(draw, new)
    if node["type"] == "integer" and "minimum" in node:
        node["minimum"] += draw(st.integers(-5, 5))
        node["maximum"] += draw(st.integers(-5, 5))
        node["multipleOf"] = draw(st.integers(1, 6))
    elif node["type"] == "string" and "maxLength" in node:
        node["maxLength"] = max(1, node["maxLength"] + draw(st.integers(-2, 2)))
        if draw(st.booleans()):
            node.pop("pattern", None)
    elif node["type"] == "array":
        node["maxItems"] = draw(st.integers(1, len(node["x-options"])))


def _ruled(draw: st.DrawFn, new: Document) -> None:
    rules = new.setdefault("allOf", [])
    if rules and draw(st.booleans()):
        rules.pop(draw(st.integers(0, len(rules) - 1)))
    names = [name for name in new["x-order"] if new["properties"][name]["type"] != "object"]
    if len(names) > 1 and draw(st.booleans()):
        rule = draw(strategies.rule(names, new["properties"], new.get("required", [])))
        old = draw(st.sampled_from(rules)) if rules and draw(st.booleans()) else None
        if old is None:
            rules.append(rule)
        elif not set(rule["then"].get("properties", rule["then"].get("required"))) & set(
            old["if"]["required"]
        ):
            old["then"] = rule["then"]


_WAYS = (_required, _added, _removed, _scope, _offered, _priced, _limited, _ruled)
