"""What becomes of a signal that comes at a bad moment. The main thread runs these tests."""
from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sessionmock.engine import interrupts
from sessionmock.engine.interrupts import Shield

PATIENCE = 20.0


class Program:
    """A program's own handler: it notes that it was called, and may raise."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, Any]] = []
        self.error: BaseException | None = None

    def __call__(self, number: int, frame: Any) -> None:
        self.calls.append((number, frame))
        if self.error is not None:
            raise self.error


@pytest.fixture
def program() -> Iterator[Program]:
    """The handler that is there in this test; the one before is put back."""
    before = signal.getsignal(signal.SIGINT)
    made = Program()
    signal.signal(signal.SIGINT, made)
    yield made
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shield(program: Program) -> Shield:
    """A shield of its own, in place."""
    made = Shield()
    made.install()
    return made


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def test_outside_the_programs_handler_is_called_at_once(shield: Shield, program: Program) -> None:
    """As if nothing were there; what it raises comes out."""
    interrupt()
    assert 1 == len(program.calls)
    program.error = KeyError()
    with pytest.raises(KeyError):
        interrupt()
    assert shield.pending is None


def test_inside_a_signal_waits_until_the_block_is_left(shield: Shield, program: Program) -> None:
    """The outermost one, once, with the arguments that it came with; what its handler raises comes out there."""
    program.error = KeyError()
    reached = False
    with pytest.raises(KeyError), shield:
        with shield:
            interrupt()
            interrupt()
        assert [] == program.calls
        reached = True
    assert reached
    assert [signal.SIGINT] == [number for number, _ in program.calls]
    assert program.calls[0][1].f_code is interrupt.__code__


def test_who_waits_inside_is_told_of_it(shield: Shield, program: Program) -> None:
    """The alarm rings, and whoever looks up answers the signal by `pass_on`."""
    rung: list[int] = []
    with shield:
        shield.alarm = lambda: rung.append(1)
        interrupt()
        assert ([1], []) == (rung, program.calls)
        shield.pass_on()
        assert 1 == len(program.calls)
    shield.pass_on()
    assert 1 == len(program.calls)


def test_users_code_inside_is_interrupted(shield: Shield, program: Program) -> None:
    """Where it is lifted the handler is called at once; what that raises is raised again by the wait around it."""
    program.error = error = KeyError("interrupted")
    caught: list[BaseException] = []
    with pytest.raises(KeyError) as raised, shield:
        with shield.lifted():
            try:
                interrupt()
            except KeyError as seen:
                caught.append(seen)
            with shield:        # the library is called in turn
                pass
        assert shield.pending is not None
    assert [error, error] == [*caught, raised.value]
    assert 1 == len(program.calls)


def test_lifting_where_there_is_nothing_to_lift_changes_nothing(shield: Shield, program: Program) -> None:
    """What a handler raises there is raised once."""
    program.error = KeyError()
    with shield.lifted(), pytest.raises(KeyError):
        interrupt()
    assert shield.pending is None


def test_other_threads_hold_up_nothing(shield: Shield, program: Program) -> None:
    """Python interrupts the main thread alone: a block on another thread is none."""
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with shield:
            inside.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(PATIENCE)
    interrupt()
    leave.set()
    thread.join(PATIENCE)
    assert 1 == len(program.calls)


# the handler ------------------------------------------------------------------------------------------------------------

def test_a_handler_that_a_program_sets_later_is_shielded_too(shield: Shield) -> None:
    """Each wait looks which one is there; it may call the one that it found, which is ours."""
    ours = signal.getsignal(signal.SIGINT)
    later: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: (later.append(number), ours(number, frame)))
    shield.install()
    shield.install()
    with shield:
        interrupt()
        assert [] == later
    assert [signal.SIGINT] == later


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL], ids=["ignored", "default"])
def test_what_is_no_python_handler_is_left_alone(program: Program, handler: Any) -> None:
    """There is nothing to call in its place."""
    signal.signal(signal.SIGINT, handler)
    Shield().install()
    assert handler is signal.getsignal(signal.SIGINT)


def elsewhere(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(PATIENCE)


def test_the_programs_handler_comes_back_when_the_library_rests(shield: Shield, program: Program) -> None:
    """At once on the main thread."""
    assert program is not signal.getsignal(signal.SIGINT)
    shield.rest()
    assert program is signal.getsignal(signal.SIGINT)
    shield.rest()


@pytest.mark.parametrize("where", ["inside", "another thread"])
def test_it_comes_back_when_the_main_thread_is_outside(shield: Shield, program: Program, where: str) -> None:
    """Said inside, or on another thread, it waits until a block is left on the main thread."""
    with shield:
        if where == "inside":
            shield.rest()
        else:
            elsewhere(shield.rest)
        assert program is not signal.getsignal(signal.SIGINT)
    assert program is signal.getsignal(signal.SIGINT)


def test_a_wait_that_comes_first_keeps_it_in_place(shield: Shield, program: Program) -> None:
    """Whoever waits again needs it still."""
    elsewhere(shield.rest)
    shield.install()
    with shield:
        pass
    assert program is not signal.getsignal(signal.SIGINT)


def test_in_a_forked_child_the_thread_that_forked_is_the_main_one(shield: Shield, program: Program) -> None:
    """Nothing of the parent's blocks, and of what came there, is left."""
    shield.__enter__()
    interrupt()
    shield.forget()
    interrupt()
    assert ([1], None) == ([len(program.calls)], shield.pending)


def test_handlers_of_other_signals_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python handler of one of them may raise on this thread; what is ignored or left to the system does not."""
    handlers: dict[int, Any] = {}
    monkeypatch.setattr(interrupts, "handler_of", lambda number: handlers.get(number, signal.SIG_DFL))
    assert not interrupts.foreign_handlers()
    handlers[signal.SIGTERM] = signal.SIG_IGN
    assert not interrupts.foreign_handlers()
    handlers[signal.SIGTERM] = interrupts.Harmless(lambda number, frame: None)
    assert not interrupts.foreign_handlers()
    handlers[signal.SIGALRM] = lambda number, frame: None
    assert interrupts.foreign_handlers()
