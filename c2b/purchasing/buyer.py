"""Who buys: the platform's own company as it stands on every purchase order.

The demo company is in ``buyer.json`` beside this file. An installation puts its own ``buyer.json`` into its data
folder; orders that were issued keep the name they were issued with.
"""

from __future__ import annotations

import json
from pathlib import Path

from c2b.config import settings
from c2b.purchasing.snapshot import Party
from c2b.purchasing.terms import party

_DEMO = Path(__file__).with_name("buyer.json")


def buyer_party() -> Party:
    """The buyer. Raises ``KeyError`` or ``ValueError`` for an incomplete file."""
    own = settings().data_dir / "buyer.json"
    return party(json.loads((own if own.is_file() else _DEMO).read_text(encoding="utf-8")))
