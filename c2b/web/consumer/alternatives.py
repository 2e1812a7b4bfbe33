"""The buttons of the form for a requirement: describe an alternative apart, keep it, edit, move and remove it.

They post the whole form and get it back, so that all of it works without JavaScript.
"""

from __future__ import annotations

from dataclasses import replace

from c2b.campaigns.queries import JoinOffer
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_
from c2b.participations.wishes.preferences import MAX_ALTERNATIVES
from c2b.participations.wishes.requiring import specification_faults
from c2b.web.consumer.requirement import Apart, Sent
from c2b.web.consumer.wish_form import is_about_wishes
from c2b.web.consumer.wishes import composed, moved_up, put, removed


def acted(offer: JoinOffer, sent: Sent) -> tuple[Sent, list[FieldError]]:
    """The form after its button; faults where an alternative cannot be kept as it is."""
    if sent.apart is not None:
        return _apart(offer, sent, sent.apart)
    verb, _, number = sent.action.partition(":")
    place = int(number) if number in ("0", "1", "2", "3") else 0
    entries = sent.wishes.alternatives
    if verb == "alternative" and len(composed(sent.wishes, offer, sent.first).sources) < MAX_ALTERNATIVES:
        return replace(sent, apart=Apart(place=len(entries), first=sent.answers)), []
    if verb == "edit" and place < len(entries) and isinstance(entries[place].get("answers"), dict):
        apart = Apart(place=place, first=sent.answers)
        return replace(sent, answers=entries[place]["answers"], apart=apart), []
    if verb == "remove":
        return replace(sent, wishes=removed(sent.wishes, place)), []
    if verb == "up":
        return replace(sent, wishes=moved_up(sent.wishes, place)), []
    return sent, []


def _apart(offer: JoinOffer, sent: Sent, apart: Apart) -> tuple[Sent, list[FieldError]]:
    together = replace(sent, answers=apart.first, apart=None)
    if sent.action == "back":
        return together, []
    if sent.action != "keep":
        return sent, []
    about_files = [fault for fault in sent.faults if not is_about_wishes(fault)]
    faults = [*about_files, *specification_faults(offer, sent.answers, sent.wishes.votes)]
    if not faults and sent.answers == apart.first:
        message = N_("This is still your first choice: change what may be different.")
        faults = [FieldError("", "same_as_first", message)]
    if faults:
        return replace(sent, faults=()), faults
    return replace(together, wishes=put(sent.wishes, apart.place, sent.answers)), []
