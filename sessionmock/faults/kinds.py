"""The kinds of faults: values, each with the arguments that it takes."""
from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Code, InvalidArgumentException, URLError

CERTIFICATES = ("expired", "not yet valid", "wrong host", "untrusted")
MALFORMED = ("status line", "header", "length", "chunk", "trailer", "goaway", "settings", "window")
SCOPES = ("connection", "stream")
TIMED = frozenset({"never", "delay", "drip", "suspend"})
"""Kinds that are about time: on a script or a cassette it is virtual for them."""


@dataclass(frozen=True)
class Kind:
    """What happens at a point: its name, and the arguments that are not as usual."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, argument: str) -> Any:
        return dict(self.arguments)[argument]

    def get(self, argument: str, default: Any = None) -> Any:
        """The value of `argument`."""
        return dict(self.arguments).get(argument, default)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments)})"


def _kind(name: str, **arguments: Any) -> Kind:
    return Kind(name, tuple(arguments.items()))


def _refuse(call: str, value: object, wanted: str) -> InvalidArgumentException:
    return InvalidArgumentException(f"{call}: {value!r} is no {wanted}")


def _seconds(call: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise _refuse(call, value, "number of seconds, 0 or more")
    return float(value)


def _choice(call: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise InvalidArgumentException(f"{call}: {value!r} is none of them: choose from {', '.join(map(repr, choices))}")
    return value


def unknown_host() -> Kind:
    """The name has no address (-1003)."""
    return _kind("unknown_host")


def refuse() -> Kind:
    """Nobody listens there (ECONNREFUSED, -1004)."""
    return _kind("refuse")


def unreachable() -> Kind:
    """No way leads there (EHOSTUNREACH, -1004)."""
    return _kind("unreachable")


def certificate(problem: str) -> Kind:
    """The server's certificate is `problem`: "expired" (-1201), "not yet valid" (-1204), "wrong host" (-1202) or "untrusted" (-1202)."""
    return _kind("certificate", problem=_choice("certificate(problem)", problem, CERTIFICATES))


def never() -> Kind:
    """Nothing happens there any more: a time-out has to end it."""
    return _kind("never")


def delay(seconds: float) -> Kind:
    """It happens `seconds` later."""
    return _kind("delay", seconds=_seconds("delay(seconds)", seconds))


def reset(scope: str = "connection") -> Kind:
    """The connection is reset (RST); over HTTP/2 with `scope="stream"` this request's stream alone."""
    return _kind("reset", scope=_choice("reset(scope)", scope, SCOPES))


def end() -> Kind:
    """The peer sends no more (FIN)."""
    return _kind("end")


def truncate() -> Kind:
    """What is left of this part is lost; the message ends there as far as its framing can say so, else with the connection."""
    return _kind("truncate")


def corrupt() -> Kind:
    """One byte is another."""
    return _kind("corrupt")


def drip(bytes_per_second: float) -> Kind:
    """It goes on at so many bytes per second."""
    if isinstance(bytes_per_second, bool) or not isinstance(bytes_per_second, int | float) or not bytes_per_second > 0:
        raise _refuse("drip(bytes_per_second)", bytes_per_second, "number of bytes per second above 0")
    return _kind("drip", bytes_per_second=float(bytes_per_second))


def slice(size: int) -> Kind:
    """It comes in pieces of `size` bytes."""
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise _refuse("slice(size)", size, "number of bytes, 1 or more")
    return _kind("slice", size=size)


def duplicate() -> Kind:
    """It comes twice."""
    return _kind("duplicate")


def malformed(what: str) -> Kind:
    """`what` is not as HTTP has it: "status line", "header", "length", "chunk", "trailer", and of HTTP/2 "goaway", "settings", "window"."""
    return _kind("malformed", what=_choice("malformed(what)", what, MALFORMED))


def status(code: int, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None, body: bytes | str = b"") -> Kind:
    """The answer is another one."""
    if isinstance(code, bool) or not isinstance(code, int) or not 200 <= code <= 999:
        raise _refuse("status(code)", code, "status of a final response")
    pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers or ())
    return _kind("status", code=code, headers=pairs, body=body.encode() if isinstance(body, str) else bytes(body))


def redirect(to: str, code: int = 302) -> Kind:
    """The answer leads to the URL `to`, relative or absolute."""
    if not isinstance(to, str):
        raise _refuse("redirect(to)", to, "URL")
    return _kind("redirect", to=to, code=code)


def challenge(scheme: str = "Basic", realm: str = "", *, proxy: bool = False, stale: bool = False) -> Kind:
    """The answer is a 401 that asks for a credential by `scheme` ("Basic", "Digest", ...), or with `proxy` a 407; `stale`: of Digest, the
    nonce was too old."""
    return _kind("challenge", scheme=scheme, realm=realm, proxy=proxy, stale=stale)


def fail(error: URLError | Code | int) -> Kind:
    """The load fails with `error`; a plain client sees what a real socket would give it there."""
    if not isinstance(error, URLError):
        try:
            error = URLError(Code(error))
        except (ValueError, TypeError):
            raise _refuse("fail(error)", error, "URLError and no code of one") from None
    return _kind("fail", error=error)


def oserror(number: int) -> Kind:
    """The operating system says `number`, as errno.EIO."""
    if number not in errno.errorcode:
        raise _refuse("oserror(number)", number, "number of errno")
    return _kind("oserror", number=number)


def disk_full() -> Kind:
    """No space is left (ENOSPC, -3003)."""
    return _kind("disk_full")


def raises(exception: BaseException | type[BaseException]) -> Kind:
    """The user's code there raises `exception`."""
    if not isinstance(exception, BaseException) and not (isinstance(exception, type) and issubclass(exception, BaseException)):
        raise _refuse("raises(exception)", exception, "exception")
    return _kind("raises", exception=exception)


def unanswered() -> Kind:
    """The question is never answered."""
    return _kind("unanswered")


def answered_twice() -> Kind:
    """The question is answered a second time, which raises GenericException there and changes nothing."""
    return _kind("answered_twice")


def cancel() -> Kind:
    """The task is cancelled."""
    return _kind("cancel")


def cancel_by_producing_resume_data() -> Kind:
    """The download is cancelled, and its resume data asked for."""
    return _kind("cancel_by_producing_resume_data")


def suspend(seconds: float) -> Kind:
    """The task is suspended, and resumed `seconds` later."""
    return _kind("suspend", seconds=_seconds("suspend(seconds)", seconds))


def invalidate() -> Kind:
    """The session is invalidated, and its tasks are cancelled."""
    return _kind("invalidate")


KINDS: dict[str, Callable[..., Kind]] = {make.__name__: make for make in (
    unknown_host, refuse, unreachable, certificate, never, delay, reset, end, truncate, corrupt, drip, slice, duplicate, malformed, status,
    redirect, challenge, fail, oserror, disk_full, raises, unanswered, answered_twice, cancel, cancel_by_producing_resume_data, suspend,
    invalidate)}
"""Every kind by its name, with who makes it."""


def os_error(kind: Kind) -> OSError:
    """The error of the operating system that `kind` stands for: of `oserror`, `disk_full`, `refuse`, `unreachable`, `reset`."""
    numbers = {"disk_full": errno.ENOSPC, "refuse": errno.ECONNREFUSED, "unreachable": errno.EHOSTUNREACH, "reset": errno.ECONNRESET}
    number = kind["number"] if kind.name == "oserror" else numbers[kind.name]
    return OSError(number, os.strerror(number))
