"""Threads and locks at the interpreter's end."""
from __future__ import annotations

import sys
import threading

import pytest

from sessionmock.engine.finalizing import Lock, begin

PATIENCE = 20.0


def test_a_thread_begins() -> None:
    """Where nothing is in its way."""
    begun = threading.Event()
    thread = threading.Thread(target=begun.set)
    assert begin(thread)
    assert begun.wait(PATIENCE)
    thread.join()


def test_a_thread_that_the_system_refuses_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no more threads to give, or the interpreter ends."""
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not begin(threading.Thread())


def test_no_thread_begins_while_the_interpreter_finalizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 would wait for ever for its first sign of life."""
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    thread = threading.Thread(target=int)
    assert not begin(thread)
    assert thread.ident is None


def test_the_lock_is_held_by_one_thread_and_by_that_twice() -> None:
    """As any other re-entrant lock."""
    lock, entered = Lock(), threading.Event()

    def enter() -> None:
        with lock:
            entered.set()

    thread = threading.Thread(target=enter)
    with lock:
        with lock:
            thread.start()
        assert not entered.wait(0.02)
    assert entered.wait(PATIENCE)
    thread.join()


def test_a_lock_keeps_nobody_out_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds it is gone; it is entered past that one."""
    lock, held, over = Lock(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(PATIENCE)
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    with lock, lock:
        pass
    over.set()
    thread.join()
