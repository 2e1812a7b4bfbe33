"""The public face of payouts: releasing, blocking, paying, taking off, closing the books."""

from __future__ import annotations

from c2b.payouts.blocking import close_block, open_block
from c2b.payouts.closing import Waits, book_fee, close_books
from c2b.payouts.following import follow, keep_releases
from c2b.payouts.guarding import keep_guards
from c2b.payouts.paying import pay_out, payout_refused, payout_sent
from c2b.payouts.releasing import release
from c2b.payouts.shortage import Shortage, short_delivery

__all__ = [
    "Shortage", "Waits", "book_fee", "close_block", "close_books", "follow", "keep_guards", "keep_releases",
    "open_block", "pay_out", "payout_refused", "payout_sent", "release", "short_delivery",
]  # fmt: skip
