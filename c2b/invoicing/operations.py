"""What is done about papers."""

from __future__ import annotations

from c2b.invoicing.receipts import issue

__all__ = ["issue"]
