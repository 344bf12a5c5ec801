"""Plans in force: passes of points are counted, and it is said what is to go wrong on each."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from .. import shown
from ..clock import Clock
from ..history import Faulted, History
from ..models.settings import reject
from ..registry import Site
from .kinds import Kind
from .lines import FaultLine, Lines, Place
from .matching import is_about, is_of
from .names import nearest
from .plan import AnyPlan, FaultPlan
from .points import POINTS
from .table import REPLACING, needs_http2

Shots = Sequence["Shot"]
_EXCHANGE = tuple(point.name for point in POINTS.values() if point.is_wire)
_SHOWN = 5      # requests that the report of a line names, which keeps ten times as many


class About(NamedTuple):
    """Who passes a point."""

    clock: Clock
    history: History | None
    task: Any                # None: a plain client
    method: str
    url: str


@shown.printed
@dataclass(eq=False)
class Fired:
    """A fault that acted. Its `str` says where, in which request, and what."""

    line: FaultLine
    point: str
    method: str
    url: str
    task: Any                # None: a plain client's request
    producing: Any = field(default=None, repr=False)     # of `cancel_by_producing_resume_data`: what the task has returned

    @property
    def kind(self) -> Kind:
        """What happened."""
        return self.line.kind

    @property
    def resume_data(self) -> bytes | None:
        """What `cancel_by_producing_resume_data` gave, once it has; None where there is none to be had, and for all other kinds."""
        return self.producing.result() if self.producing is not None and self.producing.done() else None

    def __str__(self) -> str:
        byte = f" byte {self.line.byte}" if self.line.byte is not None and POINTS[self.point].has_byte else ""
        return f"{self.point}{byte} of {self.method} {shown.url(self.url)}: {self.kind}"


class Shot:
    """What is to go wrong on one pass of a point. Whoever lets it act calls `fire`, once."""

    __slots__ = ("_armed", "_faults", "_number", "about", "point")

    def __init__(self, faults: Faults, armed: _Armed, point: str, about: About) -> None:
        self._faults, self._armed, self._number, self.point, self.about = faults, armed, armed.passes, point, about

    @property
    def kind(self) -> Kind:
        """What happens."""
        return self._armed.line.kind

    @property
    def byte(self) -> int:
        """Before which byte of the part it acts."""
        return self._armed.line.byte or 0

    @property
    def token(self) -> str:
        """32 hexadecimal digits: for one seed, line and pass always the same, and for others different."""
        return self._armed.drawn(self._number).hex()[:32]

    def fire(self) -> Fired:
        """It acts now."""
        about = self.about
        fired = Fired(self._armed.line, self.point, about.method, about.url, about.task)
        self._faults._note(self._armed, fired)
        history = about.history
        if history is not None and Faulted in history.kinds:
            history.add(about.clock, Faulted, about.task, self.point, str(self.kind), about.url)
        return fired


class _Armed:
    """A line with its count."""

    __slots__ = ("acts", "fired", "line", "passes", "planned", "requests", "seed")

    def __init__(self, line: FaultLine, seed: str) -> None:
        self.line, self.seed = line, seed
        self.passes = 0                         # of its points, that it selects
        self.planned = 0                        # on how many of them it was to act
        self.acts = False                       # it was on the last one
        self.fired = 0
        self.requests: dict[str, bool] = {}     # what could have met it, and whether it selects that

    def selects(self, about: About, replaces: bool | None = None) -> bool:
        """Whether the line is about who passes; with `replaces`, and whether its kind replaces an answer (`table.REPLACING`) or not."""
        line = self.line
        if replaces not in (None, line.kind.name in REPLACING):
            return False
        found = ((line.method is None or line.method == about.method.upper()) and is_of(line.task, about.task)
                 and is_about(line.url, about.method, about.url))
        if not self.fired and len(self.requests) < 10 * _SHOWN:
            self.requests[f"{about.method} {about.url}"] = found
        return found

    @property
    def is_used_up(self) -> bool:
        """Whether no later pass can be one on which it acts."""
        line = self.line
        if line.from_here_on and self.acts:
            return False
        return (line.first is not None and self.passes >= line.first) or (line.nth is not None and self.passes >= line.nth)

    def passed(self) -> bool:
        """Count a pass; whether it acts on this one."""
        line = self.line
        self.passes += 1
        self.acts = (line.from_here_on and self.acts) or (
            (line.first is None or self.passes <= line.first)
            and (line.nth is None or self.passes == line.nth)
            and (line.every is None or self.passes % line.every == 0)
            and (line.probability is None or self._draw() < line.probability))
        self.planned += self.acts
        return self.acts

    def drawn(self, number: int) -> bytes:
        """32 bytes: for one seed, line and pass always the same."""
        return sha256(f"{self.seed}:{number}".encode()).digest()

    def _draw(self) -> float:
        """From 0 to below 1, for this pass."""
        return int.from_bytes(self.drawn(self.passes)[:8], "big") / 2**64

    def why(self) -> str:
        """The line, and what is known of why it never acted."""
        near = [request for request in nearest(str(self.line.url or ""), self.requests) if self.requests[request] or not self.passes]
        told = [f"a fault that never acted: {self.line}",
                f"  {self.line.point} was passed {shown.counted(self.passes, 'time')} by what it is about"
                + (f", and it was to act on {self.planned} of them" if self.planned else "")]
        for words, selected in (("requests that it is about", True), ("requests that it is not about", False)):
            if named := [f"{method} {shown.url(url)}" for method, url in (request.split(" ", 1) for request in near
                                                                          if self.requests[request] is selected)]:
                told.append(f"  {words}: {', '.join(named[:_SHOWN])}{', ...' if len(named) > _SHOWN else ''}")
        return "\n".join(told if self.requests else [*told, "  there was no request"])


class Waiting(Protocol):
    """What passes points without asking, as long as there is no line."""

    def armed(self) -> None:
        """There is one now."""


class Faults(Lines[FaultLine]):
    """A plan in force: it counts the passes of each line's point, and says what goes wrong. `at(...)` arms more lines at any time.

    `plan` are the lines to begin with, `seed` decides what `probability` draws. `fired` are the faults that acted, in order, each with
    `line`, `point`, `kind`, `method`, `url` and `task`. Any thread may use it. Raises InvalidArgumentException for what is no plan and
    no seed.
    """

    def __init__(self, plan: AnyPlan = (), seed: int = 0) -> None:
        if not isinstance(seed, int) or isinstance(seed, bool):
            reject("Faults(seed)", seed, "an int")
        self.seed = seed
        self.fired: list[Fired] = []
        self._lock = threading.RLock()
        self._lines: list[_Armed] = []
        self._at: dict[str, list[_Armed]] = {}
        self._places: dict[Place[FaultLine], Site] = {}         # of which nobody has said yet what happens there
        self._watchers: list[Callable[[FaultLine], object]] = []
        self._waiting: dict[Waiting, None] = {}                 # loads of before the first line: they pass points without asking
        for line in FaultPlan(plan):
            self._add(line)

    def __repr__(self) -> str:
        return f"<Faults: {shown.counted(len(self._lines), 'line')}, {len(self.fired)} fired, seed {self.seed}>"

    @property
    def plan(self) -> FaultPlan:
        """The lines, in order."""
        return FaultPlan(armed.line for armed in self._lines)

    @property
    def unfired(self) -> list[FaultLine]:
        """The lines that never acted and had to."""
        return [armed.line for armed in self._unfired]

    @property
    def complaints(self) -> list[str]:
        """What is wrong with a test that ends now: lines that never acted and had to, with what could have met them, and places
        (`at(...)`) that were given no kind."""
        return [*(armed.why() for armed in self._unfired),
                *(f"nothing was said to happen there: {place!r}, in {site}" for place, site in self._places.items())]

    @property
    def _unfired(self) -> list[_Armed]:
        return [armed for armed in self._lines if not armed.fired and not armed.line.optional]

    def add(self, plan: AnyPlan) -> None:
        """Arm the lines of `plan` too. Raises InvalidArgumentException for what is no plan."""
        for line in FaultPlan(plan):
            self._add(line)

    def tell(self, waiting: Waiting) -> None:
        """Call `waiting.armed()` once there is a line, now where there is one."""
        self._waiting[waiting] = None
        if self._at and self._waiting.pop(waiting, True) is None:
            waiting.armed()

    def forget(self, waiting: Waiting) -> None:
        """It need not be told any more."""
        self._waiting.pop(waiting, None)

    @contextmanager
    def watched(self, watcher: Callable[[FaultLine], object]) -> Iterator[None]:
        """In this block call `watcher` with each line that is armed, before it is."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    def _add(self, line: FaultLine) -> FaultLine:
        for watcher in self._watchers:
            watcher(line)
        with self._lock:
            armed = _Armed(line, f"{self.seed}:{len(self._lines)}")
            self._lines.append(armed)
            for point in line.points:
                self._at.setdefault(point, []).append(armed)
        while self._waiting:
            self._waiting.popitem()[0].armed()
        return line

    def _place(self, point: str, conditions: Mapping[str, Any]) -> Place[FaultLine]:
        def take(line: FaultLine) -> FaultLine:
            self._places.pop(place, None)
            return self._add(line)

        place = Place(take, point, conditions)
        self._places[place] = Site()
        return place

    def passing(self, point: str, about: About, *, replaces: bool | None = None) -> Shots:
        """`point` is passed: what is to go wrong there, in the order of the lines. Where `replaces` is said, by kinds that replace an
        answer, or by all others: these pass elsewhere."""
        lines = self._at.get(point)
        if lines is None:
            return ()
        with self._lock:
            return [Shot(self, armed, point, about) for armed in lines if armed.selects(about, replaces) and armed.passed()]

    def may_pass(self, points: Iterable[str], about: About, *, replaces: bool | None = None) -> bool:
        """Whether anything may still go wrong at one of `points`, by such kinds (`passing`)."""
        # All are asked, also where one has said yes: each notes who comes its way.
        found = [armed.selects(about, replaces) and not armed.is_used_up
                 for point in points for armed in self._at.get(point, ())] if self._at else ()
        return any(found)

    def wants_http2(self, about: About) -> bool:
        """Whether a line that may still act is one that HTTP/2 alone can show."""
        return any(needs_http2(armed.line.kind) and armed.selects(about) and not armed.is_used_up for lines in self._at.values() for armed in lines)

    def _note(self, armed: _Armed, fired: Fired) -> None:
        with self._lock:
            armed.fired += 1
            self.fired.append(fired)


class TaskFaults:
    """The faults of one task: of all plans in force for it."""

    __slots__ = ("_all", "_clock", "_history", "task")

    def __init__(self, all_in_force: tuple[Faults, ...], clock: Clock, history: History | None, task: Any) -> None:
        self._all, self._clock, self._history, self.task = all_in_force, clock, history, task

    def has(self, point: str) -> bool:
        """Whether a line is about `point`."""
        return point in self._all[0]._at if len(self._all) == 1 else any(point in faults._at for faults in self._all)

    def passing(self, point: str, method: str, url: str) -> Shots:
        """`point` is passed: what is to go wrong there."""
        if not self.has(point):
            return ()
        about = About(self._clock, self._history, self.task, method, url)
        return [shot for faults in self._all for shot in faults.passing(point, about)]

    def exchange(self, method: str, url: str) -> ExchangeFaults | None:
        """The faults of a request that is about to go; None where nothing can go wrong on its way."""
        for faults in self._all:
            if faults._at:
                break
        else:
            return None
        exchange = ExchangeFaults(self._all, About(self._clock, self._history, None, method, url), self)
        return exchange if exchange.may_pass(*_EXCHANGE) else None


class ExchangeFaults:
    """The faults of one request on its way."""

    __slots__ = ("_about", "_all", "_of_task")

    def __init__(self, all_in_force: tuple[Faults, ...], about: About, of_task: TaskFaults | None = None) -> None:
        self._all, self._about, self._of_task = all_in_force, about, of_task

    @property
    def about(self) -> About:
        """Whose request it is now: the task may have become a download, or have ended."""
        return self._about if self._of_task is None else self._about._replace(task=self._of_task.task)

    def passing(self, point: str, *, replaces: bool | None = None) -> Shots:
        """`point` is passed: what is to go wrong there (`Faults.passing`)."""
        return [shot for faults in self._all for shot in faults.passing(point, self.about, replaces=replaces)]

    def may_pass(self, *points: str, replaces: bool | None = None) -> bool:
        """Whether anything may still go wrong at one of `points` (`Faults.may_pass`)."""
        found = [faults.may_pass(points, self.about, replaces=replaces) for faults in self._all]
        return any(found)

    @property
    def wants_http2(self) -> bool:
        """Whether a line that may still act is one that HTTP/2 alone can show."""
        return any(faults.wants_http2(self.about) for faults in self._all)
