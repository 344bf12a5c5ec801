"""One recorded request and its answer, and the tape that holds them: values, whatever file they came from."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, Self

from ... import shown
from ...models.message import Headers, ResponseHead


@dataclass(slots=True)
class RecordedRequest:
    """What was asked. A `body` of None was sent without one; b"" was sent with an empty one."""

    method: str
    uri: str
    headers: Headers = field(default_factory=list)
    body: bytes | None = None

    def __repr__(self) -> str:
        return f"RecordedRequest({self.method!r}, {shown.url(self.uri)!r}, {shown.headers(self.headers)!r}, {shown.value(self.body)})"


@dataclass(slots=True)
class RecordedResponse:
    """What was answered: headers in the order of the wire, the body as on the wire but for its transfer coding."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"RecordedResponse({self.status}, {self.reason!r}, {shown.headers(self.headers)!r}, {shown.value(self.body)})"


@dataclass(slots=True, frozen=True)
class Failure:
    """How an exchange ended that has no end. A `code` of -999 is no failure: the reader of the answer left it."""

    code: int           # of `URLError`
    text: str = ""      # what the error under it said
    cause: str = ""     # the name of that error's class, where it is the client's (ReadError) or the system's (ConnectionResetError)


LEFT = Failure(-999)


@dataclass(slots=True)
class Extra:
    """What vcrpy's format has no place for."""

    http_version: str = "HTTP/1.1"
    informational: list[ResponseHead] = field(default_factory=list)    # 1xx responses before the final one
    trailers: Headers = field(default_factory=list)
    chunks: list[tuple[int, int]] = field(default_factory=list)        # (first byte, milliseconds after the head) of each piece
    unknown: dict[str, Any] = field(default_factory=dict)              # keys of the response that are not ours, kept on a save
    recorded_at: datetime | None = None                                # aware; when the request was sent
    metrics: dict[str, int] = field(default_factory=dict)              # what the live route measured: a name of METRICS -> its number
    cut: bool = False                                                  # the request's body was not sent to its end
    failure: Failure | None = None                                     # where the answer is not whole; without a head, its status is 0
    lost: int = 0                                                      # bytes of a body that its recorder did not keep: it answers nothing
    replaced: set[tuple[str, str]] = field(default_factory=set, compare=False)    # by pseudonyms, when it was recorded: (place, pseudonym)


# Steps, each in microseconds after the request was sent, in their order; then sizes in bytes. A step that was not there is left out.
STEPS = ("domain_lookup_start", "domain_lookup_end", "connect_start", "secure_connection_start", "secure_connection_end", "connect_end",
         "request_start", "request_end", "response_start", "response_end")
METRICS = (*STEPS, "request_header_bytes", "response_header_bytes")


class Source(Protocol):
    """Where an interaction stands that is not read yet: a match asks for no more than these."""

    @property
    def method(self) -> str:
        """As `RecordedRequest.method`."""

    @property
    def uri(self) -> str:
        """As `RecordedRequest.uri`."""

    def body(self) -> bytes | None:
        """As `RecordedRequest.body`. Raises CassetteError."""

    def cut(self) -> bool:
        """As `Extra.cut`."""

    def read(self) -> Interaction:
        """The whole of it. Raises CassetteError naming file and line."""


class Interaction:
    """One request with its answer, read from its file when a part of it is first asked for.

    `method`, `uri` and `body` are the request's; they and `cut` cost no reading of the rest.
    """

    __slots__ = ("_source", "extra", "request", "response")

    request: RecordedRequest
    response: RecordedResponse
    extra: Extra

    def __init__(self, request: RecordedRequest, response: RecordedResponse, extra: Extra | None = None) -> None:
        self.request, self.response = request, response
        self.extra = Extra() if extra is None else extra
        self._source: Source | None = None

    @classmethod
    def of(cls, source: Source) -> Self:
        """An interaction that is read from `source`; asking for its parts may raise CassetteError."""
        self = cls.__new__(cls)
        self._source = source
        return self

    def __getattr__(self, name: str) -> Any:    # only where a slot is empty: what was read costs no detour
        if name not in _PARTS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.read()
        return object.__getattribute__(self, name)

    def read(self) -> None:
        """Read what was not read yet. Raises CassetteError naming file and line."""
        source = self._source
        if source is not None:
            whole = source.read()
            self.request, self.response, self.extra = whole.request, whole.response, whole.extra
            self._source = None    # last: until here another thread reads for itself

    @property
    def method(self) -> str:
        source = self._source
        return self.request.method if source is None else source.method

    @property
    def uri(self) -> str:
        source = self._source
        return self.request.uri if source is None else source.uri

    @property
    def body(self) -> bytes | None:
        source = self._source
        return self.request.body if source is None else source.body()

    @property
    def cut(self) -> bool:
        """Whether the request's body was not sent to its end."""
        source = self._source
        return self.extra.cut if source is None else source.cut()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Interaction):
            return NotImplemented
        return (self.request, self.response, self.extra) == (other.request, other.response, other.extra)

    __hash__ = None    # type: ignore[assignment]  # as of any value that changes

    def __repr__(self) -> str:
        if self._source is not None:
            return f"<Interaction {self.method} {shown.url(self.uri)}, not read yet>"
        return f"Interaction({self.request!r}, {self.response!r}, {self.extra!r})"


_PARTS = frozenset({"request", "response", "extra"})


class Format(Enum):
    """A layout of files on disk: what a file says it is, whatever its name."""

    VCR_YAML = "yaml"          # vcrpy, version 1
    VCR_JSON = "json"
    HAR = "har"                # HAR 1.2
    VCR_0 = "vcrpy before 1.0"
    BETAMAX = "Betamax"
    RUBY_VCR = "Ruby VCR"
    GO_VCR = "go-vcr"
    DVR = "DVR"
    CASSETTER = "cassetter"
    EXVCR = "exvcr"
    PHP_VCR = "php-vcr"

    @property
    def written(self) -> bool:
        """Whether a tape read from such a file can be saved in its place; of vcrpy's old layout, as version 1."""
        return self in (Format.VCR_YAML, Format.VCR_JSON, Format.HAR, Format.VCR_0)


REPLACED = "replaced"      # where a tape's `metadata` says what pseudonyms stand for


@dataclass(slots=True)
class Tape:
    """What one file holds: interactions in their order, and vcrpy's `metadata` (9.x), which is kept as it is."""

    interactions: list[Interaction] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    format: Format | None = field(default=None, compare=False)    # of the file that it was read from
