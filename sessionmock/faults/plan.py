"""Plans of faults: values that say what goes wrong at which point, for which requests and on which passes."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..errors import Code, InvalidArgumentException, URLError
from . import kinds, matching
from .kinds import Kind
from .points import POINTS, expand
from .table import suited

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class FaultLine:
    """At this point, for these requests, on these passes: this kind. Raises InvalidArgumentException for what makes no sense."""

    point: str
    kind: Kind
    url: Any = None                # a URL, one with * for any part, or a compiled pattern; None: any
    method: str | None = None      # in any case; None: any
    task: Any = None               # a task, its `task_description`, or a function of a task; None: any, and plain clients
    byte: int | None = None        # of a body: before which byte, from 0; None: before the first
    first: int | None = None       # on the first so many passes
    nth: int | None = None         # on this pass, from 1
    every: int | None = None       # on each pass whose number this divides
    probability: float | None = None    # on this share of the passes, drawn from the seed
    from_here_on: bool = False     # and on every pass after one on which it acted
    optional: bool = False         # it may never act

    def __post_init__(self) -> None:
        points = expand(self.point)
        suited(self.point, points, self.kind)
        matching.given_url(self.url)
        if self.byte is not None and not any(POINTS[point].has_byte for point in points):
            counted = ", ".join(point.name for point in POINTS.values() if point.has_byte)
            raise InvalidArgumentException(f"at({self.point!r}, byte={self.byte}): no bytes are counted there: {counted} have them")
        for name in ("first", "nth", "every"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise InvalidArgumentException(f"at({self.point!r}, {name}={value!r}): give a number of passes, 1 or more")

    @property
    def points(self) -> tuple[str, ...]:
        """The points at which it acts."""
        return suited(self.point, expand(self.point), self.kind)


class Place(Generic[T]):
    """A point and the passes of it, for which one of these methods says what happens there; each gives what `at` was for."""

    def __init__(self, take: Callable[[FaultLine], T], point: str, conditions: Mapping[str, Any]) -> None:
        expand(point)
        self._take, self._point, self._conditions = take, point, conditions

    def _line(self, kind: Kind) -> T:
        return self._take(FaultLine(point=self._point, kind=kind, **self._conditions))

    def unknown_host(self) -> T:
        """The name has no address (-1003)."""
        return self._line(kinds.unknown_host())

    def refuse(self) -> T:
        """Nobody listens there (-1004)."""
        return self._line(kinds.refuse())

    def unreachable(self) -> T:
        """No way leads there (-1004)."""
        return self._line(kinds.unreachable())

    def certificate(self, problem: str) -> T:
        """The server's certificate is "expired", "not yet valid", for the "wrong host" or "untrusted"."""
        return self._line(kinds.certificate(problem))

    def never(self) -> T:
        """Nothing happens there any more."""
        return self._line(kinds.never())

    def delay(self, seconds: float) -> T:
        """It happens `seconds` later."""
        return self._line(kinds.delay(seconds))

    def reset(self, scope: str = "connection") -> T:
        """The connection is reset; over HTTP/2 with `scope="stream"` this stream alone."""
        return self._line(kinds.reset(scope))

    def end(self) -> T:
        """The peer sends no more (FIN)."""
        return self._line(kinds.end())

    def truncate(self) -> T:
        """What is left of this part is lost."""
        return self._line(kinds.truncate())

    def corrupt(self) -> T:
        """One byte is another."""
        return self._line(kinds.corrupt())

    def drip(self, bytes_per_second: float) -> T:
        """It goes on at this pace."""
        return self._line(kinds.drip(bytes_per_second))

    def slice(self, size: int) -> T:
        """It comes in pieces of `size` bytes."""
        return self._line(kinds.slice(size))

    def duplicate(self) -> T:
        """It comes twice."""
        return self._line(kinds.duplicate())

    def malformed(self, what: str) -> T:
        """`what` is not as HTTP has it."""
        return self._line(kinds.malformed(what))

    def status(self, code: int, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None, body: bytes | str = b"") -> T:
        """The answer is another one."""
        return self._line(kinds.status(code, headers, body))

    def redirect(self, to: str, code: int = 302) -> T:
        """The answer leads to the URL `to`."""
        return self._line(kinds.redirect(to, code))

    def challenge(self, scheme: str = "Basic", realm: str = "", *, proxy: bool = False, stale: bool = False) -> T:
        """The answer asks for a credential."""
        return self._line(kinds.challenge(scheme, realm, proxy=proxy, stale=stale))

    def fail(self, error: URLError | Code | int) -> T:
        """The load fails with `error`."""
        return self._line(kinds.fail(error))

    def oserror(self, number: int) -> T:
        """The operating system says `number`, of errno."""
        return self._line(kinds.oserror(number))

    def disk_full(self) -> T:
        """No space is left."""
        return self._line(kinds.disk_full())

    def raises(self, exception: BaseException | type[BaseException]) -> T:
        """The user's code there raises `exception`."""
        return self._line(kinds.raises(exception))

    def unanswered(self) -> T:
        """The question is never answered."""
        return self._line(kinds.unanswered())

    def answered_twice(self) -> T:
        """The question is answered a second time."""
        return self._line(kinds.answered_twice())

    def cancel(self) -> T:
        """The task is cancelled."""
        return self._line(kinds.cancel())

    def cancel_by_producing_resume_data(self) -> T:
        """The download is cancelled, and its resume data asked for."""
        return self._line(kinds.cancel_by_producing_resume_data())

    def suspend(self, seconds: float) -> T:
        """The task is suspended, and resumed `seconds` later."""
        return self._line(kinds.suspend(seconds))

    def invalidate(self) -> T:
        """The session is invalidated, and its tasks are cancelled."""
        return self._line(kinds.invalidate())


class FaultPlan:
    """Lines in order, as a value: `FaultPlan().at("connect", first=2).refuse().at("body", byte=10).reset()`."""

    __slots__ = ("lines",)

    def __init__(self, lines: Iterable[FaultLine] = ()) -> None:
        self.lines = tuple(lines)

    def __iter__(self) -> Iterator[FaultLine]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def at(
        self, point: str, *, url: Any = None, method: str | None = None, task: Any = None, byte: int | None = None, first: int | None = None,
        nth: int | None = None, every: int | None = None, probability: float | None = None, from_here_on: bool = False, optional: bool = False,
    ) -> Place[FaultPlan]:
        """The place of a line; the method that is called on it says what happens there, and gives a plan with that line as its last."""
        conditions = {"url": url, "method": method, "task": task, "byte": byte, "first": first, "nth": nth, "every": every,
                      "probability": probability, "from_here_on": from_here_on, "optional": optional}
        return Place(lambda line: FaultPlan((*self.lines, line)), point, conditions)
