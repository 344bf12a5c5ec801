"""The cassette route: answers from a file, and records into it what the file does not have."""
from __future__ import annotations

import math
import os
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ... import shown as reported
from ...errors import CassetteError, Code, InvalidArgumentException, RecordingWarning, UnmatchedRequest, URLError, url_error
from ...models.body import KeptBody
from ...models.host_patterns import patterns_given
from ...models.message import BodyStream, Request
from ..base import FINISHED, ChannelOver
from ..passing import passing
from .ahead import Ahead, Reading
from .asked import Asked, Masking, Matcher
from .expiry import Expiry, OnExpiry
from .filters import Name
from .finder import Finder, Found
from .hooks import BeforeRequest, BeforeResponse, Hooks
from .ignored import Ignored
from .interaction import Interaction
from .journal import has_journals
from .keeper import keeper
from .matching import MATCH_ON, Order
from .modes import Mode
from .playback import play
from .recorder import RecordedExchange, Recorder
from .recording import Recording, save_late
from .recovery import recover
from .secrets import Secrets
from .shared_file import SharedFile
from .verify import Difference, compare

if TYPE_CHECKING:
    from ...models.configuration import URLSessionConfiguration
    from ..base import Channel, Exchange, Host, Route, Sink


class CassetteRoute:
    """A route over one cassette file. Use it as a context manager, or call `close`: the file is written then, once.

    `path` ends in .json for JSON, .har for HAR, in anything else for YAML. `mode` is a name of `Mode`; by default it is
    "once", and in CI (where the variable CI is set) "none". `live` answers what is to be recorded.
    `match_on` names the fields that must agree, or holds callables that judge two requests (`matching`); `order` is a name
    of `Order`. What was recorded in this run is replayed in it only with `allow_playback_repeats`; with it, an answer that
    is used up is given again, the last of equals.
    `speed` is the pace of bodies that were recorded piece by piece: 0 gives the pieces without waiting, 1.0 at their times.
    `filter` keeps secrets out of the file: True for the usual ones, more names (`Secrets`) or `Secrets(...)`, False for none. A request's
    secrets need not be the recorded ones: where no recording has the same, one that differs in secrets alone answers. `keep` names headers,
    parameters, fields and cookies that are no secrets; `replaced` says what was replaced.
    `max_age` is the age in seconds at which an answer is too old, `on_expiry` what happens then (`OnExpiry`). `trim` drops
    from the file, when it is written, what was not played, unless there was a miss. `ignore` holds patterns of places that neither
    matching nor mode "verify" compares, as "query.page", "header.x-*" or "body.items.*.id" (`ignored`); `match="aws"` leaves out of
    matching what signs requests to AWS: the fields and parameters of its signatures, and dates. With `refresh`, recorded dates
    (Date, Expires, Last-Modified, Retry-After, those of cookies) move with the clock; without, only cookies that lived then live
    on (`dates`). Requests for a host that a pattern of `pass_through` names, as "localhost" or "*.internal" (`models.host_patterns`),
    go past the cassette: live, and unrecorded. `before_record_request` and `before_record_response` get each request and answer
    before it is recorded (`hooks`) and return it, changed or not, or None, which drops the exchange: the client gets its live answer
    all the same. A request is compared as the first one returns it, and one that it drops goes live, but in mode "none", where it is
    a miss. What they raise fails the task.
    Raises CassetteError where the file is broken, InvalidArgumentException for an unknown mode or field, or a pattern that names no place.
    Any thread may use it; `open` on one of its channels calls the sink before it returns where the tape has the answer.
    """

    source = "cassette"
    is_live = False

    def __init__(self, path: str | os.PathLike[str], mode: str | Mode | None = None, *, live: Route | None = None,
                 allow_playback_repeats: bool = False, match_on: Sequence[str | Matcher] = MATCH_ON, order: str | Order = Order.ANY,
                 speed: float = 0.0, filter: Secrets | str | Iterable[Name] | bool = True, max_age: float | None = None,
                 on_expiry: str | OnExpiry = OnExpiry.WARN, trim: bool = False, ignore: str | Iterable[str] = (),
                 match: str | None = None, refresh: bool = False, pass_through: str | Iterable[str] = (),
                 keep: str | Iterable[str] = (),
                 before_record_request: BeforeRequest | None = None, before_record_response: BeforeResponse | None = None) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise InvalidArgumentException(f"CassetteRoute({path!r}): a cassette is named by the path of a file")
        if not isinstance(speed, int | float) or not 0 <= speed < math.inf:
            raise InvalidArgumentException(f"speed {speed!r}: 0 waits for nothing, 1.0 is the recorded pace, 2.0 twice as fast")
        if max_age is not None and not 0 <= max_age < math.inf:
            raise InvalidArgumentException(f"max_age {max_age!r}: a number of seconds, or None for no limit")
        self.path = Path(path)
        self.mode = Mode.named(mode)
        self.live, self.speed, self.trim, self.refresh = live, speed, trim, refresh
        secrets = _secrets(filter)
        self.secrets = secrets.keeping(keep) if secrets else None
        self.hint = ""                               # the command that would record, for misses
        self.misses: list[UnmatchedRequest] = []
        self.differences: list[Difference] = []      # found in mode "verify"
        self._waited: list[str] = []                 # what was answered and could not be compared
        self._ignored = Ignored(ignore)
        self.hooks = Hooks(before_record_request, before_record_response).checked()
        self._passed = patterns_given("pass_through", pass_through)
        self.expiry = Expiry(max_age, on_expiry, can_ask=live is not None)
        if has_journals(self.path):
            recover(self.path, match_on, self.secrets.masking if self.secrets else None, self._ignored.beside(match))
        self.file = SharedFile(self.path)
        self.replays = self.mode is not Mode.ALL
        self.records = live is not None and self.mode.records(over_a_file=self.file.exists and not self.file.unfinished)
        tape = self.file.tape
        if (self.records or self.expiry.renews or trim) and tape.format and not tape.format.written:
            raise CassetteError(f"{self.path}: a file of {tape.format.value} is replayed, not recorded into; convert it first")
        self.finder = Finder(tape.interactions, match_on, order, self.secrets, allow_playback_repeats, self._ignored.beside(match))
        self.recording = Recording(self.file, self.finder.match_on, self.secrets, replaces=self.mode is Mode.ALL, ignored=self.finder.ignored)
        if self.records or self.expiry.renews:
            keeper.enter(self.recording)
            weakref.finalize(self, save_late, self.recording)

    def __repr__(self) -> str:
        return f"<CassetteRoute {str(self.path)!r}, mode {self.mode.value!r}: {len(self.misses)} misses>"

    def __len__(self) -> int:
        """How many interactions there are, read and recorded."""
        return len(self.recording)

    def __bool__(self) -> bool:
        """True: a route with nothing recorded is a route."""
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and not issubclass(kind, Exception):
            self.recording.break_off()
        self.close()

    @property
    def found(self) -> bool:
        """Whether there was a file."""
        return self.file.exists

    @property
    def played(self) -> int:
        """How many answers were given from the file, or of what was recorded meanwhile."""
        return self.finder.played

    @property
    def recorded(self) -> int:
        """How many answers were recorded."""
        return self.recording.count

    @property
    def unplayed(self) -> list[int]:
        """The positions, from 0, of the interactions in the file that were not played."""
        return self.finder.unplayed(len(self.file.tape.interactions))

    @property
    def replaced(self) -> str:
        """What pseudonyms stand for in what was recorded and saved, as "2 values replaced: body token, header Authorization"; or nothing."""
        return self.recording.replaced

    @property
    def expired(self) -> list[str]:
        """The answers that were too old when they were asked for."""
        return self.expiry.expired

    @property
    def max_age(self) -> float | None:
        """The age in seconds at which an answer is too old."""
        return self.expiry.max_age

    @property
    def on_expiry(self) -> OnExpiry:
        """What happens to one that is."""
        return self.expiry.on_expiry

    @property
    def allow_playback_repeats(self) -> bool:
        """Whether an answer that is used up is given again."""
        return self.finder.repeats

    @property
    def masking(self) -> Masking | None:
        """What takes secrets out of a comparison; None where they are not looked for."""
        return self.finder.masking

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        """The channel of one session; its live channel is bound only where this route may ask the server."""
        drops = self.hooks.before_request is not None and self.mode is not Mode.NONE
        asks = self.records or self.expiry.renews or self.mode is Mode.VERIFY or drops
        channel = CassetteChannel(self, host, self.live.bind(configuration, host) if self.live and asks else None)
        return passing(channel, self._passed, self.live, configuration, host)

    def save(self) -> None:
        """Write the file if anything was recorded, or is to be dropped, since it was last written. Raises CassetteError.

        What others wrote into it meanwhile is kept; what both recorded stands there once.
        """
        drops = self.trim and self.played and not self.misses
        self.recording.save(frozenset(self.unplayed) if drops else ())

    def save_recorded(self) -> None:
        """Save what was recorded, if anything was, and drop nothing: the route may go on. Raises CassetteError."""
        self.recording.save()

    def close(self) -> None:
        """`save`, and warn of answers that were too old or are not whole; the route can still be used."""
        if self.records:
            self.recording.finish()
        self.save()
        for remark in (*self.recording.remarks(), *self._waited):
            warnings.warn(f"{self.path}: {remark}", RecordingWarning, stacklevel=2)
        if (warning := self.expiry.warning) and not self.recording.has_renewed:
            warnings.warn(f"{self.path}: {warning}", stacklevel=2)

    # For the channels -------------------------------------------------------------------------------------------------

    def keep(self, number: int, place: int | None, live: Interaction) -> None:
        """Take in what was recorded for request `number`, and play it too where answers are repeated (see `Recording.add`)."""
        interaction = self.hooks.applied(live)
        if interaction is None:
            return
        repeats = self.replays and self.finder.repeats
        if repeats and self.secrets is not None:    # else that waits until it is written: many at once take a third of the time
            self.secrets.clean(interaction)
        if self.recording.add(number, place, interaction) and repeats:
            self.finder.add(interaction)

    def verify(self, found: Interaction | None, live: Interaction) -> None:
        """Note in what the server's answer differs from the recorded one."""
        interaction = self.hooks.applied(live)
        if interaction is None:
            return
        self.differences.extend(compare(found, interaction, self.masking, self._ignored))

    @property
    def largest(self) -> int:
        """The most bytes that a body may have that was recorded."""
        try:
            size = self.path.stat().st_size
        except OSError:
            size = 0
        return self.finder.most(size)

    def expect(self, asked: Asked, found: Found, body: Ahead) -> Callable[[], None]:
        """Note that `found` is given before the `body` of `asked` has come; what to call when it has, so that it is compared."""
        waited = f"{asked.method} {reported.url(asked.url)} was answered before its body had come, which was not compared: it did not end"
        self._waited.append(waited)

        def compare() -> None:
            self._waited.remove(waited)
            body.close()
            whole = self.hooks.asked(asked._replace(body=body.body))
            if whole is not None and not (body.ended and self.finder.has(whole, found.interaction)):
                self.miss(whole, f"number {found.position + 1} was given before the body had come, and was recorded for another one")

        return compare

    def miss(self, asked: Asked, because: str = "") -> UnmatchedRequest:
        """Note that nothing answers `asked`."""
        why = self.finder.explain(asked, self, because)
        unmatched = UnmatchedRequest(why.headline, why)
        self.misses.append(unmatched)
        return unmatched


class CassetteChannel(ChannelOver):
    """A cassette in the hands of one session, over the live channel that it may ask."""

    def __init__(self, route: CassetteRoute, host: Host, live: Channel | None) -> None:
        super().__init__(live)
        self._route, self._host = route, host
        self._verifies = live is not None and route.mode is Mode.VERIFY
        self._recorders: set[Recorder] = set()

    def open(self, request: Request, sink: Sink) -> Exchange:
        """Replay the answer to `request`, or let it go live and keep the answer, or fail it as a miss."""
        route, body = self._route, request.body
        if body is None or isinstance(body, bytes):
            return self._answer(request, sink, Asked(request.method, request.url, request.headers, body or b""))
        asked = Asked(request.method, request.url, request.headers, None)
        if not (route.replays and route.finder.compares_bodies):
            return self._answer(request, sink, asked, body)
        ahead = Ahead(body, route.largest)
        fail = partial(self._fail, request, sink, body)
        if not ahead.here:
            return Reading(self._host, ahead, partial(self._answer_read, request, sink, asked, ahead), fail)
        try:
            ahead.fill()
        except Exception as error:
            return fail(error)
        return self._answer_read(request, sink, asked, ahead)

    def _answer_read(self, request: Request, sink: Sink, asked: Asked, ahead: Ahead, late: Reading | None = None) -> Exchange:
        """The answer to a request whose body was read; where that is `late`, it has to agree when it has come."""
        return self._answer(request, sink, asked if late else asked._replace(body=ahead.body), ahead, late)

    def _answer(self, request: Request, sink: Sink, asked: Asked, stream: BodyStream | None = None, late: Reading | None = None) -> Exchange:
        """Replay the answer to `asked`, or ask the server. The body is read from `stream` where it is one, and may come `late`."""
        route, found, refused, size = self._route, None, False, len(asked.body or b"")
        if route.replays and route.hooks.before_request is not None:
            try:
                told = route.hooks.asked(asked)
            except Exception as error:
                return self._fail(request, sink, stream, error)
            if told is None:
                return self._pass(request, sink, stream, asked)
            asked = told
        if route.replays:
            try:
                found = route.finder.find(asked)
            except CassetteError as error:
                return self._fail(request, sink, stream, error)
            if found is not None and route.expiry.max_age is not None:
                refused = route.expiry.refuses(found.interaction, self._host.clock.date())
        if found is not None and not refused and not self._verifies:
            if late is not None and isinstance(stream, Ahead):
                late.then(route.expect(asked, found, stream))
            else:
                self._release(stream)
            if size:
                sink.sent(size)
            return play(found.interaction, request, sink, self._host, route.speed, refresh=route.refresh)
        if not self._goes_live(found):
            return self._fail(request, sink, stream, route.miss(asked, f"expired: {route.expired[-1]}" if found else ""))
        return self._record(request, sink, stream, found)

    def _pass(self, request: Request, sink: Sink, stream: BodyStream | None, asked: Asked) -> Exchange:
        """Let a request go live that is not to be recorded."""
        if self.inner is None:
            return self._fail(request, sink, stream, self._route.miss(asked, "before_record_request drops it, so it was never recorded"))
        return super().open(request if stream is None else replace(request, body=stream), sink)

    def _goes_live(self, found: Found | None) -> bool:
        """Whether the server is asked: instead of what was `found` and is too old, or because nothing was."""
        if self.inner is None:
            return False
        return self._verifies or (self._route.expiry.renews if found else self._route.records)

    def _record(self, request: Request, sink: Sink, stream: BodyStream | None, found: Found | None) -> Exchange:
        """Let `request` go live, and keep the answer or hold it against the one that was `found`."""
        route = self._route
        if stream is not None:
            request = replace(request, body=KeptBody(stream))
        keep = (partial(route.verify, found and found.interaction) if self._verifies else
                partial(route.keep, route.recording.number(), found and found.position))
        recorder = Recorder(request, sink, self._host.clock, keep, self._recorders.discard)
        self._recorders.add(recorder)
        return RecordedExchange(super().open(request, recorder), recorder)

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


def _secrets(filter: Secrets | str | Iterable[Name] | bool) -> Secrets | None:
    if isinstance(filter, bool):
        return Secrets() if filter else None
    return filter if isinstance(filter, Secrets) else Secrets(filter)
