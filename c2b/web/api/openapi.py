"""The API's document: put together from the files kept by hand, and held against the routes.

``c2b openapi check`` names every difference: a route nobody documented, an operation nobody serves, an example that
its own schema refuses, a schema nobody uses, a text without Chinese.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from starlette.routing import Route

from c2b.accounts.rules import ROLES
from c2b.web.api.routing import V1, documented, is_refusal
from c2b.web.auth import Access

HERE = Path(__file__).parent
Json = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")
UNSAFE = ("put", "post", "patch", "delete")
_REF = "#/components/"
_TEXTS = ("summary", "description")


@cache
def document() -> Json:
    """The OpenAPI 3.1 document, complete and in English."""
    made: Json = _read("openapi.yaml")
    made["components"]["schemas"] = _read("schemas.yaml")
    made["components"]["responses"] = {f"E{status}": _refusal(status) for status in REFUSALS}
    made["paths"] = {}
    for file in sorted((HERE / "paths").glob("*.yaml")):
        for path, item in _read(f"paths/{file.name}").items():
            made["paths"].setdefault(path, {}).update(
                {method: _expanded(path, method, operation, made) for method, operation in item.items()}
            )
    return made


@cache
def served() -> bytes:
    """The document as it is sent to programs: without the texts for our own page."""
    return json.dumps(without_notes(document()), ensure_ascii=False).encode()


@cache
def chinese() -> dict[str, str]:
    """The short texts (of fields, parameters and refusals) in Chinese, by their English."""
    found: dict[str, str] = _read("chinese.yaml")
    return found


#: What a refusal of each status means, in general.
REFUSALS = {
    400: "The request could not be read: no key, a broken cursor, JSON that is none.",
    401: "No token, or one that does not work.",
    403: "The role, or a token that may only read, does not allow this.",
    404: "There is nothing here, or it is not yours to see.",
    409: "Not possible at the moment; `code` says why.",
    413: "The body is too large.",
    415: "The body has another media type than this operation reads.",
    422: "Some fields need another look, or the key was used for another request.",
    429: "Too many tries; see Retry-After.",
    503: "Very many people are here at once, or the payment provider is away. Try again.",
}


def without_notes(node: Any) -> Any:
    """A copy without ``x-zh``."""
    if isinstance(node, Mapping):
        return {key: without_notes(value) for key, value in node.items() if key != "x-zh"}
    return [without_notes(each) for each in node] if isinstance(node, list) else node


def _read(name: str) -> Any:
    # the loader in C is ten times as fast; both make nothing but plain values
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506


def _refusal(status: int) -> Json:
    example = {
        "type": "urn:c2b:problem:not_found",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": "not_found",
        "detail": REFUSALS[404],
    }
    body: Json = {"schema": {"$ref": f"{_REF}schemas/Problem"}}
    if status == 404:
        body["example"] = example
    headers = {"Retry-After": {"$ref": f"{_REF}headers/RetryAfter"}} if status == 429 else {}
    return {
        "description": REFUSALS[status],
        "headers": headers,
        "content": {"application/problem+json": body},
    }


def _expanded(path: str, method: str, short: Json, whole: Json) -> Json:
    """An operation as OpenAPI wants it, from one as we write it."""
    operation = copy.deepcopy(short)
    keyed, paged = operation.pop("x-key", False), operation.pop("x-paged", False)
    roles = operation.get("x-roles", [])
    operation["security"] = [{"bearer": []}] if roles else _optional(method)
    named = [f"parameters/{name}" for name in re.findall(r"{(\w+)}", path)]
    named += ["parameters/IdempotencyKey"] * keyed + ["parameters/Limit", "parameters/Cursor"] * paged
    operation["parameters"] = [{"$ref": _REF + name} for name in named] + operation.get("parameters", [])
    if "requestBody" in operation:
        operation["requestBody"] = _body(operation["requestBody"], whole)
    for status, response in operation["responses"].items():
        operation["responses"][status] = _response(int(status), response, whole, keyed=keyed)
    for status in sorted({*_obvious(path, method, operation, keyed, paged), *operation.pop("x-errors", [])}):
        operation["responses"][str(status)] = {"$ref": f"{_REF}responses/E{status}"}
    return operation


def _optional(method: str) -> list[Json]:
    """Anybody may read; who brings a token may learn more."""
    return [{}, {"bearer": []}] if method == "get" else [{}]


def _obvious(path: str, method: str, operation: Json, keyed: bool, paged: bool) -> Iterator[int]:
    """The refusals that follow from what an operation takes."""
    roles = operation.get("x-roles", [])
    if roles:
        yield 401
    if roles and (len(roles) < len(ROLES) or method in UNSAFE):
        yield 403
    if "{" in path:
        yield 404
    if paged or any(parameter.get("in") == "query" for parameter in operation["parameters"]):
        yield 400
    if keyed:
        yield from (400, 409, 413, 422)
    if "requestBody" in operation:
        yield from (400, 413, 415, 422)


def _body(short: Json, whole: Json) -> Json:
    media, name = next(
        (media, short[key])
        for key, media in (("x-json", "application/json"), ("x-form", "multipart/form-data"))
        if key in short
    )
    return {"required": short.get("required", True), "content": {media: _content(name, whole)}}


def _response(status: int, short: Json, whole: Json, *, keyed: bool) -> Json:
    made: Json = {"description": short.get("description", HTTPStatus(status).phrase)}
    headers = {"Location": {"$ref": f"{_REF}headers/Location"}} if short.get("x-location") else {}
    if keyed:
        headers["Idempotent-Replayed"] = {"$ref": f"{_REF}headers/Replayed"}
    if headers:
        made["headers"] = headers
    if "x-one" in short:
        made["content"] = {short.get("x-media", "application/json"): _content(short["x-one"], whole)}
    elif "x-list" in short:
        made["content"] = {"application/json": _list(short["x-list"], whole)}
    elif "content" in short:
        made["content"] = short["content"]
    return made


def _content(name: str, whole: Json) -> Json:
    example = whole["components"]["schemas"][name]["examples"][0]
    return {"schema": {"$ref": f"{_REF}schemas/{name}"}, "example": example}


def _list(name: str, whole: Json) -> Json:
    one = _content(name, whole)
    properties = {
        "items": {"type": "array", "items": one["schema"]},
        "next": {"type": ["string", "null"], "description": "The cursor of the following slice."},
    }
    schema = {"type": "object", "required": ["items", "next"], "properties": properties}
    return {"schema": schema, "example": {"items": [one["example"]], "next": None}}


# -------------------------------------------------------------------- the check


def check() -> int:
    """Print every fault; 1 where there is one."""
    from c2b.web.api import RESOURCES

    found = [*faults(), *differences(RESOURCES)]
    for fault in found:
        print(fault, file=sys.stderr)
    count = sum(len(item) for item in document()["paths"].values())
    print(f"{count} operations, {len(found)} faults." if found else f"{count} operations, all as documented.")
    return 1 if found else 0


def operations() -> Iterator[tuple[str, str, Json]]:
    """(path below /api/v1, method, operation) of the document."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def faults() -> Iterator[str]:
    """What is wrong with the document itself."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    clean = json.loads(served())
    yield from (
        f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(clean).iter_errors()
    )
    tags = {tag["name"] for tag in clean["tags"]}
    for path, method, operation in operations():
        where = f"{method.upper()} {path}"
        yield from (f"{where}: no {name}" for name in ("operationId", *_TEXTS) if not operation.get(name))
        spoken = operation.get("x-zh", {})
        yield from (f"{where}: {name} is not in Chinese" for name in _TEXTS if not spoken.get(name))
        if not set(operation.get("tags", [])) & tags:
            yield f"{where}: no known tag"
        yield from (f"{where}: {fault}" for fault in _example_faults(operation))
    yield from _unused(clean)
    said = set(_short_texts([clean["components"], clean["paths"]]))
    yield from (f"not in chinese.yaml: {text!r}" for text in sorted(said - chinese().keys()))
    yield from (f"in chinese.yaml, but nobody says it: {text!r}" for text in sorted(chinese().keys() - said))


def differences(routes: list[Route]) -> Iterator[str]:
    """What the routes do and the document does not say, and the other way round."""
    real = {
        (documented(route.path).removeprefix(V1), method.lower()): route
        for route in routes
        if not is_refusal(route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    said = {(path, method): operation for path, method, operation in operations()}
    yield from (
        f"{method.upper()} {path}: not documented" for path, method in sorted(real.keys() - said.keys())
    )
    yield from (
        f"{method.upper()} {path}: nobody serves it" for path, method in sorted(said.keys() - real.keys())
    )
    for key in sorted(real.keys() & said.keys()):
        access: Access = real[key].endpoint.access  # type: ignore[attr-defined]
        roles = list(access.roles) if access.api else []
        if sorted(said[key].get("x-roles", [])) != sorted(roles):
            yield f"{key[1].upper()} {key[0]}: x-roles should be {roles}"


def _example_faults(operation: Json) -> Iterator[str]:
    answers = operation["responses"].items()
    contents = [(f"answer {status}", answer.get("content", {})) for status, answer in answers]
    contents.append(("body", operation.get("requestBody", {}).get("content", {})))
    for where, content in contents:
        for media, body in content.items():
            if body["schema"].get("format") == "binary":
                continue
            if "example" not in body:
                yield f"{where} has no example"
                continue
            for error in validator(body["schema"]).iter_errors(body["example"]):
                yield f"{where} ({media}): the example breaks its schema: {error.json_path} {error.message}"


def validator(schema: Json) -> Any:
    """A validator for a schema of the document, which may refer to its components."""
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry

    rooted = {**schema, "components": document()["components"]}
    return Draft202012Validator(rooted, registry=Registry(), format_checker=FormatChecker())


def _short_texts(node: Any) -> Iterator[str]:
    """Descriptions of everything but operations, whose Chinese stands with them."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "description" and isinstance(value, str) and "operationId" not in node:
                yield value
            elif key not in ("example", "examples"):
                yield from _short_texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from _short_texts(each)


def _unused(clean: Json) -> Iterator[str]:
    text = json.dumps(clean)
    for kind, parts in clean["components"].items():
        if kind == "securitySchemes":
            continue
        for name in parts:
            if f'"{_REF}{kind}/{name}"' not in text:
                yield f"components/{kind}/{name}: nobody uses it"
