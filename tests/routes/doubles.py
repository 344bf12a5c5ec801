"""Doubles for what a route meets: an engine that runs when told to, a sink that notes, a live route from a table, a body."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sessionmock.clock import JumpingClock
from sessionmock.errors import Code, UnmatchedRequest
from sessionmock.models.message import Request, ResponseHead
from sessionmock.models.timing import Timing


class FakeHost:
    """Runs what is posted when told to."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.posted: list[tuple[Any, ...]] = []

    def post(self, call, *arguments) -> None:
        self.posted.append((call, *arguments))

    def work(self, call, *arguments) -> None:
        self.posted.append((call, *arguments))

    def run(self) -> None:
        while self.posted:
            call, *arguments = self.posted.pop(0)
            call(*arguments)


class NotingExchange:
    """An exchange that notes how it is held back."""

    def __init__(self, timing: Timing | None = None) -> None:
        self.timing = timing
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def cancel(self) -> None:
        self.calls.append("cancel")


def configured(limit: int, **settings: Any) -> Any:
    """What a live route reads of a configuration: TLS 1.2 and 1.3, no proxy, and what `settings` say instead."""
    return SimpleNamespace(**{
        "http_maximum_connections_per_host": limit, "tls_minimum_supported_protocol_version": 0x0303,
        "tls_maximum_supported_protocol_version": 0x0304, "proxy_configurations": (), "connection_proxy_dictionary": None, **settings})


class RecordingSink:
    """Notes every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.exchange: Any = None
        self.on_data = lambda: None

    def sent(self, count: int) -> None:
        self.calls.append(("sent", count))

    def cork(self) -> None: ...

    uncork = cork

    def moved(self) -> None:
        """A cassette has whole answers."""

    def informational(self, head: ResponseHead) -> None:
        self.calls.append(("informational", head))

    def head(self, head: ResponseHead) -> None:
        self.calls.append(("head", head))

    def data(self, data: bytes) -> None:
        self.calls.append(("data", data))
        self.on_data()

    def end(self, trailers) -> None:
        self.calls.append(("end", trailers))

    def fail(self, error) -> None:
        self.calls.append(("fail", error))

    @property
    def names(self) -> list[str]:
        return [call[0] for call in self.calls]

    @property
    def body(self) -> bytes:
        return b"".join(call[1] for call in self.calls if call[0] == "data")

    @property
    def missed(self) -> UnmatchedRequest:
        assert ["fail"] == self.names, self.calls
        error = self.calls[0][1]
        assert Code.UNKNOWN == error.code
        assert isinstance(error.underlying_error, UnmatchedRequest)
        return error.underlying_error


class FakeLive:
    """A live route: each answer is a list of sink calls, taken in turn; it is its own channel and exchange."""

    source = "live"
    is_live = True
    timing = None

    def __init__(self, *answers: list[tuple[Any, ...]]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.bodies: list[bytes | None] = []
        self.calls: list[str] = []
        self.host: Any = None

    def bind(self, configuration, host):
        self.calls.append("bind")
        self.host = host
        return self

    def open(self, request: Request, sink) -> FakeLive:
        self.requests.append(request)
        body = request.body
        if body is not None and not isinstance(body, bytes):
            stream, pieces = body, []
            while piece := stream.read(4):
                pieces.append(piece)
            stream.close()
            body = b"".join(pieces)
        self.bodies.append(body)
        if body:
            sink.sent(len(body))
        for name, *arguments in self.answers.pop(0):
            if name == "wait":
                self.host.clock._now += arguments[0] * 1_000_000
            else:
                getattr(sink, name)(*arguments)
        return self


    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def cancel(self):
        self.calls.append("cancel")

    def proxy_for(self, parts):
        return None

    def flush(self):
        self.calls.append("flush")

    def close(self):
        self.calls.append("close")

    def abandon(self):
        self.calls.append("abandon")


class Stream:
    """A body stream of known bytes."""

    def __init__(self, data: bytes, *, may_block: bool = False, length: int = -1) -> None:
        self.data, self.may_block, self.length, self.closed = data, may_block, length, 0

    def read(self, size: int) -> bytes:
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def close(self) -> None:
        self.closed += 1
