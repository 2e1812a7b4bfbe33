"""Why a member got what they got: one sentence in the reader's language, from the outcome kept with their place.

"Navy needed 30 and reached 24, so you get your second choice, Black, at ¥399; you save ¥30." A cause, what it led to,
and what it means in money; each part is a message of its own so that both languages can say it naturally.
"""

from __future__ import annotations

from typing import Any

from c2b.catalog.cells import named_cells
from c2b.catalog.describing import value_in_words
from c2b.catalog.schema import Attribute, ProductSchema
from c2b.kit.i18n import N_, current_locale, format_number, gettext, pick
from c2b.kit.money import short_money
from c2b.participations.explanations.outcomes import CellMark, Change, Outcome

#: A first choice, up to four alternatives, and what up to four short ones give together.
_CHOICES = (
    N_("first choice"),
    N_("second choice"),
    N_("third choice"),
    N_("fourth choice"),
    N_("fifth choice"),
    N_("sixth choice"),
    N_("seventh choice"),
    N_("eighth choice"),
)


def explain(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """The sentence for the member whose outcome it is. ``schema``: the version the outcome names."""
    if outcome.kind == "left":
        return _left(schema, outcome, currency)
    if outcome.kind == "fee" and not outcome.rank:
        return _own_small_lot(schema, outcome, currency)
    result = _result(schema, outcome, currency)
    why = _why(schema, outcome, currency) if outcome.rank else ""
    tail = _small_lot(schema, outcome, currency) + _money_back(outcome, currency)
    if why:
        return gettext("{why}, so you get {result}{tail}.", why=why, result=result, tail=tail)
    return gettext("You get {result}{tail}.", result=result, tail=tail)


def choice_words(rank: int) -> str:
    """What a rank is called: "second choice" for 1."""
    return gettext(_CHOICES[min(rank, len(_CHOICES) - 1)])


def cell_words(schema: ProductSchema, key: str) -> str:
    """What a cell is called within a sentence, by its key."""
    level, _, rest = key.partition(":")
    if level == "configuration":
        return gettext("your exact configuration")
    if level == "option":
        name, _, code = rest.partition(":")
        attribute = schema.find(name)
        return _answer(schema, attribute, _code(attribute, code)) if attribute else rest
    return next((str(each.label) for each in named_cells(schema) if each.key == key), rest)


def change_words(schema: ProductSchema, change: Change) -> str:
    """What a member gets in place of what they wanted first, within a sentence."""
    return _changed(schema, change)


def decision_words(schema: ProductSchema, attribute: str, answer: Any) -> str:
    """An answer that the group decided for, within a sentence."""
    found = schema.find(attribute)
    return _answer(schema, found, answer) if found else str(answer)


def _result(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """The choice with what is different in it, and its price: your second choice, Black, at ¥399."""
    what = [_changed(schema, each) for each in outcome.changes]
    price = _price(outcome, currency)
    choice = choice_words(outcome.rank)
    if not what:
        return gettext("your {choice} at {price}", choice=choice, price=price)
    if len(what) == 1 and not _PUNCTUATION & set(what[0]):
        return gettext("your {choice}, {what}, at {price}", choice=choice, what=what[0], price=price)
    return gettext("your {choice} ({what}) at {price}", choice=choice, what=listed(what), price=price)


def _why(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """The cause as a clause without its end, or nothing where none was kept."""
    cells = _cells(outcome) if outcome.kind != "fee" else []
    if outcome.cause == "minimum" and cells:
        return _needed(schema, cells)
    if outcome.cause == "group":
        if cells:
            return gettext(
                "With you, {cell} comes to its minimum of {minimum}",
                cell=cell_words(schema, cells[0].key),
                minimum=format_number(cells[0].minimum),
            )
        return gettext("More people get something that can be made that way")
    if outcome.cause == "price" and outcome.limit_minor is not None:
        return gettext(
            "Your first choice would have cost more than your limit of {limit}",
            limit=_amount(outcome.limit_minor, currency),
        )
    if outcome.cause == "vote":
        return _decided(schema, outcome) or gettext("The vote ruled your first choice out")
    if outcome.cause == "schema":
        return gettext("Your first choice is no longer offered")
    if outcome.cause == "minimum":
        return gettext("Too few people chose your first choice")
    return ""


def _left(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    if not outcome.returned_minor:  # a deposit, or money that was only held: how much, their own page says
        return gettext(
            "{why}, so you are out, and all that you have paid comes back to you.",
            why=_why_left(schema, outcome, currency),
        )
    back = _amount(outcome.returned_minor, currency)
    return gettext(
        "{why}, so you are out and get all of your money back: {back}.",
        why=_why_left(schema, outcome, currency),
        back=back,
    )


def _why_left(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    cells = _cells(outcome)
    if outcome.cause == "minimum" and cells:
        needed = _needed(schema, cells)
        if outcome.choices > 1:
            return gettext("{needed}, and none of your other choices could be made either", needed=needed)
        return needed
    if outcome.cause == "price" and outcome.limit_minor is not None:
        limit = _amount(outcome.limit_minor, currency)
        if outcome.lowest_minor:
            return gettext(
                "The lowest price for one of your choices was {lowest} and your limit is {limit}",
                lowest=_amount(outcome.lowest_minor, currency),
                limit=limit,
            )
        return gettext("None of your choices stayed within your limit of {limit}", limit=limit)
    if outcome.cause == "tier" and outcome.limit_minor is not None and outcome.lowest_minor:
        return gettext(
            "The group reached the price of {reached}, and you take part from {below} on",
            reached=_amount(outcome.lowest_minor, currency),
            below=_amount(outcome.limit_minor, currency),
        )
    if outcome.cause == "vote":
        decided = _decided(schema, outcome)
        if decided:
            return gettext("{decided}, which you did not want", decided=decided)
        return gettext("The vote ruled out everything you chose")
    if outcome.cause == "schema":
        return gettext("What you chose is no longer offered")
    if outcome.cause == "full":
        return gettext("There was no room left for your units")
    return gettext("None of your choices can be made")


def _own_small_lot(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """The first choice is made for a fee: "Navy reached 24 of 30; you pay ¥12 toward the small lot, …"."""
    cells, fee = _cells(outcome), _amount(outcome.fee_minor, currency)
    back = _money_back(outcome, currency)
    price = _price(outcome, currency)
    if not cells:
        return gettext(
            "You pay {fee} toward a small lot, within your limit, and get your first choice at {price}{tail}.",
            fee=fee, price=price, tail=back,
        )  # fmt: skip
    return gettext(
        "{reached}; you pay {fee} toward the small lot, within your limit, and get your first choice at {price}{tail}.",
        reached=_start(_reached(schema, cells)), fee=fee, price=price, tail=back,
    )  # fmt: skip


def _small_lot(schema: ProductSchema, outcome: Outcome, currency: str) -> str:
    """The fee of an alternative, as a further clause."""
    if not outcome.fee_minor:
        return ""
    fee, cells = _amount(outcome.fee_minor, currency), _cells(outcome)
    if not cells:
        return gettext("; you pay {fee} toward a small lot, within your limit", fee=fee)
    return gettext(
        "; {reached}, and you pay {fee} toward the small lot, within your limit",
        reached=_reached(schema, cells), fee=fee,
    )  # fmt: skip


def _money_back(outcome: Outcome, currency: str) -> str:
    """What comes back, as a further clause: a saving where it is one against the promise for the first choice."""
    if outcome.returned_minor <= 0:
        return ""
    amount = _amount(outcome.returned_minor, currency)
    if outcome.returned_minor != outcome.saved_minor:
        return gettext("; {amount} comes back to you", amount=amount)
    if outcome.quantity > 1:
        return gettext("; you save {amount} in all", amount=amount)
    return gettext("; you save {amount}", amount=amount)


def _needed(schema: ProductSchema, cells: list[CellMark]) -> str:
    return _start(
        _clauses(
            [
                gettext("{cell} needed {minimum} and reached {count}", **_figures(schema, each))
                for each in cells
            ]
        )
    )


def _reached(schema: ProductSchema, cells: list[CellMark]) -> str:
    return _clauses(
        [gettext("{cell} reached {count} of {minimum}", **_figures(schema, each)) for each in cells]
    )


def _figures(schema: ProductSchema, cell: CellMark) -> dict[str, str]:
    return {
        "cell": cell_words(schema, cell.key),
        "count": format_number(cell.count),
        "minimum": format_number(cell.minimum),
    }


def _decided(schema: ProductSchema, outcome: Outcome) -> str:
    """The outcome of the vote as a clause: The group decided for Tri-mode."""
    if outcome.decided is None:
        return ""
    name, answer = outcome.decided
    attribute = schema.find(name)
    if attribute and attribute.kind == "flag":
        answered = gettext("yes") if answer else gettext("no")
        return gettext(
            "The group decided “{attribute}: {answer}”", attribute=pick(attribute.title), answer=answered
        )
    return (
        gettext("The group decided for {choice}", choice=_answer(schema, attribute, answer))
        if attribute
        else ""
    )


def _changed(schema: ProductSchema, change: Change) -> str:
    attribute = schema.find(change.attribute)
    if attribute is None:
        return str(change.after)
    if change.after is None or change.after == []:
        return gettext("{attribute}: {value}", attribute=str(attribute.title), value=gettext("none"))
    return _answer(schema, attribute, change.after)


def _answer(schema: ProductSchema, attribute: Attribute, answer: Any) -> str:
    """An answer by its option's label; with the attribute where the label alone would not say which."""
    option = attribute.option(answer)
    if option is not None:
        label = str(option.label)
        alike = sum(str(other.label) == label for each in schema.attributes for other in each.options)
        if alike == 1 and label.casefold() not in _VAGUE:
            return label
    if answer is True or (option is None and answer == ""):
        return str(attribute.title)
    value = value_in_words(attribute, answer if not isinstance(answer, dict) else "")
    if isinstance(answer, dict):
        value = gettext("as you asked")
    return gettext("{attribute}: {value}", attribute=str(attribute.title), value=value)


#: A label with one of these does not stand well between commas.
_PUNCTUATION = frozenset(",:;()，：；（）")
#: Labels that mean nothing without their question.
_VAGUE = frozenset(("none", "yes", "no", "standard", "default", "无", "有", "标准", "默认"))


def _code(attribute: Attribute | None, text: str) -> Any:
    """An option's code from the text of a cell's key."""
    options = attribute.options if attribute else ()
    return next((each.code for each in options if str(each.code) == text), text)


def _cells(outcome: Outcome) -> list[CellMark]:
    return [outcome.cell, *outcome.also] if outcome.cell else []


def _price(outcome: Outcome, currency: str) -> str:
    amount = _amount(outcome.unit_price_minor, currency)
    return gettext("{price} each", price=amount) if outcome.quantity > 1 else amount


def _amount(minor: int, currency: str) -> str:
    return short_money(minor, currency, current_locale())


def listed(parts: list[str]) -> str:
    """Black, Brass and ISO."""
    if len(parts) == 1:
        return parts[0]
    return gettext("{several} and {last}", several=gettext(", ").join(parts[:-1]), last=parts[-1])


def _clauses(parts: list[str]) -> str:
    """Half sentences in a row."""
    found = parts[0]
    for each in parts[1:]:
        found = gettext("{clause}, and {further}", clause=found, further=each)
    return found


def _start(text: str) -> str:
    """A label at the start of a sentence begins as a sentence does."""
    return text[:1].upper() + text[1:]
