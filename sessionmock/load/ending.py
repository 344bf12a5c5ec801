"""The ending of a load: its outcome, and who is told of it."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .. import registry
from ..core.machine import Event
from ..engine import work
from ..errors import URLError
from ..latch import Latch
from .callbacks import Callbacks, Rest
from .context import Context
from .inbox import Inbox
from .metrics import metrics
from .transfer import Transfer

Message = tuple[str, Callable[..., Any], tuple[Any, ...]]    # a terminal message: its name, what to call, with what


class Ending:
    """Fixes how one load ends: metrics, then the terminal message, once (I4, I14), and then nothing holds the load any more."""

    __slots__ = ("_callbacks", "_context", "_inbox", "_over", "error", "fixed", "latch", "message")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks) -> None:
        self._context, self._inbox, self._callbacks = context, inbox, callbacks
        # The terminal message until it is delivered, None where nobody takes one. It is held here alone, so that what the user gave
        # is let go of where it was called, and not by a frame on the engine's stack.
        self.message: Message | None = None
        self._over: Callable[[], None] | None = None   # what follows it
        self.fixed = False                             # whether there is an outcome
        self.error: URLError | None = None
        self.latch = Latch()                           # set after all that

    def conclude(self, error: URLError | None, transfer: Transfer, over: Callable[[], None]) -> None:
        """The outcome is fixed: the terminal message follows what was posted before it; then `over` is called."""
        self.error, self._over = error, over
        untold = self.message is None       # asked here: what is posted may be delivered, and gone, at once
        context, callbacks = self._context, self._callbacks
        if error is not None:               # a side effect of a script, a body's iterable, a protocol of the user's may have ended it
            registry.raised(callbacks.task, error.underlying_error)
        try:
            if (method := callbacks.method("task_did_finish_collecting_metrics")) is not None:
                task, collected = callbacks.task, metrics(transfer, context.engine.clock)
                told = partial(callbacks.tell, task, method.name, method.call, (context.session, task, collected))
                context.queue.submit(told, context.engine)
            if self.message is not None:
                context.queue.submit(self._deliver, context.engine)
        except BaseException:       # of a queue of the user's: nobody can be told, and the task ends all the same
            work.report(f"the delegate queue of {callbacks.task!r}", callbacks.task)
            self.message, untold = None, True
        if untold:
            self.end()

    def _deliver(self) -> Rest:
        """On the delegate queue: the terminal message, once. Nothing holds it or the task's delegate after that."""
        message, self.message = self.message, None
        if message is None:         # its queue has raised, and kept it nevertheless
            return None
        name, call, arguments = message
        self._callbacks.set_methods(None)
        self._inbox.machine.meet(Event.DELIVERED)
        return self._callbacks.tell(self._callbacks.task, name, call, arguments, self.end)

    def end(self) -> None:
        """Nothing is left to be told. Where nobody took a terminal message, this is when it counts as delivered; else that was met
        before the message, so that whoever is told of the end finds the task completed."""
        self._inbox.machine.meet(Event.DELIVERED)
        over, self._over = self._over, None
        if over is not None:
            over()
        self._inbox.leave()
        self.latch.set()
