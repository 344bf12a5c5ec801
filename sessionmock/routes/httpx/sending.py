"""A plain client's request on its way over a route: what it sends, what it gets, and how it waits for that."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ...clock import nanoseconds
from ...errors import Code, url_error
from ...models.message import BodyStream, Headers, Request, ResponseHead, body_length
from ...models.timing import Timing
from ...models.url import split_url
from ..base import Channel, Host, expire
from ..offload import Caller
from .client_route import OwnWay
from .errors import Reached, client_error
from .inbox import Inbox
from .values import package_of, text_pairs
from .waiting import Alarm, Step, Waiter, limit_of, step_of


class Sending:
    """One request of a client on its way over `channel`; `own` is the way of the client's own transport, which may be taken.

    Where a coroutine asks (`is_coroutine`), what the answer takes of the user's code runs in that one: see `Caller`.
    """

    def __init__(
        self, request: Any, channel: Channel, host: Host, waiter: Waiter, own: OwnWay | None = None, *, is_coroutine: bool = False,
    ) -> None:
        self.package = package = package_of(request)
        self.request = request
        self._host, self._waiter = host, waiter
        self._limits: Mapping[str, float | None] = request.extensions.get("timeout", {})     # of time, in seconds, by their names
        self._timing: Timing | None = None     # of the connection that it goes over, if there is one
        self._since = 0                        # the last sign of life
        self._due: int | None = None           # until when somebody waits at the most
        self._received = 0                     # bytes of the body
        url, body = str(request.url), body_of(request, package, reads_here=own is not None)
        self.inbox = inbox = Inbox(body_length(body))
        self.own = own
        self.caller = caller = Caller(inbox.moved) if is_coroutine else None
        asked = Request(request.method, url, headers_of(request, url), body, extensions=request.extensions, own_way=own,
                        stepped=self._stepped, once=True, caller=caller)
        inbox.exchange.settle(channel.open(asked, inbox))

    def response(self) -> Any:
        """The client's response, once the head is there; raises the client's exception where none came."""
        inbox = self.inbox
        if inbox.answer is None:
            raise self._failure()
        head = inbox.answer
        return self.package.Response(
            head.status,
            headers=[(name.encode(), value.encode()) for name, value in head.headers],
            stream=_body_class(self.package)(self),
            extensions=_extensions(head) if head.extensions is None else head.extensions,
        )

    def piece(self) -> bytes | None:
        """The next piece of the body after a wait, None at its end; raises the client's exception where it broke off."""
        piece = self.inbox.take()
        if piece is not None:
            self._received += len(piece)
        elif self.inbox.error is not None:
            raise self._failure()
        return piece

    def _failure(self) -> BaseException:
        error = self.inbox.error
        assert error is not None
        return client_error(error, self.package, self.request, Reached(self._step().name, self.inbox.answer, self._received))

    def answered(self) -> bool:
        return self.inbox.answer is not None or self.inbox.error is not None

    def block(self, ready: Callable[[], bool]) -> None:
        """Block until `ready()`, or raise the client's time-out."""
        told = True
        while not ready():
            if self.own is not None and self.own.sends:
                self.own.go_on()
                continue
            latch = self.inbox.expect()
            if self._moves(ready):
                continue
            until = self._until(told)
            try:
                told = self._waiter.wait(latch, until) or latch.done
            except BaseException:
                self.inbox.exchange.cancel()
                raise

    async def hold(self, ready: Callable[[], bool]) -> None:
        """Like `block`, in a coroutine."""
        told = True
        while not ready():
            if self.own is not None and self.own.sends:
                await self.own.go_on_async()
                continue
            if self.caller is not None and self.caller.is_asked:
                try:
                    await self.caller.go_on()
                except BaseException:
                    self._leave()
                    raise
                continue
            latch = self.inbox.expect()
            if self._moves(ready):
                continue
            until = self._until(told)
            alarm = None if until is None else Alarm(self._host, latch, until)
            try:
                await self._waiter.ended(latch)
            except BaseException:
                self._leave()
                raise
            finally:
                if alarm is not None:
                    alarm.cancel()
            told = alarm is None or not alarm.rung

    def _moves(self, ready: Callable[[], bool]) -> bool:
        """Whether there is something to do but wait: a route on another thread may have taken the client's own way meanwhile, or ask the caller."""
        return ready() or (self.own is not None and self.own.sends) or (self.caller is not None and self.caller.is_asked)

    def _until(self, told: bool) -> int | None:
        """Until when to wait, from now where a sign of life has `told` something; else raises the client's time-out where it has come."""
        if told:
            self._since = self._host.clock.now()
        waited, self._due = self._due, None
        limit, due = self._limit()
        if not told and due is not None and waited is not None and due <= waited:
            raise self._timeout(limit)
        self._due = due
        return due

    def _step(self) -> Step:
        inbox = self.inbox
        return step_of(self._timing, inbox.unsent > 0, inbox.answer is not None)

    def _limit(self) -> tuple[str, int | None]:
        """The limit that holds now, and when it is reached."""
        step, begun = self._step()
        limit = limit_of(step)
        seconds = self._limits.get(limit)
        return limit, None if seconds is None else max(begun, self._since) + nanoseconds(seconds)

    def _stepped(self, timing: Timing) -> None:
        """On the engine: another limit holds from now on. Whoever waits for longer looks again."""
        self._timing = timing
        due, (_, earlier) = self._due, self._limit()
        if earlier is not None and (due is None or earlier < due):
            self.inbox.moved()

    def _timeout(self, limit: str) -> BaseException:
        self._forget_caller()
        kind = getattr(self.package, f"{limit.capitalize()}Timeout")
        raised: BaseException = kind("The route took too long", request=self.request)
        url = str(self.request.url)
        expire(self.inbox.exchange, url_error(Code.TIMED_OUT, url, raised))
        raised.__cause__ = url_error(Code.TIMED_OUT, url)
        return raised

    def close(self) -> None:
        self._cancel()
        if self.own is not None:
            self.own.close()

    async def aclose(self) -> None:
        self._cancel()
        if self.own is not None:
            await self.own.aclose()

    def _cancel(self) -> None:
        if not self.inbox.ended and self.inbox.error is None:
            self._leave()

    def _leave(self) -> None:
        """Nobody waits for the answer any more."""
        self.inbox.exchange.cancel()
        self._forget_caller()

    def _forget_caller(self) -> None:
        if self.caller is not None:
            self.caller.close()


def _extensions(head: ResponseHead) -> dict[str, bytes]:
    """Those of a response that no client's transport has made. Without a reason httpx names the standard one."""
    version = {"http_version": head.http_version.encode()}
    return version | {"reason_phrase": head.reason.encode()} if head.reason else version


@lru_cache(maxsize=2)
def _body_class(package: Any) -> type:
    """The class of response streams, a kind of the package's own: its client asks for that."""

    class RouteBody(package.SyncByteStream, package.AsyncByteStream):     # type: ignore[misc]
        def __init__(self, sending: Sending) -> None:
            self._sending = sending

        def __iter__(self) -> Iterator[bytes]:
            sending = self._sending
            while True:
                sending.block(sending.inbox.readable)
                if (piece := sending.piece()) is None:
                    return
                yield piece

        async def __aiter__(self) -> AsyncIterator[bytes]:
            sending = self._sending
            while True:
                await sending.hold(sending.inbox.readable)
                if (piece := sending.piece()) is None:
                    return
                yield piece

        def close(self) -> None:
            self._sending.close()

        async def aclose(self) -> None:
            await self._sending.aclose()

    return RouteBody


class IterableBody:
    """A client's request body that is iterated, as an upload of a file: pulled on pooled threads, or where it `reads_here`, because the
    client's own transport would do so too, by whoever opens the exchange."""

    may_block = True

    def __init__(self, pieces: Iterable[bytes], length: int, *, reads_here: bool = False) -> None:
        self.length, self.reads_here = length, reads_here
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def close(self) -> None:
        self._rest = b""
        self._pieces = iter(())


def headers_of(request: Any, url: str) -> Headers:
    """The header fields of a client's request for `url`; a Host that it made of that as we would have made it (`models.host`)."""
    headers = text_pairs(request.headers.raw)
    try:
        host = split_url(url).authority
    except ValueError:    # the route says so
        return headers
    if f"//{host}/" not in url:
        made = request.url.netloc.decode()
        headers = [(name, host if value == made and name.lower() == "host" else value) for name, value in headers]
    return headers


def body_of(request: Any, package: Any, *, reads_here: bool = False) -> bytes | BodyStream | None:
    """The body of a client's request; for `reads_here` see `IterableBody`."""
    if isinstance(request.stream, package.ByteStream):
        return request.read() or None
    length = request.headers.get("content-length", "")
    return IterableBody(request.stream, int(length) if length.isdecimal() else -1, reads_here=reads_here)
