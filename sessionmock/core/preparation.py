"""From a URLRequest to the request that goes to a route: what is checked, and which header fields are added."""
from __future__ import annotations

from collections.abc import Iterable

from ..errors import Code, URLError, url_error
from ..models.body import SizedStream
from ..models.message import BodyStream, Headers, Request
from ..models.request import URLRequest
from ..models.url import split_url

HTTP = frozenset({"http", "https"})
LOCAL = frozenset({"data", "file"})
SECURE = frozenset({"https", "wss"})     # over TLS
FORM = "application/x-www-form-urlencoded"


def refusal(request: URLRequest, body: bytes | BodyStream | None, *, redirected: bool = False,
            any_scheme: bool = False) -> URLError | None:
    """Why `request` cannot be sent at all, or None.

    -1002 without a URL or with a scheme that nothing serves (scenario data-scheme-unsupported), -1000 for a URL that
    is none, -1103 for a GET with a body that is not empty (scenario data-get-with-body). A server may redirect to another server only: never
    to a local file.
    """
    url = request.url
    if url is None:
        return url_error(Code.UNSUPPORTED_URL, None)
    try:
        parts = split_url(url)
    except ValueError as error:
        return url_error(Code.BAD_URL, url, error)
    if parts.scheme in LOCAL and not redirected:
        return None
    if parts.scheme not in HTTP and not any_scheme:
        return url_error(Code.UNSUPPORTED_URL, url, ValueError(_unserved(parts.scheme)))
    if body is not None and body != b"" and request.http_method == "GET":
        return url_error(Code.DATA_LENGTH_EXCEEDS_MAXIMUM, url)
    return None


def _unserved(scheme: str) -> str:
    if not scheme:
        return "it has no scheme: write https://HOST/PATH"
    if scheme in LOCAL:
        return "a server leads to nothing that is local"
    return f"nothing serves the scheme {scheme!r}: use https or http, or a URLProtocol class that takes it"


def announced(body: BodyStream, request: URLRequest) -> BodyStream:
    """`body` with the length that the request's own Content-Length gives it, where nothing else tells one (Apple: the reserved
    header fields of URLRequest; countOfBytesExpectedToSend)."""
    length = announced_length(request)
    return body if length < 0 or body.length >= 0 else SizedStream(body, length)


def announced_length(request: URLRequest) -> int:
    """The request's own Content-Length, -1 without one that is a number."""
    value = (request.value("Content-Length") or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1


def completed(request: URLRequest, body: bytes | BodyStream | None, *, additional: Iterable[tuple[str, str]],
              cookies: str | None, defaults: Headers, is_upload: bool) -> Request:
    """`request` with every field that it goes out with, but for those of framing (Host, lengths), which the route adds.

    The configuration's additional fields and the defaults yield to the request's own (I26); cookies of the store win
    over a Cookie field set by hand (I25). A POST with a body gets the form type unless it names one or is an upload
    (scenario data-post). A range is asked for unencoded, since the bytes of an encoded body are others (Fetch, HTTP-network-or-cache
    fetch).
    """
    headers = request.header_pairs()
    present = {name.lower() for name, _ in headers}
    if cookies is not None:
        if "cookie" in present:
            headers = [pair for pair in headers if pair[0].lower() != "cookie"]
        headers.append(("Cookie", cookies))
        present.add("cookie")
    for pair in additional:
        if (lower := pair[0].lower()) not in present:
            headers.append(pair)
            present.add(lower)
    method = request.http_method
    if body is not None and body != b"" and method == "POST" and not is_upload and "content-type" not in present:
        headers.append(("Content-Type", FORM))
    if "range" in present and "accept-encoding" not in present:
        headers.append(("Accept-Encoding", "identity"))
        present.add("accept-encoding")
    headers += [pair for pair in defaults if pair[0].lower() not in present]
    return Request(method, request.url or "", headers, body)
