"""The form derived from a product schema: its fields, and its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from c2b.catalog.explain import SearchTooLarge
from c2b.catalog.forms import Field, Form, build_form
from c2b.catalog.schema import SCOPES, parse_schema
from c2b.catalog.validation import validate
from c2b.kit.errors import FieldError
from c2b.kit.i18n import use_locale
from tests.catalog.browser import page
from tests.catalog.samples import PRODUCTS, example, examples, parsed, product, small

SMALL = parse_schema(small())
KEYBOARD = parsed("keyboard")
MEMBER = ("variant", "unit")
BO = example("keyboard", "tri_mode_tactile_engraved")
FIXED = KEYBOARD.part(BO, "batch")
BOS = KEYBOARD.part(BO, *MEMBER)


def form_for_bo(**extra: Any) -> Form:
    return build_form(KEYBOARD, scopes=MEMBER, currency="CNY", fixed=FIXED, **extra)


def field(form: Form, path: str) -> Field:
    fields = {each.path: each for parent in form.fields for each in (parent, *parent.parts)}
    return fields[path]


def choice(form: Form, path: str, value: str) -> Any:
    return next(each for each in field(form, path).choices if each.value == value)


class TestControls:
    def test_follow_the_attribute(self) -> None:
        form = build_form(SMALL, scopes=SCOPES, currency="CNY")
        assert {each.path: each.control for each in form.fields} == {
            "base": "cards",
            "dimmer": "switch",
            "watts": "number",
            "shade": "cards",
            "tag": "text",
            "extras": "checks",
            "day": "date",
            "mark": "group",
            "photo": "group",
        }
        assert [each.control for each in field(form, "photo").parts] == ["upload", "confirm"]

    def test_of_many_options_are_a_list_to_open(self) -> None:
        document = small()
        base = document["properties"]["base"]
        base["enum"] = [f"b{n}" for n in range(7)]
        base["x-options"] = [{"code": code, "label": {"en": code, "zh": code}} for code in base["enum"]]
        document["allOf"].pop(2)
        assert (
            field(build_form(parse_schema(document), scopes=SCOPES, currency="CNY"), "base").control
            == "select"
        )

    def test_are_those_of_the_scope(self) -> None:
        assert {each.path for each in form_for_bo().fields} == {
            each.name for each in KEYBOARD.of_scope(*MEMBER)
        }
        organizer = build_form(KEYBOARD, scopes=("batch",), currency="CNY")
        assert {each.path for each in organizer.fields} == {each.name for each in KEYBOARD.of_scope("batch")}

    def test_show_the_present_answers(self) -> None:
        form = form_for_bo(answers=BOS)
        assert choice(form, "case_color", "navy").selected
        assert not choice(form, "case_color", "black").selected
        assert field(form, "engraving").added
        assert field(form, "engraving.text").value == "Li Lei 李雷"
        assert not field(form, "novelty_key").added

    def test_say_what_is_required_also_by_rules(self) -> None:
        assert field(form_for_bo(), "case_color").required
        assert not field(form_for_bo(), "legend").required
        assert field(form_for_bo(answers={"kit": "full"}), "legend").required

    def test_offer_to_leave_out_what_is_optional(self) -> None:
        assert choice(form_for_bo(), "legend", "").selected
        form = form_for_bo(answers={"kit": "full"})
        assert all(each.value for each in field(form, "legend").choices)


class TestFacts:
    def test_surcharges_are_shown_with_their_sign(self) -> None:
        with use_locale("zh_CN"):
            assert choice(form_for_bo(), "switch", "tactile_b").surcharge == "+¥15.00"
            assert choice(form_for_bo(), "kit", "barebones").surcharge == "−¥80.00"
            assert choice(form_for_bo(), "kit", "full").surcharge == ""
            assert field(form_for_bo(), "engraving").surcharge == "+¥15.00"

    def test_minimums_are_shown_with_the_present_count(self) -> None:
        form = form_for_bo(counts={"case_color": {"navy": 12, "black": 30}})
        assert choice(form, "case_color", "navy").notes[0] == "made from 30 pieces, 12 so far: 18 to go"
        assert choice(form, "case_color", "black").notes[0] == "minimum of 30 reached"
        assert choice(form_for_bo(), "case_color", "navy").notes[0] == "made from 30 pieces"

    def test_counts_of_number_codes_are_found(self) -> None:
        form = build_form(SMALL, scopes=MEMBER, currency="CNY", counts={"shade": {2: 4}}, fixed={})
        assert choice(form, "shade", "2").notes[0] == "made from 10 pieces, 4 so far: 6 to go"

    def test_days_and_engineering_are_shown_to_whom_they_concern(self) -> None:
        assert "5 days longer" in choice(form_for_bo(), "case_color", "navy").notes
        organizer = build_form(KEYBOARD, scopes=("batch",), currency="CNY")
        assert any("once for engineering" in note for note in choice(organizer, "form_factor", "alice").notes)

    def test_color_of_the_campaign_says_its_number(self) -> None:
        fixed = {**FIXED, "campaign_color": "2965 C"}
        form = build_form(KEYBOARD, scopes=MEMBER, currency="CNY", fixed=fixed)
        assert "Campaign color: 2965 C" in choice(form, "case_color", "custom").notes


class TestForbiddenChoices:
    def test_are_disabled_and_explained_when_the_campaign_forbids_them(self) -> None:
        refused = choice(form_for_bo(), "switch", "hall_d")
        assert refused.disabled
        assert refused.reason == "Magnetic D works only on a Hall-effect board: choose another switch."

    def test_stay_open_and_explained_when_another_answer_is_in_the_way(self) -> None:
        """Without JavaScript both may be changed in one go."""
        form = form_for_bo(answers={"kit": "barebones"})
        refused = choice(form, "switch", "linear_a")
        assert not refused.disabled
        [remark] = [each for each in field(form, "switch").remarks if each.id == refused.remark]
        assert "Linear A" in remark.labels
        assert "barebones" in remark.reason

    def test_that_are_chosen_stay_open(self) -> None:
        assert not choice(form_for_bo(answers={"switch": "hall_d"}), "switch", "hall_d").disabled

    def test_of_whole_groups_are_explained(self) -> None:
        phone = parsed("phone")
        fixed = phone.part(example("phone", "leather_debossed_pro"), "batch")
        laser = field(build_form(phone, scopes=MEMBER, currency="CNY", fixed=fixed), "laser_text")
        assert laser.disabled
        assert laser.reason.startswith("Vegan leather can only be debossed")

    def test_do_not_break_the_form_when_they_cannot_be_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def entangled(*_: object, **__: object) -> None:
            raise SearchTooLarge

        monkeypatch.setattr("c2b.catalog.forms.forbidden", entangled)
        assert not choice(form_for_bo(), "switch", "hall_d").reason


class TestErrors:
    ANSWERS = {**BOS, "kit": "barebones", "engraving": {"text": "x" * 30}}

    def form(self) -> Form:
        return form_for_bo(
            answers=self.ANSWERS, errors=validate(product("keyboard"), answers=self.ANSWERS, fixed=FIXED)
        )

    def test_stand_beside_their_field(self) -> None:
        assert field(self.form(), "engraving.text").errors == (
            "“Text” has room for 20 characters; this has 30.",
        )
        assert field(self.form(), "engraving.font").errors == ("Choose an option for “Font”.",)

    def test_of_a_rule_mark_the_other_fields(self) -> None:
        assert field(self.form(), "switch").errors[0].startswith("A barebones kit ships without")
        assert field(self.form(), "keycap").related
        assert field(self.form(), "kit").related
        assert not field(self.form(), "plate").related

    def test_without_a_field_stand_at_the_top(self) -> None:
        errors = [FieldError("wheel", "unknown", "No wheel."), FieldError("", "invalid", "Nothing fits.")]
        assert form_for_bo(errors=errors).errors == ("No wheel.", "Nothing fits.")

    def test_are_linked_from_the_top(self) -> None:
        links = dict(self.form().error_links)
        assert "answers-engraving-text" in links
        assert page(self.form()).get_element_by_id("answers-engraving-text").get("aria-invalid") == "true"


def pages() -> Iterator[tuple[str, Form]]:
    for name in PRODUCTS:
        schema = parsed(name)
        for which in examples(name, "valid"):
            whole = example(name, which)
            fixed, own = schema.part(whole, "batch"), schema.part(whole, *MEMBER)
            broken = {**own, "nonsense": 1, "engraving": {"text": "🎉"}}
            yield (
                f"{name} {which}",
                build_form(schema, scopes=MEMBER, currency="CNY", fixed=fixed, answers=own),
            )
            errors = validate(product(name), answers=broken, fixed=fixed)
            yield (
                f"{name} {which} with errors",
                build_form(schema, scopes=MEMBER, currency="CNY", fixed=fixed, answers=broken, errors=errors),
            )
        yield f"{name} empty", build_form(schema, scopes=("batch",), currency="CNY")


PAGES = dict(pages())


@pytest.mark.parametrize("name", PAGES)
class TestHtml:
    def test_has_a_label_for_every_control(self, name: str) -> None:
        tree = page(PAGES[name])
        labels = {each.get("for") for each in tree.iter("label")}
        for control in tree.iter("input", "select"):
            if control.get("type") != "hidden":
                assert control.get("id") in labels

    def test_groups_radio_buttons_under_a_legend(self, name: str) -> None:
        for control in page(PAGES[name]).iter("input"):
            if control.get("type") == "radio":
                legend = next(control.iterancestors("fieldset")).find("legend")
                assert legend.text_content().strip()

    def test_has_unique_ids_and_every_description(self, name: str) -> None:
        tree = page(PAGES[name])
        ids = [each.get("id") for each in tree.iter() if each.get("id")]
        assert len(ids) == len(set(ids))
        named = {word for each in tree.iter() for word in (each.get("aria-describedby") or "").split()}
        targets = {each.get("href").removeprefix("#") for each in tree.iter("a")}
        assert named | targets <= set(ids)

    def test_obeys_a_strict_content_security_policy(self, name: str) -> None:
        for element in page(PAGES[name]).iter():
            assert element.tag not in ("script", "style")
            assert not [key for key in element.attrib if key == "style" or key.startswith("on")]

    def test_names_classes_for_the_stylesheet_only(self, name: str) -> None:
        for element in page(PAGES[name]).iter():
            assert all(word.startswith("answers") for word in (element.get("class") or "").split())


class TestHtmlOfStrangers:
    def test_is_escaped(self) -> None:
        evil = '"><script>alert(1)</script>{{7*7}}'
        document = small()
        document["properties"]["tag"]["x-title"] = {"en": evil, "zh": evil}
        document["properties"]["base"]["x-options"][0]["label"] = {"en": evil, "zh": evil}
        form = build_form(
            parse_schema(document),
            scopes=SCOPES,
            currency="CNY",
            answers={"tag": evil, "mark": {"text": evil}},
        )
        tree = page(form)
        assert not list(tree.iter("script"))
        assert tree.get_element_by_id("answers-tag").get("value") == evil

    def test_shows_answers_of_any_kind(self) -> None:
        for wrong in (None, 7, True, [], {}, ["x"], {"text": []}, "x"):
            answers = dict.fromkeys(
                ("base", "dimmer", "watts", "shade", "tag", "extras", "day", "mark", "photo"), wrong
            )
            assert len(page(build_form(SMALL, scopes=SCOPES, currency="CNY", answers=answers))) > 0
