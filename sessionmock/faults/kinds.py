"""The kinds of faults: values, each with the arguments that it takes.

Each kind is a method of `Kinds`, whose signature says what it takes: there is no other list of them.
"""
from __future__ import annotations

import errno as numbers
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from .. import shown
from ..errors import Code, InvalidArgumentException, URLError
from ..models.settings import FLAG, TEXT, TOKEN, Takes, header_field, whole
from .names import unknown

T = TypeVar("T")

CERTIFICATES = ("expired", "not yet valid", "wrong host", "untrusted")
MALFORMED = ("status line", "header", "length", "chunk", "trailer", "goaway", "settings", "window")
SCOPES = ("connection", "stream")
TIMED = frozenset({"never", "delay", "drip", "suspend", "unanswered"})
"""Kinds that are about time: on a script or a cassette it is virtual for them."""


@dataclass(frozen=True, eq=False)
class Kind:
    """What happens at a point: its name, and all its arguments, also those that nobody gave."""

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, argument: str) -> Any:
        return dict(self.arguments)[argument]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.name == other.name and list(map(_compared, self.arguments)) == list(map(_compared, other.arguments))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def given(self) -> dict[str, Any]:
        """The arguments that are not what they are by default."""
        taken = parameters(self.name)       # no header fields are None by default, and () here
        return {name: value for name, value in self.arguments if (value or None) != (taken[name].default or None)}

    def __repr__(self) -> str:
        return self._call(_expression)

    def __str__(self) -> str:
        """As `repr`, with pseudonyms in the place of secrets."""
        return self._call(_shown)

    def _call(self, written: Callable[[Any], str]) -> str:
        taken = parameters(self.name)
        said = (written(value) if taken[name].default is inspect.Parameter.empty else f"{name}={written(value)}"
                for name, value in self.given.items())
        return f"{self.name}({', '.join(said)})"


def _compared(argument: tuple[str, Any]) -> Any:
    """Two exceptions of one class with equal arguments are the same fault."""
    name, value = argument
    return (name, type(value), value.args) if isinstance(value, BaseException) and not isinstance(value, URLError) else argument


def _expression(value: Any) -> str:
    """What `value` is written as in a call."""
    if isinstance(value, URLError):
        return f"URLError({int(value.code)}, {value.user_info!r})" if value.user_info else str(int(value.code))
    if isinstance(value, _Errno):
        return repr(numbers.errorcode[value])
    if isinstance(value, type):
        return value.__qualname__ if value.__module__ == "builtins" else f"{value.__module__}.{value.__qualname__}"
    return repr(value)


def _shown(value: Any) -> str:
    return shown.value(value) if isinstance(value, str | bytes | tuple) else shown.text(_expression(value))


class Kinds(Generic[T]):
    """Every kind of fault, as a method that says what happens. Each checks its arguments (InvalidArgumentException names them)."""

    def _take(self, kind: Kind) -> T:
        """What the method of `kind` gives."""
        raise NotImplementedError

    def _of(self, name: str, **arguments: Any) -> T:
        return self._take(Kind(name, tuple(arguments.items())))

    def unknown_host(self) -> T:
        """The name has no address (-1003)."""
        return self._of("unknown_host")

    def refuse(self) -> T:
        """Nobody listens there (ECONNREFUSED, -1004)."""
        return self._of("refuse")

    def unreachable(self) -> T:
        """No way leads there (EHOSTUNREACH, -1004)."""
        return self._of("unreachable")

    def certificate(self, problem: str) -> T:
        """The server's certificate is "expired" (-1201), "not yet valid" (-1204), for the "wrong host" (-1202) or "untrusted" (-1203)."""
        return self._of("certificate", problem=_choice("certificate(problem)", problem, CERTIFICATES))

    def never(self) -> T:
        """Nothing happens there any more: a time-out has to end it."""
        return self._of("never")

    def delay(self, seconds: float) -> T:
        """It happens `seconds` later."""
        return self._of("delay", seconds=_SECONDS.of("delay(seconds)", seconds))

    def reset(self, scope: str = "connection") -> T:
        """The connection is reset (RST); over HTTP/2 with `scope="stream"` the stream of this request alone."""
        return self._of("reset", scope=_choice("reset(scope)", scope, SCOPES))

    def end(self) -> T:
        """The peer sends no more (FIN)."""
        return self._of("end")

    def truncate(self) -> T:
        """What is left of this part is lost; the message ends there as far as its framing can say so, else with the connection."""
        return self._of("truncate")

    def corrupt(self) -> T:
        """One byte is another."""
        return self._of("corrupt")

    def drip(self, bytes_per_second: float) -> T:
        """It goes on at so many bytes per second."""
        return self._of("drip", bytes_per_second=_PACE.of("drip(bytes_per_second)", bytes_per_second))

    def slice(self, size: int) -> T:
        """It comes in pieces of `size` bytes."""
        return self._of("slice", size=whole(1).of("slice(size)", size))

    def duplicate(self) -> T:
        """It comes twice."""
        return self._of("duplicate")

    def malformed(self, what: str) -> T:
        """`what` is not as HTTP has it: "status line", "header", "length", "chunk", "trailer", and of HTTP/2 "goaway", "settings", "window"."""
        return self._of("malformed", what=_choice("malformed(what)", what, MALFORMED))

    def status(self, code: int, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None, body: bytes | str = b"") -> T:
        """The answer is this one; its status is 200 or above. A text as `body` is sent in UTF-8."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
        return self._of("status", code=_STATUS.of("status(code)", code), headers=tuple(header_field("status(headers)", *pair) for pair in pairs),
                        body=body.encode() if isinstance(body, str) else bytes(_BODY.of("status(body)", body)))

    def redirect(self, to: str, code: int = 302) -> T:
        """The answer leads to the URL `to`, relative or absolute, by the status `code`."""
        return self._of("redirect", to=TEXT.of("redirect(to)", to), code=_REDIRECT.of("redirect(code)", code))

    def challenge(self, scheme: str = "Basic", realm: str = "", *, proxy: bool = False, stale: bool = False) -> T:
        """The answer is a 401 that asks for a credential by `scheme` ("Basic", "Digest", ...), with `proxy` a 407. `stale`, of Digest: the
        nonce that it was answered with is too old."""
        _SCHEME.of("challenge(scheme)", scheme)
        if stale and scheme.lower() != "digest":
            raise InvalidArgumentException(f"challenge({scheme!r}, stale=True): only the nonces of Digest grow old")
        return self._of("challenge", scheme=scheme, realm=TEXT.of("challenge(realm)", realm), proxy=FLAG.of("challenge(proxy)", proxy),
                        stale=FLAG.of("challenge(stale)", stale))

    def fail(self, error: URLError | Code | int) -> T:
        """The load fails with `error`; a plain client sees what a real socket would give it there."""
        return self._of("fail", error=_ERROR.of("fail(error)", error))

    def oserror(self, errno: int | str) -> T:
        """The operating system says `errno`: a number of the module errno, or its name, as "EIO"."""
        return self._of("oserror", errno=_ERRNO.of("oserror(errno)", errno))

    def disk_full(self) -> T:
        """No space is left (ENOSPC, -3003)."""
        return self._of("disk_full")

    def raises(self, exception: BaseException | type[BaseException]) -> T:
        """The user's code there raises `exception`."""
        return self._of("raises", exception=_EXCEPTION.of("raises(exception)", exception))

    def unanswered(self) -> T:
        """The question is never answered."""
        return self._of("unanswered")

    def answered_twice(self) -> T:
        """The question is answered a second time, which raises GenericException there and changes nothing."""
        return self._of("answered_twice")

    def cancel(self) -> T:
        """The task is cancelled (-999)."""
        return self._of("cancel")

    def cancel_by_producing_resume_data(self) -> T:
        """The download is cancelled (-999), and its resume data asked for."""
        return self._of("cancel_by_producing_resume_data")

    def suspend(self, seconds: float) -> T:
        """The task is suspended, and resumed `seconds` later."""
        return self._of("suspend", seconds=_SECONDS.of("suspend(seconds)", seconds))

    def invalidate(self) -> T:
        """The session is invalidated, and its tasks are cancelled."""
        return self._of("invalidate")


KINDS = tuple(name for name in vars(Kinds) if not name.startswith("_"))
"""The names of all kinds."""


@cache
def parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """What the kind `name` takes."""
    own = dict(inspect.signature(getattr(Kinds, name)).parameters)
    del own["self"]
    return own


def os_error(kind: Kind) -> OSError:
    """The error of the operating system that `kind` stands for: of `oserror`, `disk_full`, `refuse`, `unreachable`, `reset`."""
    known = {"disk_full": numbers.ENOSPC, "refuse": numbers.ECONNREFUSED, "unreachable": numbers.EHOSTUNREACH, "reset": numbers.ECONNRESET}
    number = kind["errno"] if kind.name == "oserror" else known[kind.name]
    return OSError(number, os.strerror(number))


def raised(kind: Kind) -> BaseException:
    """The exception of a kind `raises`."""
    exception: BaseException | type[BaseException] = kind["exception"]
    return exception() if isinstance(exception, type) else exception


# what arguments take ------------------------------------------------------------------------------------------------
def _choice(place: str, given: str, choices: tuple[str, ...]) -> str:
    if given not in choices:
        raise unknown(place, "choice", given, map(repr, choices))
    return given


def _that(fits: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        if not fits(value):
            raise ValueError
        return value
    return accept


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _error(value: Any) -> URLError:
    return value if isinstance(value, URLError) else URLError(Code(value))


class _Errno(int):
    """A number of the module errno: written by its name, for numbers differ between systems."""


def _errno(value: Any) -> int:
    if isinstance(value, str):
        value = getattr(numbers, value, None)
    if isinstance(value, bool) or value not in numbers.errorcode:
        raise ValueError
    return _Errno(value)


_SECONDS = Takes("a number of seconds, 0 or more", _that(lambda value: _is_number(value) and 0 <= value < float("inf")))
_PACE = Takes("a number of bytes per second above 0", _that(lambda value: _is_number(value) and 0 < value < float("inf")))
_STATUS = Takes("the status of a final response, 200 to 999", _that(lambda value: type(value) is int and 200 <= value <= 999))
_REDIRECT = Takes("301, 302, 303, 307 or 308", _that(lambda value: value in (301, 302, 303, 307, 308)))
_BODY = Takes("bytes, or a str", _that(lambda value: isinstance(value, bytes | bytearray | memoryview)))
_SCHEME = Takes("the name of a scheme, as \"Basic\" or \"Digest\"", _that(lambda value: TOKEN.fullmatch(value) is not None))
_ERROR = Takes("a URLError, or a member of URLError.Code or its number", _error)
_ERRNO = Takes("a number of the module errno, or its name, as \"EIO\"", _errno)
_EXCEPTION = Takes("an exception, or a class of them", _that(lambda value: isinstance(value, BaseException) or (
    isinstance(value, type) and issubclass(value, BaseException))))
