"""What strangers may read of a name."""

from __future__ import annotations

import pytest

from c2b.accounts.rules import public_name


class TestAPublicName:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("Ana Keller", "Ana"),
            ("林浩", "林*"),
            ("欧阳子涵", "欧***"),
            ("Bo", "Bo"),
            ("王", "王"),
            ("  ", "—"),
        ],
    )
    def test_gives_no_full_name_away(self, name: str, shown: str) -> None:
        assert public_name(name) == shown
