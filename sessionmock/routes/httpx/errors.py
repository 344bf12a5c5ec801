"""The errors of httpx, httpx2 and what lies below them as ours, and ours as theirs (docs/rules.md, Errors of httpx), without importing either."""
from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...errors import Code, UnmatchedRequest, URLError, url_error
from ...models.message import ResponseHead, first
from ...models.trust import TunnelRefused
from ..live.http1.events import AnswerError, Lost
from .values import CORES, PACKAGES, client_class
from .waiting import limit_of

_CODES = {             # by the name of the class, the nearest in the order of inheritance
    "TimeoutException": Code.TIMED_OUT,
    "ConnectError": Code.CANNOT_CONNECT_TO_HOST,
    "ProxyError": Code.CANNOT_CONNECT_TO_HOST,
    "NetworkError": Code.NETWORK_CONNECTION_LOST,
    "RemoteProtocolError": Code.CANNOT_PARSE_RESPONSE,
    "UnsupportedProtocol": Code.UNSUPPORTED_URL,
    "InvalidURL": Code.BAD_URL,
    "DecodingError": Code.CANNOT_DECODE_RAW_DATA,
    "TooManyRedirects": Code.HTTP_TOO_MANY_REDIRECTS,
}
_FAMILIES = (*PACKAGES, *CORES)
_ERRNOS = {
    errno.ECONNREFUSED: Code.CANNOT_CONNECT_TO_HOST,
    errno.EHOSTUNREACH: Code.CANNOT_CONNECT_TO_HOST,
    errno.ENETUNREACH: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ENETDOWN: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ECONNRESET: Code.NETWORK_CONNECTION_LOST,
    errno.ECONNABORTED: Code.NETWORK_CONNECTION_LOST,
    errno.EPIPE: Code.NETWORK_CONNECTION_LOST,
    errno.ETIMEDOUT: Code.TIMED_OUT,
}
_VERDICTS = {          # X509_V_ERR_* of OpenSSL; every other verdict is "untrusted"
    9: Code.SERVER_CERTIFICATE_NOT_YET_VALID,
    10: Code.SERVER_CERTIFICATE_HAS_BAD_DATE,
    19: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,
    20: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,
}
_CLASSES: dict[int, str] = {           # the way back: what a client of httpx sees; what is not here is a TransportError
    Code.CANNOT_FIND_HOST: "ConnectError",
    Code.DNS_LOOKUP_FAILED: "ConnectError",
    Code.CANNOT_CONNECT_TO_HOST: "ConnectError",
    Code.NOT_CONNECTED_TO_INTERNET: "ConnectError",
    Code.INTERNATIONAL_ROAMING_OFF: "ConnectError",
    Code.CALL_IS_ACTIVE: "ConnectError",
    Code.DATA_NOT_ALLOWED: "ConnectError",
    Code.NETWORK_CONNECTION_LOST: "RemoteProtocolError",
    Code.CANNOT_PARSE_RESPONSE: "RemoteProtocolError",
    Code.BAD_SERVER_RESPONSE: "RemoteProtocolError",
    Code.ZERO_BYTE_RESOURCE: "RemoteProtocolError",
    Code.UNSUPPORTED_URL: "UnsupportedProtocol",
    Code.CANNOT_DECODE_RAW_DATA: "DecodingError",
    Code.CANNOT_DECODE_CONTENT_DATA: "DecodingError",
    Code.HTTP_TOO_MANY_REDIRECTS: "TooManyRedirects",
    Code.CANCELLED: "ReadError",
    **{code: "ConnectError" for code in Code if Code.CLIENT_CERTIFICATE_REQUIRED <= code <= Code.SECURE_CONNECTION_FAILED},
}


class NamedError(Exception):
    """Stands for an error of httpx or httpx2 of which only the `name` of the class and the text are known, as a recorded one."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


def url_error_for(error: BaseException, url: str) -> URLError:
    """What a load ends with when `error` was raised by a transport or by a scripted side effect. A URLError stays itself."""
    if isinstance(error, URLError):
        return error
    made = url_error(_code(error), url, error)
    made._as_raised = True
    return made


def _code(error: BaseException) -> Code:
    kind = type(error)
    if not client_class(error, _FAMILIES)[0]:
        return _system_code(error) or Code.UNKNOWN
    code = next((_CODES[base.__name__] for base in kind.__mro__ if base.__name__ in _CODES), Code.UNKNOWN)
    if code is Code.CANNOT_CONNECT_TO_HOST:
        return next(filter(None, map(_system_code, _causes(error))), code)
    if code is Code.CANNOT_PARSE_RESPONSE and any(words in str(error) for words in ("disconnected", "closed connection")):
        return Code.NETWORK_CONNECTION_LOST
    return code


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What lies under `error`, which may be a ring: respx makes one of an exception that it raises again."""
    seen = {id(error)}
    cause = error.__cause__ or error.__context__
    while cause is not None and id(cause) not in seen:
        yield cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__


def _system_code(error: BaseException) -> Code | None:
    """The code of an error of the operating system or of TLS; None where it is neither."""
    match error:
        case ssl.SSLCertVerificationError():
            return _VERDICTS.get(error.verify_code, Code.SERVER_CERTIFICATE_UNTRUSTED)
        case ssl.SSLError():
            return Code.SECURE_CONNECTION_FAILED
        case socket.gaierror():
            return Code.CANNOT_FIND_HOST
        case TimeoutError():
            return Code.TIMED_OUT
        case ConnectionError() | OSError(errno=int()):
            otherwise = Code.NETWORK_CONNECTION_LOST if isinstance(error, ConnectionError) else Code.UNKNOWN
            return _ERRNOS.get(error.errno or 0, otherwise)
    return None


class Reached(NamedTuple):
    """How far an exchange had come when it failed: at which step (`waiting.Step`), with which head, and with how many bytes of its body."""

    step: str = "read"
    head: ResponseHead | None = None
    received: int = 0


def client_error(error: URLError, package: Any, request: Any, reached: Reached | None = None) -> BaseException:
    """The exception that a client of `package` (httpx or httpx2) expects for `error`, where its exchange had come as far as `reached`.

    A missing answer is given as it is, and so is what a script or the client's own transport raised, unless it is of another
    family than `package`: what is of httpcore, or of the other package, becomes the client's own of the same name.
    """
    under, reached = error.underlying_error, reached or Reached()
    family, name = ("", under.name) if isinstance(under, NamedError) else client_class(under, _FAMILIES)
    if error._as_raised and under is not None and family in {"", package.__name__}:
        return under
    if not hasattr(package, name):        # of httpcore's own, which httpx does not know either
        name = ""
    if isinstance(under, UnmatchedRequest) or (error.code == Code.UNKNOWN and under is not None and not name):
        return under
    text = str(under) if name else _text(error, reached)
    kind = getattr(package, name or _class(error, reached.step), package.TransportError)
    if not issubclass(kind, package.RequestError):
        kind = package.TransportError
    raised: BaseException = kind(text, request=request)
    raised.__cause__ = error
    if error.__cause__ is None:
        error.__cause__ = under
    return raised


def _class(error: URLError, step: str) -> str:
    """What httpx raises for `error` at a step: until a connection stands, whatever the network does is a ConnectError."""
    under, code = error.underlying_error, error.code
    if code == Code.TIMED_OUT:
        return f"{limit_of(step).capitalize()}Timeout"
    if isinstance(under, TunnelRefused):
        return "ProxyError"
    if isinstance(under, AnswerError):
        return "RemoteProtocolError"
    if step == "connect" and (under is None or code != Code.NETWORK_CONNECTION_LOST):      # else it stood for a moment
        return "ConnectError" if code == Code.NETWORK_CONNECTION_LOST else _CLASSES.get(code, "TransportError")
    if step == "proxy" and under is not None:
        return "ReadError" if isinstance(under, OSError) and under.errno else "ProxyError"
    if isinstance(under, OSError) and code in (Code.NETWORK_CONNECTION_LOST, Code.SECURE_CONNECTION_FAILED):
        return "ReadError"
    return _CLASSES.get(code, "TransportError")


def _text(error: URLError, reached: Reached) -> str:
    """What `error` says, and where httpx has words that are looked for, these before it."""
    under, head = error.underlying_error, reached.head
    if isinstance(under, TunnelRefused):
        words = f"{under.head.status} {under.head.reason}"
    elif not isinstance(under, Lost):
        return str(error)
    elif head is None:
        words = "Server disconnected without sending a response."
    else:
        length = first(head.headers, "content-length")
        rest = "incomplete chunked read" if length is None else f"received {reached.received} bytes, expected {length}"
        words = f"peer closed connection without sending complete message body ({rest})"
    return f"{words} ({error})"
