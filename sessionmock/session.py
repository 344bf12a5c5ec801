"""URLSession: makes tasks, calls its delegate, and lives until it is invalidated (docs/rules.md, Names).

Long because it is Apple's class, whose every member says here what it does.
"""
from __future__ import annotations

import itertools
import os
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, overload

from . import async_bytes, registry, shown
from .clock import SECOND
from .engine import work
from .engine.current import current_engine, lasting, own_engine
from .engine.interrupts import shield
from .engine.loop import engine as system_engine
from .engine.protocol import Engine
from .engine.queues import OperationQueue
from .errors import GenericException, InvalidArgumentException, URLError
from .history import Became, History, Made
from .latch import Latch
from .load.callbacks import Rest, Telling, note, note_return
from .load.consumer import Consumer
from .load.consumers import ToLoading, ToReader
from .load.context import Context
from .load.download import ToFile
from .load.life import Life
from .load.load import Load
from .loading import Done, Loading, ended_or, whoever
from .models import enums
from .models.callables import taking
from .models.configuration import URLSessionConfiguration
from .models.request import URLRequest
from .models.response import HTTPURLResponse
from .models.settings import TEXT, Setting, Settings, optional, reject
from .path_monitor import PathMonitor
from .registry import Site
from .remarks import remark
from .revalidations import Revalidations
from .routes.current import current_route
from .task_arguments import Bytes, DataHandler, FileHandler, FilePath, Sent, downloaded, handed, own_body, sending
from .tasks import URLSessionDataTask, URLSessionDownloadTask, URLSessionTask, URLSessionUploadTask
from .trace import history_of

_NOT_GIVEN: Any = None      # a session without a configuration is misuse like any other, and says so (I29)
DRAIN = SECOND // 2     # how long leaving `with` by an exception waits for the session to become invalid

Data = bytes        # below `URLSession.bytes` the word means that method
Uploaded: TypeAlias = Loading[tuple[Data, HTTPURLResponse], URLSessionUploadTask]
Downloaded: TypeAlias = Loading[tuple[Path, HTTPURLResponse], URLSessionDownloadTask]
TasksByKind = tuple[list[URLSessionDataTask], list[URLSessionUploadTask], list[URLSessionDownloadTask]]
Task = TypeVar("Task", bound=URLSessionTask)
T = TypeVar("T")

_numbers = itertools.count(1)
_shared_lock = threading.RLock()


class _SharedSession(type):
    """Gives URLSession its class property."""

    _shared: URLSession | None = None

    @property
    def shared(cls) -> URLSession:
        """The session of the process: default configuration, no delegate; it cannot be invalidated."""
        with _shared_lock:
            if _SharedSession._shared is None:
                _SharedSession._shared = session = URLSession(URLSessionConfiguration.default())
                session._is_shared = True
                registry.sessions.pop(session._number, None)     # exempt from the rule of retention (I9)
                if session._scope is not None:
                    session._scope.let_go(session)
            return _SharedSession._shared


class End(Latch):
    """The end of a session: it is asked for, then announced, and then it has come."""

    __slots__ = ("announced", "asked")

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.announced = False


class URLSession(Settings, metaclass=_SharedSession):
    """Loads requests as tasks.

    `configuration` is copied (I7). `delegate` is any object with some of the methods of `URLSessionDelegate` and its kinds, whether
    it inherits from them or not; what can be none raises InvalidArgumentException (docs/rules.md, Delegates).
    `delegate_queue` is where every callback runs: a private serial queue when None (I6). `path_monitor` tells which network
    there is, for access constraints and `waits_for_connectivity`; None: the machine's, without limits.

    The process holds the session, its delegate and its queue until it is invalidated (I9), so end it: by
    `finish_tasks_and_invalidate()`, `invalidate_and_cancel()`, or `with`. Leaving `with` cancels tasks never resumed
    with a ResourceWarning, finishes the others and waits until the session is invalid; an exception cancels them all.

    Wide because it is Apple's class, which owns its tasks and its own end.
    """

    ResponseDisposition: TypeAlias = enums.ResponseDisposition
    AuthChallengeDisposition: TypeAlias = enums.AuthChallengeDisposition
    DelayedRequestDisposition: TypeAlias = enums.DelayedRequestDisposition
    AsyncBytes: TypeAlias = async_bytes.AsyncBytes

    session_description = Setting(None, optional(TEXT), "Free for the caller's use; shown by `repr` and in leak reports.")

    _number: int
    _site: Site
    _scope: registry.Scope | None
    _history: History | None
    _lock: threading.RLock
    _tasks: dict[int, URLSessionTask]
    _revalidations: Revalidations
    _identifiers: Iterator[int]
    _invalid: End
    _queue: OperationQueue
    _context: Context
    _own_engine: Engine
    _is_shared = _warned = _owes = False      # `_owes`: a call on the delegate queue that is of no task

    def __init__(self, configuration: URLSessionConfiguration = _NOT_GIVEN, delegate: object | None = None,
                 delegate_queue: OperationQueue | None = None, *, path_monitor: PathMonitor | None = None) -> None:
        if not isinstance(configuration, URLSessionConfiguration):
            raise InvalidArgumentException(
                f"URLSession({configuration!r}): a session takes a configuration, as URLSessionConfiguration.default()")
        if configuration.identifier is not None:
            raise InvalidArgumentException(
                f"URLSession({configuration!r}): nothing carries on the transfers of a background session yet; use default() or ephemeral()")
        if delegate_queue is not None and not isinstance(delegate_queue, OperationQueue):
            reject("URLSession(delegate_queue=...)", delegate_queue, "an OperationQueue, as OperationQueue.main or OperationQueue.on_loop(loop), "
                   "or None for a queue of its own; the delegate goes before it")
        if path_monitor is not None and not isinstance(path_monitor, PathMonitor):
            reject("URLSession(path_monitor=...)", path_monitor, "a PathMonitor, or None for this machine's network")
        number, scope = next(_numbers), registry.current_scope()
        queue = OperationQueue(name=f"session {number}") if delegate_queue is None else delegate_queue
        state = vars(self)      # what is set there goes past the look at what users set
        state["_number"] = number
        state["_site"] = Site()
        state["_scope"] = scope
        state["_history"] = history_of(scope)
        state["_lock"] = threading.RLock()
        state["_tasks"] = {}
        state["_revalidations"] = Revalidations(self)
        state["_identifiers"] = itertools.count(1)
        state["_invalid"] = End()
        state["_queue"] = queue
        object.__setattr__(self, "_values", {})
        state["_context"] = Context(self, configuration.copy(), delegate, queue, current_engine(), self._ended, path_monitor)
        remark(configuration, self._site)
        state["_own_engine"] = own_engine()
        registry.sessions[number] = self
        if self._scope is not None:
            self._scope.hold(self)
        if self._history is not None:
            self._note(self._history, "valid")

    def __repr__(self) -> str:
        described = f" {self.session_description!r}" if self.session_description else ""
        state = "shared" if self._is_shared else "invalid" if self._invalid.done else "invalidating" if self._invalid.asked else "valid"
        return f"<URLSession {self._number}{described}: {state}, {len(self._tasks)} tasks>"

    if not TYPE_CHECKING:       # a type checker knows the members
        def __setattr__(self, name: str, value: Any) -> None:
            if name[0] != "_" and type(self) is URLSession and not hasattr(URLSession, name):     # a subclass has its own
                raise AttributeError(
                    f"a URLSession has no {name!r}: how it loads is said by its configuration, before it is made", name=name, obj=self)
            super().__setattr__(name, value)

    def __copy__(self) -> URLSession:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> URLSession:
        return self

    @property
    def configuration(self) -> URLSessionConfiguration:
        """A copy of the session's configuration (I7)."""
        return self._context.configuration.copy()

    @property
    def delegate(self) -> object | None:
        """The delegate; None once the session is invalid (I9)."""
        return self._context.delegate

    @property
    def delegate_queue(self) -> OperationQueue:
        """Where callbacks run."""
        return self._queue

    # making tasks ---------------------------------------------------------------------------------------------
    def data_task(self, request: URLRequest | str, completion_handler: DataHandler | None = None) -> URLSessionDataTask:
        """A task whose response comes into memory: to `completion_handler(data, response, error)`, else to the delegate.

        A handler skips the delegate's response and data methods, not its questions (I5). GenericException on an
        invalidated session (I12).
        """
        return self._make(URLSessionDataTask, request, handed(completion_handler))

    @overload
    def upload_task(self, request: URLRequest | str, from_data: Bytes | None = None, from_file: None = None,
                    completion_handler: DataHandler | None = None) -> URLSessionUploadTask: ...
    @overload
    def upload_task(self, request: URLRequest | str, from_data: None, from_file: FilePath,
                    completion_handler: DataHandler | None = None) -> URLSessionUploadTask: ...
    @overload
    def upload_task(self, request: URLRequest | str, *, from_file: FilePath,
                    completion_handler: DataHandler | None = None) -> URLSessionUploadTask: ...
    @overload
    def upload_task(self, *, streamed_request: URLRequest | str, completion_handler: DataHandler | None = None) -> URLSessionUploadTask: ...
    @overload
    def upload_task(self, *, resume_data: Data, completion_handler: DataHandler | None = None) -> URLSessionUploadTask: ...
    def upload_task(self, request: URLRequest | str | None = None, from_data: Bytes | None = None,
                    from_file: FilePath | None = None, completion_handler: DataHandler | None = None, *,
                    streamed_request: URLRequest | str | None = None, resume_data: Data | None = None) -> URLSessionUploadTask:
        """A task that sends `from_data` or the file `from_file`, which is streamed; the request's own body is ignored. A URL
        alone is sent to by POST.

        With `streamed_request` the delegate supplies the body (`task_need_new_body_stream`); none is -1021. With
        `resume_data` an upload goes on where it stopped (draft-ietf-httpbis-resumable-upload): its file must be untouched,
        and a stream is asked for by `task_need_new_body_stream_from_offset`. Data that is none raises InvalidArgumentException.
        """
        request, sent = sending(request, from_data, from_file, streamed_request, resume_data)
        return self._make(URLSessionUploadTask, request, handed(completion_handler), sent)

    @overload
    def download_task(self, request: URLRequest | str, completion_handler: FileHandler | None = None) -> URLSessionDownloadTask: ...
    @overload
    def download_task(self, request: None = None, completion_handler: FileHandler | None = None, *,
                      resume_data: Data) -> URLSessionDownloadTask: ...
    def download_task(self, request: URLRequest | str | None = None, completion_handler: FileHandler | None = None, *,
                      resume_data: Data | None = None) -> URLSessionDownloadTask:
        """A task whose response goes to a temporary file, which is there for the delegate's
        `download_task_did_finish_downloading` or for `completion_handler(location, response, error)`, and no longer (I18).

        With `resume_data` instead of a request a download goes on where it stopped; data that is none fails the task
        with -1002 when it is resumed.
        """
        consumer, request, original = downloaded(request, resume_data, completion_handler)
        return self._make(URLSessionDownloadTask, request, consumer, original=original)

    # loading in one call: typed as a load over http is (docs/rules.md, Names) ------------------------------------
    def data(self, request: URLRequest | str, delegate: object | None = None) -> Loading[tuple[Data, HTTPURLResponse], URLSessionDataTask]:
        """Load `request` into memory: resumes a data task, and is awaited or asked for its `.result()`.

        A body beyond the configuration's `maximum_body_size` (1 GiB, decoded) is -1103; `download()` and `bytes()` have no limit.
        """
        consumer = ToLoading()
        return self._loading(self._make(URLSessionDataTask, request, consumer, eager=False, delegate=delegate), consumer.outcome)

    @overload
    def upload(self, request: URLRequest | str, from_data: Bytes | None = None, from_file: None = None,
               delegate: object | None = None) -> Uploaded: ...
    @overload
    def upload(self, request: URLRequest | str, from_data: None, from_file: FilePath,
               delegate: object | None = None) -> Uploaded: ...
    @overload
    def upload(self, request: URLRequest | str, *, from_file: FilePath,
               delegate: object | None = None) -> Uploaded: ...
    @overload
    def upload(self, *, resume_from: Data, delegate: object | None = None) -> Uploaded: ...
    def upload(self, request: URLRequest | str | None = None, from_data: Bytes | None = None, from_file: FilePath | None = None,
               delegate: object | None = None, *, resume_from: Data | None = None,
               ) -> Loading[tuple[Data, HTTPURLResponse], URLSessionUploadTask]:
        """Send a body, or go on with an upload, and load the answer into memory."""
        consumer = ToLoading()
        request, sent = sending(request, from_data, from_file, None, resume_from)
        task = self._make(URLSessionUploadTask, request, consumer, sent, eager=False, delegate=delegate)
        return self._loading(task, consumer.outcome)

    @overload
    def download(self, request: URLRequest | str, *, delegate: object | None = None) -> Downloaded: ...
    @overload
    def download(self, *, resume_from: Data, delegate: object | None = None) -> Downloaded: ...
    def download(self, request: URLRequest | str | None = None, *, resume_from: Data | None = None,
                 delegate: object | None = None) -> Loading[tuple[Path, HTTPURLResponse], URLSessionDownloadTask]:
        """Load `request` into a temporary file, or go on with a download; the caller owns the file: it is not removed (I18)."""
        consumer, request, original = downloaded(request, resume_from, None, keeps=True)
        task = self._make(URLSessionDownloadTask, request, consumer, eager=False, delegate=delegate, original=original)
        return self._loading(task, consumer.outcome)

    def bytes(self, request: URLRequest | str, delegate: object | None = None,
              ) -> Loading[tuple[async_bytes.AsyncBytes, HTTPURLResponse], URLSessionDataTask]:
        """Load `request` piece by piece: the outcome is there with the response, and its body is read as it comes."""
        reader = ToReader()
        task = self._make(URLSessionDataTask, request, reader, delegate=delegate)
        return self._loading(task, async_bytes.Opened(task, task._life, reader), reader.opened)

    # invalidation ---------------------------------------------------------------------------------------------
    def finish_tasks_and_invalidate(self) -> None:
        """Take no new tasks, let the others end, then become invalid (I10). Returns at once; the shared session ignores it."""
        if not self._is_shared:
            self._queue.notice()
            with self._lock:
                self._stop_taking()
            self._settle()

    def invalidate_and_cancel(self) -> None:
        """The same, and cancel every task (I11)."""
        if not self._is_shared:
            self._queue.notice()
            with self._lock:
                self._stop_taking()
                tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            self._settle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._leave(failed=kind is not None)
        if not (self._is_shared or self._queue.is_current or self._context.engine.on_engine()):
            engine = self._context.engine
            try:
                engine.wait(self._invalid, None if kind is None else engine.clock.now() + DRAIN)
            except BaseException:       # nobody waits for the tasks any more
                self.invalidate_and_cancel()
                raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._leave(failed=kind is not None)
        if not (self._is_shared or self._queue.waits_for_this):
            await ended_or(self.invalidate_and_cancel, self._invalid, self._context.engine)

    def _leave(self, *, failed: bool) -> None:
        if failed:
            self.invalidate_and_cancel()
            return
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            task._life.leave(whoever())
            if task._life.never_resumed:
                warnings.warn(f"{task!r} was never resumed, and is cancelled; it was made at {task._site}", ResourceWarning, stacklevel=3)
                task.cancel()
        self.finish_tasks_and_invalidate()

    def _settle(self) -> None:
        """Announce the end when it has come: no task is left and none can be made. What nobody waits for is not waited for here."""
        with shield:
            if self._invalid.asked and not self._tasks and self._revalidations.tasks:
                self._revalidations.cancel()
            with self._lock:
                if not self._invalid.asked or self._tasks or self._revalidations.tasks or self._invalid.announced:
                    return
                self._invalid.announced = True
            methods = self._context.methods
            if "session_did_become_invalid" in methods:
                self._later_or_now(self._tell_invalid)
            elif self._owes or "task_did_finish_collecting_metrics" in methods:      # a load that was waited for may be ahead of it
                self._later_or_now(self._end)
            else:
                self._end()

    def _later_or_now(self, last: Callable[[], Any]) -> None:
        """Make the `last` call on the delegate queue; where that is the user's and raises, the session becomes invalid untold."""
        try:
            self._queue.submit(last, self._context.engine)
        except BaseException:
            work.report(f"the delegate queue of {self!r}", self)
            self._end()

    def _tell_invalid(self) -> Rest:
        method = self._context.methods["session_did_become_invalid"]
        note(self._history, self._context.engine.clock, None, method.name, (None,), self)
        return Telling(f"delegate's {method.name}", self, method.call, (self, None), partial(self._told_invalid, method.name))()

    def _told_invalid(self, name: str) -> None:
        note_return(self._history, self._context.engine.clock, None, name, self)
        self._end()

    def _end(self) -> None:
        self._context.close()
        if self._history is not None:
            self._note(self._history, "invalid")
        registry.sessions.pop(self._number, None)
        if self._scope is not None:
            self._scope.let_go(self)
        if not registry.sessions:
            system_engine.rest()
        self._invalid.set()

    def _stop_taking(self) -> None:
        """No task is made from now on. Under the lock: a task that is made comes before or after it, also in a history."""
        self._invalid.asked = True
        if self._history is not None:
            self._note(self._history, "invalidating")

    def _note(self, history: History, state: str) -> None:
        if Became in history.kinds:
            context = self._context
            history.add(context.engine.clock, Became, None, self._number, state, self._is_shared, context.delegate is not None,
                        "session_did_become_invalid" in context.methods, self._queue)

    # asking -----------------------------------------------------------------------------------------------------
    def get_tasks(self, completion_handler: Callable[
            [list[URLSessionDataTask], list[URLSessionUploadTask], list[URLSessionDownloadTask]], object]) -> None:
        """Call `completion_handler(data, upload, download)` on the delegate queue with the tasks that have not ended."""
        taking("URLSession.get_tasks(completion_handler)", completion_handler, "data_tasks", "upload_tasks", "download_tasks")
        self._later(lambda: completion_handler(*self._sorted()))

    async def tasks(self) -> TasksByKind:
        """(data, upload, download): the tasks that have not ended, never resumed ones too."""
        return self._sorted()

    def get_all_tasks(self, completion_handler: Callable[[list[URLSessionTask]], object]) -> None:
        """Call `completion_handler(tasks)` on the delegate queue with every task that has not ended."""
        taking("URLSession.get_all_tasks(completion_handler)", completion_handler, "tasks")
        self._later(lambda: completion_handler(self._open()))

    async def all_tasks(self) -> list[URLSessionTask]:
        """Every task that has not ended."""
        return self._open()

    def reset(self, completion_handler: Callable[[], object] | None = None) -> Awaitable[None]:
        """Empty the cookie, cache and credential stores and use new connections; then call the handler on the queue.

        Tasks that run are not cancelled. What is returned can be awaited: the handler was called then.
        """
        if completion_handler is not None:
            taking("URLSession.reset(completion_handler)", completion_handler)
        context = self._context
        if context.cookie_storage is not None:
            context.cookie_storage.remove_all_cookies()
        if context.cache is not None:
            context.cache.remove_all_cached_responses()
        if context.credential_storage is not None:
            context.credential_storage.remove_all_credentials()
        context.accepted.clear()
        return self.flush(completion_handler)

    def flush(self, completion_handler: Callable[[], object] | None = None) -> Awaitable[None]:
        """Write what is kept on disk and use new connections from now on; then call the handler on the queue.

        What is returned can be awaited: the handler was called then.
        """
        if completion_handler is not None:
            taking("URLSession.flush(completion_handler)", completion_handler)
        self._context.flush()
        done = Done(self._context.engine)
        if completion_handler is None:
            done.latch.set()
        else:
            self._later(partial(done.after, completion_handler))
        return done

    def _later(self, call: Callable[[], Any]) -> None:
        """Make `call`, of a handler, on the delegate queue, before the session becomes invalid."""
        self._owes = True
        self._queue.submit(Telling("completion handler", self, call, ()), self._context.engine)

    def _open(self) -> list[URLSessionTask]:
        with self._lock:
            tasks = list(self._tasks.values())
        return [task for task in tasks if task.state is not URLSessionTask.State.COMPLETED]

    def _sorted(self) -> TasksByKind:
        tasks = self._open()
        return (
            [task for task in tasks if type(task) is URLSessionDataTask],
            [task for task in tasks if isinstance(task, URLSessionUploadTask)],
            [task for task in tasks if isinstance(task, URLSessionDownloadTask)])

    def _warn_of_lost_file(self, task: URLSessionTask) -> None:
        warned, self._warned = self._warned, True
        if not warned:
            warnings.warn(f"the file of {task!r} will be removed at once: it has no completion handler, and no delegate has "
                          "download_task_did_finish_downloading", RuntimeWarning, stacklevel=3)

    # inside -----------------------------------------------------------------------------------------------------
    def _make(self, kind: type[Task], request: URLRequest | str, consumer: Consumer, sent: Sent | None = None, *,
              eager: bool = True, delegate: object | None = None, original: URLRequest | None = None) -> Task:
        if isinstance(request, URLRequest):
            request = request.copy()
        elif isinstance(request, str):
            request = URLRequest(request)
        else:
            raise InvalidArgumentException(f"a task takes a URLRequest or a URL as str, not {shown.value(request)}")
        body, make_body = sent or own_body(request)
        task = kind(self, next(self._identifiers), Site(), registry.current_scope())
        if request._values:
            remark(request, task._site)
        task._life = life = Load(self._context, task, request, consumer, body=body, make_body=make_body, eager=eager,
                                 route=current_route(), original=original)
        if delegate is not None:
            task.delegate = delegate
        with self._lock:
            if self._invalid.asked:
                raise GenericException(f"Task created in a session that has been invalidated: {self!r}, made at {self._site}")
            self._tasks[task._identifier] = task
            if life.callbacks.history is not None:
                self._note_made(life.callbacks.history, task, consumer, goes_on=False)
        if task._scope is not None:
            task._scope.hold(task)
        self._queue.notice()
        if (created := self._context.methods.get("session_did_create_task")) is not None:
            history, clock = life.callbacks.history, self._context.engine.clock
            note(history, clock, task, created.name, (task,), self)
            faults = life.callbacks.faults
            try:
                work.at_once((created.call if faults is None else faults.on_created(created))(self, task))
            except BaseException as error:
                life.crashed(created.name, error)
                if isinstance(error, KeyboardInterrupt | SystemExit):      # this is the stack of who makes the task
                    raise
            note_return(history, clock, task, created.name, self)
        return task

    def _note_made(self, history: History, task: URLSessionTask, consumer: Consumer, *, goes_on: bool) -> None:
        if Made in history.kinds:
            history.add(self._context.engine.clock, Made, task, self._number, consumer.terminal, goes_on)

    def _become(self, load: Load) -> tuple[URLSessionTask, Consumer]:
        """The download task that `load` goes on as, by the delegate's disposition; it keeps the identifier."""
        old: URLSessionTask = load.task
        task = URLSessionDownloadTask(self, old._identifier, old._site, old._scope)
        task._life = load
        task._values = old._values.copy()
        task._delegate, old._delegate = old._delegate, None      # the old one has ended, as far as anybody hears
        with self._lock:
            self._tasks[old._identifier] = task
        if old._scope is not None:
            old._scope.let_go(old)
            old._scope.hold(task)
        consumer = ToFile()
        if load.callbacks.history is not None:
            self._note_made(load.callbacks.history, task, consumer, goes_on=True)
        return task, consumer

    def _loading(self, task: Task, outcome: Callable[[], tuple[T, URLError | None]], latch: Latch | None = None) -> Loading[T, Task]:
        task.resume()
        return Loading(task, task._life, outcome, latch)

    def _ended(self, life: Life) -> None:
        task: URLSessionTask = life.task
        task._delegate = None
        with self._lock:
            self._tasks.pop(task._identifier, None)
        if task._scope is not None:
            task._scope.let_go(task)
        if self._invalid.asked:
            self._settle()

    def _orphan(self) -> None:
        """In a forked child."""
        self._lock = threading.RLock()
        self._queue.orphan()
        self._context.orphan()
        for task in list(self._tasks.values()):
            task._life.orphan()
        self._revalidations.orphan()
        if self._invalid.announced and not self._invalid.done:
            self._end()


class _Lasting:
    """A session made under the process's own engine, which goes over to another between two tasks."""

    def __init__(self, session: URLSession) -> None:
        self._session = session

    def hindrance(self) -> str:
        scope, session = registry.current_scope(), self._session
        under_way = [task for task in session._open() if task._scope is scope] if session._context.engine is system_engine else []
        return ", ".join(f"{task!r}, made at {task._site}" for task in under_way)

    def go_over(self, engine: Engine) -> None:
        session = self._session
        if engine is not session._context.engine and not (session._tasks or session._revalidations.tasks):
            session._context.go_over(engine)


def _lasting() -> Iterator[_Lasting]:
    shared = _SharedSession._shared
    for session in (*registry.sessions.copy().values(), *(() if shared is None else (shared,))):
        if session._own_engine is system_engine:
            yield _Lasting(session)


def _after_fork() -> None:
    if _SharedSession._shared is not None:
        _SharedSession._shared._orphan()
    for session in list(registry.sessions.values()):
        session._orphan()


lasting.append(_lasting)
os.register_at_fork(after_in_child=_after_fork)      # after the engine, which registered itself before
