"""Which recorded interaction answers a request: an index that costs the same for ten interactions and ten thousand.

By default method, scheme, host, port, path and query (its pairs in any order, as vcrpy) must be equal, and the body by
meaning where the request has one: JSON as a value, a form as its fields, all else byte for byte. A multipart body has a
random boundary and is not compared, nor is a body that cannot be read ahead.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from ...errors import InvalidArgumentException
from ...models.message import Headers, header
from ...models.url import split_url
from .interaction import Interaction

MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")

Key = tuple[Hashable, ...]


class Asked(NamedTuple):
    """A request as the index sees it. `body` is None where it has none or where its body cannot be known ahead."""

    method: str
    url: str
    headers: Headers
    body: bytes | None


class URLKey(NamedTuple):
    """The parts of a URL that are compared."""

    scheme: str
    host: str
    port: int
    path: str
    query: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def url_key(url: str) -> URLKey:
    """What of `url` is compared: ports filled in, an empty path as "/", the query as sorted pairs, no fragment."""
    try:
        parts = split_url(url)
    except ValueError:
        return URLKey("", "", 0, url, ())
    path, _, query = parts.target.partition("?")
    pairs = tuple(sorted(parse_qsl(query, keep_blank_values=True))) if query else ()
    return URLKey(parts.scheme, parts.host, parts.port, path, pairs)


def _json(body: bytes) -> Hashable:
    return json.dumps(json.loads(body), sort_keys=True)


def _form(body: bytes) -> Hashable:
    """The pairs by name; those of one name keep their order."""
    return tuple(sorted(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True), key=lambda pair: pair[0]))


def _raw(body: bytes) -> Hashable:
    return body


Meaning = Callable[[bytes], Hashable]


def meaning(headers: Headers) -> Meaning | None:
    """How a body under `headers` is compared, or None where it is not."""
    kind = (header(headers, "content-type") or "").partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        return None
    if kind == "application/json" or kind.endswith("+json"):
        return _json
    return _form if kind == "application/x-www-form-urlencoded" else _raw


def read_body(how: Meaning, body: bytes | None) -> Hashable:
    """`body` as `how` compares it: its bytes where it is not what its type says, None where there is none."""
    if not body:
        return None
    try:
        return how, how(body)
    except (ValueError, RecursionError):
        return body


class Bucket:
    """Positions of interactions that are the same to the index, in file order, with a mark how far they were played."""

    __slots__ = ("next", "positions")

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.next = 0

    def take(self, played: bytearray, repeats: bool) -> int | None:
        """The first position not played yet; then, with `repeats`, the last one again."""
        while self.next < len(self.positions):
            position = self.positions[self.next]
            self.next += 1
            if not played[position]:
                played[position] = 1
                return position
        return self.positions[-1] if repeats and self.positions else None


class Group(Bucket):
    """All positions that agree in everything but the body; divided by body at the first request that has one."""

    __slots__ = ("bodies",)

    def __init__(self) -> None:
        super().__init__()
        self.bodies: dict[Meaning, dict[Hashable, Bucket]] = {}


class Index:
    """Finds the interaction for a request and remembers what was played. Not thread-safe: its owner has the lock."""

    def __init__(self, interactions: Iterable[Interaction] = (), match_on: Sequence[str] = MATCH_ON) -> None:
        unknown = [name for name in match_on if name not in MATCH_ON]
        if unknown or not match_on:
            raise InvalidArgumentException(f"match_on {unknown or match_on!r}: choose from {', '.join(MATCH_ON)}")
        self.match_on = tuple(name for name in MATCH_ON if name in match_on)
        self.interactions: list[Interaction] = []
        self.played = bytearray()
        self._method = "method" in match_on
        self._body = "body" in match_on
        self._fields = tuple(URLKey._fields.index(name) for name in self.match_on if name in URLKey._fields)
        self._whole = len(self._fields) == len(URLKey._fields)
        self._urls: dict[str, Key] = {}            # of the recorded URLs, so that a match splits none of them
        self._groups: dict[Key, Group] = {}
        for interaction in interactions:
            self.add(interaction)

    def __len__(self) -> int:
        return len(self.interactions)

    def add(self, interaction: Interaction) -> None:
        """Append `interaction`, not played yet."""
        position = len(self.interactions)
        self.interactions.append(interaction)
        self.played.append(0)
        uri = interaction.uri
        if uri not in self._urls:
            self._urls[uri] = self._of_url(uri)
        group = self._groups.setdefault(self._key(interaction.method, uri), Group())
        group.positions.append(position)
        for how, buckets in group.bodies.items():
            buckets.setdefault(read_body(how, interaction.body), Bucket()).positions.append(position)

    def take(self, asked: Asked, repeats: bool = False) -> int | None:
        """The position that answers `asked`, from now on played; None where nothing is left that does."""
        bucket = self.bucket(asked)
        return None if bucket is None else bucket.take(self.played, repeats)

    def bucket(self, asked: Asked) -> Bucket | None:
        """Everything recorded that answers `asked`, played or not."""
        group = self._groups.get(self._key(asked.method, asked.url))
        how = self._meaning(asked)
        if group is None or how is None:
            return group
        buckets = group.bodies.get(how)
        if buckets is None:
            buckets = group.bodies[how] = {}
            for position in group.positions:
                body = read_body(how, self.interactions[position].body)
                buckets.setdefault(body, Bucket()).positions.append(position)
        return buckets.get(read_body(how, asked.body))

    def differences(self, asked: Asked, position: int) -> list[tuple[str, str, str]]:
        """(field, asked, recorded) for each field of `match_on` in which the interaction at `position` differs."""
        recorded = self.interactions[position]
        ours, theirs = url_key(asked.url), url_key(recorded.uri)
        found = []
        for name in self.match_on:
            if name == "method":
                if asked.method != recorded.method:
                    found.append((name, asked.method, recorded.method))
            elif name == "body":
                how = self._meaning(asked)
                if how is not None and read_body(how, asked.body) != read_body(how, recorded.body):
                    found.append((name, _shown(asked.body), _shown(recorded.body)))
            elif (mine := getattr(ours, name)) != (other := getattr(theirs, name)):
                found.append((name, _query(mine), _query(other)) if name == "query" else (name, str(mine), str(other)))
        return found

    def nearest(self, asked: Asked) -> int | None:
        """The position that differs least from `asked`, by the weight of the fields; the first of equals. Linear: for reports."""
        key = url_key(asked.url)

        def weight(position: int) -> tuple[int, int]:
            differing = sum(_WEIGHTS[name] for name, _, _ in self.differences(asked, position))
            return differing, -_common(key.path, url_key(self.interactions[position].uri).path)

        return min(range(len(self.interactions)), key=weight, default=None)

    def _meaning(self, asked: Asked) -> Meaning | None:
        return meaning(asked.headers) if self._body and asked.body else None

    def _key(self, method: str, url: str) -> Key:
        key = self._urls.get(url)
        if key is None:
            key = self._of_url(url)
        return (method, key) if self._method else key

    def _of_url(self, url: str) -> Key:
        key = url_key(url)
        return key if self._whole else tuple(key[field] for field in self._fields)


# How much a differing field speaks against a candidate in a report.
_WEIGHTS = {"host": 16, "path": 12, "method": 6, "scheme": 4, "port": 4, "query": 3, "body": 2}


def _common(one: str, other: str) -> int:
    """How many characters `one` and `other` share at their start."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _query(pairs: tuple[tuple[str, str], ...]) -> str:
    return _cut("&".join(f"{name}={value}" for name, value in pairs)) or "(none)"


def _shown(body: bytes | None) -> str:
    if not body:
        return "(none)"
    try:
        return _cut(body.decode())
    except UnicodeDecodeError:
        return f"{len(body)} bytes beginning {body[:16].hex(' ')}"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
