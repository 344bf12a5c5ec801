"""The cassette route: answers from a file, and records into it what the file does not have."""
from __future__ import annotations

import itertools
import math
import os
import threading
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from ...errors import CassetteError, Code, InvalidArgumentException, UnmatchedRequest, URLError, url_error
from ...models.message import BodyStream, Request
from ..base import FINISHED, ChannelOver
from . import files
from .interaction import Interaction, Tape
from .locking import locked, merge, stamp
from .matching import MATCH_ON, Asked, Index, Matcher, Order, Veil, asked_of
from .misses import explain
from .modes import Mode, OnExpiry, age, in_ci
from .playback import play
from .recording import Ready, Recorder, Recording, Tee
from .secrets import Secrets
from .verify import Difference, compare

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ..base import Channel, Exchange, Host, Route, Sink


class Found(NamedTuple):
    """An answer of the tape."""

    interaction: Interaction
    position: int
    old: bool = False      # older than it may be, so that the server is to be asked


class CassetteRoute:
    """A route over one cassette file. Use it as a context manager, or call `close`: the file is written then, once.

    `path` ends in .json for JSON, .har for HAR, in anything else for YAML. `mode` is a name of `Mode`; by default it is
    "once", and in CI (where the variable CI is set) "none". `live` answers what is to be recorded.
    `match_on` names the fields that must agree, or holds callables that judge two requests (`matching`); `order` is a name
    of `Order`. What was recorded in this run is replayed in it only with `allow_playback_repeats`; with it, an answer that
    is used up is given again, the last of equals.
    `speed` is the pace of bodies that were recorded piece by piece: 0 gives the pieces without waiting, 1.0 at their times.
    `filter` keeps secrets out of the file: True for the usual ones, a list of more names or `Secrets(...)`, False for none. A request's
    secrets need not be the recorded ones: where no recording has the same, one that differs in secrets alone answers.
    `max_age` is the age in seconds at which an answer is too old, `on_expiry` what happens then (`OnExpiry`). `trim` drops
    from the file, when it is written, what was not played, unless there was a miss. `ignore` holds patterns of places that
    mode "verify" does not compare, as "headers.x-*" or "body.items.*.id".
    Raises CassetteError where the file is broken, InvalidArgumentException for an unknown mode or field.
    Any thread may use it; `open` on one of its channels calls the sink before it returns where the tape has the answer.
    """

    source = "cassette"
    is_live = False

    def __init__(self, path: str | os.PathLike[str], mode: str | Mode | None = None, *, live: Route | None = None,
                 allow_playback_repeats: bool = False, match_on: Sequence[str | Matcher] = MATCH_ON, order: str | Order = Order.ANY,
                 speed: float = 0.0, filter: Secrets | Iterable[str] | bool = True, max_age: float | None = None,
                 on_expiry: str | OnExpiry = OnExpiry.WARN, trim: bool = False, ignore: Sequence[str] = ()) -> None:
        if not 0 <= speed < math.inf:
            raise InvalidArgumentException(f"speed {speed!r}: 0 waits for nothing, 1.0 is the recorded pace, 2.0 twice as fast")
        if max_age is not None and not 0 <= max_age < math.inf:
            raise InvalidArgumentException(f"max_age {max_age!r}: a number of seconds, or None for no limit")
        self.path = Path(path)
        self.mode = Mode.named(mode)
        self.live = live
        self.allow_playback_repeats = allow_playback_repeats
        self.speed, self.max_age, self.on_expiry, self.trim = speed, max_age, OnExpiry.named(on_expiry), trim
        self.secrets = _secrets(filter)
        self.hint = ""                                   # the command that would record, for misses
        self.misses: list[UnmatchedRequest] = []
        self.differences: list[Difference] = []          # found in mode "verify"
        self.expired: list[str] = []                     # answers that were too old when they were asked for
        self.played = 0
        self.recorded = 0
        self._ignore = tuple(ignore)
        self._stamp = stamp(self.path)
        tape = files.load(self.path)
        self.found = tape is not None
        self.replays = self.mode is not Mode.ALL
        self.records = live is not None and (self.mode in (Mode.NEW_EPISODES, Mode.ALL) or (self.mode is Mode.ONCE and not self.found))
        self.renews = live is not None and max_age is not None and self.on_expiry is OnExpiry.RERECORD and not in_ci()
        if (self.records or self.renews or trim) and tape and tape.format and not tape.format.written:
            raise CassetteError(f"{self.path}: a file of {tape.format.value} is replayed, not recorded into; convert it first")
        self._tape = tape or Tape()
        with files.uncollected():
            self._index = Index(self._tape.interactions, match_on, order)
        self._masked: Index | None = None                # which sees no secrets; made when it is first needed
        self._veiled: list[Interaction] | None = None    # with pseudonyms in them; so too
        self._new: list[tuple[int, Interaction]] = []    # with the number of their request, so that the file keeps that order
        self._renewed: dict[int, Interaction] = {}       # in the place of those that had grown old
        self._others: list[Interaction] = []             # what others wrote into the file meanwhile
        self._before = self._tape.interactions           # what the file held when it was last read or written
        self._numbers = itertools.count()
        self._dirty = False
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

    @property
    def unplayed(self) -> list[int]:
        """The positions, from 0, of the interactions in the file that were not played."""
        with self._lock:
            return [position for position, played in enumerate(self._index.played[:len(self._tape.interactions)]) if not played]

    @property
    def veil(self) -> Veil | None:
        """What hides secrets from a comparison; None where they are not looked for."""
        return self.secrets.masking if self.secrets else None

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> CassetteChannel:
        """The channel of one session; its live channel is bound only where this route may ask the server."""
        asks = self.live is not None and (self.records or self.renews or self.mode is Mode.VERIFY)
        return CassetteChannel(self, host, self.live.bind(configuration, host) if self.live and asks else None)

    # Writing ----------------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the file if anything was recorded, or is to be dropped, since it was last written. Raises CassetteError.

        What others wrote into it meanwhile is kept; what both recorded stands there once.
        """
        with self._writing:
            with self._lock:
                dirty, self._dirty = self._dirty, False
                new = [interaction for _, interaction in sorted(self._new, key=lambda pair: pair[0])]
                drop = self._droppable()
            if not (dirty or drop):
                return
            try:
                with files.uncollected():
                    self._write(new, drop)
            except BaseException as error:
                self._dirty = dirty      # it can be tried again
                if isinstance(error, OSError):
                    raise CassetteError(f"{self.path}: cannot be written: {error.strerror}") from error
                raise

    def close(self) -> None:
        """`save`, and warn of answers that were too old; the route can still be used."""
        self.save()
        if self.expired and self.on_expiry is not OnExpiry.FAIL and not self._renewed:
            warnings.warn(f"{self.path}: {len(self.expired)} answers are older than {timedelta(seconds=self.max_age or 0)}: {self.expired[0]}"
                          f"{', …' if len(self.expired) > 1 else ''}", stacklevel=2)

    def _write(self, new: list[Interaction], drop: set[int]) -> None:
        if self.secrets:
            self.secrets.clean_all((*new, *self._renewed.values()))
        kept = self._kept(new, drop)
        with locked(self.path):
            if stamp(self.path) != self._stamp:
                there = self._changed(len(new))
                merged = merge(kept, new, self._before, there.interactions if there else (), self._index.match_on, self.veil)
                kept, others = merged.kept, merged.others
                known = set(map(id, merged.added))
                gone = [interaction for interaction in new if id(interaction) not in known]
                new = merged.added
            else:
                others, gone = [], []
            whole = [*kept, *others, *new]
            files.save(self.path, Tape(whole, self._tape.metadata, self._tape.format))
            self._stamp = stamp(self.path)
        with self._lock:
            dropped = set(map(id, gone))
            self._others += others
            self._new = [pair for pair in self._new if id(pair[1]) not in dropped]
            self._before = whole

    def _changed(self, count: int) -> Tape | None:
        """The file, which another wrote. Raises CassetteError."""
        try:
            return files.load(self.path)
        except CassetteError as error:
            lost = f"{self.path} was changed meanwhile and cannot be read, so {count} recorded answers are not saved"
            raise CassetteError(f"{lost}: {error}") from error

    def _kept(self, new: list[Interaction], drop: set[int]) -> list[Interaction]:
        """What of the file stays: in mode "all" what was recorded replaces what it matches (as vcrpy 9)."""
        kept = [self._renewed.get(position, interaction) for position, interaction in enumerate(self._tape.interactions)
                if position not in drop]
        if self.mode is Mode.ALL and new and kept:
            again = Index(new, self._index.match_on, veil=self.veil)
            kept = [interaction for interaction in kept if not again.answers(asked_of(interaction))]
        return kept + self._others

    def _droppable(self) -> set[int]:
        if not (self.trim and self.played) or self.misses:
            return set()
        return {position for position in range(len(self._tape.interactions)) if not self._index.played[position]}

    # For the channels -------------------------------------------------------------------------------------------------

    def seen(self, asked: Asked) -> Asked:
        """`asked` as a recording would have it: with pseudonyms for its secrets."""
        secrets = self.secrets
        if secrets is None:
            return asked
        method, url, headers, body = asked
        if "headers" in self._index.names or self._index.custom:
            headers = secrets.headers(headers)
        return Asked(method, secrets.url(url), headers, secrets.body(body) if body else body)

    def find(self, asked: Asked, now: datetime) -> Found | None:
        """The answer to `asked`, from now on played; or None. Raises CassetteError where what stands in the file is broken.

        What was recorded with pseudonyms goes before what others recorded with the same secrets, and that before what has others.
        """
        seen = self.seen(asked)
        with self._lock:
            index, repeats = self._index, self.allow_playback_repeats
            position = index.take(seen, repeats)
            if position is None and self.secrets is not None and index.bucket(seen) is None:
                position = index.take(asked, repeats) if asked != seen else None
                if position is None and index.bucket(asked) is None:
                    position = self._mask().take(asked, repeats)
                if position is None and self._learn(seen):
                    position = index.take(self.seen(asked), repeats)
            if position is None:
                return None
            self.played += 1
            found = self._index.interactions[position]
        found.read()
        return Found(found, position, self._has_expired(found, now))

    def _learn(self, seen: Asked) -> bool:
        """Whether a recorded request differs from `seen` in secrets alone that nobody could know for such until now."""
        secrets = self.secrets
        if self._veiled is None:
            self._veiled = [one for one in self._index.interactions if "fake-" in one.uri or b"fake-" in (one.body or b"")]
        body = (seen.body or b"").decode("latin-1")
        return secrets is not None and any(
            secrets.learn(f"{seen.url}\n{body}", f"{one.uri}\n{(one.body or b'').decode('latin-1')}") for one in self._veiled)

    def _mask(self) -> Index:
        if self._masked is None:
            index = self._index
            self._masked = Index(index.interactions, index.match_on, index.order, played=index.played, veil=self.veil)
        return self._masked

    def _has_expired(self, found: Interaction, now: datetime) -> bool:
        if self.max_age is None:
            return False
        old = age(found, now)
        if old is None or old.total_seconds() <= self.max_age:
            return False
        with self._lock:
            self.expired.append(f"{found.method} {found.uri}, recorded {old.days} days ago" if old.days else
                                f"{found.method} {found.uri}, recorded {int(old.total_seconds())} s ago")
        return self.on_expiry is OnExpiry.FAIL or self.renews

    def number(self) -> int:
        """The place that a request takes in the file."""
        return next(self._numbers)

    def keep(self, number: int, place: int | None, interaction: Interaction) -> None:
        """Take in what was recorded for request `number`: at the end, or at the `place` of one that had grown old."""
        repeats = self.replays and self.allow_playback_repeats
        if repeats and self.secrets is not None:    # else that waits until it is written: many at once take a third of the time
            self.secrets.clean(interaction)
        with self._lock:
            self._dirty = True
            self.recorded += 1
            if place is not None and place < len(self._tape.interactions):
                self._renewed[place] = interaction
                return
            self._new.append((number, interaction))
            if repeats:
                self._index.add(interaction)
                if self._masked is not None:
                    self._masked.add(interaction)

    def judge(self, found: Interaction | None, interaction: Interaction) -> None:
        """Hold what the server gave against what the tape has."""
        differences = compare(found, interaction, self.veil, self._ignore)
        with self._lock:
            self.differences += differences

    def miss(self, asked: Asked, because: str = "") -> UnmatchedRequest:
        """Note that nothing answers `asked`."""
        asked = self.seen(asked)
        with self._lock:
            index = self._index
            if self.secrets is not None and index.bucket(asked) is None:
                index = self._mask()     # which knows what was used up by requests with other secrets
            unmatched = UnmatchedRequest(explain(self, index, asked, because))
            self.misses.append(unmatched)
        return unmatched


class CassetteChannel(ChannelOver):
    """A cassette in the hands of one session, over the live channel that it may ask."""

    def __init__(self, route: CassetteRoute, host: Host, live: Channel | None) -> None:
        super().__init__(live)
        self._route, self._host = route, host
        self._recorders: set[Recorder] = set()

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
        try:
            asked = Asked(request.method, request.url, request.headers, body)
            found = route.find(asked, self._host.clock.date()) if route.replays else None
        except CassetteError as error:
            return self._fail(request, sink, stream, error)
        live = self.inner
        verifies = live is not None and route.mode is Mode.VERIFY
        if found is not None and not (verifies or found.old):
            self._release(stream)
            if body:
                sink.sent(len(body))
            return play(found.interaction, request.method, sink, self._host, route.speed)
        if live is None or (found is not None and not verifies and not route.renews) or not (found or verifies or route.records):
            return self._fail(request, sink, stream, route.miss(asked, f"expired: {route.expired[-1]}" if found else ""))
        if stream is not None:
            request = replace(request, body=Tee(stream))
        keep = partial(route.judge, found and found.interaction) if verifies else partial(route.keep, route.number(), found and found.position)
        recorder = Recorder(request, sink, self._host.clock, keep, self._recorders.discard)
        self._recorders.add(recorder)
        return Recording(live.open(request, recorder), recorder)

    def _fail(self, request: Request, sink: Sink, stream: BodyStream | None, error: Exception) -> Exchange:
        self._release(stream)
        sink.fail(error if isinstance(error, URLError) else url_error(Code.UNKNOWN, request.url, error))
        return FINISHED

    def _release(self, stream: BodyStream | None) -> None:
        """Close the request's stream; off the engine where that may run user code."""
        if stream is not None:
            self._host.work(stream.close) if stream.may_block else stream.close()

    def close(self) -> None:
        for recorder in list(self._recorders):
            recorder.give_up()
        super().close()


def read_whole(stream: BodyStream) -> bytes:
    """Everything that is left in `stream`."""
    return b"".join(iter(lambda: stream.read(1 << 16), b""))


def _secrets(filter: Secrets | Iterable[str] | bool) -> Secrets | None:
    if isinstance(filter, bool):
        return Secrets() if filter else None
    return filter if isinstance(filter, Secrets) else Secrets(names=filter)
