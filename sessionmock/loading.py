"""`Loading`: a load whose outcome somebody is about to want, by `await` or by `.result()`."""
from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from .clock import nanoseconds
from .engine.protocol import Engine
from .engine.queues import delivers_here
from .errors import URLError
from .latch import Latch
from .load.life import Life
from .models.settings import NUMBER

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # with defaults (PEP 696), which Python 3.11 has not

    from .tasks import URLSessionTask

    T_co = TypeVar("T_co", covariant=True)
    Task_co = TypeVar("Task_co", bound=URLSessionTask, default=URLSessionTask, covariant=True)
else:
    from typing import TypeVar

    T_co, Task_co = TypeVar("T_co"), TypeVar("Task_co")


class Loading(Generic[T_co, Task_co]):
    """A resumed task and its outcome. Asked twice, it gives the same.

    `await` it on any asyncio or trio loop, or call `.result()` from plain code. A load that nobody waits for yet starts
    20 to 41 ms after its creation (its caller is expected to wait at once); everything else starts at once.

    In annotations its second parameter, the kind of its `task`, may be left out: `Loading[tuple[bytes, HTTPURLResponse]]`.
    """

    if not TYPE_CHECKING:       # that of Generic wants both parameters
        __class_getitem__ = classmethod(GenericAlias)

    def __init__(self, task: Task_co, life: Life, outcome: Callable[[], tuple[T_co, URLError | None]], latch: Latch | None = None) -> None:
        self.task = task
        self._life = life
        self._outcome_of_life = outcome
        self._latch = latch or life.latch

    def __repr__(self) -> str:
        return f"<Loading of {self.task!r}>"

    def done(self) -> bool:
        """Whether the outcome is there."""
        return self._latch.done

    def cancel(self) -> None:
        """Cancel the task: the outcome is `URLError` -999 unless it was there already."""
        self.task.cancel()

    def result(self, timeout: float | None = None) -> T_co:
        """Wait for the outcome, at most `timeout` seconds: (data, response), or for a download (path, response).

        Raises the URLError that the load failed with; TimeoutError when the time runs out (the task goes on); and
        RuntimeError at once where waiting could never end: on the engine's stack, on the session's own serial queue
        or on an asyncio loop that a delegate queue delivers to. KeyboardInterrupt cancels the task.
        """
        life = self._life
        if timeout is not None:
            NUMBER.of("Loading.result(timeout=...)", timeout)
        if not self._latch.done:
            self._refuse_to_block()
            engine = life.engine
            try:
                ended = engine.wait(self._latch, None if timeout is None else engine.clock.now() + nanoseconds(timeout))
            except KeyboardInterrupt:
                self.cancel()
                raise
            if not ended:
                life.hasten()
                raise TimeoutError(f"{self.task!r} has not ended after {timeout} s; it goes on")
        try:
            return self._outcome()
        finally:
            del self, life      # the error's traceback holds this frame, and the life holds the error: no cycle is left

    def _refuse_to_block(self) -> None:
        life = self._life
        if life.engine.on_engine():
            place = "the engine's own stack"
        elif life.queue.is_current and life.queue.max_concurrent_operation_count == 1:
            place = "the session's own delegate queue"
        elif delivers_here():
            place = "an asyncio loop that a delegate queue delivers to"
        else:
            return
        raise RuntimeError(f".result() of {self.task!r} on {place} would wait for ever; await it, or use a completion handler")

    def _outcome(self) -> T_co:
        value, error = self._outcome_of_life()
        if error is None:
            return value
        try:
            raise error from error.cause
        finally:
            del self, value, error      # as in `result`

    if not TYPE_CHECKING:       # what is forgotten shows to a type checker by itself
        def __iter__(self) -> NoReturn:
            raise TypeError(f"{self!r} is no outcome yet: ask it for .result(), or await it")

        def __getitem__(self, key: Any) -> NoReturn:
            iter(self)

    def __await__(self) -> Generator[Any, None, T_co]:
        return self.run().__await__()

    async def run(self) -> T_co:
        """The same as a coroutine function, for `create_task` and trio's `start_soon`."""
        life = self._life
        if not self._latch.done:
            life.hasten()
            life.queue.notice()
            await ended_or(self.cancel, self._latch, life.engine)
        try:
            return self._outcome()
        finally:
            del self, life              # as in `result`


def whoever() -> object:
    """Who runs here: the task of asyncio or trio, else the thread."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return trio.lowlevel.current_task()
    return (None if asyncio._get_running_loop() is None else asyncio.current_task()) or threading.get_ident()


class Done:
    """That something was done, with the handler called that wanted to hear of it: to be awaited, or not, on any loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.latch = Latch()

    def after(self, call: Callable[[], Any]) -> Any:
        """Make `call`; then it is done."""
        try:
            return call()
        finally:
            self.latch.set()

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        if not self.latch.done:
            await self._engine.ended(self.latch)


async def ended_or(give_up: Callable[[], None], latch: Latch, engine: Engine) -> None:
    """Wait for `latch`, which `engine` sets, on whatever loop runs here; whoever stops waiting gives up what was waited for."""
    try:
        await engine.ended(latch)
    except GeneratorExit:      # dropped, perhaps by the collector in the midst of anything
        engine.post_eager(give_up)
        raise
    except BaseException:      # cancellation, as the library in charge raises it
        give_up()
        raise
