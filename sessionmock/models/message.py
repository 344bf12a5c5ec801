"""HTTP messages as the engine and the routes exchange them: heads, headers and bodies, and no transport.

Headers are a list of (name, value) pairs in the order of the wire, names as they were written. They hold str; bytes
of a peer are read as UTF-8 where they are UTF-8 and as Latin-1 where not (scenario data-unicode-header).
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .. import shown
from .url import URLParts, split_url

if TYPE_CHECKING:
    from ..faults.armed import ExchangeFaults
    from .cached_response import CacheStoragePolicy
    from .request import URLRequest
    from .response import URLResponse
    from .timing import Timing
    from .trust import Terms

Headers = list[tuple[str, str]]


def header(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The value of the field `name` (lower case), repeated fields joined by ", " (RFC 9110, section 5.3); or None."""
    found, size = None, len(name)
    for key, value in headers:
        if len(key) == size and key.lower() == name:      # most names differ in length: that is seen at half the cost
            found = value if found is None else f"{found}, {value}"
    return found


def first(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of the field `name` (lower case), of a field that must not be repeated; or None."""
    return next((value for key, value in headers if key.lower() == name), None)


def sole(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The value of the field `name` (lower case), of a field that must not be repeated; None without one, and where there are
    several that differ: nobody can say which is meant (RFC 9110, section 5.3)."""
    values = {value.strip(" \t") for key, value in headers if key.lower() == name}
    return values.pop() if len(values) == 1 else None


class BodyStream(Protocol):
    """A request body that is read piece by piece: a file, or what a delegate supplied."""

    length: int        # bytes in all, -1 when unknown: the body is then sent chunked (I27)
    may_block: bool    # True: `read` may run user code or wait, so it is called off the engine

    def read(self, size: int) -> bytes:
        """At most `size` bytes; b"" at the end. An exception fails the load."""

    def close(self) -> None:
        """Releases what the stream holds; called once, also when it was not read to its end."""


def body_length(body: bytes | BodyStream | None) -> int:
    """The bytes of a request's body: 0 without one, -1 where it does not know them."""
    return 0 if body is None else len(body) if isinstance(body, bytes) else body.length


DEFAULT_PRIORITY = 0.5
"""How urgent a task is unless somebody says otherwise (Apple's NSURLSessionTaskPriorityDefault)."""


class Urgency:
    """How urgent a task is, from 0.0 to 1.0, among those that wait for a connection. Whoever lets a request of it wait sets `changed`,
    which is called on any thread."""

    __slots__ = ("changed", "value")

    def __init__(self) -> None:
        self.value = DEFAULT_PRIORITY
        self.changed: Callable[[], None] | None = None

    def set(self, value: float) -> None:
        """It is `value` from now on."""
        self.value = value
        if (changed := self.changed) is not None:
            changed()


@dataclass(slots=True)
class Request:
    """One request as it goes to a route: `Request("GET", "https://api.example.com/me", [("Accept", "text/plain")])`.

    - `method` and `url`: as they are sent, the URL absolute and with its fragment.
    - `headers`: pairs in order, complete but for what framing needs (Host, lengths).
    - `body`: bytes, None, or a stream that a route reads at most once and then closes.
    - `extensions`: those of a plain client's request (httpx: "timeout", "trace" and keys of one's own); empty for a task's.

    For routes that make connections:

    - `terms`: what the connection has to be; None: any will do.
    - `urgency`: how urgent the request is among those that wait for a connection.
    - `validates_name`: whether DNSSEC must vouch for the host's name.
    - `own_way`: how a plain client would send it without us (`ClientRoute` does); None where there is no such way.
    - `stepped`: for a plain client, which has a limit of time for each step: called on the engine with the timing in which one has begun.
    - `once`: it is not sent again where a kept connection dies under it, as a plain client's would not be by that client's own transport.

    For routes that run code of the user's:

    - `caller`: the coroutine of a plain client that waits for the answer (`offload.Caller`); None where it is none.

    For tests:

    - `faults`: what may go wrong on its way (`faults.armed.ExchangeFaults`); None where nothing can.
    """

    method: str
    url: str
    headers: Headers
    body: bytes | BodyStream | None = None
    terms: Terms | None = field(default=None, repr=False, compare=False)
    urgency: Urgency | None = field(default=None, repr=False, compare=False)
    validates_name: bool = field(default=False, repr=False, compare=False)
    extensions: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    own_way: object | None = field(default=None, repr=False, compare=False)
    stepped: Callable[[Timing], None] | None = field(default=None, repr=False, compare=False)
    once: bool = field(default=False, repr=False, compare=False)
    caller: object | None = field(default=None, repr=False, compare=False)
    faults: ExchangeFaults | None = field(default=None, repr=False, compare=False)

    @property
    def parts(self) -> URLParts:
        """The parts of the URL. Raises ValueError where it is none."""
        return split_url(self.url)

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {shown.url(self.url)!r}, {shown.headers(self.headers)!r}, {shown.value(self.body)})"


class GivenResponse(NamedTuple):
    """A response that came by no wire: of a cache, a protocol class, a data: or a file: URL."""

    response: URLResponse
    redirect: URLRequest | None = None              # the response leads there
    is_cached: bool = False                         # a cache had it
    storage: CacheStoragePolicy | None = None       # how it may be kept, where its source says so


@dataclass(slots=True)
class ResponseHead:
    """Status line and headers of one response, final or informational: `ResponseHead(200, [("Content-Type", "text/plain")])`.

    - `status`, `reason` and `http_version`: of the status line; a reason that nobody gave is "".
    - `headers`: pairs in order, names as they are written.
    - `timing`: what was measured, where it came over a connection of ours.
    - `given`: the response itself, where it came by no wire (cache, protocol class, `data:` and `file:` URLs).
    - `extensions`: what a plain client's response has as its `extensions`; None: made of the reason and the version.
    """

    status: int
    headers: Headers
    reason: str = ""
    http_version: str = "HTTP/1.1"
    timing: Timing | None = field(default=None, repr=False, compare=False)
    given: GivenResponse | None = field(default=None, repr=False, compare=False)
    extensions: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"ResponseHead({self.status}, {shown.headers(self.headers)!r}, {self.reason!r}, {self.http_version!r})"
