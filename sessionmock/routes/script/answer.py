"""Answers given in order, each to whatever request comes next, and their playing over time."""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from ... import shown
from ...clock import Timer, nanoseconds
from ...errors import Code, InvalidArgumentException, URLError, url_error
from ...models.immutable import immutable
from ...models.message import Headers, Request, ResponseHead
from ..base import FINISHED, Exchange, Host, Sink, Unmeasured

Body = bytes | str | Sequence[tuple[bytes, float]]


class Values(TypedDict, total=False):
    """Those of an `Answer`, as keywords."""

    status: int
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    body: Body
    reason: str
    http_version: str
    delay: float
    informational: Sequence[ResponseHead | int]
    trailers: Sequence[tuple[str, str]]
    error: URLError | int | None


@immutable
@shown.printed
@dataclass(slots=True, frozen=True)
class Answer:
    """One scripted answer.

    - `headers`: a mapping or pairs; nothing is added to them, no Content-Length either.
    - `body`: bytes, str (sent as UTF-8), or pieces of (bytes, seconds to wait before this piece).
    - `delay`: seconds from the request to the head; `math.inf` never answers.
    - `informational`: 1xx heads (ResponseHead or status) sent before the final one, or before `error`.
    - `reason` and `http_version`: of the status line, "" and "HTTP/1.1"; `trailers`: pairs that follow the body.
    - `error`: a URLError, or its code. It comes instead of an answer where `body` is empty, after the body where not.

    Raises InvalidArgumentException for a status that is no number of three digits, a negative delay, and fields and bodies of
    other types.
    """

    status: int = 200
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None
    body: Body = b""
    reason: str = ""
    http_version: str = "HTTP/1.1"
    delay: float = 0.0
    informational: Sequence[ResponseHead | int] = ()
    trailers: Sequence[tuple[str, str]] = ()
    error: URLError | int | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.status, int) and 100 <= self.status <= 999):
            raise InvalidArgumentException(f"Answer(status={self.status!r}): a status is a number from 100 to 999")
        if not isinstance(self.delay, int | float):
            raise InvalidArgumentException(f"Answer(delay={self.delay!r}): a delay is 0 or more seconds; math.inf never answers")
        if self.headers is not None and not isinstance(self.headers, Mapping | Iterable):
            raise InvalidArgumentException(f"Answer(headers={shown.value(self.headers)}): a header is a mapping, or pairs (name, value)")
        if not isinstance(self.informational, Sequence) or not all(isinstance(early, int | ResponseHead) for early in self.informational):
            raise InvalidArgumentException(f"Answer(informational={self.informational!r}): give a list of 1xx statuses, as [103]")
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers if isinstance(self.headers, Sequence) else ()
        for pair in (*pairs, *self.trailers):
            if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)):
                raise InvalidArgumentException(f"Answer(...): {shown.value(pair)} is no field of a header or trailer: give (name, value), both str")
        if not self.delay >= 0:
            raise InvalidArgumentException(f"Answer(delay={self.delay!r}): a delay is 0 or more seconds; math.inf never answers")
        if self.error is not None and not isinstance(self.error, URLError):
            _code(self.error)
        if isinstance(self.body, bytes | str):
            return
        for piece in self.body if isinstance(self.body, Sequence) else (self.body,):
            if not (isinstance(piece, tuple) and len(piece) == 2 and isinstance(piece[0], bytes) and piece[1] >= 0):
                raise InvalidArgumentException(f"Answer(body=...): {shown.value(piece)} is neither bytes, str nor a piece (bytes, seconds)")

    def steps(self, request: Request) -> Iterator[Step]:
        """What reaches the sink, in order, as the answer to `request`."""
        wait = self.delay
        error = self.error
        if error is not None and not isinstance(error, URLError):
            error = url_error(_code(error), request.url)
        for early in self.informational:
            yield Step(wait, "informational", ResponseHead(early, []) if isinstance(early, int) else early)
            wait = 0.0
        if error is not None and not self.body:
            yield Step(wait, "fail", error)
            return
        yield Step(wait, "head", self.head())
        body = self.body.encode() if isinstance(self.body, str) else self.body
        for data, seconds in [(body, 0.0)] if isinstance(body, bytes) else body:
            if data or seconds:
                yield Step(seconds, "data", data)
        yield Step(0.0, "end", list(self.trailers)) if error is None else Step(0.0, "fail", error)


    def head(self) -> ResponseHead:
        """The head of the final response, made anew for who gets it."""
        headers = self.headers
        pairs = [] if headers is None else list(headers.items() if isinstance(headers, Mapping) else headers)
        return ResponseHead(self.status, pairs, self.reason, self.http_version)


class Step(NamedTuple):
    """One call of a sink, `wait` seconds after the step before."""

    wait: float
    call: str          # the sink's method
    value: ResponseHead | bytes | Headers | URLError


def _code(code: int) -> Code:
    try:
        return Code(code)
    except ValueError:
        raise InvalidArgumentException(f"Answer(error={code!r}): no code of Apple's; give a URLError for your own") from None


def play(answer: Answer, request: Request, host: Host, sink: Sink) -> Exchange:
    """Give `answer` to `sink`: on this stack up to the first step that has to wait, the rest on the engine."""
    body = answer.body
    if type(body) is bytes and answer.error is None and not answer.delay and not answer.informational:
        sink.head(answer.head())                 # what nearly all answers are: no steps are made of it
        if body:
            sink.data(body)
        sink.end(list(answer.trailers))
        return FINISHED
    steps = answer.steps(request)
    for step in steps:
        if step.wait:
            return Playback(step, steps, host, sink)
        getattr(sink, step.call)(step.value)
    return FINISHED


class Playback(Unmeasured):
    """An answer that takes its time. While paused its body stands still; a wait that has begun goes on."""

    __slots__ = ("_cancelled", "_due", "_host", "_paused", "_sink", "_step", "_steps", "_timer")

    def __init__(self, step: Step, steps: Iterator[Step], host: Host, sink: Sink) -> None:
        self._step, self._steps, self._host, self._sink = step, steps, host, sink
        self._paused = self._cancelled = self._due = False
        self._timer: Timer | None = None
        host.post(self._wait, host.clock.now())

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._host.post(self._go_on)

    def cancel(self) -> None:
        self._cancelled = True
        self._host.post(self._drop)

    def _drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self, since: int) -> None:
        """On the engine: set the timer of the step that is next, which never comes after an infinite wait."""
        if not self._cancelled and not math.isinf(self._step.wait):
            self._timer = self._host.clock.call_at(since + nanoseconds(self._step.wait), self._ring)

    def _ring(self) -> None:
        self._timer, self._due = None, True
        self._go_on()

    def _go_on(self) -> None:
        """On the engine: take every step that is due, body pieces and what follows them only while not paused."""
        while self._due and not self._cancelled:
            step = self._step
            if self._paused and step.call not in {"head", "informational"}:
                return
            if step.value != b"":
                getattr(self._sink, step.call)(step.value)
            following = next(self._steps, None)
            if following is None:
                self._cancelled = True
                return
            self._step = following
            if following.wait:
                self._due = False
                self._wait(self._host.clock.now())
