"""Waiting in a coroutine for what another thread brings about."""
from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from sessionmock.engine import awaits
from sessionmock.latch import Latch

RUNNERS = {"asyncio": asyncio.run, "trio": lambda coroutine: trio.run(lambda: coroutine)}


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[Any]], Any]:
    """Runs a coroutine on a loop of either library."""
    return RUNNERS[request.param]


def test_another_thread_wakes_who_waits(run: Callable[[Any], Any]) -> None:
    """The coroutine goes on when the latch is set, however often that is said."""
    latch = Latch()

    async def main() -> bool:
        thread = threading.Thread(target=lambda: (latch.set(), latch.set()))
        thread.start()
        await awaits.ended(latch)
        thread.join()
        return latch.done

    assert run(main())


def test_what_has_happened_is_waited_for_too(run: Callable[[Any], Any]) -> None:
    """A latch that is set already lets whoever comes go on."""
    latch = Latch()
    latch.set()
    run(awaits.ended(latch))


def test_a_loop_that_is_gone_is_told_nothing() -> None:
    """A loop of either library may end while something on it waits: setting the latch harms nobody."""
    latch = Latch()

    async def on_asyncio() -> None:
        waiting = asyncio.ensure_future(awaits.ended(latch))
        await asyncio.sleep(0)
        waiting.cancel()

    async def on_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(awaits.ended, latch)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    asyncio.run(on_asyncio())
    trio.run(on_trio)
    assert latch.awaited
    latch.set()
    assert not latch.awaited


def test_one_call_wakes_all_that_came_since_the_last() -> None:
    """A thousand latches set at once cost their loop one call from outside."""
    class Counting(asyncio.SelectorEventLoop):
        calls = 0

        def call_soon_threadsafe(self, *arguments: Any, **more: Any) -> Any:
            Counting.calls += 1
            return super().call_soon_threadsafe(*arguments, **more)

    latches = [Latch() for _ in range(1000)]

    async def all_of_them() -> None:
        waiting = [asyncio.ensure_future(awaits.ended(latch)) for latch in latches]
        await asyncio.sleep(0)
        for latch in latches:
            latch.set()
        await asyncio.gather(*waiting)

    with asyncio.Runner(loop_factory=Counting) as runner:
        runner.run(all_of_them())
        assert 1 == Counting.calls


def test_a_forked_child_does_not_wake_the_parents_trio() -> None:
    """The token's lock may be one that nobody lets go of there: it is not touched."""
    class Token:
        def run_sync_soon(self, call: Any) -> None:
            raise AssertionError("the parent's loop was called")

    awaits._wake_trio(Token(), trio.Event(), os.getpid() + 1)
    with pytest.raises(AssertionError):
        awaits._wake_trio(Token(), trio.Event(), os.getpid())
