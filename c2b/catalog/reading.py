"""What a browser sends, as answers: blank fields left out, numbers and yes-or-no in their types.

A form posts every control, also those that the rest of the answers made pointless (legends for a kit without
keycaps); these are dropped. What somebody asked for and cannot have is kept, so that validation says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from c2b.catalog.conditions import MISSING, Answers, without_pointless
from c2b.catalog.schema import Attribute, ProductSchema

#: Ends the name of a file input; the hash of the stored file belongs into the name without it.
UPLOAD = ".file"
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}", re.ASCII)


def answers_from_form(
    schema: ProductSchema,
    formdata: Any,
    scopes: Sequence[str],
    *,
    fixed: Answers | None = None,
    prefix: str = "answers",
) -> dict[str, Any]:
    """The answers in a submitted form. `formdata` is Starlette's FormData, pairs, or a mapping to lists.

    Nothing is judged here: what cannot be an answer is passed on as it came, and fields the form should not have
    are passed on too, so that `validate` refuses them aloud. `fixed` helps to tell what became pointless.
    """
    sent = _by_path(formdata, f"{prefix}.")
    answers: dict[str, Any] = {}
    for attribute in schema.attributes:
        answer = _answer(attribute, sent)
        if answer is not MISSING:
            answers[attribute.name] = answer
    for path in sent:
        name = path.partition(".")[0]
        if schema.find(name) is None:
            answers[name] = sent[path][-1]
    return without_pointless(schema, answers, schema.names(*scopes), beside=fixed)


def upload_fields(
    schema: ProductSchema, scopes: Sequence[str], *, prefix: str = "answers"
) -> tuple[tuple[str, str], ...]:
    """For each picture of these scopes: the name of its file input, and the name that takes the stored hash."""
    paths = [
        each.path
        for attribute in schema.of_scope(*scopes)
        for each in (attribute, *attribute.parts)
        if each.kind == "image"
    ]
    return tuple((f"{prefix}.{path}{UPLOAD}", f"{prefix}.{path}") for path in paths)


def _by_path(formdata: Any, start: str) -> dict[str, list[str]]:
    """Dotted path → texts sent, in order. Files are not answers."""
    found: dict[str, list[str]] = {}
    for name, value in _pairs(formdata):
        if name.startswith(start) and not name.endswith(UPLOAD) and isinstance(value, str):
            found.setdefault(name[len(start) :], []).append(value)
    return found


def _pairs(formdata: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(formdata, "multi_items"):
        return list(formdata.multi_items())
    if isinstance(formdata, Mapping):
        return [(name, each) for name, values in formdata.items() for each in _listed(values)]
    return list(formdata)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _answer(attribute: Attribute, sent: Mapping[str, list[str]]) -> Any:
    if attribute.kind == "group":
        return _group(attribute, sent)
    texts = [text for text in sent.get(attribute.path, []) if text.strip()]
    if not texts:
        return MISSING
    if attribute.kind == "choices":
        return list(dict.fromkeys(texts))
    text = texts[-1]
    if attribute.kind in ("flag", "confirm"):
        return _yes_or_no(attribute, text)
    if attribute.kind == "choice":
        return next((option.code for option in attribute.options if str(option.code) == text), text)
    if attribute.kind == "integer":
        return _number(text)
    return unicodedata.normalize("NFC", text.strip())


def _group(attribute: Attribute, sent: Mapping[str, list[str]]) -> Any:
    """The parts, if the group was added; unknown parts are passed on.

    Its box says "yes" when ticked, and "was" when the form came with it ticked. A group filled in without ticking
    the box is meant to be added; one whose box was taken away is not.
    """
    marks = sent.get(attribute.path, [])
    start = f"{attribute.path}."
    parts = {part.name: _answer(part, sent) for part in attribute.parts}
    parts = {name: each for name, each in parts.items() if each is not MISSING}
    known = {part.path for part in attribute.parts}
    parts |= {
        path[len(start) :]: sent[path][-1] for path in sent if path.startswith(start) and path not in known
    }
    if "yes" in marks or (parts and "was" not in marks):
        return parts
    return MISSING


def _yes_or_no(attribute: Attribute, text: str) -> Any:
    """A box that was not ticked says no; where yes is a wish or a confirmation, no is no answer."""
    if text == "no" and not (attribute.kind == "flag" and attribute.required):
        return MISSING
    return {"yes": True, "no": False}.get(text, text)


def _number(text: str) -> Any:
    """Digits also as a Chinese keyboard may write them (NFKC); anything else stays text."""
    plain = unicodedata.normalize("NFKC", text.strip())
    return int(plain) if _WHOLE.fullmatch(plain) else text.strip()
