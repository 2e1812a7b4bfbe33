"""Messages, dates and numbers are in the reader's language."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from c2b.kit import i18n
from c2b.kit.i18n import (
    current_locale,
    format_date,
    format_datetime,
    format_number,
    gettext,
    negotiate,
    ngettext,
    pick,
    read_catalog,
    use_locale,
)

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Join {title}"
msgstr "参加{title}"

msgid "{n} friend"
msgid_plural "{n} friends"
msgstr[0] "{n} 位朋友"

#, fuzzy
msgid "Pay"
msgstr "猜的"

msgid "Empty"
msgstr ""
"""

INSTANT = datetime(2026, 11, 23, 16, 15, tzinfo=UTC)


@pytest.fixture
def chinese_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    folder = tmp_path / "zh_CN"
    folder.mkdir()
    (folder / "campaigns.po").write_text(PO, encoding="utf-8")
    texts = read_catalog(folder)
    monkeypatch.setattr(i18n, "_catalog", lambda locale: texts if locale == "zh_CN" else {})
    return texts


@pytest.mark.usefixtures("chinese_texts")
class TestMessages:
    def test_are_translated_with_their_placeholders(self) -> None:
        with use_locale("zh_CN"):
            assert gettext("Join {title}", title="键盘") == "参加键盘"
        assert gettext("Join {title}", title="Board") == "Join Board"

    def test_count(self) -> None:
        assert [ngettext("{n} friend", "{n} friends", n) for n in (1, 2)] == ["1 friend", "2 friends"]
        with use_locale("zh_CN"):
            assert ngettext("{n} friend", "{n} friends", 2) == "2 位朋友"

    @pytest.mark.parametrize("message", ["Pay", "Empty", "Unheard of"])
    def test_stay_english_rather_than_wrong_or_empty(self, message: str) -> None:
        with use_locale("zh_CN"):
            assert gettext(message) == message

    def test_with_braces_in_their_parameters_are_left_alone(self) -> None:
        assert gettext("Join {title}", title="{n} {evil}") == "Join {n} {evil}"


class TestLocale:
    def test_ends_with_its_block(self) -> None:
        with use_locale("zh_CN"):
            with use_locale("en"):
                assert current_locale() == "en"
            assert current_locale() == "zh_CN"
        assert current_locale() == "en"

    def test_must_be_spoken_here(self) -> None:
        with pytest.raises(ValueError, match="fr"), use_locale("fr"):
            pass

    @pytest.mark.parametrize(
        ("header", "locale"),
        [
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
            ("zh-Hans", "zh_CN"),
            ("de, fr;q=0.9, zh;q=0.2", "zh_CN"),
            ("en-GB,en;q=0.9,zh;q=0.8", "en"),
            ("en;q=0.5, zh;q=0.9", "zh_CN"),
            ("zh;q=0, en;q=0.1", "en"),
            ("", "en"),
            ("zh;q=high", "en"),
            ("," * 5000, "en"),
        ],
    )
    def test_is_negotiated(self, header: str, locale: str) -> None:
        assert negotiate(header) == locale

    def test_picks_the_side_of_a_label(self) -> None:
        label = {"en": "Red", "zh": "红"}
        assert pick(label) == "Red"
        with use_locale("zh_CN"):
            assert pick(label) == "红"


class TestDates:
    def test_of_a_day(self) -> None:
        day = date(2026, 11, 23)
        assert format_date(day) == "Nov 23, 2026"
        with use_locale("zh_CN"):
            assert format_date(day) == "2026年11月23日"

    def test_of_an_instant_name_the_zone(self) -> None:
        assert format_datetime(INSTANT) == "Nov 23, 2026, 16:15 UTC"
        with use_locale("zh_CN"):
            assert format_datetime(INSTANT) == "2026年11月24日 00:15 北京时间"

    @pytest.mark.parametrize(
        ("zone", "text"),
        [
            ("Europe/Berlin", "17:15 UTC+1"),
            ("Asia/Kolkata", "21:45 UTC+5:30"),
            ("America/St_Johns", "12:45 UTC-3:30"),
            ("Europe/London", "16:15 UTC"),
        ],
    )
    def test_of_an_instant_name_the_distance_elsewhere(self, zone: str, text: str) -> None:
        with use_locale("en", zone=zone):
            assert format_datetime(INSTANT) == f"Nov 23, 2026, {text}"

    def test_of_an_instant_fall_on_the_readers_day(self) -> None:
        with use_locale("zh_CN"):
            assert format_date(INSTANT) == "2026年11月24日"

    def test_need_a_zone(self) -> None:
        with pytest.raises(ValueError, match="zone"):
            format_datetime(datetime(2026, 11, 23))


class TestNumbers:
    def test_are_grouped(self) -> None:
        assert format_number(12000) == "12,000"
