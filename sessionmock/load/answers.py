"""Answers: what each question of a delegate may be answered with, judged where the answer arrives."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from ..errors import InvalidArgumentException
from ..models.body import as_body_stream
from ..models.cached_response import CachedURLResponse
from ..models.credential import URLCredential
from ..models.enums import AuthChallengeDisposition, DelayedRequestDisposition, ResponseDisposition
from ..models.request import URLRequest

Values = tuple[Any, ...]
Disposition = TypeVar("Disposition", bound=Enum)


class Rule(NamedTuple):
    """How the answer to one question is judged."""

    judge: Callable[[Values], Values | None]     # the answer as it counts; None: it is none
    takes: str                                   # what would be one, for an error
    at_most: int                                 # how many values


def given(name: str, value: Any) -> Values:
    """What the method `name` has returned, as values: a tuple is several of them where the question takes several."""
    rule = RULES.get(name)
    return value if isinstance(value, tuple) and rule is not None and rule.at_most > 1 else (value,)


def judged(name: str, values: Values) -> Values:
    """The answer `values` to the question `name`, as it counts. Raises InvalidArgumentException for what is no answer to it."""
    rule = RULES[name]
    answer = rule.judge(values) if 1 <= len(values) <= rule.at_most else None
    if answer is None:
        shown = ", ".join(map(_shown, values)) or "no value"
        raise InvalidArgumentException(f"{name} was answered with {shown}; it takes {rule.takes}")
    return answer


def _shown(value: Any) -> str:
    """`value` in an error: in short, and nothing of what may be a password."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return repr(value) if value is None or isinstance(value, int) else f"<{type(value).__name__}>"


def _member(kind: type[Disposition], value: Any) -> Disposition | None:
    """`value` as one of `kind`: a member, or the number that Apple gives it. One of another kind, or a bool, is none."""
    if isinstance(value, kind):
        return value
    return next((one for one in kind if one.value == value), None) if type(value) is int else None


def _challenge(values: Values) -> Values | None:
    disposition = _member(AuthChallengeDisposition, values[0])
    uses = disposition is AuthChallengeDisposition.USE_CREDENTIAL
    if disposition is None or (uses and len(values) == 1) or not isinstance(values[-1] if len(values) > 1 else None, URLCredential | None):
        return None
    return disposition, *values[1:]


def _delayed(values: Values) -> Values | None:
    disposition, request = _member(DelayedRequestDisposition, values[0]), values[1] if len(values) > 1 else None
    needed = URLRequest if disposition is DelayedRequestDisposition.USE_NEW_REQUEST else URLRequest | None
    return None if disposition is None or not isinstance(request, needed) else (disposition, request)


def _redirect(values: Values) -> Values | None:
    return values if isinstance(values[0], URLRequest | None) else None


def _response(values: Values) -> Values | None:
    """A method that only looks at the response, and gives None, allows it (I15)."""
    disposition = ResponseDisposition.ALLOW if values[0] is None else _member(ResponseDisposition, values[0])
    return None if disposition in (None, ResponseDisposition.BECOME_STREAM) else (disposition,)


def _stored(values: Values) -> Values | None:
    return values if isinstance(values[0], CachedURLResponse | None) else None


def _stream(values: Values) -> Values | None:
    try:
        return (None if values[0] is None else as_body_stream(values[0]),)
    except InvalidArgumentException:
        return None


_CHALLENGE = Rule(_challenge, "an AuthChallengeDisposition and, for USE_CREDENTIAL, a URLCredential or None beside it", 2)
_STREAM = Rule(_stream, "bytes, a file opened in binary mode, an iterable of bytes or an InputStream, or None for no body", 1)

RULES: Mapping[str, Rule] = {
    "session_did_receive_challenge": _CHALLENGE,
    "task_did_receive_challenge": _CHALLENGE,
    "task_will_begin_delayed_request": Rule(
        _delayed, "a DelayedRequestDisposition and, for USE_NEW_REQUEST, the new URLRequest beside it", 2),
    "task_will_perform_http_redirection": Rule(
        _redirect, "the URLRequest to follow the redirect with, or None to take it as the response", 1),
    "task_need_new_body_stream": _STREAM,
    "task_need_new_body_stream_from_offset": _STREAM,
    "data_task_did_receive_response": Rule(_response, "ResponseDisposition.ALLOW, CANCEL or BECOME_DOWNLOAD", 1),
    "data_task_will_cache_response": Rule(_stored, "the CachedURLResponse to keep, or None to keep nothing", 1),
}
"""The questions of `delegates.QUESTIONS`."""
