"""Users, sessions and API tokens. Secrets are stored as hashes only."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from c2b.kit.guards import Check
from c2b.kit.ids import new_id


class User(Model):
    """A person with a role. ``email_key`` is the folded address that is unique; ``email`` is as they wrote it."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    email = fields.CharField(max_length=254)
    email_key = fields.CharField(max_length=254, unique=True)
    email_verified_at = fields.DatetimeField(null=True)
    name = fields.CharField(max_length=80)
    role = fields.CharField(max_length=16, default="consumer")
    manufacturer_id = fields.CharField(max_length=26, null=True, db_index=True)
    locale = fields.CharField(max_length=8, default="en")
    password_hash = fields.CharField(max_length=160)
    password_changed_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "user_account"


class Session(Model):
    """One log-in in one browser. Gone is logged out: nothing in the cookie itself says who somebody is."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField("models.User", "sessions")
    user_id: str
    token_hash = fields.CharField(max_length=64, unique=True)
    user_agent = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "login_session"


class ApiToken(Model):
    """A bearer token of a user. ``hint`` is its readable beginning; the rest was shown once."""

    id = fields.CharField(max_length=26, primary_key=True, default=new_id)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField("models.User", "tokens")
    user_id: str
    name = fields.CharField(max_length=60)
    token_hash = fields.CharField(max_length=64, unique=True)
    hint = fields.CharField(max_length=12)
    can_write = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_token"


GUARDS = [
    Check("user_account", "user_role", "{role} IN ('consumer', 'manufacturer', 'admin')"),
    Check("user_account", "user_works_for", "({role} = 'manufacturer') = ({manufacturer_id} IS NOT NULL)"),
    Check("user_account", "user_locale", "{locale} IN ('en', 'zh_CN')"),
]
