"""The engine's asyncio loop, and operations on somebody else's."""
from __future__ import annotations

import asyncio
import selectors
import socket
import threading
from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.engine import event_loop
from sessionmock.engine.event_loop import TICK, EngineLoop, SystemOuting

PATIENCE = 20.0


@pytest.mark.sessionmock(invariants="off")      # it raises where nothing should
def test_what_a_callback_raises_goes_to_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a note of where it was raised; what has only a message becomes a RuntimeError. No logger is called."""
    reports: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reports.append)
    loop = EngineLoop()
    loop.call_soon(int, "no number")
    loop.call_soon(loop.call_exception_handler, {"message": "something odd"})
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [ValueError, RuntimeError] == [report.exc_type for report in reports]
    assert "something odd" == str(reports[1].exc_value)
    assert all(report.exc_value.__notes__[0].startswith("raised in the engine: ") for report in reports)


def test_an_operation_is_a_task_on_its_loop() -> None:
    """It runs there, and nothing has to be told when it is back."""
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        outing = SystemOuting(loop)

        async def operation() -> bool:
            return asyncio.get_running_loop() is loop

        ran = await outing.run(operation())
        outing.back()
        return ran

    assert asyncio.run(main())


def refused(*_: Any) -> Any:
    raise OSError(24, "Too many open files")


@pytest.mark.parametrize("missing", ["selector", "sockets", "both"])
def test_a_loop_needs_no_descriptor(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Where the process has none left it polls, and hears of other threads at its next look."""
    called = threading.Event()
    with monkeypatch.context() as patch:
        if missing != "sockets":
            patch.setattr(selectors, "DefaultSelector", refused)
        if missing != "selector":
            patch.setattr(socket, "socketpair", refused)
        loop = EngineLoop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        loop.call_soon_threadsafe(called.set)
        assert called.wait(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    loop.close()


def test_a_loop_can_be_woken_as_soon_as_there_are_descriptors_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tries with each look."""
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socketpair", refused)
        loop = EngineLoop()
    assert loop._csock is None
    loop.run_until_complete(asyncio.sleep(3 * TICK / SECOND))
    assert loop._csock is not None
    loop.close()


def test_a_loop_that_polls_can_be_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child shares nothing of it."""
    monkeypatch.setattr(event_loop, "_graveyard", [])
    with monkeypatch.context() as patch:
        patch.setattr(selectors, "DefaultSelector", refused)
        loop = EngineLoop()
    loop.abandon()
    assert [loop] == event_loop._graveyard
    loop.close()


def test_a_loop_whose_thread_is_gone_can_be_taken_over() -> None:
    """At the interpreter's end it is still called running."""
    loop, seen = EngineLoop(), list[int]()
    loop._thread_id = 1
    loop.take_over()
    loop.call_soon(seen.append, 1)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [1] == seen
