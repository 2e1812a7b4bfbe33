"""Words for tax invoices that members and admins both read."""

from __future__ import annotations

from typing import Any

from c2b.kit.i18n import N_, gettext

STATES = {
    "requested": (N_("Requested"), "wait"),
    "issued": (N_("Issued"), "good"),
    "red_reversed": (N_("Reversed by a red note"), "neutral"),
    "withdrawn": (N_("Request withdrawn"), "neutral"),
    "refused": (N_("Request refused"), "bad"),
}
REASONS = {
    "requested": N_("It is issued within a few working days and sent to your e-mail address."),
    "issued": N_("It was sent to your e-mail address."),
    "red_waits": N_("Money went back after it was issued. A red note about that follows."),
    "red_in_part": N_("A part went back after it was issued, and a red note took that back."),
    "red_reversed": N_("All of the money went back, and a red note took back the whole invoice."),
    "withdrawn": N_("You took the request back."),
    "refused": N_("It could not be issued like that. You may ask again."),
    "all_refunded": N_("All of the money went back, so there is nothing to invoice."),
}
KINDS = {"personal": N_("A person"), "company": N_("A company")}


def words() -> dict[str, Any]:
    """States, reasons and kinds of title in the reader's language."""
    return {
        "states": {code: (gettext(text), tone) for code, (text, tone) in STATES.items()},
        "reasons": {code: gettext(text) for code, text in REASONS.items()},
        "kinds": {code: gettext(text) for code, text in KINDS.items()},
    }
