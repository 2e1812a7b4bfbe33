"""What a requirement would cost, and which options do not go together with it: without joining."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from c2b.campaigns.queries import JoinOffer, join_offer
from c2b.catalog.explain import Forbidden, SearchTooLarge, forbidden_in_all
from c2b.catalog.tidying import tidied
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import pick
from c2b.participations.operations import requirement
from c2b.participations.rules import MAX_QUANTITY
from c2b.web.api.bodies import Optional, fields_of, mapping, whole
from c2b.web.api.limits import QUOTES, count
from c2b.web.api.routing import resource
from c2b.web.auth import public
from c2b.web.views import json_answer

SCOPES = ("variant", "unit")


@public
async def quote(request: Request) -> Response:
    """POST /campaigns/{campaign}/quote: nothing is written, so it needs no key. Faults are part of the answer."""
    await count(QUOTES, request)
    offer = await join_offer(request.path_params["campaign"], fresh=True)
    fields = await fields_of(
        request,
        answers=mapping,
        quantity=Optional(whole(least=1, most=MAX_QUANTITY), 1),
        preferences=Optional(mapping),
    )
    priced, faults = None, list[FieldError]()
    try:
        priced = requirement(offer, **fields)
    except Invalid as refused:
        faults = refused.fields or [FieldError("", refused.code, refused.message)]
    return json_answer(
        {
            "valid": priced is not None,
            "errors": [{"path": each.path, "code": each.code, "message": each.text()} for each in faults],
            "quote": priced.quote.to_dict() if priced else None,
            "commitment_minor": priced.commitment_minor if priced else None,
            "digest": priced.digest if priced else None,
            "forbidden": [_shape(each) for each in _refused_choices(offer, fields["answers"])],
        }
    )


def _refused_choices(offer: JoinOffer, answers: dict[str, Any]) -> list[Forbidden]:
    clean, faults = tidied(answers)
    known = offer.schema.parsed.names(*SCOPES)
    present = {} if faults else {name: value for name, value in clean.items() if name in known}
    try:
        found = forbidden_in_all(offer.schema.parsed, batches=offer.batches, answers=present, scopes=SCOPES)
    except SearchTooLarge:  # lint refuses such a schema before it is published
        return []
    return list(found.values())


def _shape(choice: Forbidden) -> dict[str, Any]:
    return {
        "path": choice.path,
        "option": choice.code,
        "reason": pick(choice.reason),
        "because": list(choice.because),
        "final": choice.final,
    }


ROUTES: list[Route] = resource("/campaigns/{campaign:name}/quote", post=quote)
