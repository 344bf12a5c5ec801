"""Plans in force: passes of points are counted, and it is said what is to go wrong on each."""
from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from .. import shown
from ..clock import Clock
from ..history import Faulted, History
from .kinds import Kind
from .matching import is_about, is_of
from .plan import FaultLine, FaultPlan, Place
from .points import POINTS

Shots = Sequence["Shot"]
_EXCHANGE = frozenset(point.name for point in POINTS.values() if point.is_wire) | {"head"}


@dataclass(eq=False)
class Fired:
    """A fault that acted."""

    line: FaultLine
    point: str
    method: str
    url: str
    task: Any
    producing: Any = field(default=None, repr=False)     # of `cancel_by_producing_resume_data`: what the task has returned

    @property
    def kind(self) -> Kind:
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

    __slots__ = ("_armed", "about", "point")

    def __init__(self, armed: _Armed, point: str, about: About) -> None:
        self._armed, self.point, self.about = armed, point, about

    @property
    def kind(self) -> Kind:
        return self._armed.line.kind

    @property
    def byte(self) -> int:
        """Before which byte of the part it acts."""
        return self._armed.line.byte or 0

    def fire(self) -> Fired:
        """It acts now."""
        about = self.about
        fired = Fired(self._armed.line, self.point, about.method, about.url, about.task)
        self._armed.faults._note(self._armed, fired)
        history = about.history
        if history is not None and Faulted in history.kinds:
            history.add(about.clock, Faulted, about.task, self.point, str(self.kind), about.url)
        return fired


class About(NamedTuple):
    """Who passes a point."""

    clock: Clock
    history: History | None
    task: Any                # None: a plain client
    method: str
    url: str


class _Armed:
    """A line with its count."""

    __slots__ = ("acts", "draw", "faults", "fired", "line", "passes")

    def __init__(self, faults: Faults, line: FaultLine, number: int) -> None:
        self.faults, self.line = faults, line
        self.passes = 0
        self.acts = False            # from here on
        self.fired = 0
        self.draw = random.Random(int.from_bytes(sha256(f"{faults.seed}:{number}".encode()).digest()[:8], "big"))

    def selects(self, about: About) -> bool:
        line = self.line
        return ((line.method is None or line.method.upper() == about.method) and is_of(line.task, about.task) and is_about(line.url, about.url))

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
        acts = (
            (line.first is None or self.passes <= line.first)
            and (line.nth is None or self.passes == line.nth)
            and (line.every is None or self.passes % line.every == 0)
            and (line.probability is None or self.draw.random() < line.probability))
        acts = acts or (line.from_here_on and self.acts)
        self.acts = self.acts or acts
        return acts


class Faults:
    """A plan in force, to which lines may be added at any time. On any thread."""

    def __init__(self, plan: Iterable[FaultLine] = (), seed: int = 0) -> None:
        self.seed = seed
        self.fired: list[Fired] = []
        self._lock = threading.Lock()
        self._lines: list[_Armed] = []
        self._at: dict[str, list[_Armed]] = {}
        for line in plan:
            self.add(line)

    def __repr__(self) -> str:
        return f"<Faults: {len(self._lines)} lines, {len(self.fired)} fired, seed {self.seed}>"

    @property
    def plan(self) -> FaultPlan:
        """The lines, in order."""
        return FaultPlan(armed.line for armed in self._lines)

    @property
    def unfired(self) -> list[FaultLine]:
        """The lines that never acted and had to."""
        return [armed.line for armed in self._lines if not armed.fired and not armed.line.optional]

    def add(self, line: FaultLine) -> FaultLine:
        """Arm `line` too."""
        with self._lock:
            armed = _Armed(self, line, len(self._lines))
            self._lines.append(armed)
            for point in line.points:
                self._at.setdefault(point, []).append(armed)
        return line

    def at(
        self, point: str, *, url: Any = None, method: str | None = None, task: Any = None, byte: int | None = None, first: int | None = None,
        nth: int | None = None, every: int | None = None, probability: float | None = None, from_here_on: bool = False, optional: bool = False,
    ) -> Place[FaultLine]:
        """The place of a line; the method that is called on it says what happens there, and arms it."""
        conditions = {"url": url, "method": method, "task": task, "byte": byte, "first": first, "nth": nth, "every": every,
                      "probability": probability, "from_here_on": from_here_on, "optional": optional}
        return Place(self.add, point, conditions)

    def passing(self, point: str, about: About) -> Shots:
        """`point` is passed: what is to go wrong there, in the order of the lines."""
        lines = self._at.get(point)
        if lines is None:
            return ()
        with self._lock:
            return [Shot(armed, point, about) for armed in lines if armed.selects(about) and armed.passed()]

    def may_pass(self, points: Iterable[str], about: About) -> bool:
        """Whether anything may still go wrong at one of `points`."""
        return any(armed.selects(about) and not armed.is_used_up for point in points for armed in self._at.get(point, ()))

    def _note(self, armed: _Armed, fired: Fired) -> None:
        with self._lock:
            armed.fired += 1
            self.fired.append(fired)


class TaskFaults:
    """The faults of one task: of all plans in force for it."""

    __slots__ = ("_all", "_clock", "_history", "task")

    def __init__(self, all_in_force: tuple[Faults, ...], clock: Clock, history: History | None, task: Any) -> None:
        self._all, self._clock, self._history, self.task = all_in_force, clock, history, task

    def passing(self, point: str, method: str, url: str) -> Shots:
        """`point` is passed: what is to go wrong there."""
        if len(self._all) == 1 and not self._all[0]._at.get(point):
            return ()
        about = About(self._clock, self._history, self.task, method, url)
        return [shot for faults in self._all for shot in faults.passing(point, about)]

    def exchange(self, method: str, url: str) -> ExchangeFaults | None:
        """The faults of a request that is about to go; None where nothing can go wrong on its way."""
        about = About(self._clock, self._history, self.task, method, url)
        if not any(faults.may_pass(_EXCHANGE, about) for faults in self._all):
            return None
        return ExchangeFaults(self._all, about)


class ExchangeFaults:
    """The faults of one request on its way."""

    __slots__ = ("_all", "about")

    def __init__(self, all_in_force: tuple[Faults, ...], about: About) -> None:
        self._all, self.about = all_in_force, about

    def passing(self, point: str) -> Shots:
        """`point` is passed: what is to go wrong there."""
        return [shot for faults in self._all for shot in faults.passing(point, self.about)]

    def may_pass(self, *points: str) -> bool:
        """Whether anything may still go wrong at one of `points`."""
        return any(faults.may_pass(points, self.about) for faults in self._all)
