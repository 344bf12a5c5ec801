"""The cassette route: answers from a file, and records into it what the file does not have."""
from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...errors import CassetteError, Code, InvalidArgumentException, UnmatchedRequest, URLError, url_error
from ...models.message import BodyStream, Request
from . import files
from .interaction import Interaction, Tape
from .matching import MATCH_ON, Asked, Index
from .misses import explain
from .playback import FINISHED, play
from .recording import Ready, Recorder, Tee

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ...models.proxy import ProxyConfiguration
    from ...models.url import URLParts
    from ..base import Channel, Exchange, Host, Route, Sink


class Mode(Enum):
    """What is replayed and what is recorded; vcrpy's names."""

    ONCE = "once"                  # a file: replay it, and what it has not is a miss; no file: record
    NONE = "none"                  # replay alone, never record
    NEW_EPISODES = "new_episodes"  # replay what is there, record what is not
    ALL = "all"                    # replay nothing, record everything


class CassetteRoute:
    """A route over one cassette file. Use it as a context manager, or call `close`: the file is written then, once.

    `path` ends in .json for JSON, in anything else for YAML. `mode` is a name of `Mode`. `live` answers what is to be
    recorded. `match_on` names the fields that must agree (see `matching`). What was recorded in this run is replayed in
    it only with `allow_playback_repeats`; with it, an answer that is used up is given again, the last of equals.
    `speed` is the pace of bodies that were recorded piece by piece: 0 gives the pieces without waiting, 1.0 at their times.
    Raises CassetteError where the file is broken, InvalidArgumentException for an unknown mode or field.
    Any thread may use it; `open` on one of its channels calls the sink before it returns where the tape has the answer.
    """

    source = "cassette"

    def __init__(self, path: str | os.PathLike[str], mode: str | Mode = "once", *, live: Route | None = None,
                 allow_playback_repeats: bool = False, match_on: Sequence[str] = MATCH_ON, speed: float = 0.0) -> None:
        if not 0 <= speed < math.inf:
            raise InvalidArgumentException(f"speed {speed!r}: 0 waits for nothing, 1.0 is the recorded pace, 2.0 twice as fast")
        self.path = Path(path)
        self.mode = _mode(mode)
        self.live = live
        self.allow_playback_repeats = allow_playback_repeats
        self.speed = speed
        self.misses: list[UnmatchedRequest] = []
        self.played = 0
        self.recorded = 0
        tape = files.load(self.path)
        self.found = tape is not None
        self.replays = self.mode is not Mode.ALL
        self.records = live is not None and self.mode is not Mode.NONE and (self.mode is not Mode.ONCE or not self.found)
        if self.records and tape and tape.format and not tape.format.written:
            raise CassetteError(f"{self.path}: a file of {tape.format.value} is replayed, not recorded into; convert it first")
        self._tape = tape or Tape()
        with files.uncollected():
            self._index = Index(self._tape.interactions, match_on)
        self._new: list[tuple[int, Interaction]] = []    # with the number of their request, so that the file keeps that order
        self._numbers = itertools.count()
        self._saved = 0
        self._lock = threading.Lock()                    # index, counters and lists; never held while a sink is called
        self._writing = threading.Lock()

    def __len__(self) -> int:
        """How many interactions there are, read and recorded."""
        return len(self._tape.interactions) + len(self._new)

    def __bool__(self) -> bool:
        """True: a route with nothing recorded is a route."""
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> CassetteChannel:
        """The channel of one session; its live channel is bound only where this route may record."""
        return CassetteChannel(self, host, self.live.bind(configuration, host) if self.live and self.records else None)

    def save(self) -> None:
        """Write the file if anything was recorded since it was last written. Raises CassetteError."""
        with self._writing:
            with self._lock:
                count = len(self._new)
                tape = self._now()
            if count > self._saved:
                files.save(self.path, tape)
                self._saved = count

    def close(self) -> None:
        """`save`; the route can still be used."""
        self.save()

    def _now(self) -> Tape:
        """The tape as a file would have it: in mode "all" what was recorded replaces what it matches (as vcrpy 9)."""
        recorded = [interaction for _, interaction in sorted(self._new, key=lambda pair: pair[0])]
        kept = self._tape.interactions
        if self.mode is Mode.ALL and recorded:
            again = Index(recorded, self._index.match_on)
            kept = [interaction for interaction in kept if again.bucket(_asked(interaction)) is None]
        return Tape(kept + recorded, self._tape.metadata, self._tape.format)

    # For the channels -------------------------------------------------------------------------------------------------

    def find(self, asked: Asked) -> Interaction | None:
        """The answer to `asked`, from now on played; or None. Raises CassetteError where what stands in the file is broken."""
        with self._lock:
            position = self._index.take(asked, self.allow_playback_repeats)
            if position is None:
                return None
            self.played += 1
            found = self._index.interactions[position]
        found.read()
        return found

    def number(self) -> int:
        """The place that a request takes in the file."""
        return next(self._numbers)

    def keep(self, number: int, interaction: Interaction) -> None:
        """Append what was recorded for request `number`."""
        with self._lock:
            self._new.append((number, interaction))
            self.recorded += 1
            if self.replays and self.allow_playback_repeats:
                self._index.add(interaction)

    def miss(self, asked: Asked) -> UnmatchedRequest:
        """Note that nothing answers `asked`."""
        with self._lock:
            unmatched = UnmatchedRequest(explain(self, self._index, asked))
            self.misses.append(unmatched)
        return unmatched


class CassetteChannel:
    """A cassette in the hands of one session."""

    def __init__(self, route: CassetteRoute, host: Host, live: Channel | None) -> None:
        self._route, self._host, self._live = route, host, live

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Replay the answer to `request`, or let it go live and keep the answer, or fail it as a miss."""
        route, body, stream = self._route, request.body, None
        if body is not None and not isinstance(body, bytes):
            stream, body = body, None
            if route.replays and not stream.may_block:
                try:
                    body = read_whole(stream)
                except Exception as error:
                    return self._fail(request, sink, stream, error)
                stream = Ready(stream, body)
        asked = Asked(request.method, request.url, request.headers, body)
        try:
            found = route.find(asked) if route.replays else None
        except CassetteError as error:
            return self._fail(request, sink, stream, error)
        if found is not None:
            self._release(stream)
            if body:
                sink.sent(len(body))
            return play(found, request.method, sink, self._host, route.speed)
        if self._live is None:
            return self._fail(request, sink, stream, route.miss(asked))
        if stream is not None:
            request = replace(request, body=Tee(stream))
        return self._live.open(request, Recorder(request, sink, self._host.clock, partial(route.keep, route.number())))

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        """The proxy that a request for `parts` goes through where it goes live."""
        finder: Callable[[URLParts], ProxyConfiguration | None] | None = getattr(self._live, "proxy_for", None)
        return None if finder is None else finder(parts)

    def _fail(self, request: Request, sink: Sink, stream: BodyStream | None, error: Exception) -> Exchange:
        self._release(stream)
        sink.fail(error if isinstance(error, URLError) else url_error(Code.UNKNOWN, request.url, error))
        return FINISHED

    def _release(self, stream: BodyStream | None) -> None:
        """Close the request's stream; off the engine where that may run user code."""
        if stream is not None:
            self._host.work(stream.close) if stream.may_block else stream.close()

    def flush(self) -> None:
        if self._live is not None:
            self._live.flush()

    def close(self) -> None:
        if self._live is not None:
            self._live.close()


def read_whole(stream: BodyStream) -> bytes:
    """Everything that is left in `stream`."""
    return b"".join(iter(lambda: stream.read(1 << 16), b""))


def _asked(interaction: Interaction) -> Asked:
    request = interaction.request
    return Asked(request.method, request.uri, request.headers, request.body)


def _mode(mode: str | Mode) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise InvalidArgumentException(f"mode {mode!r}: choose from {', '.join(m.value for m in Mode)}") from None
