"""Templates escape everything, miss nothing quietly, and speak the language of the moment they are rendered."""

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from c2b.kit import clock
from c2b.kit.i18n import use_locale
from c2b.kit.templating import (
    ago,
    countdown,
    environment,
    render,
    render_text,
    translate,
    translate_count,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def drawn(source: str, **context: object) -> str:
    return environment().from_string(source).render(**context)


class TestEscaping:
    def test_covers_every_value(self) -> None:
        assert drawn("{{ x }}", x="<script>") == "&lt;script&gt;"

    def test_does_not_depend_on_the_name_of_the_file(self) -> None:
        assert environment().autoescape is True

    def test_covers_what_is_put_into_a_message(self) -> None:
        assert translate("Hello {name}", name="<b>") == "Hello &lt;b&gt;"
        assert (
            translate_count("{n} friend of {who}", "{n} friends of {who}", 2, who="<b>")
            == "2 friends of &lt;b&gt;"
        )

    def test_keeps_markup_a_template_made(self) -> None:
        assert translate("Go to {link}", link=Markup("<a>x</a>")) == "Go to <a>x</a>"

    def test_covers_messages_of_trans_blocks(self) -> None:
        assert drawn("{% trans who=x %}Hello {{ who }}{% endtrans %}", x="<b>") == "Hello &lt;b&gt;"

    def test_is_undone_for_plain_text(self, tmp_path, monkeypatch) -> None:
        (tmp_path / "mail.txt").write_text("Dear {{ name }} & co")
        monkeypatch.setattr(environment().loader, "searchpath", [tmp_path])
        assert render_text("mail.txt", name="O'Neil <&lt;>") == "Dear O'Neil <&lt;> & co"


class TestAName:
    def test_that_nobody_passed_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            drawn("{{ nothing }}")

    def test_never_stands_for_a_model(self) -> None:
        class Row:
            _meta = object()

        for value in (Row(), [Row()], {"a": Row()}):
            with pytest.raises(TypeError, match="never a model"):
                render("errors/notice.html", detail="", texts=[], row=value)


class TestFilters:
    def test_of_constants_are_not_frozen_in_the_first_readers_language(self) -> None:
        template = environment().from_string('{{ 89900|money("CNY") }}')
        with use_locale("en"):
            english = template.render()
        with use_locale("zh_CN"):
            chinese = template.render()
        assert (english, chinese) == ("CN¥899.00", "¥899.00")

    def test_say_how_long_ago(self) -> None:
        clock.set(NOON)
        assert ago(NOON - timedelta(hours=3)) == "3 hours ago"
        assert ago(NOON + timedelta(days=2)) == "in 2 days"

    @pytest.mark.parametrize(
        ("left", "words"),
        [
            (timedelta(days=2, hours=5, minutes=59), "2 days 5 hours"),
            (timedelta(days=2, minutes=59), "2 days"),
            (timedelta(hours=1, minutes=1), "1 hour 1 minute"),
            (timedelta(minutes=7), "7 minutes"),
            (timedelta(seconds=-5), "0 minutes"),
        ],
    )
    def test_count_down_in_two_units(self, left: timedelta, words: str) -> None:
        clock.set(NOON)
        assert countdown(NOON + left) == words

    def test_count_down_in_chinese(self) -> None:
        clock.set(NOON)
        with use_locale("zh_CN"):
            assert countdown(NOON + timedelta(days=2, hours=5)) == "2天 5小时"
