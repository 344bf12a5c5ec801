"""URLRequest: what is to be loaded, and how (Apple's `NSMutableURLRequest`)."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Self, TypeAlias, TypedDict, Unpack

from .. import shown
from ..errors import InvalidArgumentException
from . import enums
from .body import BodySource, as_body_stream
from .form import Fields, Files, multipart, urlencoded
from .message import BodyStream
from .settings import ANY_MAP, FLAG, SECONDS, TEXT, TOKEN, URL, Setting, Settings, header_field, member, optional, reject

DEFAULT_TIMEOUT = 60.0    # seconds; Apple's, for a request that sets none
PIECE = 65_536            # bytes of a stream that are read at a time

_NO_TAGS: Mapping[str, Any] = {}

# Methods that are written in capitals however they are given, as the open-source URLSession does; others stay as typed.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT"})


class Members(TypedDict, total=False):
    """The less common members of a request, as keywords."""

    main_document_url: str | None
    network_service_type: enums.NetworkServiceType
    attribution: enums.Attribution
    allows_cellular_access: bool
    allows_expensive_network_access: bool
    allows_constrained_network_access: bool
    allows_ultra_constrained_network_access: bool
    assumes_http3_capable: bool
    requires_dnssec_validation: bool
    allows_persistent_dns: bool
    cookie_partition_identifier: str | None
    http_should_handle_cookies: bool
    http_should_use_pipelining: bool


class URLRequest(Settings):
    """A request: mutable, cheap to copy, and copied by every task at its creation (I8).

    `url` is an absolute URL as str, or None (such a load fails with -1002). `http_method` None is GET.
    `timeout_interval` is in seconds; unset it reads 60.0 and the configuration's holds (I16). `http_body` (bytes) and
    `http_body_stream` exclude each other: setting one clears the other. Pickling drops the stream.
    Everything that can never be right raises InvalidArgumentException where it is set.
    """

    __slots__ = ("_body", "_headers", "_method", "_stream", "_timeout", "_url")
    CachePolicy: TypeAlias = enums.CachePolicy
    NetworkServiceType: TypeAlias = enums.NetworkServiceType
    Attribution: TypeAlias = enums.Attribution

    cache_policy = Setting(
        enums.CachePolicy.USE_PROTOCOL_CACHE_POLICY, member(enums.CachePolicy),
        "What may be taken from the cache; the configuration's policy holds where this is the default.")
    main_document_url = Setting(
        None, optional(URL), "The URL of the document that this request is a part of: whose cookies are its own is judged by it.")
    network_service_type = Setting(
        enums.NetworkServiceType.DEFAULT, member(enums.NetworkServiceType), "What the traffic is for: a hint.",
        idle="no packet is marked with it")
    attribution = Setting(
        enums.Attribution.DEVELOPER, member(enums.Attribution), "Who named the URL.", idle="no privacy report is kept")
    # The configuration may be stricter and then wins (I17); its default alone forbids ultra-constrained networks.
    allows_cellular_access = Setting(
        True, FLAG, "Whether a cellular network may be used, if the configuration lets it; else -1009 with reason 0 (I17).")
    allows_expensive_network_access = Setting(
        True, FLAG, "Whether an expensive network may be used, if the configuration lets it; else -1009 with reason 1 (I17).")
    allows_constrained_network_access = Setting(
        True, FLAG, "Whether a network in Low Data Mode may be used, if the configuration lets it; else -1009 with reason 2 (I17).")
    allows_ultra_constrained_network_access = Setting(
        True, FLAG, "Whether a satellite's network may be used, if the configuration lets it; else -1009 with reason 3 (I17).")
    assumes_http3_capable = Setting(
        False, FLAG, "Whether the server is taken to speak HTTP/3.", idle="HTTP/3 is not spoken")
    requires_dnssec_validation = Setting(
        False, FLAG, "Whether the host's name must be vouched for by DNSSEC; -1003 where nobody does. The configuration may ask it of all.")
    allows_persistent_dns = Setting(
        False, FLAG, "Whether an answer of DNS may be used beyond its time.", idle="no answer of DNS is kept")
    cookie_partition_identifier = Setting(
        None, optional(TEXT), "The partition of the cookie storage that the request belongs to; None for what is in no partition.")
    http_should_handle_cookies = Setting(
        True, FLAG, "Whether the request gets cookies of the storage, and those of its response are stored (I25).")
    http_should_use_pipelining = Setting(
        False, FLAG, "Whether the request may be sent before earlier ones were answered.",
        idle="HTTP/1.1 is not pipelined, and HTTP/2 need not be")
    tags = Setting(_NO_TAGS, ANY_MAP, "What `URLProtocol.set_property` put on the request; it goes nowhere.")

    def __init__(
        self,
        url: str | None,
        http_method: str | None = None,
        http_body: bytes | bytearray | memoryview | None = None,
        *,
        http_body_stream: BodySource | None = None,
        cache_policy: enums.CachePolicy = enums.CachePolicy.USE_PROTOCOL_CACHE_POLICY,
        timeout_interval: float | None = None,
        all_http_header_fields: Mapping[str, str] | None = None,
        **members: Unpack[Members],
    ) -> None:
        self._values = {}
        self._url: str | None = url if url.__class__ is str else _url(url)
        self._method = "GET" if http_method is None else _method(http_method)
        self._body: bytes | None = None
        self._stream: BodyStream | None = None
        self._timeout: float | None = None
        self._headers: dict[str, tuple[str, str]] = {}    # by lower-case name, in order
        if timeout_interval is not None:
            self.timeout_interval = timeout_interval
        if http_body is not None:
            if http_body_stream is not None:
                raise InvalidArgumentException("URLRequest was given http_body and http_body_stream; it takes one of them")
            self.http_body = http_body
        elif http_body_stream is not None:
            self.http_body_stream = http_body_stream
        if all_http_header_fields is not None:
            self.all_http_header_fields = all_http_header_fields
        if cache_policy:
            self.cache_policy = cache_policy
        for name, value in members.items():
            if name not in Members.__annotations__:
                raise TypeError(f"URLRequest has no member {name!r}; it has {', '.join(sorted(Members.__annotations__))}")
            setattr(self, name, value)

    @classmethod
    def form(cls, url: str, fields: Fields, *, encoding: str = "utf-8") -> Self:
        """A POST of `fields` as application/x-www-form-urlencoded (WHATWG URL, section 5.2)."""
        request = cls(url, "POST", urlencoded(fields, encoding))
        request._headers["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        return request

    @classmethod
    def multipart(cls, url: str, fields: Fields = (), files: Files = (), *, boundary: str | None = None) -> Self:
        """A POST of `fields` and `files` as multipart/form-data (RFC 7578). A file is read while it is sent.

        The value of a file is bytes, a str, a path (os.PathLike) or an open binary file; or (file name, value), or
        (file name, value, content type). Names and file names are escaped as browsers do.
        """
        kind, body = multipart(fields, files, boundary)
        request = cls(url, "POST")
        if isinstance(body, bytes):
            request._body = body
        else:
            request._stream = body
        request._headers["content-type"] = ("Content-Type", kind)
        return request

    @property
    def url(self) -> str | None:
        """The absolute URL, as it was written."""
        return self._url

    @url.setter
    def url(self, value: str | None) -> None:
        self._url = _url(value)

    @property
    def http_method(self) -> str:
        """The method, "GET" unless set; None sets "GET"."""
        return self._method

    @http_method.setter
    def http_method(self, value: str | None) -> None:
        self._method = "GET" if value is None else _method(value)

    @property
    def timeout_interval(self) -> float:
        """Seconds without progress until the load fails with -1001; None unsets it."""
        return DEFAULT_TIMEOUT if self._timeout is None else self._timeout

    @timeout_interval.setter
    def timeout_interval(self, value: float | None) -> None:
        try:
            self._timeout = None if value is None else SECONDS.accept(value)
        except (TypeError, ValueError):
            reject("URLRequest.timeout_interval", value, SECONDS.words)

    @property
    def explicit_timeout_interval(self) -> float | None:
        """The time-out in seconds where it was set, also to 60; None where the configuration's holds (I16)."""
        return self._timeout

    @property
    def http_body(self) -> bytes | None:
        """The body, sent with its Content-Length (I27)."""
        return self._body

    @http_body.setter
    def http_body(self, value: bytes | bytearray | memoryview | None) -> None:
        if value is not None and not isinstance(value, (bytes, bytearray, memoryview)):
            reject("URLRequest.http_body", value, "bytes or None (encode a str; a file or an iterable is an http_body_stream)")
        self._body = None if value is None else bytes(value)
        self._stream = None

    @property
    def http_body_stream(self) -> BodyStream | None:
        """The body as a stream, sent chunked unless it knows its length (I27).

        Takes what `as_body_stream` does: an InputStream, a binary file, an iterable of bytes. It is read once, by the load.
        """
        return self._stream

    @http_body_stream.setter
    def http_body_stream(self, value: BodySource | None) -> None:
        self._stream = None if value is None else as_body_stream(value)
        self._body = None

    def read_body(self) -> bytes:
        """The whole body, in whichever form it is; b"" without one. A stream is read to its end and closed: once."""
        stream = self._stream
        if stream is None:
            return self._body or b""
        try:
            return b"".join(iter(partial(stream.read, PIECE), b""))
        finally:
            stream.close()

    @property
    def all_http_header_fields(self) -> dict[str, str]:
        """A copy of all header fields, names as they were first set; setting replaces them all, None clears them."""
        return dict(self._headers.values())

    @all_http_header_fields.setter
    def all_http_header_fields(self, value: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> None:
        try:
            pairs = [(name, text) for name, text in (value.items() if isinstance(value, Mapping) else value or ())]
        except (TypeError, ValueError):
            reject("URLRequest.all_http_header_fields", value, "a mapping of header names to str values, or (name, value) pairs")
        before, self._headers = self._headers, {}
        try:
            for name, text in pairs:
                self.add_value(text, name)
        except BaseException:
            self._headers = before
            raise

    def value(self, for_http_header_field: str) -> str | None:
        """The value of a header field, by its name in any case; None where it is not set."""
        if not isinstance(for_http_header_field, str):
            reject("URLRequest.value", for_http_header_field, "the name of a header field, a str")
        found = self._headers.get(for_http_header_field.lower())
        return None if found is None else found[1]

    def set_value(self, value: str | None, for_http_header_field: str) -> None:
        """Sets a header field, in place of what it had; None removes it. A field keeps the spelling that it was first given."""
        if value is None:
            self._headers.pop(for_http_header_field.lower(), None)
            return
        name, text = header_field("URLRequest", for_http_header_field, value)
        key = name.lower()
        known = self._headers.get(key)
        self._headers[key] = (known[0] if known else name, text)

    def add_value(self, value: str, for_http_header_field: str) -> None:
        """Adds to a header field, joined to what it had by "," (RFC 9110, section 5.3)."""
        name, text = header_field("URLRequest", for_http_header_field, value)
        key = name.lower()
        known = self._headers.get(key)
        self._headers[key] = (known[0], f"{known[1]},{text}") if known else (name, text)

    def header_pairs(self) -> list[tuple[str, str]]:
        """The header fields in the order in which they were first set, in a new list."""
        return list(self._headers.values())

    def copy(self) -> Self:
        """An independent copy; a body stream is shared."""
        new = object.__new__(type(self))
        new._values = self._values.copy()
        new._url, new._method, new._body, new._stream = self._url, self._method, self._body, self._stream
        new._timeout, new._headers = self._timeout, self._headers.copy()
        return new

    __copy__ = copy

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        return None, {
            "_values": self._values, "_url": self._url, "_method": self._method, "_body": self._body, "_stream": None,
            "_timeout": self._timeout, "_headers": self._headers,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URLRequest) and self._identity() == other._identity()

    __hash__ = None  # type: ignore[assignment]    # it can change

    def _identity(self) -> tuple[Any, ...]:
        headers = {key: value for key, (_, value) in self._headers.items()}
        return self._url, self._method, self._body, self._stream, self._timeout, headers, self._changed()

    def __repr__(self) -> str:
        parts = [repr(shown.url(self._url)), repr(self._method)]
        if self._headers:
            parts.append(f"headers={[name for name, _ in self._headers.values()]}")    # values may be secrets
        if self._body is not None:
            parts.append(f"body of {len(self._body)} bytes")
        if self._stream is not None:
            parts.append("body from a stream")
        if self._timeout is not None:
            parts.append(f"timeout_interval={self._timeout:g}")
        return f"{type(self).__name__}({', '.join(parts + self._shown())})"


def _url(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    reject("URLRequest.url", value, "a str or None; write str(url) for an object of another library")


def _method(value: object) -> str:
    if not isinstance(value, str) or not TOKEN.fullmatch(value):
        reject("URLRequest.http_method", value, "a method as 'POST', or None for 'GET'")
    known = value.upper()
    return known if known in _METHODS else value


def current_request(task: Any, place: str) -> URLRequest | None:
    """The current request of `task`, which `place` was given. Raises InvalidArgumentException for what is no task."""
    try:
        request: URLRequest | None = task.current_request
    except AttributeError:
        reject(place, task, "a task of a session")
    return request
