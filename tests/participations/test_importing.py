"""Requirements from files: judged like the form, line by line; a file that is none is refused as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from c2b.campaigns.queries import JoinOffer
from c2b.campaigns.rules import PriceTier
from c2b.campaigns.votes import OpenVote
from c2b.catalog.queries import PinnedSchema
from c2b.catalog.rules import parse_schema
from c2b.config import ROOT
from c2b.participations.wishes import importing
from c2b.participations.wishes.importing import ImportedRow, read_requirements
from tests import world
from tests.participations.test_preferences import PREMIUMS

DOCUMENT = world.schema_document()
OFFER = JoinOffer(
    "c1", PinnedSchema("s1", "p1", 1, DOCUMENT, "d" * 64, parse_schema(DOCUMENT)), world.BATCH,
    (PriceTier(100, 45900),), "CNY", datetime(2026, 12, 24, tzinfo=UTC),
)  # fmt: skip
VERSION_2 = json.loads((ROOT / "schemas/products/keyboard/2.schema.json").read_text())
#: What the demo offers: small-lot fees, and the mounting left to a vote.
DEMO = replace(
    OFFER,
    schema=PinnedSchema("s2", "p1", 2, VERSION_2, "e" * 64, parse_schema(VERSION_2)),
    batch_answers={name: answer for name, answer in world.BATCH.items() if name != "mounting"},
    votes=(OpenVote("mounting", ("gasket", "top", "tray"), datetime(2026, 12, 14, tzinfo=UTC), "listed"),),
)
SHIPPED = ROOT / "c2b/seeds/data/keyboard_requirements.csv"
HEAD = (
    "name,quantity,kit,physical_layout,case_color,plate,switch,keycap,legend,extras,"
    "engraving.text,engraving.font,engraving.position\n"
)
BO = "Bo,2,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,\n"


def read(tmp_path: Path, data: str | bytes, name: str = "wishes.csv") -> list[ImportedRow]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_requirements(path, OFFER))


def faults(row: ImportedRow) -> set[tuple[str, str]]:
    return {(fault.path, fault.code) for fault in row.faults}


class TestTheShippedFile:
    def test_has_132_good_lines_and_10_with_a_reason_each(self):
        rows = list(read_requirements(SHIPPED, DEMO))
        refused = [row for row in rows if not row.priced]
        assert (len(rows) - len(refused), len(refused)) == (132, 10)
        assert all(row.faults and row.faults[0].text() for row in refused)
        assert not any(row.faults for row in rows if row.priced)
        assert {row.name: faults(row) for row in refused} == {
            "Wrong switch": {("switch", "rule")},
            "德文配美式": {("physical_layout", "rule")},
            "Forgot the plate": {("plate", "required")},
            "No such color": {("case_color", "not_offered")},
            "Smiley": {("engraving.text", "pattern")},
            "Felix Larsen": {("preferences.alternatives.0.any_of", "same_as_first")},
            "周静怡": {("preferences.limit_minor", "below_every_price")},
            "Too many": {("quantity", "range")},
            "Caps on a bare kit": {("keycap", "rule")},
            "字太长": {("engraving.text", "too_long")},
        }

    def test_speaks_english_and_chinese(self):
        names = [row.name for row in read_requirements(SHIPPED, DEMO)]
        chinese = sum(not name.isascii() and "\u4e00" <= name[0] <= "\u9fff" for name in names)
        assert 40 < chinese < 100


class TestALine:
    def test_becomes_a_priced_requirement(self, tmp_path):
        text = "Zoë,3,full,ansi,navy,brass,tactile_b,pbt_dye_a,us,coiled_cable|carry_case,"
        text += "\"Hello, 'world'!\",serif,case_back\n"
        (row,) = read(tmp_path, HEAD + text)
        assert faults(row) == set()
        assert row.priced
        assert (row.line, row.name, row.quantity) == (2, "Zoë", 3)
        assert row.priced.answers["engraving"]["text"] == "Hello, 'world'!"
        assert row.priced.answers["extras"] == ["coiled_cable", "carry_case"]
        surcharges = 15000 + 1500 + 6000 + 1500 + 3900 + 5900 + 1500
        assert row.priced.quote.total_minor == 3 * (45900 + surcharges)

    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("Bo,0,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,", {("quantity", "range")}),
            ("Bo,21,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,", {("quantity", "range")}),
            ("Bo,two,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,", {("quantity", "range")}),
            ("Bo,1.0,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,", {("quantity", "range")}),
            ("Bo,,full,ansi,navy,fr4,tactile_b,pbt_dye_a,us,,,,", {("quantity", "range")}),
            ("Bo,1", None),
        ],
    )
    def test_with_a_wrong_number_or_without_answers_is_refused(self, tmp_path, line, found):
        (row,) = read(tmp_path, HEAD + line + "\n")
        assert row.priced is None
        assert faults(row) == found if found else "plate" in {path for path, _ in faults(row)}

    def test_with_two_answers_to_a_question_that_takes_one_is_refused(self, tmp_path):
        (row,) = read(tmp_path, HEAD + BO.replace("fr4", "fr4|brass"))
        assert {path for path, _ in faults(row)} == {"plate"}
        (row,) = read(tmp_path, HEAD + BO.replace(",us,,,,", ",us,,a|b,sans,case_back"))
        assert {path for path, _ in faults(row)} == {"engraving.text"}

    def test_does_not_keep_the_others_from_being_read(self, tmp_path):
        rows = read(tmp_path, HEAD + BO + BO.replace("navy", "pink") + BO)
        assert [bool(row.priced) for row in rows] == [True, False, True]
        assert [row.line for row in rows] == [2, 3, 4]


class TestAFile:
    def test_may_begin_with_a_byte_order_mark_and_have_windows_line_ends(self, tmp_path):
        rows = read(tmp_path, "\ufeff" + (HEAD + BO).replace("\n", "\r\n"))
        assert [row.name for row in rows if row.priced] == ["Bo"]

    def test_of_json_says_the_same_as_one_of_csv(self, tmp_path):
        data = json.dumps([{"name": "Bo", "quantity": 2, "answers": world.ANSWERS}])
        (row,) = read(tmp_path, data, "wishes.json")
        (same,) = read(tmp_path, HEAD + BO)
        assert row.priced == same.priced is not None

    @pytest.mark.parametrize(
        "row",
        ["text", 7, None, {}, {"quantity": True, "answers": {}}, {"quantity": 1, "answers": "none"},
         {"quantity": "1", "answers": world.ANSWERS}, {"quantity": 1, "answers": {**world.ANSWERS, "plate": 5}}],
    )  # fmt: skip
    def test_of_json_with_something_else_in_a_line_refuses_the_line(self, tmp_path, row):
        (found,) = read(tmp_path, json.dumps([row]), "wishes.json")
        assert found.priced is None
        assert found.faults

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("wishes.csv", b""),
            ("wishes.csv", b"who,what\nBo,2\n"),
            ("wishes.csv", (HEAD + BO).encode("utf-16")),
            ("wishes.csv", HEAD.encode() + b"B\xf6,1\n"),
            ("wishes.csv", (HEAD + BO.strip() + ",a,b\n").encode()),
            ("wishes.csv", (HEAD + f"Bo,1,{'x' * 200_000}\n").encode()),
            ("wishes.json", b"{}"),
            ("wishes.json", b'[{"quantity": 1, "quantity": 2}]'),
            ("wishes.json", b"[" * 1000),
            ("wishes.json", b"[1, NaN]"),
            ("wishes.json", b"\xff\xfe"),
        ],
        ids=["empty", "no quantity", "UTF-16", "Latin-1", "an unquoted comma", "an endless cell", "an object",
             "a key twice", "too deep", "NaN", "no text"],
    )  # fmt: skip
    def test_that_is_none_is_refused_as_a_whole(self, tmp_path, name, data):
        with pytest.raises(ValueError):
            read(tmp_path, data, name)

    def test_that_is_too_large_or_too_long_is_refused(self, tmp_path, monkeypatch):
        with pytest.raises(ValueError, match="larger"):
            read(tmp_path, b"x" * (importing.MAX_BYTES + 1))
        monkeypatch.setattr(importing, "MAX_ROWS", 2)
        assert len(read(tmp_path, HEAD + BO * 2)) == 2
        with pytest.raises(ValueError, match="more than 2"):
            read(tmp_path, HEAD + BO * 3)


class TestWishes:
    """What to take instead stands in columns of its own."""

    COLUMNS = "any_of.case_color,alternative.1.plate,alternative.1.engraving,alternative.2.kit,alternative.2.switch," \
        "alternative.2.keycap,limit,otherwise,fee_limit,ask_first"  # fmt: skip
    OFFER = replace(OFFER, schema=PREMIUMS)

    def read(self, tmp_path: Path, cells: str) -> ImportedRow:
        engraved = BO.strip().removesuffix(",,,") + ",Bo,sans,case_back"
        path = tmp_path / "wishes.csv"
        path.write_text(f"{HEAD.strip()},{self.COLUMNS}\n{engraved},{cells}\n")
        (row,) = read_requirements(path, self.OFFER)
        return row

    def test_become_preferences(self, tmp_path):
        row = self.read(tmp_path, "black|silver,pc,-,barebones,none,none,900,small_lot_fee,15.50,yes")
        assert faults(row) == set()
        assert row.priced
        first = {**world.ANSWERS, "engraving": {"text": "Bo", "font": "sans", "position": "case_back"}}
        assert row.priced.answers == first
        bare = {**first, "kit": "barebones", "switch": "none", "keycap": "none"}
        del bare["legend"]  # pointless without keycaps
        assert row.priced.preferences == {
            "alternatives": [
                {"attribute": "case_color", "any_of": ["black", "silver"]},
                {"answers": {**world.ANSWERS, "plate": "pc"}},
                {"answers": bare},
            ],
            "limit_minor": 90000, "otherwise": "small_lot_fee", "fee_limit_minor": 1550, "ask_first": True,
        }  # fmt: skip

    def test_that_are_empty_are_none(self, tmp_path):
        row = self.read(tmp_path, ",,,,,,,,,")
        assert row.priced
        assert row.priced.preferences == {}

    @pytest.mark.parametrize(
        ("cells", "found"),
        [
            ("navy,,,,,,,,,", {("preferences.alternatives.0.any_of", "same_as_first")}),
            (",gold,,,,,,,,", {("preferences.alternatives.0.answers.plate", "not_offered")}),
            (",fr4,,,,,,,,", {("preferences.alternatives.0", "same_as_first")}),
            (",,,,,,cheap,,,", {("preferences.limit_minor", "not_whole")}),
            (",,,,,,,wait,,", {("preferences.otherwise", "not_offered")}),
            (",,,,,,,,5,", {("preferences.fee_limit_minor", "without_fee")}),
            (",,,,,,,,,maybe", {("preferences.ask_first", "malformed")}),
        ],
    )
    def test_that_are_wrong_are_refused_with_the_line(self, tmp_path, cells, found):
        row = self.read(tmp_path, cells)
        assert row.priced is None
        assert faults(row) == found

    def test_of_json_are_the_same(self, tmp_path):
        wishes = {"alternatives": [{"attribute": "case_color", "any_of": ["black"]}]}
        data = json.dumps([{"name": "Bo", "quantity": 2, "answers": world.ANSWERS, "preferences": wishes}])
        (row,) = read(tmp_path, data, "wishes.json")
        assert row.priced
        assert row.priced.preferences == wishes


class TestWhatMembersDecide:
    """The mounting is put to a vote: columns say the ranking and what is accepted, judged like a form."""

    VOTE = OpenVote("mounting", ("tray", "gasket", "top"), datetime(2026, 12, 20, tzinfo=UTC), "listed")
    FIXED = {name: code for name, code in world.BATCH.items() if name != "mounting"}
    VOTED = replace(OFFER, batch_answers=FIXED, votes=(VOTE,))

    def read(self, tmp_path: Path, data: str, name: str) -> list[ImportedRow]:
        path = tmp_path / name
        path.write_text(data)
        return list(read_requirements(path, self.VOTED))

    def test_is_read_from_columns(self, tmp_path):
        head = HEAD.replace("\n", ",vote.mounting,only.mounting\n")
        good, silent, wrong = self.read(
            tmp_path,
            head
            + BO.replace("\n", ",top|tray,top|tray\n")
            + BO.replace("\n", ",,\n")
            + BO.replace("\n", ",glue,\n"),
            "wishes.csv",
        )
        assert good.priced
        assert good.priced.preferences == {
            "votes": {"mounting": {"ranking": ["top", "tray"], "only": ["tray", "top"]}}
        }
        assert silent.priced
        assert silent.priced.preferences == {}
        assert faults(wrong) == {("preferences.votes.mounting.ranking", "not_offered")}

    def test_is_read_from_json_with_everything_else_that_is_wished(self, tmp_path):
        wishes = {"votes": {"mounting": {"ranking": ["tray"]}}, "limit_minor": 90000}
        line = {"name": "Bo", "quantity": 1, "answers": world.ANSWERS, "preferences": wishes}
        (row,) = self.read(tmp_path, json.dumps([line]), "wishes.json")
        assert row.priced
        assert row.priced.preferences == wishes

    def test_about_a_vote_that_is_not_held_is_refused(self, tmp_path):
        head = HEAD.replace("\n", ",vote.mounting\n")
        (row,) = read(tmp_path, head + BO.replace("\n", ",top\n"))
        assert faults(row) == {("preferences.votes.mounting", "not_open")}
