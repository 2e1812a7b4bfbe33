"""What is done about papers: receipts by themselves, tax invoices when members ask for them."""

from __future__ import annotations

from c2b.invoicing.asking import ask, end_without_money, withdraw
from c2b.invoicing.issuing import issue_invoice, refuse_invoice, write_red_note
from c2b.invoicing.receipts import issue

__all__ = [
    "ask",
    "end_without_money",
    "issue",
    "issue_invoice",
    "refuse_invoice",
    "withdraw",
    "write_red_note",
]
