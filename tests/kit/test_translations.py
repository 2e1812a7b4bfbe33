"""The check of the translations finds each fault it promises to find."""

from pathlib import Path

import pytest

from c2b.kit.translations import area_of, check, update

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'

SOURCE = """
from c2b.kit.i18n import N_, gettext as _, ngettext
MESSAGE = N_("Campaign {title} is closed.")
def tell(n): return _("Pay now"), ngettext("{n} unit", "{n} units", n)
"""
TEMPLATE = '<p>{{ _("Invite a friend") }}</p>{% trans name=1 %}Hello {{ name }}{% endtrans %}'

COMPLETE = {
    "campaigns.po": {"Campaign {title} is closed.": "活动“{title}”已结束。", "Pay now": "立即付款"},
    "consumer.po": {"Invite a friend": "邀请朋友", "Hello %(name)s": "您好，%(name)s"},
}
UNITS = 'msgid "{n} unit"\nmsgid_plural "{n} units"\nmsgstr[0] "{n} 件"\n'


class House:
    """A small source tree with complete translations, to be broken one way at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("c2b/campaigns/operations.py", SOURCE)
        self.write("templates/pages/consumer/join.html", TEMPLATE)
        for name, texts in COMPLETE.items():
            self.translate(name, texts)
        self.append("campaigns.po", UNITS)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def translate(self, name: str, texts: dict[str, str]) -> None:
        entries = "\n".join(f'msgid "{english}"\nmsgstr "{chinese}"\n' for english, chinese in texts.items())
        self.write(f"locales/zh_CN/{name}", HEADER + entries + "\n")

    def append(self, name: str, text: str) -> None:
        path = self.root / "locales/zh_CN" / name
        path.write_text(path.read_text(encoding="utf-8") + text + "\n", encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.root / "locales/zh_CN" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class TestCheck:
    def test_is_content_with_a_complete_house(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        assert check(house.root) == 0
        assert capsys.readouterr().out == "5 messages, all in Chinese.\n"

    @pytest.mark.parametrize(
        ("file", "old", "new", "complaint"),
        [
            ("campaigns.po", 'msgid "Pay now"\nmsgstr "立即付款"\n', "", "not in locales/zh_CN: 'Pay now'"),
            ("campaigns.po", "立即付款", "", "not translated: 'Pay now'"),
            ("campaigns.po", "立即付款", "付定金", "says 定金"),
            ("campaigns.po", 'msgid "Pay now"', '#, fuzzy\nmsgid "Pay now"', "marked fuzzy"),
            ("campaigns.po", "“{title}”", "“{name}”", "other placeholders than the English (title)"),
            ("campaigns.po", "{n} 件", "件", "other placeholders than the English (n)"),
            (
                "consumer.po",
                '%(name)s"\nmsgstr "您好，%(name)s',
                '%(name)s"\nmsgstr "您好',
                "other placeholders",
            ),
        ],
    )
    def test_finds(
        self, house: House, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, complaint: str
    ) -> None:
        house.replace(file, old, new)
        assert check(house.root) == 1
        output = capsys.readouterr().out
        assert complaint in output
        assert output.endswith("5 messages, 1 faults.\n")

    @pytest.mark.parametrize(
        ("entry", "complaint"),
        [
            (
                'msgid "Pay now"\nmsgstr "现在付款"\n',
                "consumer.po:11: translated otherwise in campaigns.po: 'Pay now'",
            ),
            ('msgid "Nobody says this"\nmsgstr "没人说"\n', "stale, nobody says it anymore"),
        ],
    )
    def test_finds_too_much(
        self, house: House, capsys: pytest.CaptureFixture[str], entry: str, complaint: str
    ) -> None:
        house.append("consumer.po", entry)
        assert check(house.root) == 1
        assert complaint in capsys.readouterr().out

    def test_accepts_the_same_translation_in_two_files(self, house: House) -> None:
        house.append("consumer.po", 'msgid "Pay now"\nmsgstr "立即付款"\n')
        assert check(house.root) == 0

    def test_does_not_pass_over_a_template_that_cannot_be_read(self, house: House) -> None:
        house.write("templates/pages/broken.html", "{% if %}")
        with pytest.raises(Exception, match=r"[Ee]xpected"):
            check(house.root)

    def test_does_not_pass_over_a_file_that_cannot_be_read(self, house: House) -> None:
        house.append("consumer.po", 'msgid "Half\n')
        with pytest.raises(SystemExit, match=r"consumer\.po"):
            check(house.root)


class TestUpdate:
    def test_adds_what_is_new_to_the_file_of_its_area_and_drops_what_is_gone(self, house: House) -> None:
        house.write(
            "c2b/payments/operations.py", 'from c2b.kit.i18n import N_\nM = N_("Refund of {amount}")\n'
        )
        house.write("templates/pages/consumer/join.html", '{{ _("Invite a friend") }}')
        assert update(house.root) == 1  # still to be translated
        folder = house.root / "locales/zh_CN"
        assert 'msgid "Refund of {amount}"\nmsgstr ""' in (folder / "payments.po").read_text(encoding="utf-8")
        consumer = (folder / "consumer.po").read_text(encoding="utf-8")
        assert "Hello" not in consumer
        assert 'msgstr "邀请朋友"' in consumer

    def test_leaves_a_complete_house_untouched(self, house: House) -> None:
        before = (house.root / "locales/zh_CN/campaigns.po").read_text(encoding="utf-8")
        assert update(house.root) == 0
        assert (house.root / "locales/zh_CN/campaigns.po").read_text(encoding="utf-8") == before


class TestAreaOf:
    @pytest.mark.parametrize(
        ("place", "area"),
        [
            ("c2b/campaigns/operations.py:3", "campaigns"),
            ("c2b/web/consumer/join.py:9", "consumer"),
            ("c2b/web/errors.py:9", "web"),
            ("c2b/app.py:1", "kit"),
            ("workflows/ordering.py:4", "workflows"),
            ("templates/pages/admin/runs.html:4", "admin"),
            ("templates/emails/po_sent/words.jinja:1", "emails"),
            ("templates/pages/sandbox/checkout.html:3", "sandbox"),
            ("c2b/payments/gateways/sandbox/checkout.py:9", "sandbox"),
            ("c2b/payments/gateways/base.py:9", "sandbox"),
            ("templates/documents/purchase_order.html:1", "documents"),
            ("templates/layouts/base.html:1", "web"),
        ],
    )
    def test_follows_the_house(self, place: str, area: str) -> None:
        assert area_of(place) == area
