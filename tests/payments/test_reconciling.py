"""Our books beside the provider's record: every kind of difference, made on purpose, and nothing else, is a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from c2b.durable.jobs import perform
from c2b.kit import clock, db, faults
from c2b.payments import gateways
from c2b.payments.gateways.base import GatewayRefused, GatewayUnavailable
from c2b.payments.gateways.sandbox.gateway import SandboxGateway
from c2b.payments.operations import request_refund
from c2b.payments.reconciling import keep_reconciliations, run_again
from tests import small
from tests.books import due_jobs, work
from tests.payments.paying import asked, payment_of

JOB = "reconciliation.run"


class Lying(SandboxGateway):
    """Its day's record is what it says, changed by ``lie``; ``hidden`` is denied also when asked for by itself."""

    lie = staticmethod(lambda told: told)
    hidden = False

    async def day(self, day):
        return self.lie(await super().day(day))

    async def read(self, provider_ref):
        return replace(await super().read(provider_ref), **({"status": "voided"} if self.hidden else {}))

    async def refunds(self, provider_ref):
        return [] if self.hidden else await super().refunds(provider_ref)


@pytest.fixture
def liar(provider):
    """The same provider's record, told by a liar."""
    other = Lying(provider.store.path, base_url=provider.base_url, secret="unused", send=provider.send)
    other.secrets = provider.secrets
    with gateways.replaced_by(other):
        yield other
        other.store.close()


@pytest.fixture
async def paid(database, provider):
    """A day on which somebody paid and got a part back; now it is the day after, noon. The payment and the day."""
    clock.set(clock.now().replace(hour=12, minute=0, second=0, microsecond=0))
    w = await small.build()
    joined, ref = await asked(w, await small.open_campaign(w))
    await provider.pay(ref)
    payment = await payment_of(joined)
    await db.atomically(lambda: request_refund(payment["id"], reason="price_difference", amount_minor=100))
    await work()
    day = clock.now().date()
    clock.shift(timedelta(days=1))
    return payment, day


async def compared() -> list[tuple[str, str]]:
    await keep_reconciliations()
    await work(JOB)
    return await cases()


async def cases() -> list[tuple[str, str]]:
    rows = await db.fetch("SELECT kind, subject FROM reconciliation_case ORDER BY kind, subject")
    return [(row["kind"], row["subject"]) for row in rows]


async def the_day(day: date) -> dict:
    row = await db.fetch_one("SELECT * FROM reconciliation WHERE day = ?", day)
    assert row
    return row


class TestADay:
    async def test_on_which_both_agree_has_no_cases(self, paid):
        assert await compared() == []
        row = await the_day(paid[1])
        assert (row["state"], row["payments"], row["refunds"], row["differences"]) == ("done", 1, 1, 0)

    async def test_is_compared_once_and_again_when_somebody_wants_it(self, paid):
        await compared()
        assert await keep_reconciliations() == 0
        assert await run_again("sandbox", paid[1])
        assert not await run_again("sandbox", paid[1])
        assert (await the_day(paid[1]))["state"] == "running"
        assert await compared() == []
        assert (await the_day(paid[1]))["state"] == "done"

    async def test_is_left_alone_until_what_was_under_way_has_landed(self, paid):
        clock.set(clock.now().replace(hour=5))
        assert await keep_reconciliations() == 0
        clock.set(clock.now().replace(hour=6))
        assert await keep_reconciliations() == 1

    async def test_whose_record_is_not_ready_is_asked_for_again(self, paid, liar):
        def not_ready(_told):
            raise GatewayUnavailable

        liar.lie = not_ready
        assert await compared() == []
        assert (await the_day(paid[1]))["state"] == "running"
        assert await due_jobs(JOB) == []
        liar.lie = lambda told: told
        clock.shift(timedelta(hours=1, seconds=1))
        await compared()
        assert (await the_day(paid[1]))["state"] == "done"

    @pytest.mark.parametrize(("question", "untold"), [("read", "payments"), ("refunds", "refunds")])
    async def test_whose_provider_does_not_let_us_look_has_no_cases(
        self, paid, liar, monkeypatch, question, untold
    ):
        async def no_access(_self, _provider_ref):
            raise GatewayRefused("no_access")

        monkeypatch.setattr(Lying, question, no_access)
        liar.lie = lambda told: replace(told, **{untold: ()})
        assert await compared() == []
        assert (await the_day(paid[1]))["state"] == "running"

    async def test_cut_off_in_the_middle_is_done_from_the_start(self, paid, liar, monkeypatch):
        liar.lie = lambda told: replace(told, payments=())
        liar.hidden = True

        class Killed(BaseException):
            pass

        def die(name: str) -> None:
            if name == f"job:{JOB}:before commit":
                raise Killed

        await keep_reconciliations()
        (job,) = await due_jobs(JOB)
        with monkeypatch.context() as patched:
            patched.setattr(faults, "point", die)
            with pytest.raises(Killed):
                await perform(job)
        assert await cases() == []
        clock.shift(timedelta(minutes=2))  # its lease runs out
        assert [kind for kind, _ in await compared()] == ["status"]

    async def test_next_to_the_one_in_whose_record_it_stands_has_no_cases(self, paid, liar):
        liar.lie = lambda told: replace(told, payments=(), refunds=())
        assert await compared() == []


#: What is changed in the provider's record, and the case that makes.
LIES = {
    "amount": lambda t: replace(t, payments=(replace(t.payments[0], amount_minor=1),)),
    "currency": lambda t: replace(t, payments=(replace(t.payments[0], currency="USD"),)),
    "missing_here": lambda t: replace(
        t, payments=(*t.payments, replace(t.payments[0], provider_ref="sbx_other"))
    ),
    "refund_missing_here": lambda t: replace(
        t, refunds=(*t.refunds, (t.refunds[0][0], replace(t.refunds[0][1], key="by hand", refund_ref="r2")))
    ),
    "refund_amount": lambda t: replace(
        t, refunds=((t.refunds[0][0], replace(t.refunds[0][1], amount_minor=1)),)
    ),
    "refund_status": lambda t: replace(
        t, refunds=((t.refunds[0][0], replace(t.refunds[0][1], status="failed")),)
    ),
}


class TestADifference:
    @pytest.mark.parametrize("kind", LIES)
    async def test_is_one_case_however_often_it_is_found(self, paid, liar, kind):
        liar.lie = LIES[kind]
        first = await compared()
        assert [found for found, _ in first] == [kind]
        await run_again("sandbox", paid[1])
        assert await compared() == first
        assert (await the_day(paid[1]))["differences"] == 1

    async def test_that_the_provider_knows_nothing_of_a_refund_is_a_case(self, paid, liar):
        liar.lie, liar.hidden = (lambda told: replace(told, refunds=())), True
        assert [kind for kind, _ in await compared()] == ["refund_missing_there"]

    async def test_that_the_provider_never_heard_of_a_payment_is_a_case(self, paid, provider):
        with provider.store.write() as record:  # their file is lost
            for table in ("delivery", "event", "refund", "payment"):
                record.execute(f"DELETE FROM {table}")
        assert [kind for kind, _ in await compared()] == ["missing_there", "refund_missing_there"]

    async def test_that_is_gone_is_noted_once_and_stays_open(self, paid, liar):
        liar.lie = LIES["amount"]
        await compared()
        liar.lie = lambda told: told
        for _ in range(2):
            await run_again("sandbox", paid[1])
            assert len(await compared()) == 1
        told = await db.fetch("SELECT subject_id FROM event WHERE name = 'reconciliation.case_gone'")
        open_ones = await db.fetch("SELECT id FROM reconciliation_case WHERE state = 'open'")
        assert [row["subject_id"] for row in told] == [row["id"] for row in open_ones]
