"""Invitations: one personal link per member and campaign."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from c2b.kit import guards
from c2b.kit.ids import new_id


class Invitation(Model):
    """The link's token is derived from the id with the server's secret; only its SHA-256 is stored."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    campaign: Any = fields.ForeignKeyField("models.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    inviter_id = fields.CharField(max_length=26)
    token_hash = fields.CharField(max_length=64, unique=True)
    opened = fields.IntField(default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "invitation"
        unique_together = (("campaign_id", "inviter_id"),)


GUARDS = [guards.Frozen("invitation", ("campaign_id", "inviter_id", "token_hash"))]
