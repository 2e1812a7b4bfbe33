"""API tokens are shown once, stored as hashes, and end at once when they are revoked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from c2b.accounts import operations, queries, tokens
from c2b.accounts.lookup import Lookup
from c2b.accounts.models import ApiToken
from c2b.accounts.operations import WrongCredentials
from c2b.accounts.queries import actor_of_token, tokens_of
from c2b.accounts.rules import Actor
from c2b.accounts.tokens import TooManyTokens, create_token, exchange_password, revoke_token
from c2b.kit import clock
from c2b.kit.db import Database, fetch, transaction
from c2b.kit.errors import Invalid, NotFound

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def noon():
    clock.set(NOON)


async def person(name: str) -> Actor:
    opened = await operations.sign_up(name=name, email=f"{name}@example.com", password=PASSWORD, locale="en")
    return opened.actor


class TestAToken:
    async def test_stands_for_its_owner(self, database: Database) -> None:
        ana = await person("Ana")
        token = await create_token(ana, name="importer", days=30)
        actor = await actor_of_token(token.secret)
        assert actor is not None
        assert (actor.id, actor.role, actor.token_id, actor.session_id) == (
            ana.id,
            "consumer",
            token.id,
            None,
        )

    async def test_is_stored_as_a_hash_only(self, database: Database) -> None:
        token = await create_token(await person("Ana"), name="importer")
        stored = str(await fetch("SELECT * FROM api_token"))
        assert token.secret not in stored
        assert token.secret.removeprefix("c2b_") not in stored

    async def test_is_listed_by_its_beginning(self, database: Database) -> None:
        ana = await person("Ana")
        token = await create_token(ana, name=" importer ", days=30, can_write=False)
        (listed,) = await tokens_of(ana)
        assert (listed.name, listed.hint, listed.can_write) == ("importer", token.secret[:10], False)
        assert listed.expires_at == NOON + timedelta(days=30)

    async def test_that_may_only_read_says_so(self, database: Database) -> None:
        token = await create_token(await person("Ana"), name="importer", can_write=False)
        actor = await actor_of_token(token.secret)
        assert actor is not None
        assert not actor.can_write

    async def test_ends_at_once_when_revoked(self, database: Database) -> None:
        ana = await person("Ana")
        token = await create_token(ana, name="importer")
        await revoke_token(ana, token.id)
        assert await actor_of_token(token.secret) is None
        assert await tokens_of(ana) == []
        with pytest.raises(NotFound):
            await revoke_token(ana, token.id)

    async def test_ends_by_itself(self, database: Database) -> None:
        token = await create_token(await person("Ana"), name="importer", days=30)
        clock.shift(timedelta(days=30))
        assert await actor_of_token(token.secret) is None

    async def test_of_somebody_else_is_out_of_reach(self, database: Database) -> None:
        ana, cy = await person("Ana"), await person("Cy")
        token = await create_token(ana, name="importer")
        with pytest.raises(NotFound):
            await revoke_token(cy, token.id)
        assert await actor_of_token(token.secret) is not None

    @pytest.mark.parametrize(
        ("name", "days"), [("", 30), ("x" * 61, 30), ("a\nb", 30), ("importer", 31), ("importer", 0)]
    )
    async def test_needs_a_name_and_an_end(self, database: Database, name: str, days: int) -> None:
        with pytest.raises(Invalid):
            await create_token(await person("Ana"), name=name, days=days)

    async def test_is_one_of_twenty_at_most(self, database: Database) -> None:
        ana = await person("Ana")
        for number in range(20):
            await create_token(ana, name=f"importer {number}")
        with pytest.raises(TooManyTokens):
            await create_token(ana, name="importer 21")

    async def test_is_given_for_the_right_password(self, database: Database) -> None:
        ana = await person("Ana")
        token = await exchange_password(email="ana@example.com", password=PASSWORD, name="cli")
        actor = await actor_of_token(token.secret)
        assert actor is not None
        assert actor.id == ana.id
        with pytest.raises(WrongCredentials):
            await exchange_password(email="ana@example.com", password="wrong horse", name="cli")

    async def test_notes_now_and_then_that_it_was_used(self, database: Database) -> None:
        token = await create_token(await person("Ana"), name="importer")
        await actor_of_token(token.secret)
        clock.shift(timedelta(minutes=59))
        await actor_of_token(token.secret)
        assert (await ApiToken.get()).used_at == NOON
        clock.shift(timedelta(minutes=2))
        await actor_of_token(token.secret)
        assert (await ApiToken.get()).used_at == NOON + timedelta(minutes=61)

    async def test_notes_it_for_each_of_many_that_come_at_once_and_for_no_other(
        self, database: Database
    ) -> None:
        ana = await person("Ana")
        made = [await create_token(ana, name=f"importer {number}") for number in range(4)]
        found = await asyncio.gather(*(actor_of_token(each.secret) for each in made[:3]))
        assert all(found)
        noted = {row.id: row.used_at for row in await ApiToken.all()}
        assert noted == {**{each.id: NOON for each in made[:3]}, made[3].id: None}

    async def test_leaves_an_event_for_each_change(self, database: Database) -> None:
        ana = await person("Ana")
        await revoke_token(ana, (await create_token(ana, name="importer")).id)
        names = [row["name"] for row in await fetch("SELECT name FROM event ORDER BY id")]
        assert names == ["user.signed_up", "api_token.created", "api_token.revoked"]


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("c2b.accounts.lookup.in_transaction", lambda: False)


class TestLookingUp:
    async def test_many_at_once_takes_two_statements(self, no_database: None) -> None:
        batches = []

        async def select(hashes: list[str]) -> list[dict]:
            batches.append(hashes)
            await asyncio.sleep(0)
            return [{"token_hash": value, "id": value} for value in hashes if value != "unknown"]

        lookup = Lookup(select)
        wanted = [*(f"t{number}" for number in range(50)), "unknown"]
        rows = await asyncio.gather(*(lookup.find(value) for value in wanted))
        assert [row["id"] if row else None for row in rows] == [*wanted[:50], None]
        assert [len(batch) for batch in batches] == [1, 50]

    async def test_again_asks_again(self, database: Database) -> None:
        token = await create_token(await person("Ana"), name="importer")
        assert await actor_of_token(token.secret) is not None
        await ApiToken.all().update(revoked_at=NOON)
        assert await actor_of_token(token.secret) is None

    async def test_that_fails_tells_everybody_who_waited_and_goes_on(self, no_database: None) -> None:
        broken = True

        async def select(hashes: list[str]) -> list[dict]:
            await asyncio.sleep(0)
            if broken:
                raise ConnectionError
            return [{"token_hash": value} for value in hashes]

        lookup = Lookup(select)
        got = await asyncio.gather(*(lookup.find(str(n)) for n in range(5)), return_exceptions=True)
        assert all(isinstance(result, ConnectionError) for result in got)
        broken = False
        assert await lookup.find("1") == {"token_hash": "1"}

    async def test_inside_a_transaction_hands_it_to_nobody(self, database: Database) -> None:
        secrets = [(await create_token(await person(name), name="importer")).secret for name in ("Ana", "Bo")]
        async with transaction():
            first = await actor_of_token(secrets[0])
        assert first is not None
        got = await asyncio.gather(*(actor_of_token(secret) for secret in secrets))
        assert [actor.name for actor in got if actor] == ["Ana", "Bo"]
        assert not queries._tokens._busy


def test_the_prefix_is_the_one_secret_scanners_are_told() -> None:
    assert tokens.PREFIX == "c2b_"
