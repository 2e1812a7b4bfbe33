"""Mails to be sent, each written once by its key."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id

Json = dict[str, Any]


class Mail(Model):
    """One mail to one person about one thing. Rendered when it is sent, from ``template`` and ``context``.

    ``attachments`` name files in the storage: ``[{"storage_key", "filename", "media_type"}]``.
    """

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    key = fields.CharField(max_length=150, unique=True)
    recipient_id = fields.CharField(max_length=26, null=True, db_index=True)
    to_address = fields.CharField(max_length=254)
    locale = fields.CharField(max_length=10)
    template = fields.CharField(max_length=60)
    context: Json = fields.JSONField(default=dict)
    attachments: list[Json] = fields.JSONField(default=list)
    campaign_id = fields.CharField(max_length=26, null=True, db_index=True)
    state = fields.CharField(max_length=8, default="queued")
    subject = fields.TextField(default="")
    text = fields.TextField(default="")
    html = fields.TextField(default="")
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mail"


GUARDS = [
    guards.Check("mail", "mail_state", "{state} IN ('queued','sent')"),
    guards.Check("mail", "mail_sent", "({state} = 'sent') = ({sent_at} IS NOT NULL)"),
    guards.Check("mail", "mail_locale", "{locale} IN ('en', 'zh_CN')"),
    guards.Frozen("mail", ("key", "template", "sent_at"), deletable=True),  # old mail may be erased
]
