"""The ending of a load: its outcome, and who is told of it."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .. import registry
from ..core.machine import Event
from ..delegates import Method
from ..engine import work
from ..errors import URLError
from ..faults.armed import Shot
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
        callbacks = self._callbacks
        faults, metrics_told = callbacks.faults, callbacks.method("task_did_finish_collecting_metrics")
        if error is not None:               # a side effect of a script, a body's iterable, a protocol of the user's may have ended it
            registry.raised(callbacks.task, error.underlying_error)
        if faults is not None:
            faults.on_end(metrics_told, partial(self._tell_metrics, transfer), self._tell_raising)
            return
        if metrics_told is not None:
            self._tell_metrics(transfer, metrics_told)
        self._tell_end()

    def _tell_metrics(self, transfer: Transfer, method: Method) -> None:
        context, callbacks = self._context, self._callbacks
        task, collected = callbacks.task, metrics(transfer, context.engine.clock)
        if not self._post(partial(callbacks.tell, task, method.name, method.call, (context.session, task, collected))):
            self.message = None

    def _tell_raising(self, raises: Shot | None) -> None:
        """Post the terminal message, which `raises`."""
        faults = self._callbacks.faults
        if faults is not None and raises is not None and self.message is not None:
            name, call, arguments = self.message
            self.message = name, faults.raising(call, raises), arguments
        self._tell_end()

    def _tell_end(self) -> None:
        """Post the terminal message."""
        if self.message is None or not self._post(self._deliver):
            self.message = None
            self.end()

    def _post(self, call: Callable[[], Any]) -> bool:
        """Put `call` on the delegate queue. False where that is the user's, and raises: nobody can be told, and the task ends all the same."""
        try:
            self._context.queue.submit(call, self._context.engine)
        except BaseException:
            work.report(f"the delegate queue of {self._callbacks.task!r}", self._callbacks.task)
            return False
        return True

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
