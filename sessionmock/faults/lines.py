"""Lines of plans: values that say at which point, for which requests and on which passes what goes wrong."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import shown
from ..errors import InvalidArgumentException
from ..models.settings import FLAG, TOKEN, Takes, whole
from . import matching
from .kinds import KINDS, TIMED, Kind, Kinds
from .matching import URLPattern
from .names import NoSuchKind, named, unknown
from .points import POINTS, expand
from .table import suited

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, repr=False)
class FaultLine:
    """At this point, for these requests, on these passes: this kind. Made by `at(...)` of a plan; `FaultPlan()` says what each word means.

    `point` is a name of a point, or of several (`"disk"`); `kind` what happens there. Of requests: `url`, `method` (upper case) and `task`;
    None is any. Of passes: `byte` (None: the first), `first`, `nth`, `every`, `probability` and `from_here_on`. One that is `optional` may
    never act. Raises InvalidArgumentException for what makes no sense.
    """

    point: str
    kind: Kind
    url: URLPattern = None
    method: str | None = None
    task: Any = None
    byte: int | None = None
    first: int | None = None
    nth: int | None = None
    every: int | None = None
    probability: float | None = None
    from_here_on: bool = False
    optional: bool = False

    def __post_init__(self) -> None:
        points = self.points
        for name, takes in _TAKES.items():
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, takes.of(f"at({self.point!r}, {name}=...)", value))
        object.__setattr__(self, "url", matching.given_url(self.url))
        matching.check_task(self.task)
        if self.byte is not None and not any(POINTS[point].has_byte for point in points):
            counted = ", ".join(point.name for point in POINTS.values() if point.has_byte)
            raise InvalidArgumentException(f"at({self.point!r}, byte={self.byte}): no bytes are counted there; {counted} have them")
        for one, other in _CONTRADICT:
            if getattr(self, one) and getattr(self, other):
                raise InvalidArgumentException(f"at({self.point!r}): {one}={getattr(self, one)} and {other}={getattr(self, other)} contradict "
                                               f"each other: give one of them")

    def __repr__(self) -> str:
        return f"FaultPlan().{self._call(repr, repr)}[0]"

    def __str__(self) -> str:
        """As a plan says it, with pseudonyms in the place of secrets."""
        return self._call(shown.value, str)

    def _call(self, written: Callable[[Any], str], kind: Callable[[Kind], str]) -> str:
        said = (f", {name}={written(value)}" for name, value in self.conditions.items())
        return f"at({self.point!r}{''.join(said)}).{kind(self.kind)}"

    @property
    def conditions(self) -> dict[str, Any]:
        """What was said beside the point and the kind."""
        return {name: getattr(self, name) for name, default in CONDITIONS.items() if getattr(self, name) != default}

    @property
    def points(self) -> tuple[str, ...]:
        """The points at which it acts."""
        return suited(self.point, expand(self.point), self.kind)

    @property
    def is_timed(self) -> bool:
        """Whether it is about time, which is virtual then on a script or a cassette."""
        kind = self.kind
        return kind.name in TIMED or (kind.name == "malformed" and bool(kind["what"] == "window"))    # which a time-out ends, as `never`


CONDITIONS: Mapping[str, Any] = {field.name: field.default for field in fields(FaultLine) if field.name not in ("point", "kind")}
"""What may be said of a line beside its point and kind, with what holds where nobody says it."""


def _share(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError
    return float(value)


def _method(value: Any) -> str:
    if not TOKEN.fullmatch(value):
        raise ValueError
    return str(value).upper()


_TAKES: Mapping[str, Takes[Any]] = {
    "method": Takes("a method, as \"POST\"", _method), "byte": whole(0), "first": whole(1), "nth": whole(1), "every": whole(1),
    "probability": Takes("a number from 0 to 1", _share), "from_here_on": FLAG, "optional": FLAG}
_CONTRADICT = (("first", "nth"), ("nth", "every"), ("first", "from_here_on"))


class Place(Kinds[T]):
    """A point, and which passes of it: the method that is called on it says what happens there, and gives what `at` was for."""

    def __init__(self, take: Callable[[FaultLine], T], point: str, conditions: Mapping[str, Any]) -> None:
        expand(point)
        self._taken, self._point, self._conditions = take, point, conditions

    def __repr__(self) -> str:
        said = (f", {name}={shown.value(value)}" for name, value in self._conditions.items() if value != CONDITIONS[name])
        return f"<at({self._point!r}{''.join(said)}), and no kind yet>"

    if not TYPE_CHECKING:       # to a type checker there is nothing more

        def __getattr__(self, name: str) -> Any:
            raise unknown(repr(self), "kind", name, KINDS, NoSuchKind) if not name.startswith("_") else AttributeError(name)

    def _take(self, kind: Kind) -> T:
        return self._taken(FaultLine(point=self._point, kind=kind, **self._conditions))


class Lines(Generic[T]):
    """What lines are said to: a plan, or one in force."""

    @named
    def at(
        self, point: str, *, url: URLPattern = None, method: str | None = None, task: Any = None, byte: int | None = None, first: int | None = None,
        nth: int | None = None, every: int | None = None, probability: float | None = None, from_here_on: bool = False, optional: bool = False,
    ) -> Place[T]:
        """Where something goes wrong: at `point`, as "connect", "body" or "disk.write" (a name without its part, as "disk", means all of
        them). The method that is called on what this gives says what: `.at("body", byte=10).reset()`.

        - `url`: what a respx pattern takes: a URL, or a part of one (what is not said is not compared, as a query), with `*` for any part;
          a compiled pattern, which is searched for; a URL of httpx; a pattern (`M(...)`). `method`: in any case.
        - `task`: a task, its `task_description`, or a function that says whether a task is meant; no plain client's request is then.
        - `byte`: of a body, before which byte of it, from 0, as it is on the wire; without, before the first.
        - `first=2`: on the first two passes of the point that the rest of the line selects; `nth=2`: on the second; `every=2`: on the
          second, fourth...; `probability=0.1`: on a tenth of them, drawn from the seed. Without any of these, on all.
        - `from_here_on`: and on every pass after one on which it acted.
        - `optional`: it may never act, which fails a test else.

        Raises InvalidArgumentException for a name that is none, and with the kind for what makes no sense there.
        """
        said = {name: value for name, value in locals().items() if name not in ("self", "point")}
        return self._place(point, said)

    def _place(self, point: str, conditions: Mapping[str, Any]) -> Place[T]:
        return Place(self._add, point, conditions)

    def _add(self, line: FaultLine) -> T:
        raise NotImplementedError
