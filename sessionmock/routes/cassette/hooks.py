"""A user's say in what is recorded: callbacks that see each exchange before it is kept, change it or drop it, as those of vcrpy."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ... import shown
from ...errors import InvalidArgumentException
from ...models.fields import Pairs
from ...models.message import Headers, Request
from ...models.settings import reject
from ...user_code import user_code
from .asked import Asked
from .formats.codings import repaired, sized
from .interaction import Interaction, RecordedRequest, RecordedResponse


@dataclass(slots=True)
class RecordedAnswer:
    """An answer that is about to be recorded, as `before_record_response` gets it: `method` and `url` say of which request.

    `status` and `reason` are those of its status line; `headers` are pairs in the order of the wire, which can also be asked
    by name; `body` is as on the wire but for its transfer coding.
    """

    method: str
    url: str
    status: int
    reason: str
    headers: Headers
    body: bytes

    def __repr__(self) -> str:
        return f"RecordedAnswer({self.method!r}, {shown.url(self.url)!r}, {self.status}, {shown.headers(self.headers)!r}, {shown.value(self.body)})"


Told = TypeVar("Told", Request, RecordedAnswer)
BeforeRequest = Callable[[Request], Request | None]
BeforeResponse = Callable[[RecordedAnswer], RecordedAnswer | None]


class Hooks(NamedTuple):
    """The two callbacks, each None where there is none. Both raise what the callback raises, and InvalidArgumentException."""

    before_request: BeforeRequest | None = None
    before_response: BeforeResponse | None = None

    def checked(self) -> Hooks:
        """Itself. Raises InvalidArgumentException for what cannot be called."""
        for name, hook in zip(("before_record_request", "before_record_response"), self, strict=True):
            if hook is not None and not callable(hook):
                reject(f"CassetteRoute({name})", hook, "a function, or None")
        return self

    def request(self, request: Request) -> Request | None:
        """`request` as it is to be recorded and compared; None where it is not to be recorded. What is sent stays as it is."""
        if self.before_request is None:
            return request
        given = Request(request.method, request.url, Pairs(request.headers), request.body)
        return _called(self.before_request, "before_record_request", given)

    def asked(self, asked: Asked) -> Asked | None:
        """`asked` as it is compared; None where it was not to be recorded. Its body is None where that cannot be known ahead."""
        told = self.request(Request(asked.method, asked.url, asked.headers, asked.body or None))
        if told is None:
            return None
        body = _bytes("before_record_request", told.body)
        return Asked(told.method, told.url, told.headers, body if asked.body is None else body or b"")

    def applied(self, interaction: Interaction) -> Interaction | None:
        """`interaction` as it is to be recorded; None where it is not."""
        if self.before_request is None and self.before_response is None:
            return interaction
        asked, answer = interaction.request, interaction.response
        request = self.request(Request(asked.method, asked.uri, asked.headers, asked.body))
        if request is None:
            return None
        if self.before_request is not None:
            asked = RecordedRequest(request.method, request.url, list(request.headers), _bytes("before_record_request", request.body))
        if self.before_response is not None and answer.status:
            given = RecordedAnswer(request.method, request.url, answer.status, answer.reason, Pairs(answer.headers), answer.body)
            told = _called(self.before_response, "before_record_response", given)
            if told is None:
                return None
            body = _bytes("before_record_response", told.body) or b""
            headers = list(told.headers)
            if body != answer.body:
                headers = sized(repaired(headers, body), body)     # it may have undone the coding of what it changed
            answer = RecordedResponse(told.status, told.reason, headers, body)
        return Interaction(asked, answer, interaction.extra)


def _called(hook: Callable[[Told], Told | None], name: str, given: Told) -> Told | None:
    kind = type(given)
    with user_code(name):
        told = hook(given)
        if told is not None and not isinstance(told, kind):
            raise InvalidArgumentException(f"it returned {type(told).__name__}; it returns the {kind.__name__} that it was given, another one, "
                                           "or None for what is not to be recorded")
    return told


def _bytes(name: str, body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    with user_code(name):
        raise InvalidArgumentException(f"the body that it returned is {type(body).__name__}; a body is bytes, or None")
