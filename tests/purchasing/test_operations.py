"""Answering an order: by its manufacturer, to the revision they read, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from c2b.kit import clock, db, storage
from c2b.kit.downloads import FileDamaged
from c2b.kit.errors import Conflict, Forbidden, Invalid, NotFound
from c2b.kit.http.paging import Window
from c2b.kit.i18n import use_locale
from c2b.purchasing import operations, queries
from c2b.purchasing.models import Acknowledgment, Document
from tests import world
from tests.purchasing.locked import _quick_documents, _unwired, files, happened, locked_campaign

__all__ = ["_quick_documents", "_unwired", "files"]

pytestmark = pytest.mark.usefixtures("database", "files", "_unwired", "_quick_documents")


async def _rival():
    """Somebody of another manufacturer."""
    return (await world.build()).mill


class TestAnswering:
    async def test_is_for_the_people_of_the_manufacturer_alone(self):
        locked = await locked_campaign()
        order, here = await locked.issued(), locked.world
        signed = await locked.signature()
        for who in (here.ana, here.bo, here.cy, await _rival()):
            with pytest.raises(NotFound):
                await operations.acknowledge(who, order.id, **signed)
        with pytest.raises(Forbidden):
            await operations.acknowledge(here.root, order.id, **signed)
        assert await Acknowledgment.all().count() == 0
        assert (await locked.order()).state == "issued"

    async def test_twice_the_same_is_the_same_answer(self):
        locked = await locked_campaign()
        order, signed = await locked.issued(), await locked.signature()
        first = await operations.acknowledge(locked.world.mill, order.id, **signed)
        clock.shift(timedelta(days=30))
        again = await operations.acknowledge(locked.world.mill, order.id, **signed)
        assert first == again
        assert len(await happened("purchase_order.acknowledged")) == 1

    async def test_differently_the_second_time_is_refused(self):
        locked = await locked_campaign()
        order, signed = await locked.issued(), await locked.signature()
        await operations.acknowledge(locked.world.mill, order.id, **signed)
        with pytest.raises(operations.AlreadyAnswered):
            await operations.acknowledge(
                locked.world.mill, order.id, **{**signed, "decision": "rejected", "note": "No."}
            )
        assert (await locked.order()).state == "acknowledged"

    @pytest.mark.parametrize("changes", [{"revision_digest": "0" * 64}, {"revision": 2}, {"revision": 0}])
    async def test_another_revision_than_the_one_issued_is_refused(self, changes):
        locked = await locked_campaign()
        order = await locked.issued()
        with pytest.raises(operations.NotThisRevision):
            await operations.acknowledge(locked.world.mill, order.id, **await locked.signature(**changes))

    async def test_after_the_time_is_over_is_refused_even_before_the_machine_has_noticed(self):
        locked = await locked_campaign()
        order = await locked.issued()
        clock.shift(timedelta(days=7, minutes=1))
        with pytest.raises(operations.ValidityOver):
            await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        assert (await locked.order()).state == "issued"

    async def test_needs_a_name_and_a_rejection_says_why(self):
        locked = await locked_campaign()
        order = await locked.issued()
        for changes, path in (
            ({"signer_name": "  "}, "signer_name"),
            ({"signer_name": "M\u202eo"}, "signer_name"),
            ({"signer_name": "x" * 121}, "signer_name"),
            ({"decision": "rejected"}, "note"),
            ({"decision": "perhaps"}, "decision"),
        ):
            with pytest.raises(Invalid) as refused:
                await operations.acknowledge(locked.world.mill, order.id, **await locked.signature(**changes))
            assert path in [each.path for each in refused.value.fields]

    async def test_writes_down_who_signed_what(self):
        locked = await locked_campaign()
        order, signed = await locked.issued(), await locked.signature(note="验收合格")
        await operations.acknowledge(locked.world.mill, order.id, **signed)
        row = await Acknowledgment.get(purchase_order_id=order.id)
        assert (row.signer_name, row.revision_digest) == ("Mo Fang", signed["revision_digest"])
        assert (row.actor_id, row.note) == (locked.world.mill.id, "验收合格")


class TestDecidingAboutAnOrder:
    async def test_is_for_admins_alone(self):
        locked = await locked_campaign()
        order, here = await locked.issued(), locked.world
        for who in (here.ana, here.bo, here.mill):
            with pytest.raises(NotFound):
                await operations.extend_validity(who, order.id, days=3)
            with pytest.raises(NotFound):
                await operations.reissue(who, order.id, reason="Because.")

    async def test_never_shortens_the_time(self):
        locked = await locked_campaign()
        order = await locked.issued()
        with pytest.raises(Conflict):
            await operations.extend_validity(locked.world.root, order.id, days=1)
        for days in (0, 31, True):
            with pytest.raises(Invalid):
                await operations.extend_validity(locked.world.root, order.id, days=days)

    async def test_does_not_reissue_what_is_open_or_accepted(self):
        locked = await locked_campaign()
        order = await locked.issued()
        with pytest.raises(operations.NotAwaitingAnswer):
            await operations.reissue(locked.world.root, order.id, reason="Again.")
        await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        with pytest.raises(operations.NotAwaitingAnswer):
            await operations.reissue(locked.world.root, order.id, reason="Again.")
        with pytest.raises(operations.NotAwaitingAnswer):
            await operations.extend_validity(locked.world.root, order.id, days=20)

    async def test_follows_production_forward_only(self):
        locked = await locked_campaign()
        order = await locked.issued()
        await operations.acknowledge(locked.world.mill, order.id, **await locked.signature())
        moved = [
            await operations.follow_production(campaign_id=locked.campaign_id, state=state)
            for state in ("in_production", "in_production", "shipped", "in_production", "delivered")
        ]
        assert moved == [True, False, True, False, True]


class TestReadingAnOrder:
    async def test_shows_its_manufacturer_everything_in_their_language(self):
        locked = await locked_campaign()
        order, mill = await locked.issued(), locked.world.mill
        with use_locale("zh_CN"):
            view = await queries.order_view(mill, order.id)
        assert view.may_answer
        assert (view.line.product_name, view.line.state_label) == ("磨坊75", "已下达")
        assert view.line.campaign_title == ""
        assert sum(line["quantity"] for line in view.lines) == view.line.quantity == 50
        assert view.totals["gross_minor"] == view.totals["net_minor"] + view.totals["tax_minor"]
        assert view.digest == (await locked.revision()).digest
        assert [each.locale for each in view.documents] == ["en", "zh_CN"]

    async def test_is_for_its_manufacturer_and_admins(self):
        locked = await locked_campaign()
        order, here = await locked.issued(), locked.world
        rival = await _rival()
        document = await Document.first()
        for who in (here.ana, here.bo, here.cy, rival):
            for reading in (
                queries.order_view(who, order.id), queries.units_of(who, order.id),
                queries.document_file(who, document.id),
            ):  # fmt: skip
                with pytest.raises(NotFound):
                    await reading
            assert (await queries.orders_of(who)).items == []
        assert [each.id for each in (await queries.orders_of(here.mill)).items] == [order.id]
        assert [each.campaign_title for each in (await queries.orders_of(here.root)).items] == [
            "Navy seventy-five"
        ]
        assert not (await queries.order_view(here.root, order.id)).may_answer

    async def test_tells_members_and_organizer_number_and_state_only(self):
        locked = await locked_campaign()
        assert await queries.order_brief(locked.world.ana, locked.campaign_id) is None
        order = await locked.issued()
        for who in (locked.world.ana, locked.world.bo, locked.world.root):
            brief = await queries.order_brief(who, locked.campaign_id)
            assert brief is not None
            assert (brief.number, brief.state) == (order.number, "issued")
        for who in (locked.world.cy, locked.world.mill):
            with pytest.raises(NotFound):
                await queries.order_brief(who, locked.campaign_id)

    async def test_turns_the_pages_of_a_long_list(self):
        numbers = set()
        here = await locked_campaign()
        await here.issued()
        await (await locked_campaign()).issued()
        cursor = None
        for _ in range(2):
            found = await queries.orders_of(
                here.world.root, Window(limit=1, after=(cursor,) if cursor else None)
            )
            numbers |= {each.number for each in found.items}
            cursor = found.items[-1].id
        assert len(numbers) == 2
        assert found.next_cursor is None

    async def test_pages_through_the_unit_list_without_a_name(self):
        locked = await locked_campaign()
        order = await locked.issued()
        first = await queries.units_of(locked.world.mill, order.id, Window(limit=30))
        rest = await queries.units_of(
            locked.world.mill, order.id, Window(limit=30, after=(first.items[-1].unit_id,))
        )
        units = [*first.items, *rest.items]
        assert len({each.unit_id for each in units}) == len(units) == 50
        assert sum("Li Lei" in " ".join(each.personalization) for each in units) == 10

    async def test_gives_a_document_only_if_it_is_whole(self, files):
        locked = await locked_campaign()
        await locked.issued()
        document = await Document.first()
        download = await queries.document_file(locked.world.mill, document.id)
        assert download.filename == f"PO-{clock.today().year}-000001-r1-{document.locale}.pdf"
        assert download.headers()["X-Content-Type-Options"] == "nosniff"
        path = storage.path(document.storage_key)
        path.chmod(0o644)
        path.write_bytes(b"%PDF-1.7 something else")
        with pytest.raises(FileDamaged):
            await queries.document_file(locked.world.mill, document.id)

    async def test_does_not_show_a_draft_to_the_manufacturer(self):
        locked = await locked_campaign()
        order_id = await db.atomically(lambda: operations.allocate_number(campaign_id=locked.campaign_id))
        with pytest.raises(NotFound):
            await queries.order_view(locked.world.mill, order_id)
        assert (await queries.orders_of(locked.world.mill)).items == []
