"""The people of the seed world: four who show the product, and members with ordinary names."""

from __future__ import annotations

import random

from c2b.accounts.models import User
from c2b.accounts.passwords import hashed
from c2b.accounts.rules import Actor, Role
from c2b.kit import clock

PASSWORD = "group-order-2026"  # noqa: S105  (the demo's, printed at every start)
#: Role and address, as the start prints them.
LOGINS = (
    ("consumer", "bo@c2b.example"),
    ("organizer", "ana@c2b.example"),
    ("manufacturer", "mill@c2b.example"),
    ("admin", "root@c2b.example"),
    ("second admin", "rut@c2b.example"),
)
_FAMILY = "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗".split()
_GIVEN = "子涵 雨桐 浩然 梓萱 思远 佳怡 俊杰 若曦 宇航 静怡 嘉豪 诗琪 明轩 可欣 天佑 雅婷 志远 欣妍 文博 晓彤".split()
_FIRST = (
    "Emma Liam Olivia Noah Sofia Lucas Mia Ethan Hannah Felix Nora Oscar Clara Hugo Alice Jonas Ines Leo Julia Max"
).split()
_LAST = (
    "Novak Keller Rossi Larsen Dubois Tanaka Silva Weber Moreau Jensen Costa Meyer Kim Park Lopez Brandt Ivanov Haas"
).split()


async def person(
    email: str, name: str, *, role: Role = "consumer", manufacturer_id: str | None = None, locale: str = "en"
) -> Actor:
    """A user with the demo password, as an actor."""
    now = clock.now()
    user = await User.create(
        email=email, email_key=email.casefold(), name=name, role=role, manufacturer_id=manufacturer_id,
        locale=locale, password_hash=await _hash(), password_changed_at=now, created_at=now, email_verified_at=now,
    )  # fmt: skip
    return Actor(
        id=user.id, name=name, role=role, manufacturer_id=manufacturer_id, locale=locale, email_verified=True
    )


async def members(count: int, chance: random.Random, *, tag: str) -> list[Actor]:
    """That many consumers, about half of them with Chinese names."""
    found = []
    for number in range(count):
        if chance.random() < 0.5:
            name, locale = chance.choice(_FAMILY) + chance.choice(_GIVEN), "zh_CN"
        else:
            name, locale = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}", "en"
        found.append(await person(f"{tag}{number + 1}@members.c2b.example", name, locale=locale))
    return found


_hashed: list[str] = []


async def _hash() -> str:
    """All demo accounts share one password, so one slow hash is enough."""
    if not _hashed:
        _hashed.append(await hashed(PASSWORD))
    return _hashed[0]
