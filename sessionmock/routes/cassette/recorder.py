"""A live answer on its way to a sink, kept as it passes."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...clock import Clock
from ...errors import Code, RecordingWarning, URLError, url_error
from ...models.body import KeptBody
from ...models.message import Headers, Request, ResponseHead, header
from ...models.timing import Timing
from ..base import ExchangeOver, SinkOver, limit_reached
from .failures import recorded
from .interaction import LEFT, METRICS, STEPS, Extra, Failure, Interaction, RecordedRequest, RecordedResponse

if TYPE_CHECKING:
    from ..base import Exchange, Sink

MILLISECOND = 1_000_000


class Recorder(SinkOver):
    """Passes on what an exchange brings; the answer goes to `keep` just before its end, or its failure, is passed on.

    One that its reader leaves is kept as far as it came, with a mark; the rest of a redirect and of a challenge is wanted by
    nobody and not missed. Where no head came, a cancel leaves nothing to keep. Times of pieces are kept where the answer names
    no length, as a stream of events does. `over` is told when there is nothing more to record.
    """

    __slots__ = ("_chunks", "_clock", "_head", "_informational", "_keep", "_opened", "_over", "_pieces", "_request", "_size", "_start",
                 "_streamed", "_timing", "_turn", "_when")

    def __init__(self, request: Request, sink: Sink, clock: Clock, keep: Callable[[Interaction], None],
                 over: Callable[[Recorder], None]) -> None:
        super().__init__(sink)
        self._request, self._clock, self._keep, self._over = request, clock, keep, over
        self._turn = [None]        # whoever pops it ends the recording: one of two threads at the most
        self._informational: list[ResponseHead] = []
        self._head = ResponseHead(0, [])
        self._pieces: list[bytes] = []
        self._chunks: list[tuple[int, int]] = []
        self._size = self._start = 0
        self._streamed = False
        self._opened = clock.now()
        self._timing: Timing | None = None      # what the live route measures, where it does
        self._when = clock.date().replace(microsecond=0)

    def informational(self, head: ResponseHead) -> None:
        self._informational.append(ResponseHead(head.status, head.headers[:], head.reason, head.http_version))
        self.sink.informational(head)

    def head(self, head: ResponseHead) -> None:
        self._head = ResponseHead(head.status, head.headers[:], head.reason, head.http_version)
        self._timing = head.timing
        self._streamed = header(head.headers, "content-length") is None
        if self._streamed:
            self._start = self._clock.now()
        self.sink.head(head)

    def data(self, data: bytes) -> None:
        self._pieces.append(data)
        if self._streamed:
            self._chunks.append((self._size, (self._clock.now() - self._start) // MILLISECOND))
            self._size += len(data)
        self.sink.data(data)

    def end(self, trailers: Headers) -> None:
        error = self._finish(trailers)
        if error is None:
            self.sink.end(trailers)
        else:
            self.sink.fail(error)

    def fail(self, error: URLError) -> None:
        self.sink.fail(self._break_off(recorded(error)) or error)

    def give_up(self, failure: Failure | None = None) -> None:
        """Nothing more will come because of `failure`, or be wanted; from any thread."""
        error = self._break_off(failure)
        if error is not None:
            warnings.warn(f"not recorded: {error}", RecordingWarning, stacklevel=2)

    def _break_off(self, failure: Failure | None) -> URLError | None:
        if failure is None and not self._head.status:
            self._over(self)
            return None
        return self._finish([], failure or (None if self._is_enough() else LEFT))

    def _is_enough(self) -> bool:
        """Whether what came is all that anybody wants, or all that there is."""
        status, headers = self._head.status, self._head.headers
        return (300 <= status < 400 or status in (204, 401, 407) or self._request.method == "HEAD"
                or header(headers, "content-length") == str(sum(map(len, self._pieces))))

    def _finish(self, trailers: Headers, failure: Failure | None = None) -> URLError | None:
        """Keep what there is. The error of a callback of the user's that did not let it be kept."""
        self._over(self)
        try:
            self._turn.pop()
        except IndexError:
            return None
        if self._head.status == 101:    # what follows is another protocol, not an answer
            return None
        try:
            self._keep(self._interaction(trailers, failure))
        except Exception as error:
            return url_error(Code.UNKNOWN, self._request.url, error)
        return None

    def _interaction(self, trailers: Headers, failure: Failure | None) -> Interaction:
        request, head = self._request, self._head
        kept = request.body if isinstance(request.body, KeptBody) else None
        body = kept.whole if kept else request.body
        assert body is None or isinstance(body, bytes), "a stream is recorded through a KeptBody"
        return Interaction(
            RecordedRequest(request.method, request.url.partition("#")[0], request.headers[:], body),
            RecordedResponse(head.status, head.reason, head.headers, b"".join(self._pieces)),
            Extra(head.http_version, self._informational, trailers[:], self._chunks if len(self._chunks) > 1 else [],
                  recorded_at=self._when, metrics=self._metrics(), cut=kept is not None and not kept.is_whole, failure=failure),
        )

    def _metrics(self) -> dict[str, int]:
        timing, opened = self._timing, self._opened
        if timing is None:
            return {}
        measured = {name: number for name in METRICS if (number := getattr(timing, name, None)) is not None}
        measured["response_end"] = self._clock.now()
        return {name: max(0, number - opened) // 1000 if name in STEPS else number for name, number in measured.items()}


class RecordedExchange(ExchangeOver):
    """The exchange of an answer that is recorded: cancelled, it records what came so far, and a limit of time that was reached."""

    __slots__ = ("_recorder",)

    def __init__(self, inner: Exchange, recorder: Recorder) -> None:
        super().__init__(inner)
        self._recorder = recorder

    def cancel(self) -> None:
        limit = limit_reached()
        self._recorder.give_up(None if limit is None else recorded(limit))
        super().cancel()
