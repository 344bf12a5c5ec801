"""Faults at the points that a load passes itself: redirects, challenges, the disk, its stores, its delegate's methods, its end.

Where a load has faults (`Callbacks.faults`), each of its parts passes its points by them, before it does what the point is about. Of what
is to go wrong there, delays and acts on the task come first, after which the load goes on later or never; then the one fault that is
about the thing itself, as a store that fails.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any, NoReturn, Protocol, TypeVar

from ..core.machine import Event, Question
from ..delegates import Method
from ..engine import work
from ..errors import GenericException, URLError
from ..faults.acts import Delayed, act, failure
from ..faults.armed import Shot, TaskFaults
from ..faults.kinds import Kind, os_error, raised
from ..latch import Latch
from ..user_code import mean
from .answers import Values
from .context import Context
from .inbox import Inbox
from .transfer import Transfer

T = TypeVar("T")
Then = Callable[[Shot | None], None]     # goes on: with what goes wrong with the thing itself, or None

_METRICS, _COMPLETE, _COMPLETION = "task_did_finish_collecting_metrics", "task_did_complete", "completion"
_OF_THE_THING = frozenset({"raises", "oserror", "disk_full", "unanswered", "answered_twice"})


class Asking(Protocol):
    """A callback on its way, as an operation of the delegate queue."""

    method: Method
    question: Question
    met: Sequence[Shot]          # what is to go wrong where its question was met
    shots: list[Shot] | None     # what is still to go wrong with it; None before that is known
    twice: Shot | None           # that its question is answered twice

    def __call__(self) -> Any:
        """Make it."""

    def failed(self, error: BaseException) -> None:
        """It has raised `error`."""


class Asker(Protocol):
    """The callbacks of a load."""

    def hold(self) -> Question:
        """Take no further events of the exchange before the answer."""

    def answer(self, question: Question, answered: Callable[..., None] | None, values: Values) -> None:
        """`question` is over."""

    def leave_to_delegate(self, question: Question) -> None:
        """It is the delegate who lets the load wait."""

    def post(self, method: Method, arguments: tuple[Any, ...], answered: Callable[..., None] | None, met: Sequence[Shot] = ()) -> None:
        """Ask."""

    def crashed(self, name: str, error: BaseException) -> None:
        """A callback has raised."""

    def method(self, name: str) -> Method | None:
        """The delegate's method."""


class LoadFaults:
    """The faults of one load. Methods are called in a turn of it, but for `lets_call`."""

    __slots__ = ("_asker", "_context", "_inbox", "_last", "_latch", "_on_disk", "_raised", "_transfer", "_writes", "of_task")

    def __init__(self, of_task: TaskFaults, context: Context, inbox: Inbox, asker: Asker, transfer: Transfer, latch: Latch) -> None:
        self.of_task = of_task
        self._context, self._inbox, self._asker, self._transfer, self._latch = context, inbox, asker, transfer, latch
        self._on_disk: dict[str, Shot] = {}             # what is about to fail there
        self._writes: list[Shot] | None = None          # into the file, by their bytes, once something is written
        self._last: dict[str, list[Shot]] = {}          # when the end of the load is told, by their points
        self._raised: list[BaseException] = []

    def at(self, point: str, then: Then) -> None:
        """`point` is passed: `then` is called, at once or in a later turn; never where the load ends before."""
        if self.of_task.has(point):
            self._go_on(self._passing(point), then)
        else:
            then(None)

    def _passing(self, point: str) -> list[Shot]:
        if not self.of_task.has(point):
            return []
        request = self._transfer.request
        return sorted(self.of_task.passing(point, request.http_method, request.url or ""), key=lambda shot: shot.kind.name in _OF_THE_THING)

    def _go_on(self, shots: list[Shot], then: Then) -> None:
        if not shots or shots[0].kind.name in _OF_THE_THING:
            then(shots[0] if shots else None)
            return
        shot, rest = shots[0], partial(self._go_on, shots[1:], then)
        if shot.kind.name == "delay":
            question = self._asker.hold()
            self._later(shot, lambda: self._asker.answer(question, partial(self._inbox.postpone, rest), ()))
        elif shot.kind.name == "fail":
            shot.fire()
            self._inbox.meet(Event.FAILED, failure(shot))
        else:
            act(shot)
            self._inbox.postpone(rest)      # it may have been suspended, or cancelled

    def _later(self, shot: Shot, call: Callable[[], object]) -> None:
        """Make `call` on the engine when the delay of `shot` is over, unless the load has ended by then."""
        shot.fire()
        Delayed(self._context.engine, self._latch, shot.kind["seconds"], call)

    # stores -------------------------------------------------------------------------------------------------------
    def on_store(self, point: str, use: Callable[[], T], then: Callable[[T | None], None]) -> None:
        """A store is used at `point`: `then` takes what `use` gives, or None where the store fails."""
        def go_on(shot: Shot | None) -> None:
            if shot is not None:
                shot.fire()
            then(use() if shot is None else None)

        self.at(point, go_on)

    # the disk -----------------------------------------------------------------------------------------------------
    def on_disk(self, point: str, do: Callable[[], None]) -> None:
        """`do` does something with a file, and calls `fail_on_disk` for each of its points."""
        def go_on(shot: Shot | None) -> None:
            if shot is not None:
                self._on_disk[point] = shot
            do()

        self.at(point, go_on)

    def on_write(self, written: int, data: bytes, write: Callable[[bytes], None]) -> None:
        """`data` is to be written into a file that has `written` bytes: `write` takes what comes before the next fault, the rest comes
        again."""
        if self._writes is None:
            self._writes = sorted(self._passing("disk.write"), key=lambda shot: shot.byte)
        before = self._writes[0].byte - written if self._writes else len(data)
        if before >= len(data):
            write(data)
        elif before > 0:
            self._inbox.ahead = chain((data[before:],), self._inbox.ahead or ())
            write(data[:before])
        else:
            self._go_on([self._writes.pop(0)], partial(self._write, written, data, write))

    def _write(self, written: int, data: bytes, write: Callable[[bytes], None], shot: Shot | None) -> None:
        if shot is None:
            self.on_write(written, data, write)
        else:
            self._on_disk[shot.point] = shot
            write(data)

    def fail_on_disk(self, point: str) -> None:
        """Raise the OSError that what is done at `point` fails with, if it does."""
        shot = self._on_disk.pop(point, None)
        if shot is not None:
            shot.fire()
            raise os_error(shot.kind)

    # the delegate -------------------------------------------------------------------------------------------------
    def on_question(self, point: str, name: str, method: Method | None, arguments: tuple[Any, ...], answered: Callable[..., None],
                    default: Any) -> None:
        """A question is met at `point`, which the delegate's method `name` is asked: what goes wrong there does so when it is called.
        Without the method `default` is the answer, and whoever gives that is at fault."""
        def go_on(shot: Shot | None) -> None:
            if shot is None:
                answered(default)
            elif shot.kind.name == "answered_twice":
                self._asker.post(Method(name, lambda *_: default, takes_handler=False), arguments, answered, [shot])
            else:
                shot.fire()
                if shot.kind.name == "raises":
                    try:
                        raise self._exception(shot.kind)
                    except BaseException as error:
                        self._asker.crashed(name, error)
                else:
                    self._asker.leave_to_delegate(self._inbox.machine.ask(name))

        if method is None:
            self.at(point, go_on)
        else:
            self._asker.post(method, arguments, answered, self._passing(point))

    def on_created(self, created: Method) -> Callable[..., Any]:
        """On the thread that makes the task: what is to be called in the place of `created`, the delegate's method that hears of it."""
        for shot in self._passing(f"callback.{created.name}"):
            if shot.kind.name == "raises":
                shot.fire()
                return self._raising(created, shot.kind).call
            if shot.kind.name == "fail":
                shot.fire()
                self._inbox.fail(Event.FAILED, failure(shot))
            else:
                act(shot)
        return created.call

    def lets_call(self, asking: Asking) -> bool:
        """On the delegate queue: whether a callback is made now, perhaps another one than that of the delegate. Else it is made later, or
        the load has ended."""
        method = asking.method
        if asking.shots is None:
            asking.shots = [*asking.met, *self._passing(f"callback.{method.name}")]
        while asking.shots:
            shot = asking.shots.pop(0)
            if shot.kind.name == "delay":
                self._later(shot, partial(self._context.queue.submit, asking, self._context.engine))
                return False
            if shot.kind.name == "fail":
                shot.fire()
                self._inbox.fail(Event.FAILED, failure(shot))
                return False
            if shot.kind.name == "answered_twice":
                asking.twice = shot
            elif shot.kind.name in _OF_THE_THING:
                shot.fire()
                asking.method = self._raising(method, shot.kind) if shot.kind.name == "raises" else _unanswering(method)
            else:
                act(shot)
        return True

    # the end ------------------------------------------------------------------------------------------------------
    def ends(self, error: URLError | None, terminal: str) -> URLError | None:
        """The load is about to end with `error`, of which `terminal` is to tell: what it does end with."""
        for point in (*(f"callback.{name}" for name in (_METRICS, terminal) if self._asker.method(name) is not None), _COMPLETION):
            self._last[point] = shots = self._passing(point)
            for shot in [shot for shot in shots if shot.kind.name == "fail"]:
                shots.remove(shot)
                shot.fire()
                error = failure(shot)
        return error

    def on_end(self, metrics: Method | None, tell_metrics: Callable[[Method], None], tell_end: Then) -> None:
        """The end is to be told, now or on the engine: metrics first, where a delegate takes them, then the terminal message. What raises
        there does so when it has done its work, and changes nothing."""
        def go_on(shot: Shot | None) -> None:
            if metrics is not None:
                tell_metrics(metrics._replace(call=self.raising(metrics.call, shot)))
            self._tell([*self._last.get(f"callback.{_COMPLETE}", ()), *self._last.get(_COMPLETION, ())], None, tell_end)

        self._tell(self._last.get(f"callback.{_METRICS}", []), None, go_on)

    def _tell(self, shots: list[Shot], raises: Shot | None, tell: Then) -> None:
        for number, shot in enumerate(shots):
            if shot.kind.name == "delay":
                self._later(shot, partial(self._tell, shots[number + 1:], raises, tell))
                return
            if shot.kind.name == "raises":
                raises = shot
            else:
                act(shot)
        tell(raises)

    def raising(self, call: Callable[..., Any], shot: Shot | None) -> Callable[..., Any]:
        """`call`, which raises what `shot` says when it has done its work; itself without a shot."""
        if shot is None:
            return call

        async def rest(coroutine: Any) -> None:
            await coroutine
            raise self._exception(shot.kind)

        def raises(*arguments: Any) -> Any:
            shot.fire()
            value = call(*arguments)
            if work.is_coroutine(value):
                return rest(value)
            raise self._exception(shot.kind)

        return raises

    # what is raised -----------------------------------------------------------------------------------------------
    def _exception(self, kind: Kind) -> BaseException:
        self._raised.append(error := raised(kind))
        return mean(error, str(kind))

    def _raising(self, method: Method, kind: Kind) -> Method:
        """What raises in the place of `method`."""
        def raises(*_: Any) -> NoReturn:
            raise self._exception(kind)

        return method._replace(call=raises)

    def let_go(self) -> None:
        """The load has ended: an exception that lives as long as its plan holds no frame that knows it."""
        for error in self._raised:
            error.__traceback__ = None


def _unanswering(method: Method) -> Method:
    """`method`, whose answer reaches nobody."""
    def unanswering(*arguments: Any) -> Any:
        return method.call(*arguments[:-1], *[_drop] * method.takes_handler)

    return method._replace(call=unanswering, takes_handler=True)


def _drop(*_: Any) -> None:
    """What a delegate calls to answer, and nobody hears."""


def answer_twice(shot: Shot, handler: Callable[..., None], *values: Any) -> None:
    """Answer by `handler`, and once more: `shot` has fired where that is refused, as it is to be."""
    handler(*values)
    try:
        handler(*values)
    except GenericException:
        shot.fire()
