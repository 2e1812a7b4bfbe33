"""Moving a campaign to a newer version of its product's schema, before the lock.

Whose choices still fit for the same price or less notices nothing; who is affected is asked again, and nobody else.
Who has reserved and not paid is let go where their choices do not fit: there is no money to hold on to. One
transaction, in which the campaign's row is held: before it everybody has the old version, after it everybody the new.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from c2b.accounts.rules import Actor
from c2b.campaigns.changes import hold
from c2b.campaigns.counting import give_back_places
from c2b.campaigns.queries import JoinOffer, campaign_for, join_offer
from c2b.campaigns.rules import JOINABLE
from c2b.catalog.evolution import Comparison, compare
from c2b.catalog.queries import PinnedSchema, pinned_schema, schema_of_version
from c2b.events.operations import Happening, record, record_all
from c2b.kit import clock, db, faults
from c2b.kit.canonical import canonical_json
from c2b.kit.errors import Conflict, FieldError, Invalid, NotFound
from c2b.kit.i18n import N_
from c2b.participations.conditional import judge_limits_anew
from c2b.participations.models import Participation
from c2b.participations.reconfirming import asking
from c2b.participations.reconfirming.fitting import Fit, batch_faults, fit
from c2b.participations.rules import Priced

MAX_ANSWER_HOURS = 168


class TooLateToMove(Conflict):
    code = "too_late_to_move"
    message = N_("Only an open group can be moved to another version: this one is closed, or over.")


class AnotherVersion(Conflict):
    """Somebody else moved the campaign, or it stands there already."""

    code = "another_version"
    message = N_("The campaign stands on version {version} already: only a newer one can follow.")


class BatchDoesNotFit(Invalid):
    code = "batch_does_not_fit"
    message = N_("What is fixed for the whole batch is not possible under this version.")


@dataclass(frozen=True)
class Outlook:
    """What moving would do. Members are counted; ``asked_units`` are paid units whose members are asked.

    ``faults``: what is fixed for the batch and not possible; then the campaign cannot be moved.
    """

    from_version: int
    version: int
    comparison: Comparison
    faults: tuple[FieldError, ...]
    unaffected: int
    asked: int
    asked_units: int
    released: int
    fits: tuple[Fit, ...] = ()


async def outlook(actor: Actor, campaign_id: str, *, version: int) -> Outlook:
    """What moving to a version would do now, for organizer and admins; the present one does nothing.

    Raises ``NotFound``, ``AnotherVersion``.
    """
    campaign = await _own(actor, campaign_id)
    before, after = await _versions(campaign, version, least=0)
    offer = await _offer_under(campaign, after)
    return await _look(campaign, before, after, offer)


async def move(actor: Actor, campaign_id: str, *, version: int, answer_hours: int) -> Outlook:
    """Move a campaign to a newer published version of its product's schema; what was done.

    Whoever is affected is asked until ``answer_hours`` have passed, at most until the deadline. Raises
    ``TooLateToMove``, ``AnotherVersion``, ``BatchDoesNotFit``, ``Invalid`` for the hours, ``NotFound``.
    """
    await _own(actor, campaign_id)
    if not isinstance(answer_hours, int) or not 1 <= answer_hours <= MAX_ANSWER_HOURS:
        message = N_("Give members between 1 and {most} hours to answer.")
        raise Invalid(fields=[FieldError("answer_hours", "range", message, {"most": MAX_ANSWER_HOURS})])
    done = await db.atomically(partial(_move, actor, campaign_id, version, answer_hours))
    await join_offer(campaign_id, fresh=True)  # pages of this process stop showing the old version
    return done


async def _move(actor: Actor, campaign_id: str, version: int, answer_hours: int) -> Outlook:
    campaign = await hold(campaign_id)
    deadline = db.instant(campaign["deadline"])
    if campaign["state"] not in JOINABLE or deadline is None or deadline <= clock.now():
        raise TooLateToMove
    before, after = await _versions(campaign, version)
    await db.execute(
        "UPDATE campaign SET schema_id = ?, terms_version = terms_version + 1, wishes_version = wishes_version + 1 "
        "WHERE id = ?",
        after.id,
        campaign_id,
    )
    offer = await _offer_under({**campaign, "terms_version": campaign["terms_version"] + 1}, after)
    found = await _look(campaign, before, after, offer)
    if found.faults:
        raise BatchDoesNotFit(fields=[replace(each, path="version") for each in found.faults])
    until = min(clock.now() + timedelta(hours=answer_hours), deadline)
    await _rebind(found.fits, offer)
    await asking.ask_all(
        campaign_id,
        [asking.Question(each.id, each.faults) for each in found.fits if each.paid and each.faults],
        reason="schema",
        until=until,
    )
    await _settle_former_questions(found.fits, offer)
    await _release([each for each in found.fits if not each.paid and each.faults], campaign_id)
    await judge_limits_anew(offer)
    await record(
        "campaign.schema_moved", subject="campaign", subject_id=campaign_id, campaign_id=campaign_id,
        actor_id=actor.id, audience="members",
        payload={"from_version": before.version, "version": after.version, "kind": found.comparison.kind,
                 "unaffected": found.unaffected, "questioned": found.asked, "released": found.released,
                 **({"answer_until": until.isoformat()} if found.asked else {})},
    )  # fmt: skip
    faults.point("campaign:moved")
    return found


async def _own(actor: Actor, campaign_id: str) -> dict[str, Any]:
    campaign = await campaign_for(actor, campaign_id)
    if campaign["opened_at"] is None or not (actor.is_admin or actor.id == campaign["organizer_id"]):
        raise NotFound
    return campaign


async def _versions(
    campaign: Mapping[str, Any], version: int, *, least: int = 1
) -> tuple[PinnedSchema, PinnedSchema]:
    """The present and the wanted version, which is so many further at the least."""
    before = await pinned_schema(campaign["schema_id"])
    after = await schema_of_version(campaign["product_id"], version)
    if after is None:
        raise NotFound
    if after.version < before.version + least:
        raise AnotherVersion(version=before.version)
    return before, after


async def _offer_under(campaign: Mapping[str, Any], schema: PinnedSchema) -> JoinOffer:
    """The campaign's offer as it is, with this schema in the place of its own."""
    present = await join_offer(campaign["id"], fresh=True)
    return replace(present, schema=schema, terms_version=campaign["terms_version"])


async def _look(
    campaign: Mapping[str, Any], before: PinnedSchema, after: PinnedSchema, offer: JoinOffer
) -> Outlook:
    comparison = compare(before.parsed, after.parsed, currency=campaign["currency"])
    wrong = tuple(batch_faults(offer))
    fits = [] if wrong else await fit(offer, before, await _members(campaign["id"]))
    asked = [each for each in fits if each.paid and each.faults]
    return Outlook(
        from_version=before.version,
        version=after.version,
        comparison=comparison,
        faults=wrong,
        unaffected=sum(not each.faults for each in fits),
        asked=len(asked),
        asked_units=sum(each.quantity for each in asked),
        released=sum(bool(each.faults) and not each.paid for each in fits),
        fits=tuple(fits),
    )


async def _members(campaign_id: str) -> list[dict[str, Any]]:
    """Who has a place. Who waits for one is judged again when it is offered."""
    rows = await db.fetch(
        "SELECT id, user_id, state, quantity, answers, preferences, quote, total_minor FROM participation "
        "WHERE campaign_id = ? AND state IN ('pending_payment', 'joined', 'needs_attention') ORDER BY id",
        campaign_id,
    )
    return [{**row, **{key: _json(row[key]) for key in ("answers", "preferences", "quote")}} for row in rows]


async def _rebind(fits: Sequence[Fit], offer: JoinOffer) -> None:
    """Everybody stands on the new version; whose first choice fits gets its quote, never above the promise."""
    priced = [(each, each.priced) for each in fits if each.priced is not None]
    await db.execute_many(
        "UPDATE participation SET schema_version = ?, digest = ?, configuration_key = ?, quote = ? WHERE id = ?",
        [
            (offer.schema.version, new.digest, new.configuration_key, _quote(each, new), each.id)
            for each, new in priced
        ],
    )
    await db.execute_many(
        "UPDATE participation SET schema_version = ? WHERE id = ?",
        [(offer.schema.version, each.id) for each in fits if each.priced is None],
    )


def _quote(each: Fit, new: Priced) -> str:
    return canonical_json(asking.promise(each.quote, new).to_dict()).decode()


async def _settle_former_questions(fits: Sequence[Fit], offer: JoinOffer) -> None:
    """Who was asked before and fits again needs to say nothing more."""
    for each in fits:
        if each.state == "needs_attention" and not each.faults:
            await asking.keep(await Participation.get(id=each.id), offer)


async def _release(fits: Sequence[Fit], campaign_id: str) -> None:
    if not fits:
        return
    now: datetime = clock.now()
    await db.execute_many(
        "UPDATE participation SET state = 'expired', left_at = ?, reserved_until = NULL, attention = ? "
        "WHERE id = ? AND state = 'pending_payment'",
        [(now, "released:schema", each.id) for each in fits],
    )
    await give_back_places(campaign_id, reserved=sum(each.quantity for each in fits), paid=0)
    await record_all(
        Happening(
            "participation.released", "participation", each.id, campaign_id, each.user_id, "organizer",
            {"cause": "schema"},
        )
        for each in fits
    )  # fmt: skip


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
