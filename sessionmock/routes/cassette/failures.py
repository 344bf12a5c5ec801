"""How an exchange ended that brought no whole answer: which failures are worth recording, and how they come back."""
from __future__ import annotations

import builtins
import socket

from ...errors import Code, URLError, url_error
from ...models.trust import TunnelRefused
from ..httpx.errors import NamedError
from ..httpx.values import client_class
from .interaction import Failure

_LONGEST = 300    # characters of what an error said

# What a server, or the way to it, did. All else was done by the program: a cancel, a body that it could not read, a mistake of its own.
_RECORDED = frozenset({
    Code.TIMED_OUT, Code.CANNOT_FIND_HOST, Code.CANNOT_CONNECT_TO_HOST, Code.NETWORK_CONNECTION_LOST, Code.DNS_LOOKUP_FAILED,
    Code.NOT_CONNECTED_TO_INTERNET, Code.BAD_SERVER_RESPONSE, Code.CANNOT_PARSE_RESPONSE,
    *(code for code in Code if Code.CLIENT_CERTIFICATE_REQUIRED <= code <= Code.SECURE_CONNECTION_FAILED),
})


def recorded(error: URLError) -> Failure | None:
    """What is recorded of `error`; None where it tells of the program alone, or is a proxy's question for a password."""
    under = error.underlying_error
    if error.code not in _RECORDED or (isinstance(under, TunnelRefused) and under.head.status == 407):
        return None
    return Failure(error.code, _line(str(under or "")), _name(under))


def replayed(failure: Failure, url: str) -> URLError:
    """The error that a load of `url` ends with now: of the same code, over a cause of the same kind."""
    error = url_error(Code(failure.code), url, _cause(failure) if failure.cause or failure.text else None)
    error.add_note("it failed so when it was recorded; nothing was sent now")
    return error


def left(size: int, url: str) -> URLError:
    """The error of a load that reads on where the recorded reader left."""
    return url_error(Code.NETWORK_CONNECTION_LOST, url, NamedError(
        "RemoteProtocolError", f"the recorded answer ends here, after {size} bytes: its reader left, and what came then is not known"))


def _name(under: BaseException | None) -> str:
    """The class of `under` where something follows from it: the client's own, or the system's."""
    if isinstance(under, NamedError):
        return under.name
    return client_class(under)[1] or next((kind.__name__ for kind in type(under).__mro__ if _is_of_the_system(kind)), "")


def _line(text: str) -> str:
    return " ".join(text.encode("utf-8", "replace").decode().split())[:_LONGEST]


def _cause(failure: Failure) -> Exception:
    kind = getattr(builtins, failure.cause, None) or getattr(socket, failure.cause, None)
    if isinstance(kind, type) and issubclass(kind, OSError):
        return kind(failure.text)
    return NamedError(failure.cause, failure.text)


def _is_of_the_system(kind: type) -> bool:
    return kind.__module__ in ("builtins", "socket") and issubclass(kind, OSError)
