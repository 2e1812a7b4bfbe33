"""Answers in words, for pages, mails and the purchase order."""

from __future__ import annotations

from lxml import html

from c2b.catalog.forms import describe_answers
from c2b.catalog.schema import parse_schema
from c2b.kit.templating import environment
from tests.catalog.samples import LAMP, PICTURE, example, parsed, small

SMALL = parse_schema(small())
KEYBOARD = parsed("keyboard")
BO = example("keyboard", "tri_mode_tactile_engraved")


class TestAnswersInWords:
    def test_name_labels_units_and_surcharges(self) -> None:
        words = {each.attribute: each for each in describe_answers(KEYBOARD, BO, "en")}
        assert words["case_color"].value == "Navy"
        assert words["battery_mah"].value == "4,000 mAh"
        assert words["hot_swap"].value == "yes"
        assert words["switch"].surcharge_minor == 1_500
        assert words["engraving"].value == "Li Lei 李雷 · Kai · Back weight"
        assert words["engraving"].parts == (
            ("Text", "Li Lei 李雷"),
            ("Font", "Kai"),
            ("Position", "Back weight"),
        )

    def test_are_in_the_language_asked_for(self) -> None:
        words = {each.label: each.value for each in describe_answers(KEYBOARD, BO, "zh_CN")}
        assert words["外壳颜色"] == "藏青色"
        assert words["热插拔轴座"] == "是"

    def test_are_in_the_order_of_the_form(self) -> None:
        assert [each.attribute for each in describe_answers(KEYBOARD, BO, "en")] == [
            each.name for each in KEYBOARD.attributes if each.name in BO
        ]

    def test_can_be_of_some_scopes_only(self) -> None:
        assert [each.attribute for each in describe_answers(KEYBOARD, BO, "en", scopes=("unit",))] == [
            "engraving"
        ]

    def test_name_a_picture_by_its_fingerprint_and_keep_consent_out(self) -> None:
        [photo] = describe_answers(SMALL, {"photo": {"image": PICTURE, "agreed": True}}, "en")
        assert photo.parts == (("Picture", "picture 9f86d081884c"),)

    def test_are_drawn_as_a_list(self) -> None:
        module = environment().get_template("partials/answers.html").module
        tree = html.fromstring(str(module.answers_list(describe_answers(SMALL, LAMP, "en"), "CNY")))
        assert [each.text_content().strip() for each in tree.iter("dt")] == ["Base", "Dimmer", "Shade"]
        assert "+CN¥5.00" in tree.text_content()
