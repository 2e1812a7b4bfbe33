"""Accounts through the API: sign up, get a token, change and lose it."""

from __future__ import annotations

from c2b.kit import db
from tests import world
from tests.web.api.client import Program

BO = {"name": "Bo Lin", "email": "bo@example.com", "password": "nine purple kettles"}


class TestAPerson:
    async def test_signs_up_and_gets_a_token_that_acts_for_them(self, database, app):
        anybody = Program(app)
        made = await anybody.post("/users", BO, 201)
        assert (made["role"], made["email_verified"]) == ("consumer", False)
        login = {"email": BO["email"], "password": BO["password"], "name": "laptop"}
        token = await anybody.post("/tokens", login, 201)
        bo = Program(app, token=token["token"])
        assert (await bo.get("/me"))["id"] == made["id"]
        assert [each["hint"] for each in (await bo.get("/me/tokens"))["items"]] == [token["token"][:10]]
        assert await db.fetch("SELECT id FROM login_session") == []

    async def test_signs_up_twice_into_one_account(self, database, app):
        anybody = Program(app)
        first = await anybody.post("/users", BO, 201)
        assert await anybody.post("/users", BO, 201) == first
        refused = await anybody.post("/users", {**BO, "password": "another long one"}, 422)
        assert refused["code"] == "address_taken"

    async def test_changes_the_name_and_the_language(self, database, app):
        w = await world.build()
        bo = await Program.of(app, w.bo)
        changed = await bo.send("PATCH", "/me", body={"name": "Bo L.", "locale": "zh_CN"})
        assert (changed.json()["name"], changed.json()["locale"]) == ("Bo L.", "zh_CN")
        assert (await bo.send("PATCH", "/me", body={"role": "admin"})).status_code == 422
        assert (await bo.send("PATCH", "/me", body={"name": " "})).status_code == 422

    async def test_reads_what_happened_to_their_account(self, database, app):
        w = await world.build()
        bo, cy = await Program.of(app, w.bo), await Program.of(app, w.cy)
        await bo.send("PATCH", "/me", body={"locale": "zh_CN"})
        names = {each["name"] for each in await bo.everything("/me/events")}
        assert names == {"api_token.created", "user.locale_changed"}
        assert {each["name"] for each in await cy.everything("/me/events")} == {"api_token.created"}


class TestAToken:
    async def test_is_refused_for_a_wrong_password_ten_times_and_then_slowed_down(self, database, app):
        anybody = Program(app)
        wrong = {"email": "bo@example.com", "password": "not it at all", "name": "laptop"}
        for _ in range(10):
            assert (await anybody.post("/tokens", wrong, 422))["code"] == "wrong_credentials"
        slowed = await anybody.send("POST", "/tokens", body=wrong)
        assert slowed.status_code == 429
        assert int(slowed.headers["retry-after"]) > 0

    async def test_stops_working_when_it_is_revoked(self, database, app):
        w = await world.build()
        bo, cy = await Program.of(app, w.bo), await Program.of(app, w.cy)
        [token] = (await bo.get("/me/tokens"))["items"]
        assert (await cy.send("DELETE", f"/me/tokens/{token['id']}")).status_code == 404
        assert (await bo.send("DELETE", f"/me/tokens/{token['id']}")).status_code == 204
        refused = await bo.send("GET", "/me")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="c2b"')

    async def test_that_may_only_read_moves_nothing(self, database, app):
        w = await world.build()
        campaign = await w.open_campaign()
        bo = await Program.of(app, w.bo, can_write=False)
        await bo.get("/me/participations")
        refused = await bo.post(f"/campaigns/{campaign}/participations", {"answers": world.ANSWERS}, 403)
        assert refused["code"] == "read_only_token"

    async def test_is_never_read_from_a_cookie(self, database, app):
        w = await world.build()
        bo = await Program.of(app, w.bo)
        secret = bo.http.headers.pop("authorization").removeprefix("Bearer ")
        bo.http.cookies.set("session", secret)
        await bo.get("/me", 401)
