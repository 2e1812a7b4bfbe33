"""One byte form for what is hashed; and a reader that refuses JSON on which two readers would differ."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.kit import clock
from c2b.kit.canonical import MAX_INTEGER, MalformedJson, canonical_json, clean_text, digest, strict_loads
from c2b.kit.ids import new_id, new_token, sha256_hex

texts = st.text(st.characters(exclude_categories=("C",)), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def normal(value):
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, dict):
        return {normal(key): normal(each) for key, each in value.items()}
    return value


class TestTheCanonicalForm:
    def test_is_known_to_the_byte(self):
        value = {"b": [1, True, None], "a": "Zoe\u0308 轴", "é": {}}
        assert canonical_json(value) == '{"a":"Zoë 轴","b":[1,true,null],"é":{}}'.encode()
        assert digest(value) == sha256_hex(canonical_json(value))
        assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    @given(values)
    def test_keeps_the_value_and_is_its_own_canonical_form(self, value):
        data = canonical_json(value)
        assert canonical_json(json.loads(data)) == data
        assert json.loads(data) == normal(value)

    @given(st.dictionaries(texts, values, max_size=5), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_or_the_unicode_form(self, value, chance):
        items = list(normal(value).items())
        chance.shuffle(items)
        decomposed = {unicodedata.normalize("NFD", key): each for key, each in items}
        assert canonical_json(decomposed) == canonical_json(normal(value))

    @pytest.mark.parametrize(
        "value",
        [
            1.5,
            float("nan"),
            {1: 2},
            b"x",
            {"a": {2}},
            "\x00",
            "\u202e",
            "\ud800",
            {"\u2066": 1},
            datetime.now,
        ],
    )
    def test_has_no_room_for_anything_else(self, value):
        with pytest.raises(ValueError):
            canonical_json(value)


class TestCleanText:
    def test_keeps_line_breaks_and_tabs_and_composes(self):
        assert clean_text("a\n\tb e\u0301") == "a\n\tb é"

    @pytest.mark.parametrize(
        "char", ["\x00", "\x07", "\r", "\x7f", "\x85", "\u200e", "\u202e", "\u2069", "\udfff"]
    )
    def test_refuses_what_nobody_sees(self, char):
        with pytest.raises(ValueError):
            clean_text(f"a{char}b")


class TestTheStrictReader:
    @given(values)
    def test_reads_what_json_reads(self, value):
        data = json.dumps(value, ensure_ascii=False).encode()
        assert strict_loads(data, max_depth=32) == value

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b'{"a": 1, "a": 2}', "twice"),
            (b'{"a": {"b": 1, "b": 1}}', "twice"),
            (b"NaN", "NaN"), (b"[Infinity]", "Infinity"), (b"[-Infinity]", "Infinity"),
            (b"1e400", "too large"), (b"9007199254740992", "too large"), (b"-9007199254740992", "too large"),
            (b"1" * 5000, "too large"), (b"0." + b"1" * 60, "too large"),
            (b'"\\ud800"', "surrogate"), (b'"\\u0000"', "control"), (b'{"\\u202e": 1}', "control"),
            (b"\xff", "utf-8"), (b'"\xed\xa0\x80"', "utf-8"), ("[1]".encode("utf-16"), "utf-8"),
            (b"[" * 33 + b"]" * 33, "deeper"), (b'{"a":' * 33 + b"1" + b"}" * 33, "deeper"),
            (b"[" * 60000, "deeper"), (b'["]", ' + b"[" * 32, "deeper"),
            (b"", "Expecting"), (b"[1,]", "Expecting|Illegal"), (b"{} {}", "Extra"), (b"'a'", "Expecting"),
            (b'"' + b"x" * 65_536 + b'"', "longer"),
        ],
    )  # fmt: skip
    def test_refuses_what_readers_would_read_differently_or_choke_on(self, data, reason):
        with pytest.raises(MalformedJson) as caught:
            strict_loads(data)
        assert caught.value.status == 400
        assert any(word in caught.value.text() for word in reason.split("|"))

    def test_counts_brackets_outside_of_texts_only(self):
        text = json.dumps(["[" * 100, '\\"[[[' * 30]).encode()
        assert strict_loads(text)[0] == "[" * 100
        assert strict_loads(b"[" * 32 + b"]" * 32)
        assert strict_loads(b"9007199254740991") == MAX_INTEGER
        assert strict_loads(b"1.5") == 1.5

    @given(st.binary(max_size=80))
    def test_reads_or_refuses_any_bytes(self, data):
        try:
            value = strict_loads(data)
        except MalformedJson:
            return
        assert value == json.loads(data)


class TestAnId:
    def test_is_26_letters_that_cannot_be_misread_and_sorts_by_time(self):
        found = [new_id() for _ in range(2000)]
        assert len(set(found)) == 2000
        assert all(
            len(each) == 26 and not set(each) - set("0123456789abcdefghjkmnpqrstvwxyz") for each in found
        )
        assert [each[:9] for each in found] == sorted(each[:9] for each in found)

    def test_is_mostly_chance(self):
        tails = {new_id()[-8:] for _ in range(500)}
        assert len(tails) == 500

    def test_of_a_secret_has_256_bits_and_fits_an_address(self):
        token = new_token()
        assert len(token) == 43
        assert token.replace("-", "").replace("_", "").isalnum()
        assert new_token() != token

    def test_of_bytes_is_that_of_their_text(self):
        assert sha256_hex("轴") == sha256_hex("轴".encode())


class TestTheClock:
    def test_can_be_stopped_moved_and_let_go(self):
        noon = datetime(2026, 11, 23, 20, 0, tzinfo=timezone(timedelta(hours=8)))
        clock.set(noon)
        assert clock.now() == clock.now() == noon
        assert clock.now().tzinfo is UTC
        clock.shift(timedelta(hours=12))
        assert clock.today().isoformat() == "2026-11-24"
        clock.set(noon)
        assert clock.now() == noon, "setting forgets the shift"
        clock.reset()
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)

    def test_that_was_shifted_goes_on(self):
        clock.shift(timedelta(days=400))
        assert timedelta(days=399) < clock.now() - datetime.now(UTC) < timedelta(days=401)
