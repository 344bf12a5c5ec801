"""What a client of httpx or httpx2 is given for a failure: by its code, by what lies under it, and by how far the exchange had come."""
from __future__ import annotations

import errno
import os
import ssl
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock.errors import Code, url_error
from sessionmock.models.message import ResponseHead
from sessionmock.models.trust import TunnelRefused
from sessionmock.routes.httpx.errors import Reached, client_error
from sessionmock.routes.live.http1.events import Garbage, Lost

URL = "http://a.test/"
RESET = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
REFUSED = TunnelRefused(ResponseHead(407, [], "Proxy Authentication Required"))


def raised(package: Any, code: int, under: BaseException | None, reached: Reached) -> BaseException:
    error = url_error(Code(code), URL, under)
    made = client_error(error, package, package.Request("GET", URL), reached)
    assert (error, under) == (made.__cause__, error.__cause__)      # as deep as with the client's own transport
    return made


@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize(("step", "code", "under", "name"), [
    ("pool", Code.TIMED_OUT, None, "PoolTimeout"),
    ("connect", Code.TIMED_OUT, None, "ConnectTimeout"),
    ("proxy", Code.TIMED_OUT, None, "ReadTimeout"),
    ("write", Code.TIMED_OUT, None, "WriteTimeout"),
    ("read", Code.TIMED_OUT, None, "ReadTimeout"),
    ("connect", Code.CANNOT_FIND_HOST, OSError("no such name"), "ConnectError"),
    ("connect", Code.CANNOT_CONNECT_TO_HOST, OSError(errno.EHOSTUNREACH, ""), "ConnectError"),
    ("connect", Code.SECURE_CONNECTION_FAILED, RESET, "ConnectError"),
    ("connect", Code.NETWORK_CONNECTION_LOST, None, "ConnectError"),
    ("connect", Code.NETWORK_CONNECTION_LOST, RESET, "ReadError"),          # it was accepted first
    ("connect", Code.NETWORK_CONNECTION_LOST, Lost("closed"), "RemoteProtocolError"),
    ("connect", Code.SERVER_CERTIFICATE_HAS_BAD_DATE, ssl.SSLCertVerificationError(), "ConnectError"),
    ("proxy", Code.CANNOT_CONNECT_TO_HOST, REFUSED, "ProxyError"),
    ("proxy", Code.CANNOT_CONNECT_TO_HOST, ConnectionError("the SOCKS proxy could not connect"), "ProxyError"),
    ("proxy", Code.CANNOT_CONNECT_TO_HOST, RESET, "ReadError"),
    ("proxy", Code.CANNOT_CONNECT_TO_HOST, Lost("closed"), "RemoteProtocolError"),
    ("proxy", Code.CANNOT_CONNECT_TO_HOST, Garbage("no HTTP"), "RemoteProtocolError"),
    ("write", Code.NETWORK_CONNECTION_LOST, RESET, "ReadError"),      # httpx leaves the write, and reads what the server has said
    ("read", Code.NETWORK_CONNECTION_LOST, RESET, "ReadError"),
    ("read", Code.NETWORK_CONNECTION_LOST, Lost("closed"), "RemoteProtocolError"),
    ("read", Code.NETWORK_CONNECTION_LOST, None, "RemoteProtocolError"),
    ("read", Code.CANNOT_PARSE_RESPONSE, Garbage("no HTTP"), "RemoteProtocolError"),
    ("read", Code.SECURE_CONNECTION_FAILED, ssl.SSLError(1, "bad record"), "ReadError"),
    ("read", Code.CANNOT_CONNECT_TO_HOST, None, "ConnectError"),
])
def test_a_failure_is_what_a_socket_would_have_given_there(package: Any, step: str, code: int, under: Any, name: str) -> None:
    assert getattr(package, name) is type(raised(package, code, under, Reached(step)))


@pytest.mark.parametrize(("under", "reached", "words"), [
    (Lost("closed"), Reached("read"), "Server disconnected without sending a response."),
    (Lost("closed"), Reached("read", ResponseHead(200, [("Content-Length", "10")]), 5),
     "peer closed connection without sending complete message body (received 5 bytes, expected 10)"),
    (Lost("closed"), Reached("read", ResponseHead(200, []), 5),
     "peer closed connection without sending complete message body (incomplete chunked read)"),
    (REFUSED, Reached("proxy"), "407 Proxy Authentication Required"),
    (RESET, Reached("read"), "Connection reset by peer"),
])
def test_words_that_programs_look_for_are_there(under: BaseException, reached: Reached, words: str) -> None:
    """Beside what the URLError says."""
    said = str(raised(httpx, Code.NETWORK_CONNECTION_LOST, under, reached))
    assert words in said
    assert "network connection lost (-1005)" in said
