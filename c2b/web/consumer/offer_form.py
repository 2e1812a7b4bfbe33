"""The organizer's form: what a browser sends as an offer, and an offer as what a form shows.

Text that is no number, price or day is named beside its field here; everything else is judged by the campaign's own
rules, the same for form and API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.datastructures import FormData

from c2b.campaigns.checking import bounds_of
from c2b.campaigns.plans import DEPOSIT, FULL, USUAL_BALANCE_DAYS, USUAL_PERCENT
from c2b.campaigns.rules import (
    MAX_TIERS,
    Bounds,
    Offer,
    PriceTier,
    QuotedTier,
    quoted_at,
    quoted_tiers,
)
from c2b.campaigns.votes import TIE_RULES, OpenVote
from c2b.catalog.forms import Form, answers_from_form, build_form
from c2b.catalog.queries import PinnedSchema
from c2b.kit import clock
from c2b.kit.errors import FieldError, Invalid
from c2b.kit.i18n import N_, format_datetime, reader_zone
from c2b.kit.money import parse_money, plain_money
from c2b.web.consumer.prices import batch_surcharge
from c2b.web.consumer.vote_form import (
    CLOSES_AT,
    SentVotes,
    VoteForm,
    is_about_votes,
    largest_minimum,
    most_surcharge,
    read_votes,
    vote_form,
    without_open,
)

SCOPES = ("batch",)
_NUMBER = N_("Give a whole number.")
_PRICE = N_("Give a price such as 459.00.")
_DAY = N_("Give a day and a time.")
_LARGEST = 1_000_000


@dataclass(frozen=True)
class TierRow:
    """One row of the price ladder as it was typed, with what is wrong in it."""

    from_quantity: str = ""
    price: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OfferForm:
    """The form as the page draws it. ``values`` are texts as typed, ``errors`` sentences by field."""

    values: dict[str, str]
    tiers: tuple[TierRow, ...]
    batch: Form
    errors: dict[str, str]
    zone: str
    most_tiers: int
    minimum: int
    nre_minor: int
    surcharge_minor: int
    votes: VoteForm


@dataclass(frozen=True, kw_only=True)
class SentOffer:
    """What was sent: texts, tiers, answers, and the faults of texts that cannot be read at all."""

    values: dict[str, str]
    tiers: tuple[tuple[str, str], ...]
    answers: dict[str, Any]
    numbers: dict[str, int]
    read_tiers: tuple[PriceTier, ...]
    deadline: datetime
    faults: tuple[FieldError, ...]
    votes: SentVotes
    votes_close_at: datetime

    def offer(self) -> Offer:
        """The offer. Raises Invalid where a text cannot be read."""
        if self.faults:
            raise Invalid(fields=list(self.faults))
        return Offer(
            title=self.values["title"],
            story=self.values["story"].replace("\r\n", "\n"),
            batch_answers=self.answers,
            threshold=self.numbers["threshold"],
            cap=self.numbers["cap"],
            tiers=self.read_tiers,
            closes=self.values["closes"],
            visibility=self.values["visibility"],
            deadline=self.deadline,
            votes=self.votes.votes(self.votes_close_at),
            objection_hours=self.numbers["objection_hours"],
            payment_plan=self.values["payment_plan"],
            deposit_percent=self.numbers["deposit_percent"],
            balance_days=self.numbers["balance_days"],
        )


_STATED = (
    "title", "story", "threshold", "cap", "closes", "visibility",
    "objection_hours", "payment_plan", "deposit_percent", "balance_days",
)  # fmt: skip
_TEXTS = ("title", "story", "threshold", "cap", "closes", "visibility", "deadline", *_STATED[-4:])
_NUMBERS = ("threshold", "cap", "objection_hours", "deposit_percent", "balance_days")
_UNSAID = {
    "objection_hours": "24",
    "payment_plan": FULL,
    "deposit_percent": str(USUAL_PERCENT),
    "balance_days": str(USUAL_BALANCE_DAYS),
}


def read_offer(form: FormData, schema: PinnedSchema, currency: str) -> SentOffer:
    """The offer in a posted form."""
    values = {name: str(form.get(name, _UNSAID.get(name, ""))).strip() for name in _TEXTS}
    faults: list[FieldError] = []
    numbers = {name: _number(values[name], name, faults) for name in _NUMBERS}
    typed = tuple(
        (str(quantity).strip(), str(price).strip())
        for quantity, price in zip(form.getlist("tier_from"), form.getlist("tier_price"), strict=False)
    )[:MAX_TIERS]
    typed = tuple(row for row in typed if any(row))
    tiers = tuple(_tier(row, number, currency, faults) for number, row in enumerate(typed))
    deadline = _day(values["deadline"], "deadline", faults)
    votes = read_votes(form, schema.parsed)
    votes_close_at = _day(votes.closes_at, CLOSES_AT, faults) if votes.open else deadline
    answers = answers_from_form(schema.parsed, without_open(form, votes), SCOPES)
    return SentOffer(
        values=values,
        tiers=typed,
        answers=answers,
        numbers=numbers,
        read_tiers=tiers,
        deadline=deadline,
        faults=tuple(faults),
        votes=votes,
        votes_close_at=votes_close_at,
    )


def sent_from(campaign: Mapping[str, Any], votes: Sequence[OpenVote]) -> SentOffer:
    """A stored draft as if it had been sent."""
    deadline: datetime = campaign["deadline"]
    votes_close_at = votes[0].closes_at if votes else deadline
    values = {name: str(campaign[name]) for name in _STATED}
    if campaign["payment_plan"] != DEPOSIT:
        values["deposit_percent"] = str(USUAL_PERCENT)
    tiers = [PriceTier(each["from_quantity"], each["unit_price_minor"]) for each in campaign["tiers"]]
    typed = tuple(
        (str(tier.from_quantity), plain_money(tier.unit_price_minor, campaign["currency"])) for tier in tiers
    )
    return SentOffer(
        values={**values, "deadline": _local(deadline)},
        tiers=typed,
        answers=dict(campaign["batch_answers"]),
        numbers={name: campaign[name] for name in _NUMBERS},
        read_tiers=tuple(tiers),
        deadline=deadline,
        faults=(),
        votes=SentVotes(
            open={vote.attribute: vote.choices for vote in votes},
            closes_at=_local(votes_close_at),
            tie_rule=votes[0].tie_rule if votes else TIE_RULES[0],
        ),
        votes_close_at=votes_close_at,
    )


def blank(product: Mapping[str, Any]) -> SentOffer:
    """The form before anything is typed: what most campaigns would choose on this product."""
    minimum, currency = product["min_quantity"], product["currency"]
    quoted = quoted_tiers(product["quotation"]["tiers"])
    cap = min(max(4 * minimum, quoted[-1].from_quantity), product["capacity"])
    deadline = (clock.now() + timedelta(days=21)).replace(hour=12, minute=0, second=0, microsecond=0)
    votes_close_at = deadline - timedelta(days=7)
    values = {
        "title": "",
        "story": "",
        "threshold": str(minimum),
        "cap": str(cap),
        "closes": "at_deadline",
        "visibility": "public",
        **_UNSAID,
        "deadline": _local(deadline),
    }
    return SentOffer(
        values=values,
        tiers=tuple(
            (str(tier.from_quantity), plain_money(tier.unit_price_minor, currency))
            for tier in _dearest(quoted, minimum, cap)
        ),
        answers={},
        numbers={},
        read_tiers=(),
        deadline=deadline,
        faults=(),
        votes=SentVotes(open={}, closes_at=_local(votes_close_at), tie_rule=TIE_RULES[0]),
        votes_close_at=votes_close_at,
    )


def _dearest(quoted: Sequence[QuotedTier], minimum: int, cap: int) -> list[PriceTier]:
    """A ladder at the highest price that is quoted for each quantity between ``minimum`` and ``cap``."""
    found: list[PriceTier] = []
    for start in [minimum, *(tier.from_quantity for tier in quoted if minimum < tier.from_quantity <= cap)]:
        tier = quoted_at(quoted, start) or quoted[0]
        if not found or tier.max_retail_minor < found[-1].unit_price_minor:
            found.append(PriceTier(start, tier.max_retail_minor))
    return found[:MAX_TIERS]


def offer_form(
    sent: SentOffer,
    product: Mapping[str, Any],
    schema: PinnedSchema,
    *,
    errors: list[FieldError] | None = None,
) -> OfferForm:
    """What the page draws: everything that was typed, each error beside its field, and what the product allows."""
    errors = errors or []
    names = {attribute.name for attribute in schema.parsed.attributes}
    batch_errors = [error for error in errors if error.path.partition(".")[0] in names]
    vote_errors = [error for error in errors if is_about_votes(error)]
    others = [error for error in errors if error not in batch_errors and error not in vote_errors]
    open_ = sent.votes.open
    bounds: Bounds = bounds_of(product, schema, sent.answers, sent.votes.votes(sent.votes_close_at))
    minimum = max(bounds.min_quantity, bounds.batch_minimum, largest_minimum(open_, schema.parsed))
    texts: dict[str, str] = {}
    for error in others:
        texts.setdefault(error.path, error.text())
    return OfferForm(
        values=sent.values,
        tiers=_rows(sent.tiers, others),
        batch=build_form(
            schema.parsed,
            scopes=SCOPES,
            currency=product["currency"],
            answers=sent.answers,
            errors=batch_errors,
        ),
        errors=texts,
        zone=format_datetime(sent.deadline).rpartition(" ")[2],
        most_tiers=MAX_TIERS,
        minimum=minimum,
        nre_minor=bounds.nre_minor,
        surcharge_minor=batch_surcharge(schema.parsed, sent.answers) + most_surcharge(open_, schema.parsed),
        votes=vote_form(
            sent.votes,
            schema.parsed,
            currency=product["currency"],
            threshold=max(sent.numbers.get("threshold", 0), product["min_quantity"]),
            errors=vote_errors,
        ),
    )


def _rows(typed: tuple[tuple[str, str], ...], errors: list[FieldError]) -> tuple[TierRow, ...]:
    rows = [TierRow(quantity, price) for quantity, price in typed]
    rows += [TierRow()] * (MAX_TIERS - len(rows))
    for error in errors:
        parts = error.path.split(".")
        if parts[0] == "tiers" and len(parts) > 1:
            number = int(parts[1])
            rows[number] = replace(rows[number], errors=(*rows[number].errors, error.text()))
    return tuple(rows)


def _number(text: str, path: str, faults: list[FieldError]) -> int:
    plain = text.replace(",", "")
    if plain.isascii() and plain.isdigit() and 0 < len(plain) <= 7 and int(plain) <= _LARGEST:
        return int(plain)
    faults.append(FieldError(path, "number", _NUMBER))
    return 0


def _tier(row: tuple[str, str], number: int, currency: str, faults: list[FieldError]) -> PriceTier:
    quantity = _number(row[0], f"tiers.{number}.from_quantity", faults)
    try:
        price = parse_money(row[1], currency)
    except ValueError:
        price = 0
        faults.append(FieldError(f"tiers.{number}.unit_price_minor", "price", _PRICE))
    return PriceTier(quantity, price)


def _day(text: str, path: str, faults: list[FieldError]) -> datetime:
    """A day and an hour as the reader means them, in UTC."""
    try:
        local = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=reader_zone())
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(FieldError(path, "day", _DAY))
        return clock.now()


def _local(instant: datetime) -> str:
    """As ``<input type=datetime-local>`` takes it, in the reader's zone."""
    return instant.astimezone(reader_zone()).strftime("%Y-%m-%dT%H:%M")
