"""When a load may begin: not before its earliest date, and with a network that it may use."""
from __future__ import annotations

from datetime import datetime

from ..clock import nanoseconds
from ..core.machine import Event, Phase
from ..models.enums import DelayedRequestDisposition
from ..models.request import URLRequest
from ..path_monitor import obstacle
from ..user_code import user_code
from .body import Body
from .callbacks import Callbacks
from .context import Context
from .inbox import Inbox
from .timeouts import Timeouts
from .transfer import Transfer


class Beginning:
    """Holds one load back."""

    __slots__ = ("_body", "_callbacks", "_context", "_inbox", "_timeouts", "_told_waiting", "_transfer", "date")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks, transfer: Transfer, body: Body, timeouts: Timeouts) -> None:
        self._context, self._inbox, self._callbacks = context, inbox, callbacks
        self._transfer, self._body, self._timeouts = transfer, body, timeouts
        self.date: datetime | None = None      # before which nothing is sent
        self._told_waiting = False

    def is_early(self, now: int) -> bool:
        """Whether the date is to come; looked at once, because the wall clock may be set back."""
        timeouts = self._timeouts
        if self.date is None or timeouts.begins_at:
            return False
        timeouts.begins_at = now + nanoseconds((self.date - self._context.engine.clock.date()).total_seconds())
        return timeouts.begins_at > now

    def ask(self) -> None:
        """The date has come: the delegate is asked how to go on."""
        if not self._callbacks.call("task_will_begin_delayed_request", self._transfer.request, answered=self._answered):
            self._inbox.meet(Event.BEGIN)

    def _answered(self, disposition: DelayedRequestDisposition, request: URLRequest | None = None) -> None:
        if disposition is DelayedRequestDisposition.CANCEL:
            self._inbox.call_off()
            return
        if disposition is DelayedRequestDisposition.USE_NEW_REQUEST and request is not None:
            self._transfer.request = request.copy()
            self._body.take(request)
        self._inbox.meet(Event.BEGIN)

    def wait_for_path(self) -> None:
        """There is no network to use: look again whenever there is another one."""
        monitor = self._context.watched_paths
        with user_code(f"{type(monitor).__name__}.observe"):
            monitor.observe(self._path_changed)
        if not self._told_waiting:
            self._told_waiting = True
            self._callbacks.call("task_is_waiting_for_connectivity")

    def _path_changed(self) -> None:
        self._inbox.instruct(self._look_for_path)

    def _look_for_path(self) -> None:
        if self._inbox.machine.phase is not Phase.WAITING:
            return
        path = self._context.path()
        if path is None or obstacle(path, self._transfer.request, self._context.configuration) is None:
            self._ignore_path()
            self._inbox.meet(Event.REACHABLE)

    def _ignore_path(self) -> None:
        monitor = self._context.watched_paths
        with user_code(f"{type(monitor).__name__}.ignore"):
            monitor.ignore(self._path_changed)

    def settle(self) -> None:
        """The outcome is fixed."""
        if self._told_waiting:
            self._ignore_path()
