"""What people and programs see: pages, fragments and the JSON API over the same operations and queries."""

from c2b.web import addresses  # noqa: F401  (the patterns of ids in addresses, known before any route)
