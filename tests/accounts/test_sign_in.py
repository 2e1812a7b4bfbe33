"""Signing up, logging in and out: sessions end for good, and log-in tells nobody who has an account."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from c2b.accounts import operations, passwords
from c2b.accounts.models import Session, User
from c2b.accounts.operations import AddressTaken, LogIn, WrongCredentials
from c2b.accounts.queries import (
    actor_of_session,
    profile_of,
    sessions_of,
)
from c2b.kit import clock
from c2b.kit.db import Database, execute, fetch
from c2b.kit.errors import Busy, Invalid, NotFound
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


class TestSigningUp:
    async def test_opens_a_session(self, database: Database) -> None:
        opened = await ana()
        actor = await actor_of_session(opened.token)
        assert actor == opened.actor
        assert actor is not None
        assert (actor.name, actor.role, actor.locale, actor.email_verified) == (
            "Ana",
            "consumer",
            "zh_CN",
            False,
        )
        assert await events() == ["user.signed_up"]

    async def test_keeps_the_address_as_it_was_written(self, database: Database) -> None:
        assert (await profile_of((await ana()).actor)).email == "Ana@Example.com"

    async def test_says_everything_that_is_wrong_at_once(self, database: Database) -> None:
        with pytest.raises(Invalid) as refused:
            await ana(name="", email="ana", password="short", locale="de")
        assert [fault.path for fault in refused.value.fields] == ["name", "email", "password", "locale"]
        assert await events() == []

    async def test_with_a_taken_address_and_another_password_is_refused(self, database: Database) -> None:
        await ana()
        with pytest.raises(AddressTaken):
            await ana(email="ANA@example.com", password="another horse")

    async def test_again_with_the_same_password_is_a_log_in(self, database: Database) -> None:
        first = await ana()
        again = await ana(name="Somebody else")
        assert again.actor.id == first.actor.id
        assert again.actor.name == "Ana"

    async def test_cannot_be_used_to_guess_passwords(self, database: Database) -> None:
        await ana()
        for number in range(10):
            with pytest.raises(AddressTaken):
                await ana(password=f"wrong horse {number}")
        with pytest.raises(RateLimited):
            await ana()

    async def test_twice_at_once_makes_one_account(self, database: Database) -> None:
        got = await asyncio.gather(*(ana() for _ in range(4)), return_exceptions=True)
        assert await User.all().count() == 1
        assert all(isinstance(result, LogIn | AddressTaken) for result in got)

    async def test_is_limited_by_network(self, database: Database) -> None:
        for number in range(40):
            with pytest.raises(Invalid):  # refused ones do not count
                await ana(password="short", ip="9.9.9.9", email=f"a{number}@example.com")
        from c2b.accounts import attempts

        for _ in range(40):
            await attempts.sign_up("9.9.9.9")
        with pytest.raises(RateLimited):
            await ana(ip="9.9.9.9")


class TestLoggingIn:
    async def test_knows_the_address_however_it_is_typed(self, database: Database) -> None:
        first = await ana()
        assert (await log_in(" ANA@example.COM ")).actor.id == first.actor.id

    @pytest.mark.parametrize(
        ("email", "password"), [("ana@example.com", "wrong horse"), ("cy@example.com", PASSWORD)]
    )
    async def test_answers_the_same_to_a_wrong_address_and_a_wrong_password(
        self, database: Database, email: str, password: str
    ) -> None:
        await ana()
        with pytest.raises(WrongCredentials) as refused:
            await log_in(email, password)
        assert (refused.value.fields, refused.value.params) == ([], {})

    async def test_hashes_for_a_wrong_address_too(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checked = []
        monkeypatch.setattr(
            passwords._hasher.__class__, "verify", lambda _self, stored, _given: checked.append(stored)
        )
        with pytest.raises(WrongCredentials):
            await log_in("cy@example.com")
        assert checked == [passwords._NOBODY]

    @pytest.mark.parametrize("password", ["", "x" * 5000, "\ud800", "\x00", "correct horse "])
    async def test_takes_any_text_for_a_wrong_password(self, database: Database, password: str) -> None:
        await ana()
        with pytest.raises(WrongCredentials):
            await log_in(password=password)

    async def test_ends_the_session_it_replaces(self, database: Database) -> None:
        old = await ana()
        new = await log_in(replaces=old.token)
        assert await actor_of_session(old.token) is None
        assert await actor_of_session(new.token) is not None
        assert new.token != old.token

    async def test_is_refused_after_ten_failures_even_when_right(self, database: Database) -> None:
        await ana()
        for _ in range(10):
            with pytest.raises(WrongCredentials):
                await log_in(password="wrong horse")
        with pytest.raises(RateLimited):
            await log_in()
        clock.shift(timedelta(minutes=10))
        await log_in()

    async def test_is_refused_to_a_network_that_tries_many_addresses(self, database: Database) -> None:
        await ana()
        for number in range(10):
            with pytest.raises(WrongCredentials):
                await log_in(f"guess{number}@example.com", ip="2001:db8::1")
        with pytest.raises(RateLimited):
            await log_in(ip="2001:db8::2")
        await log_in(ip="8.8.8.8")

    async def test_that_succeeds_never_adds_up(self, database: Database) -> None:
        await ana()
        for _ in range(25):
            await log_in(ip="9.9.9.9")

    async def test_fails_closed_when_tries_cannot_be_counted(self, database: Database) -> None:
        await ana()
        await execute("DROP TABLE rate_count")
        with pytest.raises(Busy):
            await log_in()

    async def test_of_a_disabled_account_is_a_wrong_password(self, database: Database) -> None:
        opened = await ana()
        await User.all().update(disabled_at=NOON)
        with pytest.raises(WrongCredentials):
            await log_in()
        assert await actor_of_session(opened.token) is None


class TestASession:
    async def test_is_stored_as_a_hash_only(self, database: Database) -> None:
        opened = await ana()
        assert opened.token not in str(await fetch("SELECT * FROM login_session"))

    async def test_ended_stays_ended(self, database: Database) -> None:
        opened = await ana()
        await operations.log_out(opened.token)
        await operations.log_out(opened.token)
        assert await actor_of_session(opened.token) is None
        assert await events() == ["user.signed_up", "user.logged_out"]

    async def test_ends_when_nobody_used_it_for_twelve_hours(self, database: Database) -> None:
        opened = await ana()
        clock.shift(timedelta(hours=11, minutes=59))
        assert await actor_of_session(opened.token) is not None
        clock.shift(timedelta(hours=11, minutes=59))
        assert await actor_of_session(opened.token) is not None
        clock.shift(timedelta(hours=12, minutes=1))
        assert await actor_of_session(opened.token) is None

    async def test_ends_after_fourteen_days_however_it_is_used(self, database: Database) -> None:
        opened = await ana()
        for _ in range(14 * 4 - 1):
            clock.shift(timedelta(hours=6))
            assert await actor_of_session(opened.token) is not None
        clock.shift(timedelta(hours=6, minutes=1))
        assert await actor_of_session(opened.token) is None

    async def test_is_written_to_now_and_then_only(self, database: Database) -> None:
        opened = await ana()
        clock.shift(timedelta(minutes=4))
        await actor_of_session(opened.token)
        assert (await Session.get()).seen_at == NOON
        clock.shift(timedelta(minutes=4))
        await actor_of_session(opened.token)
        assert (await Session.get()).seen_at == NOON + timedelta(minutes=8)

    async def test_that_ended_is_pruned(self, database: Database) -> None:
        await ana()
        assert await operations.prune() == 0
        clock.shift(timedelta(hours=13))
        assert await operations.prune() == 1

    async def test_of_ones_own_can_be_ended_from_another_browser(self, database: Database) -> None:
        here, there = await ana(), await log_in(user_agent="Phone")
        (phone,) = [one for one in await sessions_of(here.actor) if one.user_agent == "Phone"]
        await operations.end_session(here.actor, phone.id)
        assert await actor_of_session(there.token) is None
        assert await actor_of_session(here.token) is not None

    async def test_of_somebody_else_is_out_of_reach(self, database: Database) -> None:
        anas, bos = await ana(), await ana(email="bo@example.com", name="Bo")
        assert anas.actor.session_id is not None
        with pytest.raises(NotFound):
            await operations.end_session(bos.actor, anas.actor.session_id)
        assert await actor_of_session(anas.token) is not None
