"""A browser without JavaScript: it follows links, reads forms as they stand and sends them as they are filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx2
from starlette.applications import Starlette

from c2b.accounts.models import Session
from c2b.accounts.rules import Actor
from c2b.kit import clock
from c2b.kit.ids import new_token, sha256_hex

BASE = "http://testserver"
HTMX = {"HX-Request": "true"}


@dataclass
class Form:
    """One form of a page: where it goes, and its fields as a browser would send them untouched."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    multipart: bool = False

    def filled(self, changes: dict[str, Any]) -> list[tuple[str, str]]:
        """The fields with some replaced; ``None`` leaves one out, a list sends it several times."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    kept.append((name, str(each)))
        return kept


class Page:
    """An answer as a person sees it."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response, self.status, self.html = response, response.status_code, response.text
        self.path = response.url.path
        reader = _Reader()
        reader.feed(self.html)
        self.forms, self.text, self.links = reader.forms, " ".join(reader.words), reader.links

    def form(self, action: str) -> Form:
        """The form that goes to a path, or whose path ends like this."""
        found = [form for form in self.forms if form.action == action or form.action.endswith(action)]
        assert found, f"no form to {action}: {[form.action for form in self.forms]}"
        return found[0]

    def says(self, *texts: str) -> bool:
        """All of these stand on the page, spaces aside."""
        missing = [text for text in texts if " ".join(text.split()) not in self.text]
        assert not missing, f"{missing} not in: {self.text[:3000]}"
        return True


class Browser:
    """One person's browser, with cookies. ``locale``: what it asks for when nobody is logged in."""

    def __init__(self, app: Starlette, *, locale: str = "en") -> None:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"Accept-Language": locale.replace("_", "-")}
        self.http = httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    @classmethod
    async def of(cls, app: Starlette, actor: Actor) -> Browser:
        """A browser in which this person is logged in."""
        browser = cls(app)
        await browser.log_in(actor)
        return browser

    async def log_in(self, actor: Actor) -> None:
        """A session as a log-in opens it, without the price of a password."""
        token, now = new_token(), clock.now()
        await Session.create(
            user_id=actor.id, token_hash=sha256_hex(token), created_at=now, seen_at=now,
            expires_at=now + timedelta(days=14),
        )  # fmt: skip
        self.http.cookies.set("session", token)

    async def get(self, path: str, status: int = 200, *, follow: bool = True, **headers: str) -> Page:
        response = await self.http.get(path, follow_redirects=follow, headers=headers)
        return self._read(response, status)

    async def send(
        self,
        form: Form,
        status: int = 200,
        *,
        follow: bool = True,
        button: str | None = None,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> Page:
        """Fill in and send a form; ``button`` is the value of the one that is clicked. Dots in names are ``__``."""
        fields = form.filled({name.replace("__", "."): value for name, value in changes.items()})
        action = form.action
        if button is not None:
            clicked = next(each for each in form.buttons if each.get("value") == button)
            action = clicked.get("formaction", action)
            fields.append((clicked["name"], clicked["value"]))
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        response = await self.http.post(
            action, data=data, files=files, headers=headers, follow_redirects=follow
        )
        return self._read(response, status)

    @staticmethod
    def _read(response: httpx2.Response, status: int) -> Page:
        page = Page(response)
        assert response.status_code == status, f"{response.status_code}: {page.text[:2000]}"
        return page


class _Reader(HTMLParser):
    """Forms, links and words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select = self._textarea = ""
        self._options: list[tuple[str, bool]] = []
        self._silent = 0

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in found}
        if tag in ("script", "style", "svg"):
            self._silent += 1
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        if tag == "form":
            self._form = Form(attrs.get("action", ""), attrs.get("method", "get"))
            self._form.multipart = "multipart" in attrs.get("enctype", "")
            self.forms.append(self._form)
        if self._form is not None and "disabled" not in attrs:
            self._control(self._form, tag, attrs)

    def _control(self, form: Form, tag: str, attrs: dict[str, str]) -> None:
        name, kind = attrs.get("name", ""), attrs.get("type", "")
        if tag == "input" and name and kind != "file":
            if kind not in ("radio", "checkbox") or "checked" in attrs:
                form.fields.append((name, attrs.get("value", "")))
        elif tag == "button":
            form.buttons.append(attrs)
        elif tag == "select":
            self._select, self._options = name, []
        elif tag == "option":
            self._options.append((attrs.get("value", ""), "selected" in attrs))
        elif tag == "textarea":
            self._textarea = name
            form.fields.append((name, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "svg"):
            self._silent -= 1
        if tag == "form":
            self._form = None
        if tag == "select" and self._form and self._options:
            chosen = next((value for value, selected in self._options if selected), self._options[0][0])
            self._form.fields.append((self._select, chosen))
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form:
            self._form.fields[-1] = (self._textarea, data.removeprefix("\n"))
        if not self._silent:
            self.words += data.split()
