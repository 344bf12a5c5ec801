"""Requests that came to routes, by tasks and by plain clients: for tests that look at them, or wait for them."""
from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .clients.transport import Lender
from .clock import nanoseconds
from .engine.awaits import in_event_loop
from .engine.current import current_engine
from .errors import InvalidArgumentException
from .history import History, Record, Requested
from .latch import Latch
from .models.settings import NUMBER, reject
from .models.url import with_canonical_host
from .routes.httpx.waiting import Alarm
from .shown import counted
from .shown import url as shown_url

SHOWN = 20      # requests named in a message


class Requests(Sequence[Requested]):
    """The requests that came to routes, live ones, cassettes and scripts, in the order in which they came.

    Each is a `history.Requested`, with `method`, `url`, `headers` (pairs, and by name in any case), `body` (bytes or None),
    `source` ("live", "cassette" or "script") and `task` (None for a plain client's). What the cache or a protocol class
    answers came to no route. `history` is what they are written down in, from now on.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._looks: list[Callable[[], object]] = []       # of those who wait
        history.keep(Requested)
        history.watch(self._came)

    def __repr__(self) -> str:
        return f"<Requests: {', '.join(map(_line, self)) or 'none'}>"

    def __iter__(self) -> Iterator[Requested]:
        return (record for record in self._history if isinstance(record, Requested))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, index: int) -> Requested: ...

    @overload
    def __getitem__(self, index: slice) -> list[Requested]: ...

    def __getitem__(self, index: int | slice) -> Requested | list[Requested]:
        return list(self)[index]

    def wait_for(self, count: int = 1, *, method: str | None = None, url: str | re.Pattern[str] | None = None, timeout: float = 5.0) -> Arrived:
        """The first `count` requests that match, those that came before too; waits for them, at most `timeout` seconds.

        `url` is a URL, one with `*` for any part, or a pattern that is searched for in it; `method` is written in any case. In
        a coroutine `await` it, on asyncio or trio. In virtual time the time-out is virtual too. Raises TimeoutError, which
        says what came instead, and InvalidArgumentException.
        """
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            reject("wait_for(count)", count, "a number of requests, 1 or more")
        if not (method is None or isinstance(method, str)):
            reject("wait_for(method=...)", method, "a method, as POST")
        if not (url is None or isinstance(url, str | re.Pattern)):
            reject("wait_for(url=...)", url, "a URL, with * for any part, or a pattern")
        NUMBER.of("wait_for(timeout=...)", timeout)
        arrived = Arrived(self, Wanted(count, None if method is None else method.upper(), url), timeout)
        if not arrived._look() and not in_event_loop():
            arrived._block()
        return arrived

    def _came(self, record: Record) -> None:
        if isinstance(record, Requested):
            for look in list(self._looks):
                look()


@dataclass(frozen=True)
class Wanted:
    """Which requests are waited for, and how many."""

    count: int
    method: str | None
    url: str | re.Pattern[str] | None

    def __str__(self) -> str:
        what = " ".join((self.method or "any", getattr(self.url, "pattern", None) or str(self.url or "URL")))
        return f"{counted(self.count, 'request')} ({what})"

    def matches(self, request: Requested) -> bool:
        """Whether `request` is one of them."""
        if self.method is not None and request.method.upper() != self.method:
            return False
        if self.url is None:
            return True
        if isinstance(self.url, re.Pattern):
            return self.url.search(request.url) is not None
        wanted, came = str(self.url), _canonical(request.url)
        if "*" in wanted:
            return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), came, re.DOTALL) is not None
        return wanted == request.url or _canonical(wanted) == came


class Arrived(list[Requested]):
    """The requests that somebody waited for; in a coroutine to be awaited before they are there."""

    def __init__(self, requests: Requests, wanted: Wanted, timeout: float) -> None:
        super().__init__()
        self._requests, self._wanted, self._timeout = requests, wanted, timeout
        self._latch = Latch()

    def __await__(self) -> Generator[Any, None, Arrived]:
        return self._wait().__await__()

    def __iter__(self) -> Iterator[Requested]:
        self._refuse_early_use()
        return super().__iter__()

    def __len__(self) -> int:
        self._refuse_early_use()
        return super().__len__()

    def __getitem__(self, index: Any) -> Any:
        self._refuse_early_use()
        return super().__getitem__(index)

    def __repr__(self) -> str:
        return super().__repr__() if self._latch.done else f"<{self._wanted}, to be awaited>"

    def _refuse_early_use(self) -> None:
        if not self._latch.done:
            raise TypeError(f"{self!r}: they have not come yet, and this is a coroutine: await wait_for(...)")

    def _look(self) -> bool:
        """Take what matches where enough has come; whether it has."""
        if not self._latch.done:
            found = list(filter(self._wanted.matches, self._requests))[:self._wanted.count]
            if len(found) == self._wanted.count:
                self[:] = found
                self._latch.set()
        return self._latch.done

    def _block(self) -> None:
        engine = current_engine()
        if engine.on_engine():
            raise RuntimeError("wait_for() on the engine's own stack would wait for ever")
        self._requests._looks.append(self._look)
        try:
            if not self._look() and not engine.wait(self._latch, engine.clock.now() + nanoseconds(self._timeout)):
                raise self._too_late()
        finally:
            self._requests._looks.remove(self._look)

    async def _wait(self) -> Arrived:
        if self._latch.done:
            return self
        engine = current_engine()
        either = Latch()                                     # what was waited for, or the end of the time
        self._latch.tell(either.set)
        alarm = Alarm(Lender(engine), either, engine.clock.now() + nanoseconds(self._timeout))
        engine.post_eager(engine.enlist, True)               # somebody has to drive until the alarm
        self._requests._looks.append(self._look)
        try:
            if not self._look():
                await engine.ended(either)
        finally:
            self._requests._looks.remove(self._look)
            alarm.cancel()
            engine.post_eager(engine.delist, True)
        if not self._latch.done:
            raise self._too_late()
        return self

    def _too_late(self) -> TimeoutError:
        came = list(self._requests)
        matching = sum(map(self._wanted.matches, came))
        others = [_line(request) for request in came if not self._wanted.matches(request)]
        instead = "nothing else came" if not others else "\n  ".join(("what came instead:", *others[-SHOWN:]))
        return TimeoutError(f"waited {self._timeout:g} s for {self._wanted}, and {matching} came; {instead}")


def _line(request: Requested) -> str:
    return f"{request.method} {shown_url(request.url)} ({request.source})"


def _canonical(url: str) -> str:
    """`url` as it is compared: without a fragment, its host in canonical form, and with a path; as it is where it is none."""
    url = url.partition("#")[0]
    try:
        url = with_canonical_host(url)
    except InvalidArgumentException:
        return url
    origin, path = re.match(r"([^:]*://[^/?]*)?(.*)", url, re.DOTALL).groups("")     # type: ignore[union-attr]    # it matches anything
    return origin + (path if path.startswith("/") or not origin else f"/{path}")
