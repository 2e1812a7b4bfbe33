"""Bank transfer behind the interface: references with check digits, our accounts, and our statement as the record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2b.config import settings
from c2b.kit import clock, db
from c2b.kit.ids import new_id
from c2b.payments.gateways import MAKERS, gateway, problems
from c2b.payments.gateways.bank.gateway import BankGateway
from c2b.payments.gateways.bank.references import is_reference, printed, reference_of, references_in, valid
from c2b.payments.gateways.bank.settings import BankSettings, is_iban, load
from c2b.payments.gateways.base import GatewayRefused, NotConfigured, WebhookRejected
from c2b.payments.reconciling import run_again
from c2b.payments.statement.deciding import assign
from tests import small
from tests.books import work
from tests.payments.statement.story import asked_by_transfer, came, open_campaign

BANK = BankGateway(
    BankSettings(holder="C2B", bank="Bank", accounts={"EUR": "DE02120300000000202051", "CNY": "622200"})
)
OURS = {
    "C2B_BANK_HOLDER": "C2B Ltd",
    "C2B_BANK_NAME": "Bank",
    "C2B_BANK_ACCOUNTS": "EUR:DE02 1203 0000 0000 2020 51",
}


@pytest.fixture
def _with_bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("C2B_GATEWAYS", "sandbox,bank")
    settings.cache_clear()
    yield
    settings.cache_clear()


async def start(**changes):
    told = {
        "payment_id": new_id(), "amount_minor": 100, "currency": "EUR", "description": "", "locale": "en",
        "return_url": "", "notify_url": "", "key": "k", "expires_at": clock.now(), **changes,
    }  # fmt: skip
    return await BANK.start(**told)


class TestAReference:
    def test_has_the_check_digits_of_the_standard(self):
        # the example of ISO 11649:2009, annex A
        assert valid("RF18539007547034") and not valid("RF18539007547035")
        assert valid("DE02120300000000202051") and not is_iban("DE02120300000000202052")

    @given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26))
    def test_is_found_in_what_people_write(self, payment_id):
        reference = reference_of(payment_id)
        assert is_reference(reference) and reference == reference_of(payment_id)
        for written in (reference, printed(reference), reference.lower(), f"For {printed(reference)}, thank you",
                        f"/INV/{reference}", "-".join(printed(reference).split())):  # fmt: skip
            assert references_in(written) == [reference]

    @given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26))
    def test_with_one_wrong_character_is_none_or_nobodys(self, payment_id):
        """A digit for a digit and a letter for a letter are always noticed; one for the other makes the number longer
        or shorter, which passes one time in 97. Never is it taken for the right one."""
        right, passed = reference_of(payment_id), 0
        for at, other in itertools.product(range(4, 16), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"):
            wrong = right[:at] + other + right[at + 1 :]
            if wrong != right and references_in(wrong):
                passed += 1
                assert references_in(wrong) == [wrong] and right[at].isdigit() != other.isdigit()
        assert passed < 384 // 12

    @given(st.integers(4, 14))
    def test_with_two_characters_exchanged_is_none(self, at):
        right = reference_of("01ARZ3NDEKTSV4RRFFQ69G5FAV")
        wrong = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
        assert references_in(wrong) == ([right] if wrong == right else [])

    def test_reads_letters_as_the_digits_they_look_like(self):
        right = next(
            found for n in range(1000) if "0" in (found := reference_of(str(n)))[4:] and "1" in found[4:]
        )
        assert references_in(right[:4] + right[4:].replace("0", "O").replace("1", "l")) == [right]

    @given(st.text(max_size=200))
    def test_is_never_found_in_rubbish_by_raising(self, text):
        assert all(is_reference(found) for found in references_in(text))


class TestOurAccounts:
    def test_are_read_from_the_environment(self):
        assert problems(OURS, ["bank"]) == []
        assert load(OURS).accounts == {"EUR": "DE02120300000000202051"}

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"C2B_BANK_ACCOUNTS": ""}, "C2B_BANK_ACCOUNTS is not set"),
            ({"C2B_BANK_HOLDER": ""}, "C2B_BANK_HOLDER is not set"),
            ({"C2B_BANK_ACCOUNTS": "6222"}, "write each account as currency:number"),
            ({"C2B_BANK_ACCOUNTS": "EUR:DE03120300000000202051"}, "check digits of the EUR IBAN"),
            ({"C2B_BANK_ACCOUNTS": "XXX:622200001"}, "XXX is no currency"),
            ({"C2B_BANK_ACCOUNTS": "CNY:6222-1"}, "6 to 34 letters and digits"),
            ({"C2B_BANK_ACCOUNTS": "CNY:622200, CNY:622201"}, "names a currency twice"),
            ({"C2B_BANK_BIC": "NO"}, "C2B_BANK_BIC must be"),
            ({"C2B_BANK_DAYS": "0"}, "C2B_BANK_DAYS must be"),
        ],
    )
    def test_that_cannot_be_are_told_to_the_operator(self, change, says):
        assert any(says in each for each in problems({**OURS, **change}, ["bank"]))

    def test_of_several_processes_are_never_the_demo_s(self):
        assert problems({}, ["bank"]) == []
        assert len(problems({"BROKER_URL": "redis://x"}, ["bank"])) == 3

    def test_that_are_wrong_keep_the_gateway_from_being_made(self, monkeypatch):
        monkeypatch.setenv("C2B_BANK_DAYS", "never")
        with pytest.raises(NotConfigured, match="C2B_BANK_DAYS"):
            MAKERS["bank"](settings())


class TestTheGateway:
    async def test_tells_where_to_send_the_money_to_and_twice_the_same(self):
        one, again = await start(payment_id="P"), await start(payment_id="P")
        assert one == again and one.provider_ref == one.transfer["reference"]
        assert one.transfer["account"] == "DE02120300000000202051"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [({"amount_minor": 0}, "amount"), ({"currency": "USD"}, "currency"), ({"holds": True}, "holds"),
         ({"method": "qr"}, "method")],
    )  # fmt: skip
    async def test_refuses_what_no_transfer_can_be(self, change, reason):
        with pytest.raises(GatewayRefused) as refused:
            await start(**change)
        assert refused.value.reason == reason

    async def test_believes_nobody_who_claims_to_notify_and_makes_no_refund_by_a_call(self):
        with pytest.raises(WebhookRejected):
            BANK.parse_webhook({}, b"{}", clock.now())
        assert BANK.webhook_answer(False).status == 400
        with pytest.raises(GatewayRefused) as refused:
            await BANK.refund(
                provider_ref="x", amount_minor=1, currency="EUR", key="k", reason="claim", metadata={}
            )
        assert refused.value.reason == "by_hand"

    async def test_knows_only_what_was_asked_for(self, database):
        for call in (BANK.read("RF00"), BANK.refunds("RF00")):
            with pytest.raises(GatewayRefused) as refused:
                await call
            assert refused.value.reason == "unknown_payment"


@pytest.mark.usefixtures("_with_bank")
class TestADayOfOurStatement:
    async def compared(self, day) -> list[str]:
        assert await run_again("bank", day)
        await work("reconciliation.run")
        return [row["kind"] for row in await db.fetch("SELECT kind FROM reconciliation_case ORDER BY id")]

    async def test_agrees_with_our_payments(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        await assign(w.root, await came(w.root, payment["amount_minor"] + 5), payment["id"])
        day = clock.today()
        told = await gateway("bank").day(day)  # type: ignore[attr-defined]
        assert [each.amount_minor for each in told.payments] == [payment["amount_minor"]]
        assert await self.compared(day) == []

    async def test_differs_where_a_payment_counts_without_a_line(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"])
        await assign(w.root, line_id, payment["id"])
        await db.execute("UPDATE bank_line SET state = 'returned' WHERE id = ?", line_id)
        assert await self.compared(clock.today()) == ["status"]

    async def test_differs_where_more_was_kept_than_the_payment(self, database, provider):
        w = await small.build()
        _, payment, _ = await asked_by_transfer(w, await open_campaign(w))
        line_id = await came(w.root, payment["amount_minor"] + 500)
        await assign(w.root, line_id, payment["id"])
        await db.execute("UPDATE bank_line SET return_minor = 0 WHERE id = ?", line_id)
        assert await self.compared(clock.today()) == ["amount"]
        assert await self.compared(clock.today() - timedelta(days=1)) == ["amount"]
