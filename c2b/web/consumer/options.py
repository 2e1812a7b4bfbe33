"""How far the manufacturer's minimums are, level by level: a bar for everything that needs company."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from c2b.campaigns.queries import JoinOffer
from c2b.catalog.describing import describe_answers
from c2b.catalog.rules import ProductSchema, option_counts
from c2b.kit.i18n import current_locale, gettext, pick
from c2b.participations.wishes.minimums import Answers, Demand, Standing, short, standings


@dataclass(frozen=True, kw_only=True)
class Bar:
    """``count`` of ``minimum`` units so far, ``missing`` to go. ``title`` is the attribute of an option.

    ``premium_minor``: what each missing unit costs those who want it made all the same, ``fee_each_minor`` what that
    comes to per unit at the present count; 0 where the factory does not make fewer. ``own``: the reader's choice.
    """

    level: str
    title: str
    label: str
    swatch: str = ""
    count: int
    minimum: int
    premium_minor: int = 0
    fee_each_minor: int = 0
    own: bool = False

    @property
    def reached(self) -> bool:
        return self.count >= self.minimum

    @property
    def missing(self) -> int:
        return max(self.minimum - self.count, 0)


@dataclass(frozen=True)
class BarGroup:
    """What of one attribute (or of one level above options) has a minimum, the chosen ones first.

    ``chosen`` and ``short`` count those bars; ``units`` are all that made a choice here, also one without a minimum.
    """

    label: str
    bars: tuple[Bar, ...]
    chosen: int
    short: int
    units: int


def bar_of(schema: ProductSchema, standing: Standing) -> Bar:
    """One standing in the reader's language."""
    cell = standing.cell
    return Bar(
        level=cell.level,
        title=pick(cell.title) if cell.title and cell.code != "" else "",
        label=in_words(schema, standing.answers) if standing.answers is not None else pick(cell.label),
        swatch=cell.swatch,
        count=standing.count,
        minimum=cell.minimum,
        premium_minor=cell.premium_minor,
        fee_each_minor=standing.fee_each_minor,
        own=standing.own,
    )


def in_words(schema: ProductSchema, configuration: Answers) -> str:
    """A configuration by what members chose in it: "Black · Gloss · Bass"."""
    described = describe_answers(schema, configuration, current_locale(), scopes=("variant",))
    return " · ".join(each.value for each in described)


def short_bars(
    schema: ProductSchema, demand: Demand, *, of_answers: Answers | None = None
) -> tuple[Bar, ...]:
    """What members chose below its minimum; ``of_answers``: only what is chosen there."""
    return tuple(bar_of(schema, each) for each in short(schema, demand, of_answers=of_answers))


def bar_groups(schema: ProductSchema, demand: Demand, *, own: Answers | None = None) -> list[BarGroup]:
    """The bars of all options that members choose, of combinations, and of the configurations nearest to ``own``."""
    found = standings(schema, demand, own=own)
    per_option = option_counts(schema, demand)
    groups = []
    for attribute in schema.of_scope("variant", "unit"):
        here = [each for each in found if each.cell.attribute == attribute.name]
        units = sum(per_option.get(attribute.name, {}).values())
        groups.append(_group(schema, pick(attribute.title), here, units))
    nearest = gettext("Whole configurations: your own and the nearest to it")
    wanted = gettext("Whole configurations: those that most people want")
    for level, label in (
        ("combination", gettext("Options that are made together")),
        ("configuration", nearest if any(each.own and each.answers for each in found) else wanted),
    ):
        here = [each for each in found if each.cell.level == level]
        groups.append(_group(schema, label, here, sum(each.count for each in here)))
    return [group for group in groups if group.bars]


def threshold_bar(offer: JoinOffer, counted: int) -> Bar:
    """The minimum of the whole product: the group's threshold, and the paid units that count."""
    return Bar(
        level="product", title="", label=gettext("The whole group"), count=counted, minimum=offer.threshold
    )


def bars_of_choice(schema: ProductSchema, demand: Demand, answers: Answers) -> tuple[Bar, ...]:
    """What these answers fall into, and the configurations nearest to theirs."""
    found = standings(schema, demand, own=answers)
    own_first = [each for each in found if each.own or _near(found, each)]
    return tuple(bar_of(schema, each) for each in own_first)


def _near(found: Iterable[Standing], standing: Standing) -> bool:
    """A neighbor is worth looking at while the own configuration is not there yet."""
    mine = next((each for each in found if each.own and each.cell.level == "configuration"), None)
    return standing.cell.level == "configuration" and mine is not None and mine.missing > 0


def _group(schema: ProductSchema, label: str, found: list[Standing], units: int) -> BarGroup:
    bars = tuple(sorted((bar_of(schema, each) for each in found), key=lambda bar: (not bar.own, -bar.count)))
    taken = [bar for bar in bars if bar.count]
    return BarGroup(label, bars, len(taken), sum(not bar.reached for bar in taken), units)
