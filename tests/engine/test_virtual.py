"""The engine under a virtual clock, without sessions."""
from __future__ import annotations

import asyncio
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from sessionmock.clock import SECOND, SystemClock
from sessionmock.engine import resting, virtual
from sessionmock.engine.virtual import Unfinished, VirtualEngine
from sessionmock.latch import Latch


@pytest.fixture
def engine() -> VirtualEngine:
    return VirtualEngine()


def after(engine: VirtualEngine, seconds: float, call: Any, *arguments: Any) -> None:
    """Have `call` made so many seconds from now."""
    engine.clock.call_at(engine.clock.now() + int(seconds * SECOND), call, *arguments)


# threads that wait ------------------------------------------------------------------------------------------------------

def test_who_waits_makes_the_calls_in_order_of_time(engine: VirtualEngine) -> None:
    """Posted calls are due now, in the order of posting, whichever way they were posted; then timers, up to the one that ends it."""
    made, latch = list[Any](), Latch()
    after(engine, 2, latch.set)
    after(engine, 2, made.append, "never")
    after(engine, 1, made.append, "timer")
    for number, way in enumerate((engine.post, engine.post_eager, engine.work)):
        way(made.append, number)
    assert engine.wait(latch)
    assert ([0, 1, 2, "timer"], 2 * SECOND) == (made, engine.clock.now())


def test_a_wait_ends_when_its_time_has_come(engine: VirtualEngine) -> None:
    """False, at that time, with what was due made; what happened in the last call counts."""
    latch, made = Latch(), list[int]()
    after(engine, 3, made.append, 1)
    after(engine, 7, latch.set)
    assert not engine.wait(latch, 5 * SECOND)
    assert ([1], 5 * SECOND) == (made, engine.clock.now())
    assert engine.wait(latch, 7 * SECOND)


def test_waiting_for_what_cannot_happen_is_a_deadlock(engine: VirtualEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what has not ended, as those say who know; each is asked about this engine."""
    asked: list[Any] = []
    monkeypatch.setattr(virtual, "describers", [])
    with pytest.raises(RuntimeError, match=r"(?s)nothing is left to run, .*tasks that have not ended: none"):
        engine.wait(Latch())
    virtual.describers += [lambda engine: asked.append(engine) or [Unfinished("first", False), Unfinished("second", False)],
                           lambda engine: [Unfinished("third", False)]]
    with pytest.raises(RuntimeError, match="tasks that have not ended:\n  first\n  second\n  third"):
        engine.wait(Latch())
    assert [engine] == asked


def test_nobody_is_on_the_engine_and_nobody_is_counted(engine: VirtualEngine) -> None:
    """It has no stack of its own; who needs it is driven by whoever waits."""
    seen, latch = list[bool](), Latch()
    engine.attach()
    engine.enlist(True)
    engine.hasten()
    engine.post(lambda: seen.append(engine.on_engine()))
    engine.post(latch.set)
    assert engine.wait(latch)
    engine.delist(True)
    engine.detach()
    engine.rest()
    assert [False, False] == [*seen, engine.on_engine()]


def test_a_condition_is_looked_at_between_calls(engine: VirtualEngine) -> None:
    """True at the time at which it came true; False when its own time ran out."""
    made: list[int] = []
    for number in range(5):
        after(engine, number, made.append, number)
    assert engine.watch(lambda: len(made) == 3)
    assert 2 * SECOND == engine.clock.now()
    assert not engine.watch(lambda: len(made) == 9, 30 * SECOND)
    assert ([0, 1, 2, 3, 4], 30 * SECOND) == (made, engine.clock.now())


def test_time_can_be_let_pass(engine: VirtualEngine) -> None:
    """What is due meanwhile is made, also what that sets; nothing to do is no deadlock."""
    made: list[int] = []
    after(engine, 1, after, engine, 1, made.append, 2)
    after(engine, 11, made.append, 11)
    engine.let_pass(10 * SECOND)
    assert ([2], 10 * SECOND) == (made, engine.clock.now())
    engine.let_pass(10 * SECOND)
    engine.let_pass(10 * SECOND)
    assert ([2, 11], 30 * SECOND) == (made, engine.clock.now())


def test_calls_for_the_main_thread_are_made_in_their_turn(engine: VirtualEngine) -> None:
    """By whoever waits; `run` makes what is due, and lets no time pass."""
    made: list[str] = []
    engine.main.add(partial(made.append, "first"))
    engine.post(made.append, "second")
    after(engine, 1, made.append, "never")
    engine.main.run()
    assert (["first", "second"], 0) == (made, engine.clock.now())


# operations of queues -----------------------------------------------------------------------------------------------------

def test_operations_come_one_in_each_turn(engine: VirtualEngine) -> None:
    """Two that are repeated take turns, each until it says that it was the last time."""
    made: list[Any] = []

    def step(name: str, last: int) -> bool:
        made.append(name)
        return made.count(name) < last

    engine.work(engine.repeat, step, "a", 3)
    engine.work(engine.repeat, step, "b", 2)
    engine.let_pass(0)
    assert ["a", "b", "a", "b", "a"] == made


def test_time_stands_still_while_an_operation_is_out(engine: VirtualEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that waits looks again after a pause in real time, until the operation is back."""
    latch, looks = Latch(), list[int]()
    after(engine, 5, latch.set)
    outing = engine.send_out(cast("Any", SimpleNamespace(is_running=lambda: True)))

    class Pausing(SystemClock):
        def park(self, lock: threading.Lock, until: int | None) -> bool:
            looks.append(engine.clock.now())
            if len(looks) == 3:
                outing.back()
            return False

    monkeypatch.setattr(resting, "SystemClock", Pausing)
    monkeypatch.setattr(engine._others, "are_busy", lambda waiting: False)
    assert engine.wait(latch)
    assert ([0, 0, 0], 5 * SECOND) == (looks, engine.clock.now())


def test_an_operation_on_a_loop_that_does_not_run_is_a_deadlock(engine: VirtualEngine) -> None:
    """Time would stand still for ever; once it is back, it goes on."""
    loop, latch = asyncio.new_event_loop(), Latch()
    after(engine, 1, latch.set)
    outing = engine.send_out(loop)
    with pytest.raises(RuntimeError, match=r"an operation waits for .* to run, which waits for it or does not run at all"):
        engine.wait(latch)
    outing.back()
    assert engine.wait(latch)
    loop.close()


def test_an_operation_that_awaits_what_time_brings_lets_it_pass(engine: VirtualEngine) -> None:
    """The coroutine of an operation, and what that starts, may wait on the same engine."""
    latch, seen = Latch(), list[int]()
    after(engine, 9, latch.set)

    async def part() -> None:
        await engine.ended(latch)
        seen.append(engine.clock.now())

    async def operation() -> None:
        await asyncio.gather(part(), part())

    async def main() -> None:
        outing = engine.send_out(asyncio.get_running_loop())
        await outing.run(operation())
        outing.back()

    asyncio.run(main())
    assert [9 * SECOND] * 2 == seen


# coroutines that wait -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_coroutines_go_on_before_time_does(engine: VirtualEngine, library: str) -> None:
    """Of those that wait side by side each goes on at its time, and what the first does then comes before the second's time."""
    latches, seen = [Latch(), Latch()], list[Any]()
    after(engine, 10, latches[0].set)
    after(engine, 1, latches[1].set)

    async def one(number: int) -> None:
        await engine.ended(latches[number])
        seen.append((number, engine.clock.now() // SECOND))
        if number:
            further = Latch()
            after(engine, 2, further.set)
            await engine.ended(further)
            seen.append(("further", engine.clock.now() // SECOND))

    async def on_asyncio() -> None:
        await asyncio.gather(one(0), one(1))

    async def on_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one, 0)
            nursery.start_soon(one, 1)

    if library == "asyncio":
        asyncio.run(on_asyncio())
    else:
        trio.run(on_trio)
    assert [(1, 1), ("further", 3), (0, 10)] == seen


def test_a_coroutine_that_waits_for_what_cannot_happen_is_told(engine: VirtualEngine) -> None:
    """The deadlock is raised where it waits; nobody is counted as waiting afterwards."""
    with pytest.raises(RuntimeError, match="deadlock under the virtual clock"):
        asyncio.run(engine.ended(Latch()))
    assert 0 == engine._awaiting


def test_what_has_happened_is_not_waited_for(engine: VirtualEngine) -> None:
    """No call is made and no time passes."""
    latch, made = Latch(), list[int]()
    latch.set()
    engine.post(made.append, 1)
    assert engine.wait(latch)
    asyncio.run(engine.ended(latch))
    assert [] == made
