"""Puts separately drawn parts together and stamps every page, in the child process.

Parts cannot know how many pages follow them, so running heads and "page x of y" are drawn last, as one document with as
many pages, and laid over the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pikepdf


class ForbiddenContent(Exception):
    """A finished document holds what no input may put there: a foreign link, a file, a script."""


def merge_and_stamp(parts: Sequence[str], *, overlay: str, into: str, links: Sequence[str]) -> int:
    """Write `parts`, one after another, under the pages of `overlay`; returns the number of pages.

    `links` are the only addresses a reader may be sent to. The first part gives title and language. The same input
    gives the same bytes.
    """
    with ExitStack() as open_files:
        stamps = open_files.enter_context(pikepdf.open(overlay))
        whole = open_files.enter_context(pikepdf.open(parts[0]))
        for path in parts[1:]:
            whole.pages.extend(open_files.enter_context(pikepdf.open(path)).pages)
        if len(whole.pages) != len(stamps.pages):
            raise ValueError(f"{len(stamps.pages)} stamps for {len(whole.pages)} pages")
        for number, (page, stamp) in enumerate(zip(whole.pages, stamps.pages, strict=True), start=1):
            lay_over(page, whole.copy_foreign(stamp.as_form_xobject()), name=pikepdf.Name(f"/Stamp{number}"))
        check_content(whole, links=links)
        whole.save(Path(into), deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return len(whole.pages)


def lay_over(page: pikepdf.Page, form: pikepdf.Object, *, name: pikepdf.Name) -> None:
    """Draw `form` over a page of the same size. (The library's own function invents random names.)"""
    page.add_resource(form, pikepdf.Name.XObject, name)
    page.contents_add(b"q\n", prepend=True)  # what the page changes in the graphics state ends with it
    page.contents_add(f"\nQ\nq {name} Do Q\n".encode())


def check_content(pdf: pikepdf.Pdf, *, links: Sequence[str]) -> None:
    """Raise ``ForbiddenContent`` for attachments, scripts, and links to other addresses than `links`."""
    names = pdf.Root.get("/Names", pikepdf.Dictionary())
    for key in ("/EmbeddedFiles", "/JavaScript"):
        if key in names:
            raise ForbiddenContent(f"{key} in the document")
    for action in _actions(pdf):
        kind = str(action.get("/S", ""))
        if kind != "/GoTo" and not (kind == "/URI" and str(action.get("/URI", "")) in links):
            raise ForbiddenContent(f"{kind} {str(action.get('/URI', ''))[:120]!r}")


def _actions(pdf: pikepdf.Pdf) -> Iterator[Any]:
    for page in pdf.pages:
        for annotation in page.get("/Annots", []):
            if annotation.get("/Subtype") == "/FileAttachment":
                raise ForbiddenContent("a file attached to a page")
            if "/A" in annotation:
                yield annotation.A
