"""Which engine is in force where."""
from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from sessionmock.clock import SECOND
from sessionmock.engine.current import current_date, current_engine, virtual_time
from sessionmock.engine.loop import engine
from sessionmock.engine.virtual_clock import VirtualClock


def test_the_processs_engine_is_in_force_outside_of_virtual_time() -> None:
    """Blocks nest, and each gives back the engine of the one around it, whatever is raised in it."""
    assert engine is current_engine()
    with virtual_time():
        outer = current_engine()
        try:
            with virtual_time():
                assert current_engine() not in (engine, outer)
                raise KeyError
        except KeyError:
            assert outer is current_engine()
    assert engine is current_engine()


def test_another_thread_is_outside() -> None:
    """A block is of the thread, and the context, that opened it."""
    seen: list[Any] = []
    with virtual_time():
        thread = threading.Thread(target=lambda: seen.append(current_engine()))
        thread.start()
        thread.join()
    assert [engine] == seen


def test_the_date_in_force_is_its_clocks() -> None:
    """The wall clock's, or in a block that of the clock that was given to it."""
    clock = VirtualClock(datetime(2030, 1, 1, tzinfo=UTC))
    with virtual_time(clock) as given:
        assert clock is given
        current_engine().let_pass(90 * SECOND)
        assert datetime(2030, 1, 1, 0, 1, 30, tzinfo=UTC) == current_date()
    assert abs(current_date() - datetime.now(UTC)) < timedelta(minutes=1)
