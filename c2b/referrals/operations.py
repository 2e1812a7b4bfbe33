"""The public face of referrals: invitations, who is bound to whom, and what is earned and paid out."""

from __future__ import annotations

from c2b.referrals.binding import bind, expire_bindings, void_binding
from c2b.referrals.earning import estimate
from c2b.referrals.identities import give_identity, reveal
from c2b.referrals.inviting import InvitationLink, Invited, my_link, open_link, token_of, valid_for
from c2b.referrals.markets import allow_second_level, revoke_second_level
from c2b.referrals.queries import came_invited, has_commissions
from c2b.referrals.settling import keep_commissions, open_commissions, settle_commissions
from c2b.referrals.withdrawing import approve, refuse, transfer_refused, transfer_sent, withdraw

__all__ = [
    "InvitationLink",
    "Invited",
    "allow_second_level",
    "approve",
    "bind",
    "came_invited",
    "estimate",
    "expire_bindings",
    "give_identity",
    "has_commissions",
    "keep_commissions",
    "my_link",
    "open_commissions",
    "open_link",
    "refuse",
    "reveal",
    "revoke_second_level",
    "settle_commissions",
    "token_of",
    "transfer_refused",
    "transfer_sent",
    "valid_for",
    "void_binding",
    "withdraw",
]
