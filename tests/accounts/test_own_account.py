"""What changes about an account: password, role, name, language, address; and how passwords are hashed."""

import asyncio
from datetime import UTC, datetime

import pytest
from tortoise.exceptions import IntegrityError

from c2b.accounts import operations, passwords
from c2b.accounts.confirmation import confirm_email, confirmation_path
from c2b.accounts.models import User
from c2b.accounts.operations import LogIn, WrongCredentials, WrongPassword
from c2b.accounts.queries import (
    actor_of_session,
    admins,
    contacts_of,
    names_of,
    staff_of,
)
from c2b.kit import clock
from c2b.kit.db import Database, fetch
from c2b.kit.errors import Busy, Forbidden, Invalid, NotFound
from c2b.kit.http.rates import RateLimited

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PASSWORD = "correct horse"  # not a secret: a test's


@pytest.fixture(autouse=True)
def noon():
    clock.set(NOON)


async def ana(**changes: str) -> LogIn:
    given = {"name": "Ana", "email": "Ana@Example.com", "password": PASSWORD, "locale": "zh_CN", **changes}
    return await operations.sign_up(**given)


async def log_in(email: str = "ana@example.com", password: str = PASSWORD, **more: str) -> LogIn:
    return await operations.log_in(email=email, password=password, **more)


async def events() -> list[str]:
    return [row["name"] for row in await fetch("SELECT name FROM event ORDER BY id")]


class TestChangingThePassword:
    async def test_ends_every_session_and_opens_one(self, database: Database) -> None:
        here, there = await ana(), await log_in()
        new = await operations.change_password(here.actor, current=PASSWORD, new="staple battery")
        assert await actor_of_session(here.token) is None
        assert await actor_of_session(there.token) is None
        assert await actor_of_session(new.token) is not None
        await log_in(password="staple battery")
        with pytest.raises(WrongCredentials):
            await log_in(password=PASSWORD)

    async def test_needs_the_present_one(self, database: Database) -> None:
        here = await ana()
        with pytest.raises(WrongPassword):
            await operations.change_password(here.actor, current="wrong horse", new="staple battery")
        assert await actor_of_session(here.token) is not None

    async def test_is_limited_like_a_log_in(self, database: Database) -> None:
        here = await ana()
        for _ in range(10):
            with pytest.raises(WrongPassword):
                await operations.change_password(here.actor, current="wrong horse", new="staple battery")
        with pytest.raises(RateLimited):
            await operations.change_password(here.actor, current=PASSWORD, new="staple battery")

    async def test_refuses_an_easy_one(self, database: Database) -> None:
        with pytest.raises(Invalid) as refused:
            await operations.change_password((await ana()).actor, current=PASSWORD, new="short")
        assert [fault.path for fault in refused.value.fields] == ["new"]


class TestARole:
    async def test_is_given_by_an_admin_and_ends_old_sessions(self, database: Database) -> None:
        opened, root = await ana(), await self.root()
        await operations.assign_role(root, user_id=opened.actor.id, role="manufacturer", manufacturer_id="m1")
        assert await actor_of_session(opened.token) is None
        assert (await log_in()).actor.makes_for("m1")
        assert [one.name for one in await staff_of("m1")] == ["Ana"]

    async def test_is_not_given_by_anybody_else(self, database: Database) -> None:
        opened = await ana()
        with pytest.raises(Forbidden):
            await operations.assign_role(opened.actor, user_id=opened.actor.id, role="admin")

    async def test_of_a_manufacturer_names_one(self, database: Database) -> None:
        opened, root = await ana(), await self.root()
        with pytest.raises(Invalid):
            await operations.assign_role(root, user_id=opened.actor.id, role="manufacturer")
        with pytest.raises(NotFound):
            await operations.assign_role(root, user_id="nobody", role="consumer")

    @pytest.mark.parametrize(
        "change", [{"role": "king"}, {"role": "manufacturer"}, {"manufacturer_id": "m1"}, {"locale": "de"}]
    )
    async def test_that_makes_no_sense_is_refused_by_the_database(
        self, database: Database, change: dict
    ) -> None:
        await ana()
        with pytest.raises(IntegrityError):
            await User.all().update(**change)

    async def root(self):
        await operations.create_user(name="Root", email="root@example.com", password=PASSWORD, role="admin")
        assert [one.email for one in await admins()] == ["root@example.com"]
        return (await log_in("root@example.com")).actor


class TestAnAccount:
    async def test_can_be_renamed_and_speak_another_language(self, database: Database) -> None:
        opened = await ana()
        await operations.rename(opened.actor, name=" Ana M. ")
        await operations.set_locale(opened.actor, locale="en")
        actor = await actor_of_session(opened.token)
        assert actor is not None
        assert (actor.name, actor.locale) == ("Ana M.", "en")
        for wrong in (operations.rename(actor, name=""), operations.set_locale(actor, locale="de")):
            with pytest.raises(Invalid):
                await wrong

    async def test_is_reachable_by_mail_under_its_name(self, database: Database) -> None:
        opened = await ana()
        found = await contacts_of([opened.actor.id, "nobody"])
        assert [(one.email, one.locale) for one in found.values()] == [("Ana@Example.com", "zh_CN")]
        assert await names_of([opened.actor.id]) == {opened.actor.id: "Ana"}

    async def test_confirms_its_address_once(self, database: Database) -> None:
        opened = await ana()
        token = confirmation_path(opened.actor.id, "Ana@Example.com").rsplit("/", 1)[1]
        await confirm_email(token)
        await confirm_email(token)
        actor = await actor_of_session(opened.token)
        assert actor is not None
        assert actor.email_verified
        assert await events() == ["user.signed_up", "user.email_confirmed"]

    @pytest.mark.parametrize("change", ["address", "user", "mac", "empty"])
    async def test_confirms_nothing_by_a_forged_link(self, database: Database, change: str) -> None:
        opened, other = await ana(), await ana(email="bo@example.com")
        good = confirmation_path(opened.actor.id, "Ana@Example.com").rsplit("/", 1)[1]
        forged = {
            "address": confirmation_path(opened.actor.id, "old@example.com").rsplit("/", 1)[1],
            "user": good.replace(opened.actor.id, other.actor.id),
            "mac": good[:-1] + ("0" if good[-1] != "0" else "1"),
            "empty": "",
        }[change]
        with pytest.raises(NotFound):
            await confirm_email(forged)


class TestHashing:
    async def test_refuses_a_queue_that_is_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(passwords, "MAX_WAITING", 3)
        got = await asyncio.gather(*(passwords.hashed(PASSWORD) for _ in range(6)), return_exceptions=True)
        assert sum(isinstance(result, Busy) for result in got) == 3
        assert await passwords.matches(PASSWORD, await passwords.hashed(PASSWORD))

    async def test_takes_composed_and_decomposed_letters_for_the_same(self) -> None:
        assert await passwords.matches("cafe\u0301 au lait", await passwords.hashed("caf\u00e9 au lait"))

    async def test_is_argon2id(self) -> None:
        assert (await passwords.hashed(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_does_not_fail_on_a_broken_hash(self) -> None:
        assert not await passwords.matches(PASSWORD, "not a hash")
