"""URLResponse and HTTPURLResponse: what a server answered, without its body."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from .. import shown
from .filename import parameters, suggested_filename
from .message import Headers, ResponseHead, header
from .settings import TEXT, Takes, optional, whole

URL_RESPONSE_UNKNOWN_LENGTH = -1
"""What `expected_content_length` reads where a response does not say it."""

# The phrases of Darwin's localizedString(forStatusCode:); others by their class.
_PHRASES = {
    100: "continue", 101: "switching protocols", 200: "no error", 201: "created", 202: "accepted",
    203: "non authoritative information", 204: "no content", 205: "reset content", 206: "partial content",
    300: "multiple choices", 301: "moved permanently", 302: "found", 303: "see other", 304: "not modified", 305: "needs proxy",
    307: "temporarily redirected", 400: "bad request", 401: "unauthorized", 402: "payment required", 403: "forbidden",
    404: "not found", 405: "method not allowed", 406: "unacceptable", 407: "proxy authentication required",
    408: "request timed out", 409: "conflict", 410: "no longer exists", 411: "length required", 412: "precondition failed",
    413: "request too large", 414: "requested URL too long", 415: "unsupported media type",
    416: "requested range not satisfiable", 417: "expectation failed", 500: "internal server error", 501: "unimplemented",
    502: "bad gateway", 503: "service unavailable", 504: "gateway timed out", 505: "unsupported version",
}
_CLASSES = {1: "informational", 2: "success", 3: "redirected", 4: "client error"}


def _fields(value: Any) -> Headers:
    pairs = [tuple(pair) for pair in (value.items() if isinstance(value, Mapping) else value or ())]
    if not all(len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str) for pair in pairs):
        raise TypeError
    return pairs


_TEXT, _LENGTH, _STATUS = optional(TEXT), whole(-1), whole(0)
_FIELDS = Takes("a mapping of names to values, or pairs of them, all str; or None", _fields)


class URLResponse:
    """What a load of any scheme was answered with. Immutable; equal when all members are.

    `mime_type` and `text_encoding_name` are None where not known, `expected_content_length` (bytes) is -1 then.
    """

    __slots__ = ("_expected_content_length", "_mime_type", "_text_encoding_name", "_url")

    def __init__(self, url: str | None, mime_type: str | None = None, expected_content_length: int = URL_RESPONSE_UNKNOWN_LENGTH,
                 text_encoding_name: str | None = None) -> None:
        self._url = _TEXT.of("URLResponse(url)", url)
        self._mime_type = _TEXT.of("URLResponse(mime_type)", mime_type)
        self._expected_content_length = _LENGTH.of("URLResponse(expected_content_length)", expected_content_length)
        self._text_encoding_name = _TEXT.of("URLResponse(text_encoding_name)", text_encoding_name)

    @property
    def url(self) -> str | None:
        """The URL that answered, after redirects."""
        return self._url

    @property
    def mime_type(self) -> str | None:
        """The type of the content without its parameters."""
        return self._mime_type

    @property
    def expected_content_length(self) -> int:
        """Bytes that the body will have, -1 when not known."""
        return self._expected_content_length

    @property
    def text_encoding_name(self) -> str | None:
        """The charset of a text, by its IANA name."""
        return self._text_encoding_name

    @property
    def suggested_filename(self) -> str:
        """A name to save the body under, never empty and never a path (see `models.filename`)."""
        return suggested_filename(self.url, (), self.mime_type)

    if not TYPE_CHECKING:       # to a type checker there is nothing more

        def __getattr__(self, name: str) -> NoReturn:
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            if hasattr(HTTPURLResponse, name) and not name.startswith("_"):
                text += f": it is the response of {shown.url(self._url)}, and only those of http and https have it; look with " \
                        "isinstance(response, HTTPURLResponse)"
            raise AttributeError(text, name=name, obj=self)

    def _identity(self) -> tuple[Any, ...]:
        return self.url, self.mime_type, self.expected_content_length, self.text_encoding_name

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((self._url, type(self)))

    def __copy__(self) -> URLResponse:
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}{(shown.url(self._url), *self._identity()[1:])!r}"


class HTTPURLResponse(URLResponse):
    """An answer over HTTP: `status_code` and headers besides; the other members follow from the headers.

    `header_fields` is a mapping, or pairs in the order of the wire (then a name may come more than once).
    """

    __slots__ = ("_headers", "_http_version", "_reason", "_status_code")

    def __init__(self, url: str | None, status_code: int, http_version: str | None = None,
                 header_fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None, *, reason: str = "") -> None:
        self._url = _TEXT.of("HTTPURLResponse(url)", url)
        self._status_code = int(_STATUS.of("HTTPURLResponse.status_code", status_code))
        self._http_version = _TEXT.of("HTTPURLResponse(http_version)", http_version) or "HTTP/1.1"
        self._headers = _FIELDS.of("HTTPURLResponse(header_fields)", header_fields)
        self._reason = reason

    @classmethod
    def from_head(cls, url: str | None, head: ResponseHead) -> HTTPURLResponse:
        """The response for a head that a route gave; it keeps the head's list of headers, which nobody may change then."""
        self = object.__new__(cls)
        self._url = url
        self._status_code = head.status
        self._http_version = head.http_version
        self._headers = head.headers
        self._reason = head.reason
        return self

    def replacing(self, headers: Headers, status_code: int | None = None, reason: str | None = None) -> HTTPURLResponse:
        """The same with these header fields, which nobody may change then, and with another status where one is given."""
        new = object.__new__(HTTPURLResponse)
        new._url, new._http_version, new._headers = self._url, self._http_version, headers
        new._status_code, new._reason = (self._status_code, self._reason) if status_code is None else (status_code, reason or "")
        return new

    @property
    def status_code(self) -> int:
        """The status; one of 400 and above is no error of the load (I13)."""
        return self._status_code

    @property
    def http_version(self) -> str:
        """The version of the protocol as on the status line, as "HTTP/1.1"."""
        return self._http_version

    @property
    def reason(self) -> str:
        """The reason phrase as it was sent, "" without."""
        return self._reason

    @property
    def headers(self) -> Headers:
        """The header fields as pairs, as they were received, in a new list."""
        return self._headers.copy()

    @property
    def all_header_fields(self) -> dict[str, str]:
        """The header fields by name, in a new dict; repeated ones joined by ", " (scenario data-reason-and-case).

        Names are capitalised as Content-Type is, so ETag reads Etag, but for WWW-Authenticate and names that begin with X-.
        """
        found: dict[str, tuple[str, str]] = {}
        for name, value in self._headers:
            key = name.lower()
            known = found.get(key)
            found[key] = (known[0], f"{known[1]}, {value}") if known else (_capitalised(name), value)
        return dict(found.values())

    def value(self, for_http_header_field: str) -> str | None:
        """The value of a header field, by its name in any case, repeated ones joined by ", "; None where it was not sent."""
        return header(self._headers, TEXT.of("HTTPURLResponse.value", for_http_header_field).lower())

    @property
    def mime_type(self) -> str | None:
        """The type of Content-Type in lower case, without its parameters; None where there is none."""
        value = header(self._headers, "content-type")
        return (value.partition(";")[0].partition(",")[0].strip().lower() or None) if value else None

    @property
    def text_encoding_name(self) -> str | None:
        """The charset of Content-Type in lower case; None where there is none."""
        value = header(self._headers, "content-type")
        if value is None or ";" not in value:
            return None
        return next((text.lower() for name, text in parameters(value) if name == "charset" and text), None)

    @property
    def expected_content_length(self) -> int:
        """Content-Length in bytes; -1 without it, where it is no number, and where a content coding makes it another's length."""
        value = header(self._headers, "content-length")
        if value is None:
            return URL_RESPONSE_UNKNOWN_LENGTH
        coding = header(self._headers, "content-encoding")
        if coding is not None and coding.strip().lower() not in ("", "identity"):
            return URL_RESPONSE_UNKNOWN_LENGTH
        given = {each.strip() for each in value.split(",")}    # the same length twice is one (RFC 9110, section 8.6)
        length = given.pop()
        return int(length) if not given and length.isascii() and length.isdigit() and len(length) < 20 else URL_RESPONSE_UNKNOWN_LENGTH

    @property
    def suggested_filename(self) -> str:
        """A name to save the body under, never empty and never a path (see `models.filename`)."""
        return suggested_filename(self._url, self._headers, self.mime_type)

    @staticmethod
    def localized_string(for_status_code: int) -> str:
        """What a status means, in a few English words, as "not found"."""
        _STATUS.of("HTTPURLResponse.localized_string(for_status_code)", for_status_code)
        return _PHRASES.get(for_status_code) or _CLASSES.get(for_status_code // 100, "server error")

    def _identity(self) -> tuple[Any, ...]:
        return self._url, self._status_code, self._http_version, self._headers, self._reason

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown.url(self._url)!r}, {self._status_code}, {self._http_version!r}, {len(self._headers)} headers)"


@lru_cache(maxsize=512)
def _capitalised(name: str) -> str:
    lower = name.lower()
    if lower.startswith("x-"):
        return name
    return "WWW-Authenticate" if lower == "www-authenticate" else "-".join(part.capitalize() for part in name.split("-"))
