"""Tax invoices on the pages: the member asks, an admin writes the numbers down, what went back gets a red note."""

from __future__ import annotations

from c2b.accounts.queries import contact_of
from c2b.invoicing.asking import MOST_TITLE
from c2b.kit import db
from tests import world
from tests.web.consumer.browser import Browser

NUMBER, RED = "24312000000012345678", "24312000000099999999"
HOSTILE = "<b>Bo & Co</b>"


async def locked(w) -> str:
    """A place of Bo's that is paid, in a group that is locked."""
    joined = await w.join(await w.open_campaign(), w.bo)
    await w.pay(joined)
    await db.execute("UPDATE participation SET state = 'delivered'")
    return joined.participation_id


async def test_a_member_asks_and_reads_the_number_that_an_admin_writes_down(w, app, root):
    place = await locked(w)
    bo = await Browser.of(app, w.bo)
    assert (await bo.get(f"/participations/{place}")).says("Ask for a tax invoice (fapiao)")
    page = await bo.get(f"/participations/{place}/invoice")
    form = page.form("/invoice")
    page = await bo.send(form, 422, title_kind="company", title=HOSTILE, tax_id="123", email="bo@c2b.example")
    assert page.says("This is no unified social credit code")
    page = await bo.send(
        form, 422, title_kind="personal", title="x" * (MOST_TITLE + 1), email="bo@c2b.example"
    )
    assert page.says("Enter the name that the invoice is made out to")
    page = await bo.send(form, title_kind="personal", title=HOSTILE, tax_id="", email="bo@c2b.example")
    assert page.says("We have your request.", "Requested", HOSTILE)
    assert "<b>Bo" not in page.response.text
    assert (await bo.send(form, 409, title_kind="personal", title="Bo", email="bo@c2b.example")).says(
        "asked for already"
    )

    assert (await root.get("/admin/money")).says("Tax invoices", "1 waits")
    page = await root.get("/admin/invoices?state=requested")
    assert page.says(HOSTILE, "Requested")
    assert (await root.get("/admin/invoices?state=red")).says("No tax invoice is like that.")
    page = await root.get(next(link for link in page.links if link.startswith("/admin/invoices/")))
    issue = page.form("/issue")
    assert (await root.send(issue, 422, number="12")).says("8 to 22 digits")
    page = await root.send(issue, number=NUMBER)
    assert page.says("Written down. The member sees the number.", NUMBER, "Issued")
    assert (await root.send(issue, 409, number=RED)).says("does not wait for that any more")
    assert (await bo.get(f"/participations/{place}/invoice")).says(
        NUMBER, "It was sent to your e-mail address."
    )


async def test_what_went_back_afterwards_waits_for_a_red_note(w, app, root):
    place = await locked(w)
    bo = await Browser.of(app, w.bo)
    page = await bo.get(f"/participations/{place}/invoice")
    await bo.send(page.form("/invoice"), title_kind="personal", title="Bo", tax_id="", email="bo@c2b.example")
    row = await db.fetch_one("SELECT id FROM invoice_request")
    page = await root.get(f"/admin/invoices/{row['id']}")
    await root.send(page.form("/issue"), number=NUMBER)
    page = await root.get(f"/admin/participations/{place}")
    await root.send(page.form("/claims"), amount="12.50", note="A scratch on the case.")
    assert (await root.get("/admin/invoices?state=red")).says("No tax invoice is like that.")
    from c2b.payments.refunding import book_refund

    refund = await db.fetch_one("SELECT key FROM refund")
    async with db.transaction():
        await book_refund(refund["key"])
    assert (await bo.get(f"/participations/{place}/invoice")).says(
        "A red note about that follows.", "CN¥12.50"
    )
    assert (await root.get("/admin/invoices?state=red")).says("Waits for a red note")
    page = await root.get(f"/admin/invoices/{row['id']}")
    page = await root.send(page.form("/red-notes"), number=RED)
    assert page.says("The red note is written down.", RED, "CN¥12.50")
    assert (await root.get("/admin/invoices?state=red")).says("No tax invoice is like that.")
    assert (await bo.get(f"/participations/{place}/invoice")).says("a red note took that back", RED)


async def test_a_request_is_taken_back_and_is_nobody_elses(w, app, root):
    place = await locked(w)
    bo, dee = await Browser.of(app, w.bo), await Browser.of(app, await world.person("Dee"))
    page = await bo.get(f"/participations/{place}/invoice")
    await bo.send(page.form("/invoice"), title_kind="personal", title="Bo", tax_id="", email="bo@c2b.example")
    page = await bo.get(f"/participations/{place}/invoice")
    withdrawal = page.form("/withdrawal")
    await dee.get(f"/participations/{place}/invoice", 404)
    page = await bo.send(withdrawal)
    assert page.says(
        "The request is withdrawn.", "Request withdrawn", "You took the request back.", "Ask for the invoice"
    )
    assert (await bo.send(withdrawal, 409)).says("no request that could still be withdrawn")
    assert (await root.get("/admin/invoices?state=withdrawn")).says("Request withdrawn")


async def test_the_page_without_any_says_so(w, root):
    assert (await root.get("/admin/invoices")).says("Nobody has asked for a tax invoice yet.")


async def test_a_request_that_cannot_be_met_is_refused_with_a_reason(w, app, root):
    place = await locked(w)
    bo = await Browser.of(app, w.bo)
    page = await bo.get(f"/participations/{place}/invoice")
    await bo.send(page.form("/invoice"), title_kind="personal", title="Bo", tax_id="", email="bo@c2b.example")
    page = await root.get("/admin/invoices")
    page = await root.get(next(link for link in page.links if link.startswith("/admin/invoices/")))
    refusal = page.form("/refusal")
    assert (await root.send(refusal, 422, reason="")).says("Please say why.")
    assert (await root.send(refusal, reason=HOSTILE)).says("Refused. The member reads why.", HOSTILE)
    assert (await root.send(refusal, 409, reason="Again")).says("does not wait for that any more")
    page = await bo.get(f"/participations/{place}/invoice")
    assert page.says("Request refused", "You may ask again.", HOSTILE)
    assert [form for form in page.forms if form.action.endswith("/invoice")]


async def test_a_request_begins_with_what_was_said_before(w, app, root):
    place = await locked(w)
    bo = await Browser.of(app, w.bo)
    form = (await bo.get(f"/participations/{place}/invoice")).form("/invoice")
    begun = dict(form.fields)
    assert (begun["title"], begun["email"]) == ("", (await contact_of(w.bo.id)).email)
    said = {
        "title_kind": "company",
        "title": "Bo GmbH",
        "tax_id": "91310115MA1K4C2B0F",
        "email": "tax@c2b.example",
    }
    await bo.send(form, **said)
    (asked,) = await db.fetch("SELECT id FROM invoice_request")
    page = await root.get(f"/admin/invoices/{asked['id']}")
    await root.send(page.form("/refusal"), reason="The tax office does not know this title.")
    begun = dict((await bo.get(f"/participations/{place}/invoice")).form("/invoice").fields)
    assert {name: begun[name] for name in said} == said
