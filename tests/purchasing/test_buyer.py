"""Who buys: the platform's own data, as it stands on every order and receipt."""

from __future__ import annotations

import json

from c2b.config import ROOT
from c2b.invoicing.rules import is_tax_id


def test_its_registration_number_has_the_check_character_of_the_standard():
    buyer = json.loads((ROOT / "c2b/purchasing/buyer.json").read_text())
    assert is_tax_id(buyer["registration_id"])
    assert buyer["vat_id"] == f"CN{buyer['registration_id']}"
