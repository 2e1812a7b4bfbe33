"""What is sealed opens for its purpose only, whole only, and also after the installation's secret was exchanged."""

from __future__ import annotations

import pytest

from c2b.config import settings
from c2b.kit.sealing import SealBroken, seal, sealed_anew, unseal

TEXT = '{"account": "6222 0000 1234 5678", "name": "李雷"}'
OLD, NEW = "an old secret of this installation", "a new secret of this installation"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):
    """Go on with this secret, and the one before."""

    def change(secret: str, before: str = "") -> None:
        monkeypatch.setenv("C2B_SECRET_KEY", secret)
        monkeypatch.setenv("C2B_SECRET_KEY_BEFORE", before)
        settings.cache_clear()

    yield change
    monkeypatch.undo()
    settings.cache_clear()


class TestASeal:
    def test_opens_again_and_shows_nothing(self, use):
        use(OLD)
        sealed = seal(TEXT, purpose="payee")
        assert unseal(sealed, purpose="payee") == TEXT
        assert sealed.isascii()
        for part in ("6222", "account", "5678"):
            assert part not in sealed

    def test_is_never_twice_the_same(self, use):
        use(OLD)
        assert seal(TEXT, purpose="payee") != seal(TEXT, purpose="payee")

    def test_opens_for_its_purpose_only(self, use):
        use(OLD)
        with pytest.raises(SealBroken):
            unseal(seal(TEXT, purpose="payee"), purpose="identity")

    @pytest.mark.parametrize("position", [0, 20, 60, -2])
    def test_that_was_changed_does_not_open(self, use, position):
        use(OLD)
        sealed = seal(TEXT, purpose="payee")
        at = position % len(sealed)
        other = "A" if sealed[at] != "A" else "B"
        with pytest.raises(SealBroken):
            unseal(sealed[:at] + other + sealed[at + 1 :], purpose="payee")

    @pytest.mark.parametrize("text", ["", "plain", "gAAAAAB"])
    def test_is_told_from_what_is_none(self, use, text):
        use(OLD)
        with pytest.raises(SealBroken):
            unseal(text, purpose="payee")


class TestAnExchangedSecret:
    def test_still_opens_what_was_sealed_before(self, use):
        use(OLD)
        sealed = seal(TEXT, purpose="payee")
        use(NEW, OLD)
        assert unseal(sealed, purpose="payee") == TEXT
        use(NEW)
        with pytest.raises(SealBroken):
            unseal(sealed, purpose="payee")

    def test_needs_the_old_one_no_more_for_what_was_sealed_anew(self, use):
        use(OLD)
        sealed = seal(TEXT, purpose="payee")
        use(NEW, OLD)
        again = sealed_anew(sealed, purpose="payee")
        use(NEW)
        assert unseal(again, purpose="payee") == TEXT
        with pytest.raises(SealBroken):
            sealed_anew(sealed, purpose="payee")
