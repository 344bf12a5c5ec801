"""Calls that wait for the main thread, which is the one that runs these tests."""
from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from sessionmock.engine.interrupts import shield
from sessionmock.engine.main_calls import MainCalls

PATIENCE = 20.0


@pytest.fixture
def calls() -> MainCalls:
    return MainCalls()


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """`run` takes the place of the handler of SIGINT: it is put back."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)     # as in a terminal: a shell's background job ignores it
    yield
    signal.signal(signal.SIGINT, before)


def elsewhere(call: Any, *arguments: Any) -> None:
    """Make a call on another thread."""
    thread = threading.Thread(target=call, args=arguments)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_calls_wait_until_they_are_run(calls: MainCalls) -> None:
    """In the order in which they were added, on any thread; those that are added meanwhile wait for the next time."""
    made: list[Any] = []
    calls.add(partial(made.append, 1))
    calls.add(lambda: calls.add(partial(made.append, 3)))
    elsewhere(calls.add, partial(made.append, 2))
    assert ([], True) == (made, calls.waiting())
    calls.run()
    assert ([1, 2], True) == (made, calls.waiting())
    calls.run()
    assert ([1, 2, 3], False) == (made, calls.waiting())


def test_they_can_be_run_one_by_one(calls: MainCalls) -> None:
    """Whether there was one is told."""
    made: list[int] = []
    calls.add(partial(made.append, 1))
    assert [True, False] == [calls.run_one(), calls.run_one()]
    assert [1] == made


def test_a_wait_on_the_main_thread_is_woken(calls: MainCalls) -> None:
    """By each call that comes while it attends; afterwards whoever attended before does again."""
    woken: list[str] = []
    assert calls.attend(partial(woken.append, "outer")) is None
    before = calls.attend(partial(woken.append, "inner"))
    calls.add(int)
    calls.attend(before)
    calls.add(int)
    calls.attend(None)
    calls.add(int)
    assert ["inner", "outer"] == woken


def test_calls_run_shielded_but_for_what_interrupts_them(calls: MainCalls) -> None:
    """An interrupt comes out of the call it hits, and of `run`."""
    seen: list[bool] = []

    def interrupted() -> None:
        seen.append(shield._depth == 0)
        signal.raise_signal(signal.SIGINT)

    calls.add(interrupted)
    with pytest.raises(KeyboardInterrupt):
        calls.run()
    assert [True] == seen
    assert 0 == shield._depth


def test_the_main_threads_asyncio_loop_runs_them(calls: MainCalls) -> None:
    """One that was noticed there runs what is added anywhere; what waited when it was noticed, too."""
    made: list[Any] = []

    async def main() -> None:
        calls.notice()
        await turns()
        made.append("first by itself")
        elsewhere(calls.add, partial(made.append, "second"))
        await turns()

    calls.add(partial(made.append, "first"))
    asyncio.run(main())
    assert ["first", "first by itself", "second"] == made


async def turns() -> None:
    """Let the loop run what was given to it."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_loop_that_is_closed_is_forgotten(calls: MainCalls) -> None:
    """What comes then waits for the next that runs calls, be it another loop."""
    made: list[int] = []

    async def main() -> None:
        calls.notice()
        await turns()

    asyncio.run(main())
    elsewhere(calls.add, partial(made.append, 1))
    assert calls.waiting()
    asyncio.run(main())
    assert [1] == made


def test_another_threads_loop_is_not_noticed(calls: MainCalls) -> None:
    """It is not the main thread's."""
    async def main() -> None:
        calls.notice()

    elsewhere(asyncio.run, main())
    calls.add(int)
    assert calls.waiting()


def test_what_was_left_when_a_wait_ended_is_given_to_the_loop(calls: MainCalls) -> None:
    """A call that came too late for the wait is run by the loop in which that was."""
    made: list[int] = []

    async def main() -> None:
        calls.notice()
        before = calls.attend(int)
        calls.add(partial(made.append, 1))
        calls.attend(before)
        assert [] == made
        await turns()

    asyncio.run(main())
    assert [1] == made


def test_a_forked_child_has_none_of_the_parents(calls: MainCalls) -> None:
    """Whoever added them is not there."""
    calls.add(int)
    calls.attend(int)
    calls.forget()
    assert (False, None) == (calls.waiting(), calls.attend(None))
