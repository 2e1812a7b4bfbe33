"""Whether the product schemas shipped with the house are in order: `c2b schemas check`.

For every `schemas/products/<product>/<version>.schema.json`: the meta-schema and the dialect, no option that can
never be chosen, labels complete in both languages, and every example accepted or refused as its folder says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from c2b.catalog import dialect
from c2b.catalog.validation import validate
from c2b.config import ROOT
from c2b.kit.canonical import digest

_WORDS = re.compile("[a-z]{3,}")
#: Problems by digest: the search for dead options takes a moment.
_known: dict[str, list[dialect.Problem]] = {}
_MAX_KNOWN = 256
FOLDERS = {"valid": True, "invalid": False}


def check_all(root: Path = ROOT) -> list[str]:
    """Every problem of the product schemas under `root`, one line each with the file it is in."""
    files = sorted((root / "schemas/products").glob("*/*.schema.json"))
    if not files:
        return [f"{root / 'schemas/products'}: there is no product schema"]
    return [problem for file in files for problem in check_file(file, root)]


def check_file(file: Path, root: Path = ROOT) -> list[str]:
    """Every problem of one product schema and its examples."""
    name = str(file.relative_to(root))
    try:
        document = json.loads(file.read_text("utf-8"))
        Draft202012Validator.check_schema(document)
    except (ValueError, SchemaError) as error:
        return [f"{name}: not a JSON Schema 2020-12 document: {str(error).splitlines()[0][:200]}"]
    problems = problems_of(document)
    if problems:
        return [f"{name}: {problem}" for problem in problems]
    examples = file.parent / "examples" / file.name.removesuffix(".schema.json")
    return [f"{each.relative_to(root)}: {text}" for each, text in _examples(document, examples)]


def problems_of(document: object) -> list[dialect.Problem]:
    """Everything that keeps a document from being published: the dialect, dead options, labels of one language."""
    problems = dialect.check(document)
    if problems or not isinstance(document, dict):
        return problems
    fingerprint = digest(document)
    if fingerprint not in _known:
        _known[fingerprint] = dialect.unreachable(document) or list(_labels(document, ""))
        if len(_known) > _MAX_KNOWN:
            del _known[next(iter(_known))]
    return _known[fingerprint]


def _labels(node: Any, where: str) -> Iterator[dialect.Problem]:
    """Both languages say something; English words are not left untranslated (names and units may be)."""
    if isinstance(node, dict):
        if node.keys() == {"en", "zh"} and all(isinstance(text, str) for text in node.values()):
            yield from _label(node, where)
        for key, child in node.items():
            yield from _labels(child, f"{where}/{key}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _labels(child, f"{where}/{number}")


def _label(label: dict[str, str], where: str) -> Iterator[dialect.Problem]:
    for language, text in label.items():
        if not text.strip():
            yield dialect.Problem(where, f"the {language} label is blank")
    if _is_chinese(label["en"]) and not _is_chinese(label["zh"]):
        yield dialect.Problem(where, "the languages look swapped")
    elif len(_WORDS.findall(label["en"])) > 1 and not _is_chinese(label["zh"]):
        yield dialect.Problem(where, "the zh label is not translated")


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def _examples(document: dict[str, Any], folder: Path) -> Iterator[tuple[Path, str]]:
    for name, wanted in FOLDERS.items():
        files = sorted((folder / name).glob("*.json"))
        if not files:
            yield folder / name, "has no examples"
        for file in files:
            try:
                answers = json.loads(file.read_text("utf-8"))
            except ValueError as error:
                yield file, f"is not JSON: {error}"
                continue
            errors = validate(document, answers=answers)
            if wanted and errors:
                yield file, f"is refused: {errors[0].path}: {errors[0].text()}"
            elif not wanted and not errors:
                yield file, "is accepted, although it stands among the invalid"


def main(root: Path = ROOT) -> int:
    """Print what is wrong, or how much is right. 0 when all is in order, 1 otherwise."""
    problems = check_all(root)
    for problem in problems:
        print(problem)
    schemas = len(list((root / "schemas/products").glob("*/*.schema.json")))
    examples = len(list((root / "schemas/products").glob("*/examples/*/*/*.json")))
    verdict = f"{len(problems)} problems" if problems else "all in order"
    print(f"{schemas} product schemas, {examples} examples: {verdict}")
    return 1 if problems else 0
