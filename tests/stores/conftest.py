from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionmock.engine.current import virtual_time

from .hand import Hand


@pytest.fixture
def clock() -> Iterator[Hand]:
    """The date in force in a test that asks for it."""
    clock = Hand()
    with virtual_time(clock):
        yield clock
