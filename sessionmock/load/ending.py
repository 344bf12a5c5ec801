"""The outcome of a load, and who is told of it."""
from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import trace
from ..core.machine import Event, Phase
from ..engine import work
from ..errors import Code, URLError, url_error
from ..latch import Latch
from ..models.message import BodyStream
from ..models.metrics import URLSessionTaskMetrics
from ..models.request import URLRequest
from .dispatch import Method
from .metrics import metrics
from .responses import Answers

if TYPE_CHECKING:
    from .context import Context

Message = tuple[str, Callable[..., Any], tuple[Any, ...]]    # a terminal message: its name, what to call, with what


class Outcome(Answers):
    """Fixes how a load ends: metrics, then the terminal message, once (I4, I14), and then nothing holds it any more."""

    __slots__ = ("_created", "_message_left", "error", "latch")

    def __init__(self, context: Context, task: Any, request: URLRequest, *, body: bytes | BodyStream | None, eager: bool) -> None:
        super().__init__(context, task, request, body=body, eager=eager)
        self.error: URLError | None = None
        self.latch = Latch()                  # set after the terminal message
        self._message_left: Message | None = None    # the terminal one, until it is delivered
        self._created = context.engine.clock.now()

    def _last_message(self, error: URLError | None) -> Message | None:
        """The terminal message, None where nobody takes one; of the class built on this one."""
        raise NotImplementedError

    def _conclude(self, error: URLError | None) -> None:
        """The outcome is fixed: the terminal message follows what was posted before it."""
        self.error = error
        self._busy = self._flow = self._ask = None
        self._postponed = False
        if error is not None and self._visit is not None:
            self._visit.give_up()
        self._incoming.clear()
        if not self.hops and self._body is not None and not isinstance(self._body, bytes):
            self._body.close()              # a route closes what it was given
        self._message_left = self._last_message(error)
        if (method := self.method("task_did_finish_collecting_metrics")) is not None:
            collected = metrics(self.hops, self._created, self._redirects, self.context.engine.clock)
            self.context.queue.submit(partial(self._tell_metrics, self.task, method, collected), self.context.engine)
        if self._message_left is None:
            self._ended()
        else:
            self.context.queue.submit(self._deliver, self.context.engine)

    def _tell_metrics(self, task: Any, method: Method, collected: URLSessionTaskMetrics) -> Any:
        """On the delegate queue, before the terminal message; where there is none the load may have ended."""
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(method.name, task, (collected,)))
        try:
            value = method.call(self.context.session, task, collected)
        except BaseException:
            work.report(f"the delegate's {method.name} of {task!r}")
            return None
        return self._finish_telling(task, method.name, value) if inspect.iscoroutine(value) else None

    def _deliver(self) -> Any:
        """On the delegate queue: the terminal message, once. Nothing else holds it or the task's delegate after that, so that
        they are not let go of on the engine's stack, where a finalizer of the user's would run."""
        message, self._message_left = self._message_left, None
        assert message is not None
        name, call, arguments = message
        self._methods = None
        self.phase = Phase.COMPLETED
        if trace.current is not None:
            trace.current.callbacks.append(trace.Callback(name, self.task, arguments))
        try:
            value = call(*arguments)
        except BaseException:
            work.report(f"the {name} of {self.task!r}")
        else:
            if inspect.iscoroutine(value):
                return self._deliver_rest(name, value)
        self._ended()
        return None

    async def _deliver_rest(self, name: str, coroutine: Any) -> None:
        await self._finish_telling(self.task, name, coroutine)
        self._ended()

    async def _finish_telling(self, task: Any, name: str, coroutine: Any) -> None:
        try:
            await coroutine
        except BaseException:
            work.report(f"the {name} of {task!r}")

    def _ended(self) -> None:
        self.phase = Phase.COMPLETED
        self.context.ended(self)
        for hop in self.hops:
            hop.exchange = None
        self.task = self._visit = None      # no cycle is left: a task is freed by its last reference, not by the collector
        self.latch.set()

    def orphan(self) -> None:
        """In a forked child: the connection is the parent's, this copy ends with -1005."""
        self._door = threading.Lock()
        self._timer = None
        self._enlisted = False
        if self.phase < Phase.COMPLETING and self.phase > Phase.CREATED:
            self._flow = None
            self.consumer.orphan()
            self._control.append(partial(self._meet, Event.FAILED, url_error(Code.NETWORK_CONNECTION_LOST, self.request.url)))
            self.context.engine.post_eager(self.pump)
        elif not self.latch.done and self.phase >= Phase.COMPLETING:
            self._ended()                 # its message is the parent's to deliver
