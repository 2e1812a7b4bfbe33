"""Whoever asked for a tax invoice is told that it was issued, or why not."""

from __future__ import annotations

import pytest

from c2b.notifications.models import Mail
from tests.notifications.collected import invoiced

pytestmark = pytest.mark.usefixtures("connected", "database", "quick_paper")


async def test_both_answers_are_told_once():
    await invoiced()
    refused, issued = [await Mail.get(template=f"invoice_{what}") for what in ("refused", "issued")]
    assert "There is nobody of that name." in refused.text
    assert "24312000000012345678" in issued.text
    assert "bo@c2b.example" in issued.text
    assert {refused.to_address, issued.to_address} == {issued.to_address}
