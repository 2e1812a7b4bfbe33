"""The way back from a submitted form to answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from starlette.datastructures import FormData, UploadFile

from c2b.catalog.forms import answers_from_form, build_form, upload_fields
from c2b.catalog.reading import answers_from_form as read
from c2b.catalog.schema import SCOPES, parse_schema
from c2b.catalog.validation import validate
from tests.catalog.browser import page, submitted
from tests.catalog.samples import LAMP, PICTURE, PRODUCTS, example, examples, parsed, product, small
from tests.catalog.strategies import answers_to

SMALL_DOCUMENT = small()
SMALL = parse_schema(SMALL_DOCUMENT)
KEYBOARD = parsed("keyboard")
MEMBER = ("variant", "unit")
FIXED = KEYBOARD.part(example("keyboard", "tri_mode_tactile_engraved"), "batch")


class TestWayBack:
    def test_turns_texts_into_answers(self) -> None:
        sent = [
            ("answers.base", "steel"),
            ("answers.dimmer", "no"),
            ("answers.dimmer", "yes"),
            ("answers.watts", " 10 "),
            ("answers.shade", "2"),
            ("answers.tag", " ABC "),
            ("answers.extras", "cord"),
            ("answers.extras", "bulb"),
            ("answers.day", ""),
            ("answers.mark", "yes"),
            ("answers.mark.text", "Bo"),
            ("answers.mark.place", "foot"),
            ("csrf", "secret"),
            ("quantity", "2"),
        ]
        assert answers_from_form(SMALL, sent, SCOPES) == {
            "base": "steel",
            "dimmer": True,
            "watts": 10,
            "shade": 2,
            "tag": "ABC",
            "extras": ["cord", "bulb"],
            "mark": {"text": "Bo", "place": "foot"},
        }

    def test_reads_what_starlette_gives(self) -> None:
        data = FormData([("answers.shade", "1"), ("answers.extras", "cord"), ("answers.extras", "bulb")])
        assert read(SMALL, data, SCOPES) == {"shade": 1, "extras": ["cord", "bulb"]}
        assert read(SMALL, {"answers.shade": "1", "answers.extras": ["cord"]}, SCOPES) == {
            "shade": 1,
            "extras": ["cord"],
        }

    def test_leaves_files_to_the_page(self) -> None:
        [(file_input, value_input)] = upload_fields(SMALL, SCOPES)
        data = FormData(
            [
                ("answers.photo", "yes"),
                (file_input, UploadFile(file=None, filename="cat.png")),  # type: ignore[arg-type]
                (file_input, "cat.png"),
                (value_input, PICTURE),
                ("answers.photo.agreed", "yes"),
            ]
        )
        assert read(SMALL, data, SCOPES) == {"photo": {"image": PICTURE, "agreed": True}}

    @pytest.mark.parametrize(
        ("typed", "answer"),
        [
            ("１０", 10),
            ("+10", 10),
            ("-5", -5),
            ("ten", "ten"),
            ("1e1", "1e1"),
            ("10.0", "10.0"),
            ("9" * 40, "9" * 40),
        ],
    )
    def test_reads_whole_numbers_and_leaves_the_rest_to_validation(self, typed: str, answer: object) -> None:
        assert read(SMALL, [("answers.watts", typed)], SCOPES) == {"watts": answer}

    def test_passes_on_what_is_not_offered(self) -> None:
        """So that validation refuses it aloud."""
        sent = [
            ("answers.base", "glass"),
            ("answers.dimmer", "maybe"),
            ("answers.price", "0"),
            ("answers.a.b", "1"),
        ]
        answers = read(SMALL, sent, SCOPES)
        assert answers == {"base": "glass", "dimmer": "maybe", "price": "0", "a": "1"}
        assert {each.path for each in validate(small(), answers=answers)} >= {"base", "dimmer", "price", "a"}

    def test_passes_on_fields_of_another_scope(self) -> None:
        sent = [("answers.case_material", "pc"), ("answers.kit", "full")]
        answers = read(KEYBOARD, sent, MEMBER, fixed=FIXED)
        errors = validate(product("keyboard"), answers=answers, fixed=FIXED)
        assert ("case_material", "fixed") in [(each.path, each.code) for each in errors]

    def test_composes_letters(self) -> None:
        assert read(SMALL, [("answers.tag", "E\u0301")], SCOPES) == {"tag": "É"}

    def test_drops_what_other_answers_made_pointless(self) -> None:
        """Bo first chose a full keyboard with legends, then the barebones kit."""
        sent = [
            ("answers.kit", "barebones"),
            ("answers.switch", "none"),
            ("answers.keycap", "none"),
            ("answers.legend", "us"),
        ]
        assert "legend" not in read(KEYBOARD, sent, MEMBER, fixed=FIXED)

    def test_keeps_what_was_asked_for_and_cannot_be_had(self) -> None:
        phone = parsed("phone")
        fixed = phone.part(example("phone", "leather_debossed_pro"), "batch")
        sent = [
            ("answers.laser_text", "yes"),
            ("answers.laser_text.text", "Bo"),
            ("answers.laser_text.font", "kai"),
        ]
        assert read(phone, sent, MEMBER, fixed=fixed) == {"laser_text": {"text": "Bo", "font": "kai"}}

    def test_adds_a_group_that_was_filled_in_without_ticking_its_box(self) -> None:
        assert read(SMALL, [("answers.mark.text", "Bo")], SCOPES) == {"mark": {"text": "Bo"}}

    def test_takes_a_group_away_when_its_box_is_cleared(self) -> None:
        assert read(SMALL, [("answers.mark", "was"), ("answers.mark.text", "Bo")], SCOPES) == {}
        kept = read(
            SMALL, [("answers.mark", "was"), ("answers.mark", "yes"), ("answers.mark.text", "Bo")], SCOPES
        )
        assert kept == {"mark": {"text": "Bo"}}

    def test_of_a_drawn_group_whose_box_is_cleared_takes_it_away(self) -> None:
        answers = {**LAMP, "mark": {"text": "Bo", "place": "foot"}}
        tree = page(build_form(SMALL, scopes=SCOPES, currency="CNY", answers=answers))
        box = tree.get_element_by_id("answers-mark")
        assert box.attrib.pop("checked") is not None
        assert read(SMALL, submitted(tree), SCOPES) == LAMP

    @pytest.mark.parametrize("name", PRODUCTS)
    def test_of_every_example_gives_the_answers_that_were_shown(self, name: str) -> None:
        schema = parsed(name)
        for which in examples(name, "valid"):
            whole = example(name, which)
            fixed, own = schema.part(whole, "batch"), schema.part(whole, *MEMBER)
            form = build_form(schema, scopes=MEMBER, currency="CNY", fixed=fixed, answers=own)
            assert read(schema, submitted(page(form)), MEMBER, fixed=fixed) == own
            organizer = build_form(schema, scopes=("batch",), currency="CNY", answers=fixed)
            assert read(schema, submitted(page(organizer)), ("batch",)) == fixed

    @given(answers=answers_to(SMALL).filter(lambda each: not validate(SMALL_DOCUMENT, answers=each)))
    @settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
    def test_gives_the_answers_that_were_shown(self, answers: dict[str, Any]) -> None:
        """Right answers come back equal, but for the blanks around a text, which a form does not keep."""
        assume(not _has_outer_blanks(answers))
        form = build_form(SMALL, scopes=SCOPES, currency="CNY", answers=answers)
        back = read(SMALL, submitted(page(form)), SCOPES)
        assert SMALL.part(back, *SCOPES) == SMALL.part(answers, *SCOPES)

    @given(
        sent=st.lists(
            st.tuples(
                st.sampled_from(
                    [
                        "base",
                        "dimmer",
                        "watts",
                        "tag",
                        "extras",
                        "mark",
                        "mark.text",
                        "mark.x.y",
                        "photo.agreed",
                        "",
                    ]
                )
                | st.text(max_size=5),
                st.text(max_size=10) | st.sampled_from(["yes", "no", "was", "1", "steel"]),
            ).map(lambda pair: (f"answers.{pair[0]}", pair[1])),
            max_size=12,
        )
    )
    @settings(deadline=None, max_examples=300)
    def test_never_fails_and_validation_takes_it_from_there(self, sent: list[tuple[str, str]]) -> None:
        assert isinstance(validate(small(), answers=read(SMALL, sent, SCOPES)), list)


def _has_outer_blanks(answers: dict[str, Any]) -> bool:
    texts = [answers.get("tag", ""), (answers.get("mark") or {}).get("text", "")]
    return any(text != text.strip() for text in texts)
