"""Live pages: everybody gets the newest state, nobody waits for the slowest, and the server can stop."""

import asyncio
import signal

import pytest
from starlette.types import Message

from c2b.kit.errors import Busy, NotFound
from c2b.kit.http import sse
from c2b.kit.http.sse import Hub, closing_on_signals, frame


class Source:
    """Topics and their present state; counts how often it is asked."""

    def __init__(self, **states: bytes | None) -> None:
        self.states, self.asked = states, 0

    async def __call__(self, topic: str) -> bytes | None:
        self.asked += 1
        return self.states.get(topic)


class Browser:
    """One connection. While ``full`` is set its socket takes nothing."""

    def __init__(self, hub: Hub, topic: str = "a") -> None:
        self.hub, self.topic = hub, topic
        self.got, self.status, self.ended = b"", 0, False
        self.left, self.free, self.news = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.free.set()

    async def __aenter__(self) -> "Browser":
        self.task = asyncio.create_task(self.hub.listen(self.topic, self.receive, self.send))
        news = asyncio.create_task(self.until(b"\n\n"))
        await asyncio.wait((self.task, news), return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.left.set()
        self.free.set()
        await asyncio.gather(self.task, return_exceptions=True)

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.free.wait() if not self.free.is_set() else None
        self.status = message.get("status", self.status)
        self.got += message.get("body", b"")
        self.news.set()
        self.ended = message["type"] == "http.response.body" and not message["more_body"]

    async def until(self, part: bytes) -> None:
        async with asyncio.timeout(5):
            while part not in self.got:
                self.news.clear()
                await self.news.wait()

    def frames(self) -> list[bytes]:
        return [part for part in self.got.split(b"\n\n") if part.startswith(b"data")]


def quiet_hub(source: Source, **options: object) -> Hub:
    """A hub that ticks only when the test says so."""
    return Hub(source, interval=3600, **options)  # type: ignore[arg-type]


class TestAFrame:
    def test_has_every_line_behind_data(self) -> None:
        assert frame(b"<p>\n  1\r\n</p>") == b"data: <p>\ndata:   1\ndata: </p>\n\n"

    def test_of_nothing_is_still_an_event(self) -> None:
        assert frame(b"", event="gone") == b"event: gone\ndata: \n\n"


class TestAListener:
    async def test_gets_the_present_state_at_once(self) -> None:
        async with Browser(quiet_hub(Source(a=b"1"))) as bo:
            assert bo.status == 200
            assert bo.got == b"retry: 2000\n\ndata: 1\n\n"

    async def test_gets_what_changes_and_nothing_else(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub) as bo:
            await hub.tick()
            source.states["a"] = b"2"
            await hub.tick()
            await hub.tick()
            assert bo.frames() == [b"data: 1", b"data: 2"]

    async def test_of_another_topic_hears_nothing(self) -> None:
        source = Source(a=b"1", b=b"x")
        hub = quiet_hub(source)
        async with Browser(hub), Browser(hub, "b") as cy:
            source.states["a"] = b"2"
            await hub.tick()
            assert cy.frames() == [b"data: x"]

    async def test_of_what_does_not_exist_is_refused(self) -> None:
        async with Browser(quiet_hub(Source())) as cy:
            with pytest.raises(NotFound):
                await cy.task
            assert cy.status == 0

    async def test_that_leaves_is_forgotten(self) -> None:
        hub = quiet_hub(Source(a=b"1"))
        async with Browser(hub):
            assert hub.listeners == 1
        assert hub.listeners == 0
        assert not hub._topics

    async def test_who_comes_back_gets_the_newest_whatever_came_last(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub):
            pass
        source.states["a"] = b"9"
        async with Browser(hub) as bo:
            assert bo.frames() == [b"data: 9"]


class TestASlowListener:
    async def test_keeps_nobody_waiting_and_gets_the_newest_later(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub) as slow, Browser(hub) as bo:
            slow.free.clear()
            for state in (b"2", b"3", b"4"):
                source.states["a"] = state
                await hub.tick()
            assert bo.frames() == [b"data: 1", b"data: 2", b"data: 3", b"data: 4"]
            assert slow.frames() == [b"data: 1"]
            slow.free.set()
            await slow.until(b"data: 2")
            await asyncio.sleep(0)
            await hub.tick()
            assert slow.frames() == [b"data: 1", b"data: 2", b"data: 4"]

    async def test_that_breaks_harms_nobody(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub) as broken, Browser(hub) as bo:

            async def fail(_message: Message) -> None:
                raise OSError("reset by peer")

            for listener in hub._topics["a"].listeners:
                if listener.send == broken.send:
                    listener.send = fail
            source.states["a"] = b"2"
            await hub.tick()
            assert bo.frames() == [b"data: 1", b"data: 2"]


class TestTheHub:
    async def test_asks_once_however_many_listen(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub), Browser(hub), Browser(hub):
            assert source.asked == 1
            await hub.tick()
            assert source.asked == 2

    async def test_survives_a_failing_source(self) -> None:
        source = Source(a=b"1")
        hub = quiet_hub(source)
        async with Browser(hub) as bo:
            hub.source = None  # type: ignore[assignment]
            await hub.tick()
            hub.source = source
            source.states["a"] = b"2"
            await hub.tick()
            assert bo.frames() == [b"data: 1", b"data: 2"]

    async def test_ticks_by_itself(self) -> None:
        source = Source(a=b"1")
        async with Browser(Hub(source, interval=0)) as bo:
            source.states["a"] = b"2"
            await bo.until(b"data: 2")
            assert bo.frames() == [b"data: 1", b"data: 2"]

    async def test_shows_now_and_then_that_it_lives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = quiet_hub(Source(a=b"1"))
        async with Browser(hub) as bo:
            await hub.tick()
            before = bo.got.count(sse.HEARTBEAT)
            await hub.tick()
            assert bo.got.count(sse.HEARTBEAT) == before
            hub._beat -= sse.HEARTBEAT_SECONDS
            await hub.tick()
            assert bo.got.count(sse.HEARTBEAT) == before + 1

    async def test_has_bounds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = quiet_hub(Source(a=b"1", b=b"2"))
        monkeypatch.setattr(sse, "MAX_TOPICS", 1)
        async with Browser(hub), Browser(hub, "b") as cy:
            with pytest.raises(Busy):
                await cy.task
        monkeypatch.setattr(sse, "MAX_LISTENERS", 1)
        async with Browser(hub), Browser(hub) as cy:
            with pytest.raises(Busy):
                await cy.task

    async def test_ends_every_stream_when_it_closes(self) -> None:
        hub = quiet_hub(Source(a=b"1"))
        async with Browser(hub) as bo, Browser(hub) as cy:
            hub.close()
            async with asyncio.timeout(5):
                await asyncio.gather(bo.task, cy.task)
            assert bo.ended
            assert cy.ended

    async def test_ends_every_stream_when_the_server_is_told_to_stop(self) -> None:
        told = []
        before = signal.signal(signal.SIGTERM, lambda number, _stack: told.append(number))
        try:
            with closing_on_signals():
                async with Browser(quiet_hub(Source(a=b"1"))) as bo, Browser(quiet_hub(Source(a=b"1"))) as cy:
                    signal.raise_signal(signal.SIGTERM)
                    async with asyncio.timeout(5):
                        await asyncio.gather(bo.task, cy.task)
            assert told == [signal.SIGTERM]
            signal.raise_signal(signal.SIGTERM)
            assert told == [signal.SIGTERM] * 2
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_serves_one_event_loop_after_another(self) -> None:
        hub = quiet_hub(Source(a=b"1"))

        async def once() -> list[bytes]:
            async with Browser(hub) as bo:
                return bo.frames()

        assert asyncio.run(once()) == asyncio.run(once()) == [b"data: 1"]
