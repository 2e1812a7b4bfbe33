"""A receipt as a PDF: drawn of its frozen content when first asked for, in a child process, and kept."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from c2b.accounts.rules import Actor
from c2b.invoicing.queries import as_json, receipt
from c2b.kit import db, i18n, pdf, storage
from c2b.kit.canonical import canonical_json
from c2b.kit.downloads import Download, checked
from c2b.kit.i18n import N_, gettext, pick
from c2b.kit.ids import sha256_hex
from c2b.kit.money import format_money

PLANS = {
    "full": N_("The whole price, paid at joining"),
    "deposit": N_("Deposit, given back if the group fails"),
    "balance": N_("Balance after the deposit"),
    "held": N_("Held at joining, charged at the close"),
}
PROVIDERS = {
    "sandbox": N_("Test payment (no real money)"),
    "stripe": N_("Card, through Stripe"),
    "wechatpay": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "bank": N_("Bank transfer"),
}
REASONS = {
    "campaign_failed": N_("The group did not come about"),
    "withdrawal": N_("You left the group"),
    "option_minimum": N_("Too few people chose what you chose"),
    "left_out": N_("What you chose could not be made"),
    "late": N_("The payment came too late"),
    "overdue": N_("The balance did not come"),
    "delay": N_("You left because of a delay"),
    "price_difference": N_("The difference to the price that was reached"),
    "claim": N_("A defect or missing goods"),
}


async def receipt_file(actor: Actor, receipt_id: str, *, locale: str) -> Download:
    """The PDF of a receipt in one language, the same bytes every time.

    Raises ``NotFound``, ``FileDamaged``, ``kit.pdf.RenderFailed`` (may be retried).
    """
    line = await receipt(actor, receipt_id)
    known = line.files.get(locale)
    if known is None:
        known = await _draw(line.id, line.number, line.content, locale)
    data = await asyncio.to_thread(storage.get, known["key"])
    return Download(
        f"{line.number}.pdf", "application/pdf", checked(data, known["sha256"]), str(known["sha256"])
    )


async def _draw(receipt_id: str, number: str, content: dict[str, Any], locale: str) -> dict[str, str]:
    data = await render_receipt(content, locale=locale)
    sha256 = sha256_hex(data)
    drawn = {"key": f"receipts/{number}/{locale}-{sha256[:16]}.pdf", "sha256": sha256}
    await asyncio.to_thread(storage.put, drawn["key"], data)

    async def keep() -> None:
        row = await db.fetch_one("SELECT files FROM receipt WHERE id = ?", receipt_id)
        assert row
        files = {**as_json(row["files"]), locale: drawn}
        await db.execute(
            "UPDATE receipt SET files = ? WHERE id = ?", canonical_json(files).decode(), receipt_id
        )

    await db.atomically(keep)
    return drawn


async def render_receipt(content: dict[str, Any], *, locale: str) -> bytes:
    """The content of a receipt as a PDF; the same content gives the same bytes."""
    with i18n.use_locale(locale, zone=content["zone"]):
        context = page_of(content)
    return await pdf.render(
        pdf.Template(name="documents/receipt.html", context=context, locale=locale, zone=content["zone"])
    )


def page_of(content: dict[str, Any]) -> dict[str, Any]:
    """What stands on paper, in the present language: plain texts, which the template escapes."""
    paid = content["kind"] == "payment"
    bought, seller = content["bought"], content["seller"]
    money = format_money(content["amount_minor"], content["currency"], i18n.current_locale())
    plan, provider = PLANS[content["plan"]], PROVIDERS[content["gateway"]]
    facts = [
        (gettext("Receipt number"), content["number"]),
        (gettext("Paid on") if paid else gettext("Paid back on"),
         i18n.format_datetime(datetime.fromisoformat(content["at"]))),
    ]  # fmt: skip
    rows = [
        (gettext("Campaign"), f"{bought['campaign_title']} ({bought['campaign_code']})"),
        (gettext("Product"), pick(bought["product"])),
        (gettext("Units"), str(bought["quantity"])),
        (gettext("Fingerprint of the requirement"), bought["digest"][:16]),
        (gettext("Payment plan"), gettext(plan)),
        (gettext("Paid by") if paid else gettext("Paid back through"), gettext(provider)),
        (gettext("Reference of the provider"), content["reference"]),
    ]  # fmt: skip
    if not paid:
        reason = REASONS[content["reason"]]
        why = ": ".join(part for part in (gettext(reason), content["note"]) if part)
        rows += [(gettext("Reason"), why), (gettext("Receipt of the payment"), content["payment_number"])]
    return {
        "lang": i18n.current_locale().replace("_", "-"),
        "title": gettext("Receipt") if paid else gettext("Refund receipt"),
        "seller": pick(seller["name"]),
        "address": pick(seller["address"]),
        "registration_id": seller["registration_id"],
        "payer": content["payer"],
        "facts": facts,
        "sum_label": gettext("Amount paid") if paid else gettext("Amount paid back"),
        "sum": money,
        "rows": [row for row in rows if row[1]],
        "footnote": gettext("This receipt confirms that money moved. It is not a tax invoice (fapiao)."),
    }
