"""`next` leads to one of our own pages or to the start, whatever somebody puts into a link."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from c2b.kit.http.redirects import safe_next, see_other


async def page(_request: Request) -> Response:
    return PlainTextResponse("")


ROUTES = [Route("/campaigns/{slug}", page), Route("/", page), Route("/join", page, methods=["POST"])]

EVIL = [
    "https://evil.example", "http:evil.example", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example/campaigns/a", "https:///evil.example",
    "https:/\\evil.example", "http://localhost@evil.example", "/%09/evil.example", "/%2f/evil.example",
    "/.//evil.example", "/..//evil.example", "/%5cevil.example", "//%65vil.example", "/campaigns/a\r\nX: y",
    "/campaigns/a\x00", "/campaigns/\u2028", "/。/evil.example", "//evil。example", "/campaigns/a#//evil",
    "?next=//evil.example", "campaigns/a", "", None, "/" + "a" * 3000, "/campaigns/a/b", "/join", "/unknown",
    "ftp://evil.example", "//user:pass@evil.example/", "/\x7f/evil.example",
]  # fmt: skip

#: Those that a browser would follow to another host, or that break the header.
LEAVING = ("//", "/\\", "\\\\", "\\/", "/\t", "/\n", "/\r", "/ ")
AWAY = [
    target
    for target in EVIL
    if target and (target.startswith(LEAVING) or ":" in target.split("/")[0] or not target.isprintable())
]


class TestNext:
    @pytest.mark.parametrize("target", EVIL)
    def test_never_leads_away(self, target: str | None) -> None:
        assert safe_next(target, routes=ROUTES) == "/"

    @pytest.mark.parametrize("target", AWAY)
    def test_never_leads_away_even_where_every_path_is_a_page(self, target: str) -> None:
        assert safe_next(target, routes=[Route("/{path:path}", page)]) == "/"

    @pytest.mark.parametrize("target", ["/", "/campaigns/quiet-75", "/campaigns/a?invite=x%20y&tab=price"])
    def test_leads_to_our_own_pages(self, target: str) -> None:
        assert safe_next(target, routes=ROUTES) == target

    def test_falls_back_to_what_the_page_says(self) -> None:
        assert safe_next("//evil", routes=ROUTES, default="/account") == "/account"

    def test_is_a_303(self) -> None:
        answer = see_other("/campaigns/a?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns/a?x=1")
