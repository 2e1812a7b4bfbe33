"""People in browsers of their own, on the product as ``make run`` starts it."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from c2b.config import ROOT
from c2b.seeds import PASSWORD

PICTURES = ROOT / "var" / "pictures"


class Visitor:
    """One person. What the console complains about, and every 4xx or 5xx, fails the test when they leave."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site = site
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("response", lambda answer: self._look(answer.status, answer.url))

    def _look(self, status: int, url: str) -> None:
        if status >= 400 and "/log-in" not in url:
            self.complaints.append(f"{status} {url}")

    def go(self, path: str) -> Page:
        """Open a path of the product."""
        self.page.goto(self.site + path)
        return self.page

    def campaign(self, slug: str) -> str:
        """The path of an open campaign: its words and the number that the seed world gave it."""
        found = self.go("/").locator(f"a[href^='/campaigns/{slug}-']").first.get_attribute("href")
        assert found
        return found

    def log_in(self, email: str, password: str = PASSWORD) -> None:
        """Log in, whatever language the page is in."""
        self.go("/log-in")
        self.page.locator("main input[name=email]").fill(email)
        self.page.locator("main input[name=password]").fill(password)
        self.page.locator("main form button").first.click()
        expect(self.page.locator("form[action='/log-out']").first).to_be_attached()

    def speak(self, language: str) -> None:
        """Change the language if the page is in another one."""
        button = self.page.get_by_role("button", name=language)
        if button.count():
            button.first.click()
            expect(self.page.get_by_role("button", name=language)).to_have_count(0)

    def picture(self, name: str) -> None:
        """Keep what this person sees, on a desktop and on a phone; a phone never scrolls sideways."""
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
        self.page.set_viewport_size({"width": 390, "height": 844})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.screenshot(path=PICTURES / f"{name}-phone.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})
        assert wide <= 390, f"{name} scrolls sideways on a phone: {wide} px"

    def leave(self) -> None:
        """Close the browser; nothing may have gone wrong in it."""
        self.context.close()
        assert self.complaints == []
