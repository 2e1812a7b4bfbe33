"""The local outbox: there only without a mail server, each reader their own, and nothing in a mail can act."""

from __future__ import annotations

from c2b.config import settings
from c2b.durable.sweep import drain
from c2b.kit import db
from c2b.notifications.models import Mail
from tests.web.consumer.browser import Browser


async def told(w) -> tuple[Mail, Mail]:
    """A mail to Ana (her campaign opened) and one to Root (it waited for approval)."""
    await w.open_campaign()
    await drain()
    return await Mail.get(recipient_id=w.ana.id, template="campaign_opened"), await Mail.get(
        recipient_id=w.root.id
    )


class TestTheOutbox:
    async def test_shows_admins_every_mail(self, w, root):
        anas, roots = await told(w)
        page = await root.get("/outbox")
        assert page.says(anas.subject, roots.subject, anas.to_address)
        assert (await root.get(f"/outbox/{anas.id}")).says(anas.subject, anas.to_address)

    async def test_shows_everybody_else_their_own_in_the_demo(self, w, app, bo):
        anas, roots = await told(w)
        ana = await Browser.of(app, w.ana)
        page = await ana.get("/outbox")
        assert page.says(anas.subject)
        assert roots.subject not in page.text
        assert (await bo.get("/outbox")).says("No mails yet.")
        for path in (f"/outbox/{roots.id}", f"/outbox/{roots.id}/content"):
            await ana.get(path, 404)
        for path in (f"/outbox/{anas.id}", f"/outbox/{anas.id}/content"):
            await bo.get(path, 404)
            assert (await Browser(app).get(path)).path == "/log-in"

    async def test_shows_only_admins_anything_in_a_scaled_installation(self, w, root, bo, monkeypatch):
        await told(w)
        monkeypatch.setenv("BROKER_URL", "redis://127.0.0.1:6379")
        settings.cache_clear()
        await bo.get("/outbox", 404)
        page = await root.get("/outbox")
        assert "/outbox" in page.links
        assert "/outbox" not in (await bo.get("/account")).links

    async def test_does_not_exist_beside_a_mail_server(self, w, root, monkeypatch):
        anas, _ = await told(w)
        monkeypatch.setenv("C2B_MAIL_URL", "smtp://mail.example:25")
        settings.cache_clear()
        for path in ("/outbox", f"/outbox/{anas.id}", f"/outbox/{anas.id}/content"):
            await root.get(path, 404)
        assert "/outbox" not in (await root.get("/admin")).links

    async def test_is_read_in_pages(self, w, root):
        await told(w)
        page = await root.get("/outbox?limit=1")
        further = next(link for link in page.links if "cursor=" in link)
        first = next(link for link in page.links if link.startswith("/outbox/"))
        assert first not in (await root.get(f"{further}&limit=1")).links


class TestAMail:
    async def test_stands_in_a_frame_that_may_run_nothing(self, w, root):
        anas, _ = await told(w)
        response = await root.http.get(f"/outbox/{anas.id}")
        assert "frame-src 'self'" in response.headers["content-security-policy"]
        assert 'sandbox="allow-top-navigation-by-user-activation allow-popups"' in response.text
        frame = await root.http.get(f"/outbox/{anas.id}/content")
        policy = frame.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "script" not in policy
        assert frame.headers["x-frame-options"] == "SAMEORIGIN"

    async def test_is_shown_as_text_where_the_page_speaks(self, w, root):
        anas, _ = await told(w)
        await db.execute("UPDATE mail SET subject = ? WHERE id = ?", "<script>alert(1)</script>", anas.id)
        page = await root.get(f"/outbox/{anas.id}")
        assert "<script>alert" not in page.html

    async def test_that_is_still_queued_says_so(self, w, root):
        await w.open_campaign()
        await drain()
        some = await Mail.all().first()
        assert some
        some.id, some.key, some.state, some.subject, some.text, some.html = "zz", "zz", "queued", "", "", ""
        some.sent_at = None
        await some.save(force_create=True)
        assert (await root.get("/outbox")).says("Being written", "queued")
        assert (await root.get("/outbox/zz")).says("This mail is queued.")
