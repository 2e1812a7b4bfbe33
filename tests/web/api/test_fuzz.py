"""Programs that send nonsense: thousands of requests made from the document, none of which may break us.

Each answer is held against the document: its status, its media type, its body, and no error of ours (5xx).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import checks

from c2b.kit.db import Database
from c2b.kit.http.rates import reset_memory
from c2b.web.api import openapi
from tests.web.api.client import BASE
from tests.web.api.populated import Built, built, fresh_settings

__all__ = ["built", "fresh_settings"]

#: Requests per operation: with sixty operations over a thousand in all. C2B_FUZZ_EXAMPLES asks for more.
EXAMPLES = int(os.environ.get("C2B_FUZZ_EXAMPLES") or 20)
checks.load_all_checks()
CHECKS = checks.CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
     "response_headers_conformance", "unsupported_method"]
)  # fmt: skip
WHO = {"consumer": "ana", "manufacturer": "mill", "admin": "root"}
DOCUMENT = openapi.without_notes(openapi.document())
_SCHEMA = schemathesis.openapi.from_dict({**DOCUMENT, "servers": [{"url": f"{BASE}/api/v1"}]})
_FOUND = [result.ok() for result in _SCHEMA.get_all_operations()]
OPERATIONS = {f"{operation.method.upper()} {operation.path}": operation for operation in _FOUND}


class Served:
    """The application on a loop of its own: Hypothesis calls plain functions."""

    def __init__(self, app: Any, file: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.database = self.loop.run_until_complete(Database(f"sqlite://{file}").open(for_every_task=True))
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx2.AsyncClient(transport=transport)

    def request(self, *, cookies: Any = None, data: Any = None, **request: Any) -> httpx2.Response:
        """Send what schemathesis made for another client; the API reads no cookies."""
        reset_memory()
        request |= {"content" if isinstance(data, str | bytes) else "data": data} if data is not None else {}
        return self.loop.run_until_complete(self._send(self.http.build_request(**request)))

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()  # the checks look at what was sent
        return await self.http.send(request)

    def close(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()


@pytest.fixture
def served(app: Any, built: Built, tmp_path: Any) -> Iterator[Served]:
    copy = tmp_path / "fuzz.sqlite3"
    shutil.copy(built.file, copy)
    found = Served(app, copy)
    yield found
    found.close()


def test_every_operation_is_tried():
    assert len(OPERATIONS) == sum(1 for _ in openapi.operations())


def either(operation: Any) -> Any:
    """What the document allows, and what it does not."""
    modes = schemathesis.GenerationMode
    allowed = operation.as_strategy(modes.POSITIVE)
    return allowed | allowed | operation.as_strategy(modes.NEGATIVE)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nonsense_breaks_nothing(served: Served, built: Built, name: str) -> None:
    operation = OPERATIONS[name]
    roles = openapi.document()["paths"][operation.path][operation.method.lower()].get("x-roles", ["consumer"])
    token = built.tokens[WHO[roles[0]]]
    real = {**built.names, "campaign": built.names["open" if operation.method == "post" else "made"]}

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(
        case=either(operation), at_home=hypothesis.strategies.sampled_from((True, True, True, False))
    )
    def try_one(case: schemathesis.Case, at_home: bool) -> None:
        if at_home and case.path_parameters:  # most of the nonsense is sent to things that are there
            case.path_parameters.update({key: real[key] for key in case.path_parameters})
        case.headers["Authorization"] = f"Bearer {token}"
        if at_home and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = uuid.uuid4().hex
        response = served.request(**case.as_transport_kwargs(base_url=f"{BASE}/api/v1"))
        case.validate_response(response, checks=CHECKS)

    try_one()
