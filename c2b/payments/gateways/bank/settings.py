"""Our own accounts from the environment, and what is missing, in words for the operator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from c2b.kit.money import exponent
from c2b.payments.gateways.bank.references import valid

#: The name of this gateway, in rows and accounts.
NAME = "bank"
#: Days that a place waits for a transfer, where nothing else is said.
DAYS = 5
_IBAN = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}")
_ACCOUNT = re.compile(r"[A-Z0-9]{6,34}")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
#: What an installation for trying out shows: everybody sees that no money can be sent there.
_DEMO = {
    "C2B_BANK_HOLDER": "C2B demo, not a real account 演示账户，请勿付款",
    "C2B_BANK_NAME": "Demo Bank 演示银行",
    "C2B_BANK_ACCOUNTS": "CNY:0000000000000000, USD:0000000000000001, EUR:0000000000000002",
}


@dataclass(frozen=True, kw_only=True)
class BankSettings:
    """``accounts``: by currency, an IBAN or account number without spaces. ``days``: how long a place waits."""

    holder: str
    bank: str
    bic: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict)
    days: int = DAYS


def load(env: Mapping[str, str]) -> BankSettings:
    """Read them; whoever asks has seen that ``problems`` is empty."""
    env = _with_demo(env)
    return BankSettings(
        holder=env.get("C2B_BANK_HOLDER", "").strip(),
        bank=env.get("C2B_BANK_NAME", "").strip(),
        bic=env.get("C2B_BANK_BIC", "").strip().upper(),
        accounts=dict(_accounts(env)),
        days=int(env.get("C2B_BANK_DAYS") or DAYS),
    )


def problems(env: Mapping[str, str]) -> list[str]:
    """What keeps bank transfers from working; empty when all is well."""
    env = _with_demo(env)
    found = [
        f"{name} is not set: {what}."
        for name, what in (
            ("C2B_BANK_HOLDER", "the account's holder, as payers enter it"),
            ("C2B_BANK_NAME", "the name of our bank"),
            ("C2B_BANK_ACCOUNTS", "our accounts by currency, as in CNY:6222…, EUR:DE89…"),
        )
        if not env.get(name, "").strip()
    ]
    accounts = _accounts(env)
    if env.get("C2B_BANK_ACCOUNTS", "").strip() and not accounts:
        found.append("C2B_BANK_ACCOUNTS: write each account as currency:number, several by comma.")
    for currency, account in accounts:
        if not _known(currency):
            found.append(f"C2B_BANK_ACCOUNTS: {currency or 'nothing'} is no currency of ISO 4217.")
        if not _ACCOUNT.fullmatch(account):
            found.append(f"C2B_BANK_ACCOUNTS: the {currency} account must be 6 to 34 letters and digits.")
        elif _IBAN.fullmatch(account) and not valid(account):
            found.append(f"C2B_BANK_ACCOUNTS: the check digits of the {currency} IBAN are wrong.")
    if len(dict(accounts)) < len(accounts):
        found.append("C2B_BANK_ACCOUNTS names a currency twice.")
    bic = env.get("C2B_BANK_BIC", "").strip().upper()
    if bic and not _BIC.fullmatch(bic):
        found.append("C2B_BANK_BIC must be 8 or 11 letters and digits.")
    days = env.get("C2B_BANK_DAYS") or str(DAYS)
    if not (days.isascii() and days.isdigit() and 1 <= int(days) <= 30):
        found.append("C2B_BANK_DAYS must be a whole number of days, 1 to 30.")
    return found


def is_iban(account: str) -> bool:
    """Whether an account is written as an IBAN whose check digits are right (ISO 13616)."""
    return bool(_IBAN.fullmatch(account)) and valid(account)


def _with_demo(env: Mapping[str, str]) -> Mapping[str, str]:
    """An installation in one process that names no account gets one for trying out."""
    named = any(env.get(name) for name in _DEMO)
    return env if named or env.get("BROKER_URL") else {**env, **_DEMO}


def _accounts(env: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = [word.partition(":") for word in env.get("C2B_BANK_ACCOUNTS", "").split(",") if word.strip()]
    return [
        (currency.strip().upper(), "".join(account.split()).upper())
        for currency, colon, account in pairs
        if colon
    ]


def _known(currency: str) -> bool:
    try:
        exponent(currency)
    except ValueError:
        return False
    return True
