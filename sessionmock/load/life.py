"""What tasks, sessions, `Loading` and leak reports ask of a task's life, whatever it is: a load over HTTP, a conversation, two
half-streams, or a transfer in another process."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from ..delegates import Method
from ..engine.protocol import Engine
from ..engine.queues import OperationQueue
from ..errors import URLError
from ..latch import Latch
from ..models.enums import TaskState
from ..models.progress import Progress
from .transfer import Transfer


class Life(Protocol):
    """The life of one task, from its first resume to its terminal message. Members may be used on any thread."""

    progress: Progress | None      # made when somebody asks for it

    @property
    def task(self) -> Any:
        """Whose life it is; None when it has ended."""

    @property
    def is_upload(self) -> bool:
        """Whether progress is that of the request's body."""

    @property
    def transfer(self) -> Transfer:
        """What it sends and has received."""

    @property
    def engine(self) -> Engine:
        """What runs it."""

    @property
    def queue(self) -> OperationQueue:
        """Where its callbacks run."""

    @property
    def latch(self) -> Latch:
        """Set after the terminal message."""

    @property
    def error(self) -> URLError | None:
        """Why it failed; None while it goes on and where it did not."""

    @property
    def state(self) -> TaskState:
        """running, suspended, canceling or completed (I3)."""

    @property
    def never_resumed(self) -> bool:
        """Whether nobody has started it yet, nor cancelled it."""

    @property
    def is_over(self) -> bool:
        """Whether its outcome is fixed; the terminal message may still be on its way."""

    @property
    def question(self) -> str | None:
        """The delegate method whose answer it waits for; None where it waits for none."""

    @property
    def is_held(self) -> bool:
        """Whether the engine drives it and it goes nowhere, because it was suspended on its way."""

    @property
    def earliest_begin_date(self) -> datetime | None:
        """When it may begin at the earliest, aware; None for at once."""

    @earliest_begin_date.setter
    def earliest_begin_date(self, date: datetime | None) -> None: ...

    @property
    def is_incremental(self) -> bool:
        """Whether a delegate gets data as it comes."""

    @is_incremental.setter
    def is_incremental(self, value: bool) -> None: ...

    @property
    def loses_its_result(self) -> bool:
        """Whether nobody takes what it brings, which then is removed."""

    def set_methods(self, methods: dict[str, Method]) -> None:
        """The methods of the task's own delegate, asked before the session's (I23)."""

    def resume(self) -> None:
        """Undo one suspension (I2)."""

    def suspend(self) -> None:
        """Stand still until as many `resume()` (I2)."""

    def cancel(self, error: URLError | None = None) -> None:
        """End with -999, or with `error` that says more, unless the outcome is fixed (I3)."""

    def instruct(self, call: Callable[[], None]) -> None:
        """Make `call` when nothing else of this life is going on."""

    def hasten(self) -> None:
        """Nobody is about to wait for it in a way that drives it."""

    def leave(self, leaver: object) -> None:
        """The session is left by `leaver`, and waits for its tasks: what nobody would ever read on ends."""

    def crashed(self, name: str, error: BaseException) -> None:
        """The delegate's method `name` has raised `error`."""

    def resume_data(self) -> bytes | None:
        """What it can be gone on with by another task, None where it cannot. Within `instruct`."""

    def orphan(self) -> None:
        """In a forked child: what it goes over is the parent's, and this copy ends."""
