"""Threads that come to rest, and those that do not."""
from __future__ import annotations

import threading

import pytest

from sessionmock.engine import resting
from sessionmock.engine.resting import LOOKS, Others


def test_a_thread_that_never_rests_is_asked_about_no_more_however_many_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that look at once count past the limit: nobody waits for ever for that."""
    monkeypatch.setattr(resting, "is_computing", lambda span: True)
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(100))

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        others = Others()
        others._looks = LOOKS          # as two leave it that count at the same time
        waiting = {each for each in threading.enumerate() if each not in threads}
        looks = [others.are_busy(waiting) for _ in range(3 * LOOKS)]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert looks[0]
    assert not looks[-1]
