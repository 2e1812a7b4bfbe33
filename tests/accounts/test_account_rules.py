"""What names, addresses and passwords must look like."""

import pytest

from c2b.accounts.rules import (
    Actor,
    email_key,
    faults_of_email,
    faults_of_name,
    faults_of_password,
)


class TestAnAddress:
    @pytest.mark.parametrize(
        "email", ["ana@example.com", " Ana.B+c2b@sub.example.co ", "张三@example.com", "o'neil@example.com"]
    )
    def test_may_be(self, email: str) -> None:
        assert not faults_of_email(email)

    @pytest.mark.parametrize(
        "email",
        ["", "ana", "ana@", "@example.com", "ana@example", "a b@example.com", "ana@exa mple.com", "ana@@example.com",
         "ana@example.com\r\nBcc: x@example.com", "ana@example.com\n", "a\x00@example.com", ".ana@example.com",
         "an..a@example.com", "ana.@example.com", "ana@-example.com", "ana@example..com", "<ana@example.com>",
         "ana@example.com,bo@example.com", "a" * 65 + "@example.com", "ana@" + "a" * 250 + ".com",
         "\u202eana@example.com"],
    )  # fmt: skip
    def test_may_not_be(self, email: str) -> None:
        assert [fault.path for fault in faults_of_email(email)] == ["email"]

    def test_is_the_same_however_it_is_typed(self) -> None:
        assert email_key(" Ana@Example.COM ") == email_key("ana@example.com") == email_key("ａna@example.com")
        assert email_key("STRASSE@x.de") == email_key("straße@x.de")


class TestAName:
    @pytest.mark.parametrize("name", ["Ana", "张三", "Ana María", "x" * 80, "O'Neil"])
    def test_may_be(self, name: str) -> None:
        assert not faults_of_name(name)

    @pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\tb", "a\x00b", "\u202eana", "\ud800"])
    def test_may_not_be(self, name: str) -> None:
        assert [fault.path for fault in faults_of_name(name)] == ["name"]


class TestAPassword:
    @pytest.mark.parametrize(
        "password", ["correct horse", "十个汉字也可以用作密码", "x1y2z3a4b5", "  spaces are fine  "]
    )
    def test_may_be(self, password: str) -> None:
        assert not faults_of_password(password, email="ana@example.com", name="Ana")

    @pytest.mark.parametrize(
        "password",
        ["", "short", "a" * 129, "aaaaaaaaaaaa", "ababababab", "Password123", "1234567890", "ana@example.com",
         "ANA@EXAMPLE.COM", "anaorganizes", "anaorganizesanaorganizes"],
    )  # fmt: skip
    def test_may_not_be(self, password: str) -> None:
        faults = faults_of_password(password, email="ana@example.com", name="AnaOrganizes")
        assert [fault.path for fault in faults] == ["password"]

    def test_too_short_says_what_would_do(self) -> None:
        (fault,) = faults_of_password("short", email="")
        assert fault.text() == "Use 10 to 128 characters; a few words are fine."


class TestAnActor:
    def test_makes_for_one_manufacturer(self) -> None:
        mill = Actor(id="1", name="Mill", role="manufacturer", manufacturer_id="m1")
        assert mill.makes_for("m1")
        assert not mill.makes_for("m2")

    def test_who_is_no_manufacturer_makes_for_nobody(self) -> None:
        for actor in (Actor(id="1", name="Ana", role="consumer"), Actor(id="2", name="Root", role="admin")):
            assert not actor.makes_for(None)
            assert not actor.makes_for("m1")
