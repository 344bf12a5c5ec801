"""The asyncio loop that the engine drives, and what is given to somebody else's."""
from __future__ import annotations

import asyncio
import os
import select
import selectors
from collections.abc import Coroutine
from typing import Any

from . import work

_graveyard: list[EngineLoop] = []    # a forked child's copies of its parent's loops: never closed, never finalized


class EngineLoop(asyncio.SelectorEventLoop):
    """Reports what its callbacks raise to `threading.excepthook`: a logger may not run on the engine's stack."""

    def __init__(self) -> None:
        self._own_selector = selectors.DefaultSelector()
        super().__init__(self._own_selector)
        self.set_exception_handler(_report)

    def abandon(self) -> None:
        """In a forked child: set the parent's loop aside untouched, for its descriptors are shared with the parent."""
        _graveyard.append(self)
        if hasattr(select, "epoll"):
            with select.epoll() as own:     # what becomes of this loop here must not unregister the parent's descriptors
                os.dup2(own.fileno(), self._own_selector.fileno(), inheritable=False)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    try:
        raise context.get("exception") or RuntimeError(context["message"])
    except BaseException:
        work.report(f"the engine: {context['message']}")


class SystemOuting:
    """An operation on somebody's asyncio loop: real time goes on meanwhile, so there is nothing to keep."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self._loop.create_task(coroutine)

    def back(self) -> None: ...
