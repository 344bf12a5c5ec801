"""Revalidations: the server is asked behind a stale response that was given at once (RFC 5861, section 3)."""
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .core.caching import cache_key
from .load.behind import CallbacksBehind, ToCache
from .load.callbacks import Callbacks
from .load.load import Load
from .models.enums import CachePolicy
from .models.request import URLRequest
from .routes.base import Route
from .tasks import URLSessionDataTask, URLSessionTask

if TYPE_CHECKING:
    from .session import URLSession


class Revalidations:
    """Those of one session, one for a URL at a time.

    Each is a task with the identifier 0, which stands in no list of tasks and leaks nowhere: the session holds it until it ends, and
    cancels it when the session has nothing else to do and is to become invalid.
    """

    def __init__(self, session: URLSession) -> None:
        self._session = session
        self.tasks: dict[str, URLSessionTask] = {}     # by the URL as the cache has it; the session's lock guards it

    def begin(self, asking: Callbacks, request: URLRequest, route: Route | None) -> None:
        """Ask again for what the task of `asking` was given for its `request`, unless that is done already or the session is to end."""
        session, key = self._session, cache_key(request.url or "")
        if key in self.tasks:
            return
        whole = request.copy()
        whole.cache_policy = CachePolicy.RELOAD_REVALIDATING_CACHE_DATA
        for name in ("Range", "If-Range"):
            whole.set_value(None, name)
        given: URLSessionTask = asking.task
        task = URLSessionDataTask(session, 0, given._site, given._scope)
        transfer = given._life.transfer
        task._life = life = Load(session._context, task, whole, ToCache(partial(self._over, key)), route=route,
                                 make_callbacks=CallbacksBehind, original=transfer.original_request, behind=asking)
        life.callbacks.history = asking.history
        life.transfer.redirects = transfer.redirects     # a request that came by a redirect gets no secret of the configuration anew
        if given._delegate is not None:
            task.delegate = given._delegate
        with session._lock:
            if session._invalid.asked or key in self.tasks:
                return
            self.tasks[key] = task
        session._context.engine.post_eager(task.resume)

    def _over(self, key: str) -> None:
        with self._session._lock:
            del self.tasks[key]

    def cancel(self) -> None:
        """End all of them."""
        for task in list(self.tasks.values()):
            task.cancel()

    def orphan(self) -> None:
        """In a forked child: their connections are the parent's."""
        for task in list(self.tasks.values()):
            task._life.orphan()
