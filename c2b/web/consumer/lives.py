"""The organizer's page that shows options living and dying as the group grows; admins see the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from c2b.accounts.rules import Actor
from c2b.campaigns.queries import campaign_for
from c2b.catalog.describing import describe_answers
from c2b.insights.drawing import Chart, Days, chart
from c2b.insights.lives import Life
from c2b.insights.queries import OptionLives, option_lives
from c2b.kit.i18n import current_locale, gettext, pick
from c2b.web.auth import actor_of, require
from c2b.web.consumer.my_campaigns import own_campaign
from c2b.web.consumer.words import campaign_state
from c2b.web.pages import page

TEMPLATE = "pages/consumer/option_lives.html"
#: So many of one group are drawn and so many stand in its table: those that came closest to their minimum.
SHOWN, LISTED = 24, 120


@dataclass(frozen=True, kw_only=True)
class LifeView:
    """One cell in words and figures. ``over``: the attribute of an option. ``values`` beside the page's ``columns``;
    ``reached_at``: since when; without ``chart`` it stands in the table only."""

    key: str
    over: str
    label: str
    swatch: str
    minimum: int
    count: int
    peak: int
    missing: int
    reached_at: datetime | None
    values: tuple[int, ...]
    chart: Chart | None


@dataclass(frozen=True, kw_only=True)
class LifeGroup:
    """All options, all combinations, or all configurations; ``undrawn`` of them stand in the table only, and
    ``unlisted`` further ones, farther from their minimum, nowhere."""

    label: str
    cells: tuple[LifeView, ...]
    undrawn: int
    unlisted: int


@dataclass(frozen=True, kw_only=True)
class LivesView:
    """The whole page. ``columns`` are the instants of its tables; ``settled``: the group is locked or over."""

    begins: datetime
    ends: datetime
    locked_at: datetime | None
    units: int
    columns: tuple[datetime, ...]
    groups: tuple[LifeGroup, ...]


@require("consumer")
async def show(request: Request) -> Response:
    """GET /my/campaigns/{id}/options: for the organizer."""
    actor, row = await own_campaign(request)
    return await _page(request, actor, row, back=f"/my/campaigns/{row['id']}")


@require("admin")
async def show_admin(request: Request) -> Response:
    """GET /admin/campaigns/{id}/options: the same for admins."""
    actor = actor_of(request)
    row = await campaign_for(actor, request.path_params["id"])
    return await _page(request, actor, row, back=f"/admin/campaigns/{row['id']}")


async def _page(request: Request, actor: Actor, row: dict[str, Any], *, back: str) -> Response:
    return page(
        request,
        TEMPLATE,
        title=row["title"],
        state=campaign_state(row["state"]),
        lives=lives_view(await option_lives(actor, row)),
        back=back,
    )


def lives_view(found: OptionLives) -> LivesView:
    """The lives in the reader's language, laid out."""
    days = Days(found.begins, found.ends, found.locked_at)
    columns = days.columns()
    groups = []
    for level, members in groupby(found.lives, key=lambda life: life.cell.level):
        lives = list(members)
        nearest = [life.cell.key for life in _nearest_first(lives)]
        drawn, listed = set(nearest[:SHOWN]), set(nearest[:LISTED])
        views = tuple(_view(found, life, days, columns, drawn) for life in lives if life.cell.key in listed)
        groups.append(
            LifeGroup(
                label=_group(level),
                cells=views,
                undrawn=len(listed) - len(drawn),
                unlisted=len(lives) - len(listed),
            )
        )
    return LivesView(
        begins=found.begins,
        ends=found.ends,
        locked_at=found.locked_at,
        units=found.units,
        columns=columns,
        groups=tuple(groups),
    )


def _nearest_first(lives: Iterable[Life]) -> list[Life]:
    """By the share of the minimum that was ever reached; the order of the form among equals."""
    return sorted(lives, key=lambda life: -(min(life.peak, life.cell.minimum) * 1000 // life.cell.minimum))


def _view(
    found: OptionLives, life: Life, days: Days, columns: tuple[datetime, ...], drawn: set[str]
) -> LifeView:
    cell = life.cell
    label = label_of(found, life)
    over = pick(cell.title) if cell.title else ""
    return LifeView(
        key=cell.key,
        over=over if over != label else "",
        label=label,
        swatch=cell.swatch,
        minimum=cell.minimum,
        count=life.count,
        peak=life.peak,
        missing=max(cell.minimum - life.count, 0),
        reached_at=life.reached_at,
        values=tuple(life.at(at) for at in columns),
        chart=chart(life, days) if cell.key in drawn else None,
    )


def label_of(found: OptionLives, life: Life) -> str:
    """What a cell is called on a page of its own kind; a configuration by what it consists of."""
    if life.cell.level != "configuration":
        return pick(life.cell.label)
    parts = describe_answers(found.schema, life.example, current_locale(), scopes=("variant",))
    return " · ".join(each.value for each in parts)


def _group(level: str) -> str:
    if level == "option":
        return gettext("Options")
    return gettext("Combinations") if level == "combination" else gettext("Whole configurations")
