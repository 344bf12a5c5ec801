"""What a user says of names that no cassette may hold: names alone, and what stands in the place of their values."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, unquote_plus

from ...errors import InvalidArgumentException
from ...models.message import Headers, Request, header
from ...secrets.layouts import FORM
from ...secrets.names import compact
from .formats.codings import rewritten
from .interaction import Interaction

# (key, value, request), given by name as vcrpy does: what stands there instead; None: nothing, and no key.
Choose = Callable[..., str | None]
Name = str | tuple[str, str | Choose | None]

_FORM = re.compile(FORM.pattern.encode())


def names(given: object) -> tuple[Name, ...]:
    """What `given` names: a name, or several, each alone or with what takes the place of its value. Raises InvalidArgumentException."""
    found = _several(given)
    for one in found:
        if not _is_name(one):
            raise InvalidArgumentException(f"filter {one!r}: a name is a text, or a pair of it and what takes the place of its value: a text, None "
                                           f"to drop both, or a function of (key, value, request)")
    return found


def _several(given: Any) -> tuple[Any, ...]:
    """A text alone is one, and not its letters; so is what cannot be several."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes | dict) else (given,)


def _is_name(one: object) -> bool:
    if isinstance(one, tuple) and len(one) == 2:
        return _is_name(one[0]) and isinstance(one[0], str) and (one[1] is None or isinstance(one[1], str) or callable(one[1]))
    return isinstance(one, str) and bool(compact(one))


def texts(what: str, given: object) -> tuple[str, ...]:
    """A text, or several, as `what` of `Secrets`. Raises InvalidArgumentException."""
    found = _several(given)
    for one in found:
        if not isinstance(one, str):
            raise InvalidArgumentException(f"{what} {one!r}: a text, or several in a list")
    return found


def patterns(given: object) -> tuple[str, ...]:
    """Regular expressions. Raises InvalidArgumentException."""
    found = texts("patterns", given)
    for one in found:
        try:
            re.compile(one)
        except re.error as wrong:
            raise InvalidArgumentException(f"patterns {one!r}: no regular expression: {wrong}") from None
    return found


class Given:
    """Puts what the user gave in the place of the values of some names."""

    def __init__(self, rules: Iterable[Name]) -> None:
        self._rules = {compact(rule[0]): rule[1] for rule in rules if isinstance(rule, tuple)}
        self._made: set[str] = set()       # what stands there instead, which is no secret

    def __bool__(self) -> bool:
        return bool(self._rules)

    def text(self, name: str, value: str) -> str | None:
        """What stands in the place of `value` where it cannot be taken away; None where the user gave nothing for it."""
        if value in self._made:
            return value
        if compact(name) not in self._rules:
            return None
        rule = self._rules[compact(name)]
        return None if callable(rule) else rule or ""

    def put_into(self, interaction: Interaction) -> None:
        """Change headers, queries, forms and JSON of `interaction`, in both directions."""
        request, response = interaction.request, interaction.response
        asked = Request(request.method, request.uri, request.headers, request.body)
        head, mark, query = request.uri.partition("?")
        query, hash_, fragment = query.partition("#")
        new = self._pairs(query, asked)
        request.uri = f"{head}{mark if new else ''}{new}{hash_}{fragment}"
        for message in (request, response):
            message.headers = self._headers(message.headers, asked)
            if message.body:
                kind = header(message.headers, "content-type") or ""
                message.headers, message.body = rewritten(message.headers, message.body, partial(self._body, kind=kind, request=asked))

    def _new(self, name: str, value: str, request: Request) -> str | None:
        if compact(name) not in self._rules or value in self._made:
            return value
        rule = self._rules[compact(name)]
        new = rule(key=name, value=value, request=request) if callable(rule) else rule
        if new is not None:
            self._made.update((new, *new.split()))
        return new

    def _headers(self, headers: Headers, request: Request) -> Headers:
        return [(name, new) for name, value in headers if (new := self._new(name, value, request)) is not None]

    def _pairs(self, text: str, request: Request) -> str:
        out = []
        for pair in text.split("&"):
            raw, equals, value = pair.partition("=")
            name, given = unquote_plus(raw), unquote_plus(value)
            new = self._new(name, given, request) if equals else given
            if new is not None:
                out.append(pair if new == given else f"{raw}={quote(new, safe='')}")
        return "&".join(out)

    def _body(self, body: bytes, *, kind: str, request: Request) -> bytes:
        if body[:1] in (b"{", b"["):
            try:
                value = json.loads(body)
            except (ValueError, RecursionError):
                return body
            new = self._members(value, request)
            return body if new == value else json.dumps(new, ensure_ascii=False).encode()
        if "x-www-form-urlencoded" in kind or (len(body) < 1 << 16 and _FORM.fullmatch(body)):
            try:
                return self._pairs(body.decode(), request).encode()
            except UnicodeDecodeError:
                return body
        return body

    def _members(self, value: Any, request: Request) -> Any:
        if isinstance(value, list):
            return [self._members(one, request) for one in value]
        return dict(self._kept(value, request)) if isinstance(value, dict) else value

    def _kept(self, members: dict[str, Any], request: Request) -> Iterator[tuple[str, Any]]:
        for name, value in members.items():
            if compact(name) not in self._rules:
                yield name, self._members(value, request)
            elif (new := self._new(name, value if isinstance(value, str) else json.dumps(value), request)) is not None:
                yield name, new
