"""Timelines: members read; manufacturer and admins move the stages and prove them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import campaign_for
from c2b.fulfillment import operations, queries
from c2b.kit.canonical import canonical_json, clean_text
from c2b.kit.errors import AppError, FieldError, Invalid
from c2b.kit.i18n import N_
from c2b.kit.ids import sha256_hex
from c2b.web.api.bodies import fields_of, text
from c2b.web.api.listing import listed, window, word
from c2b.web.api.once import call_from, once
from c2b.web.api.routing import V1, resource
from c2b.web.auth import Endpoint, actor_of, require_api
from c2b.web.views import idempotent, json_answer

_FORM_FIELDS = ("kind", "note", "file")


class NotAForm(AppError):
    status = 415
    code = "not_a_form"
    message = N_("Send the evidence as multipart/form-data.")


@require_api("manufacturer", "admin")
async def index(request: Request) -> Response:
    """GET /timelines?running=: those one works on, newest first."""
    running = word(request, "running", ("true", "false")) == "true"
    return listed(await queries.timelines_of(actor_of(request), window(request), running=running))


@require_api()
async def show(request: Request) -> Response:
    """GET /campaigns/{campaign}/timeline: for members, organizer, manufacturer and admins."""
    actor = actor_of(request)
    campaign = await campaign_for(actor, request.path_params["campaign"])
    return json_answer(shape(await queries.timeline_of(actor, campaign["id"])))


@require_api()
async def evidence(request: Request) -> Response:
    """GET /evidence/{evidence}: a photo or document, to be saved."""
    file = await queries.evidence_file(actor_of(request), request.path_params["evidence"])
    headers = file.headers()
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    return Response(file.data, headers=headers)


@require_api("manufacturer", "admin")
async def prove(request: Request) -> Response:
    """POST /milestones/{milestone}/evidence (multipart: kind, note, file): a note, a photo or a document.

    A retry is known by what was sent, not by how: programs write the same form with another boundary each time.
    """
    actor, milestone_id = actor_of(request), request.path_params["milestone"]
    await operations.own_milestone(actor, milestone_id)  # nobody's upload is read for somebody else's stage
    fields = await _evidence(request)
    sent = {**fields, "data": sha256_hex(fields["data"])}

    async def work() -> Response:
        evidence_id = await operations.add_evidence(actor, milestone_id, **fields)
        location = f"{V1}/evidence/{evidence_id}" if fields["kind"] != "note" else None
        return json_answer({"id": evidence_id, "kind": fields["kind"]}, status=201, location=location)

    return await once(call_from(request, canonical_json(sent)), work)


def shape(page: queries.TimelinePage) -> dict[str, Any]:
    """A timeline without its drawing. Days are days: a factory does not work by the hour."""
    return {name: getattr(page, name) for name in page.__dataclass_fields__ if name != "drawing"}


def _move(operation: Callable[..., Awaitable[None]], *, reasoned: bool = False) -> Endpoint:
    """A POST that moves a stage and answers with the timeline, in which everything after it moved along."""

    async def move(request: Request) -> Response:
        actor, milestone_id = actor_of(request), request.path_params["milestone"]
        fields = await fields_of(request, reason=text(most=4000)) if reasoned else {}
        await operation(actor, milestone_id, **fields)
        _, timeline = await operations.own_milestone(actor, milestone_id)
        return json_answer(shape(await queries.timeline_of(actor, timeline.campaign_id)))

    return idempotent(move)


_makers = require_api("manufacturer", "admin")
_admins = require_api("admin")


async def _evidence(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise NotAForm
    async with request.form(max_files=1, max_fields=4) as form:
        unknown = [name for name in form if name not in _FORM_FIELDS]
        if unknown:
            sentence = N_("There is no such field here.")
            raise Invalid(fields=[FieldError(name, "unknown", sentence) for name in unknown])
        file = form.get("file")
        upload = file if isinstance(file, UploadFile) else None
        return {
            "kind": _field(form, "kind"),
            "note": _field(form, "note"),
            "filename": _clean(upload.filename or "") if upload else "",
            "data": await upload.read() if upload else b"",
        }


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    if not isinstance(value, str):
        raise Invalid(fields=[FieldError(name, "text", N_("This must be text, not a file."))])
    try:
        return clean_text(value)
    except ValueError:
        raise Invalid(
            fields=[FieldError(name, "characters", N_("Please remove control characters."))]
        ) from None


def _clean(filename: str) -> str:
    return "".join(char for char in filename if char.isprintable())[:200]


ROUTES: list[Route] = [
    *resource("/timelines", get=index),
    *resource("/campaigns/{campaign:name}/timeline", get=show),
    *resource("/evidence/{evidence:id}", get=evidence),
    *resource("/milestones/{milestone:id}/start", post=_makers(_move(operations.start_stage))),
    *resource("/milestones/{milestone:id}/evidence", post=prove),
    *resource("/milestones/{milestone:id}/completion", post=_makers(_move(operations.submit_stage))),
    *resource("/milestones/{milestone:id}/block", post=_makers(_move(operations.block_stage, reasoned=True))),
    *resource("/milestones/{milestone:id}/resumption", post=_makers(_move(operations.resume_stage))),
    *resource("/milestones/{milestone:id}/approval", post=_admins(_move(operations.approve_stage))),
    *resource(
        "/milestones/{milestone:id}/rejection", post=_admins(_move(operations.reject_stage, reasoned=True))
    ),
    *resource(
        "/milestones/{milestone:id}/omission", post=_admins(_move(operations.skip_stage, reasoned=True))
    ),
]
