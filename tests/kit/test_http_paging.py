"""A cursor leads to the rows after the last one seen, and nothing else can be smuggled into it."""

from base64 import urlsafe_b64encode

import pytest

from c2b.kit.http.paging import (
    BadCursor,
    BadLimit,
    Window,
    cursor_of,
    read_cursor,
    slice_of,
    window_of,
)


def forged(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


class TestACursor:
    def test_comes_back_as_it_went(self) -> None:
        assert read_cursor(cursor_of("2026-11-23", 7), fields=(str, int)) == ("2026-11-23", 7)

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "!!!", "é", forged("{}"), forged("[1]"), forged('["a","b"]'), forged("[true]"), forged("[null]"),
         forged('["a\\u0000"]'), forged("[" * 300), forged("[1.5]"), "A" * 5000],
    )  # fmt: skip
    def test_that_we_did_not_make_is_refused(self, cursor: str) -> None:
        with pytest.raises(BadCursor):
            read_cursor(cursor, fields=(str,))


class TestAWindow:
    def test_has_a_usual_size(self) -> None:
        assert window_of({}) == Window(limit=25, after=None)

    def test_starts_after_the_cursor(self) -> None:
        assert window_of({"limit": "3", "cursor": cursor_of("b")}) == Window(limit=3, after=("b",))

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "１", "9" * 5000, "1e2"])
    def test_has_bounds(self, limit: str) -> None:
        with pytest.raises(BadLimit):
            window_of({"limit": limit})


class TestASlice:
    def test_ends_with_the_cursor_of_its_last_row(self) -> None:
        got = slice_of(["a", "b", "c"], Window(limit=2), lambda row: (row,))
        assert got.items == ["a", "b"]
        assert got.next_cursor is not None
        assert read_cursor(got.next_cursor, fields=(str,)) == ("b",)

    def test_at_the_end_has_no_next(self) -> None:
        assert slice_of(["a", "b"], Window(limit=2), lambda row: (row,)).next_cursor is None
        assert slice_of([], Window(limit=2), lambda row: (row,)).next_cursor is None

    def test_after_slice_gives_every_row_once(self) -> None:
        rows, seen, window = list("abcdefg"), [], Window(limit=3)
        while True:
            after = window.after[0] if window.after else ""
            got = slice_of([row for row in rows if row > after][:4], window, lambda row: (row,))
            seen += got.items
            if got.next_cursor is None:
                break
            window = window_of({"limit": "3", "cursor": got.next_cursor})
        assert seen == rows
