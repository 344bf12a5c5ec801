"""Which recorded interaction answers a request: an index that costs the same for ten interactions and ten thousand.

By default method, scheme, host, port, path and query (its names in any order, as vcrpy) must be equal, and the body by
its meaning (`bodies`); one that was not sent to its end, as far as it was sent. A matcher is one of vcrpy's names or a callable
of a user's, which judges only what agrees in all the fields that are named. Of several answers that are left and equal in all that, the one is given
whose request agrees most in its header fields (`ties`).
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import Enum
from functools import lru_cache

from ...errors import InvalidArgumentException
from ...models.message import Headers
from .asked import Asked, Masking, Matcher, agree, asked_of
from .bodies import Meaning, raw
from .comparison import Comparison
from .ignored import NOTHING, Ignored
from .interaction import Interaction
from .keys import URLKey, url_key
from .ties import Ties

MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")
FIELDS = (*MATCH_ON, "uri", "headers", "raw_body")

Key = tuple[Hashable, ...]
CUT = "cut"     # the division of requests whose body was not sent to its end


class Order(Enum):
    """In which order recorded answers are given."""

    ANY = "any"            # each request gets the first answer that is left for it
    PER_URL = "per_url"    # the requests to one URL come in the order in which they were recorded
    STRICT = "strict"      # all requests do


class Bucket:
    """Positions of interactions that are the same to the index, in file order, with a mark how far they were played."""

    __slots__ = ("next", "positions", "ties")

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.next = 0
        self.ties: Ties | None = None     # made when there is a choice

    def due(self, played: bytearray) -> int | None:
        """The first position that was not played."""
        while self.next < len(self.positions):
            position = self.positions[self.next]
            if not played[position]:
                return position
            self.next += 1
        return None


class Group(Bucket):
    """All positions that agree in the fields of the key; divided by body and headers at the first request that needs it."""

    __slots__ = ("bodiless", "divided")

    def __init__(self) -> None:
        super().__init__()
        self.bodiless = 0                 # how many of the first were looked at, and have no body
        self.divided: dict[Meaning | None, dict[Hashable, Bucket]] = {}


class Index:
    """Finds the interaction for a request and remembers what was played. Not thread-safe: its owner has the lock."""

    def __init__(self, interactions: Iterable[Interaction] = (), match_on: Sequence[str | Matcher] = MATCH_ON,
                 order: str | Order = Order.ANY, *, played: bytearray | None = None, masking: Masking | None = None,
                 ignored: Ignored = NOTHING, disguised: Callable[[Headers], Headers] | None = None) -> None:
        if isinstance(match_on, str):
            raise _unknown(match_on)
        self.match_on = tuple(match_on)
        self.names, self._fields, self._uri = _compared(tuple(name for name in match_on if not callable(name)))
        self.custom = tuple(matcher for matcher in self.match_on if callable(matcher))
        if not self.match_on:
            raise _unknown(self.match_on)
        self.order = _order(order)
        self.interactions: list[Interaction] = []
        self._shared = played
        self.played = bytearray() if played is None else played
        self.comparison = Comparison(self.names, masking, ignored, disguised)
        self._method, self._headers = "method" in self.names, "headers" in self.names
        self._whole = len(self._fields) == len(URLKey._fields) and not self._uri
        self._urls: dict[str, Key] = {}            # of the recorded URLs, so that a match splits none of them
        self._groups: dict[Key, Group] = {}
        self._turns: dict[Key, Bucket] = {}        # what is due, of all or of one URL, where the order matters
        for interaction in interactions:
            self.add(interaction)

    def __len__(self) -> int:
        return len(self.interactions)

    def add(self, interaction: Interaction) -> None:
        """Append `interaction`, not played yet."""
        position = len(self.interactions)
        self.interactions.append(interaction)
        if self._shared is None:
            self.played.append(0)
        uri = interaction.uri
        if uri not in self._urls:
            self._urls[uri] = self._of_url(uri)
        group = self._groups.setdefault(self._key(interaction.method, uri), Group())
        group.positions.append(position)
        for how, buckets in group.divided.items():
            buckets.setdefault(self._division(how, interaction), Bucket()).positions.append(position)
        if self.order is not Order.ANY:
            self._turns.setdefault(self._turn(uri), Bucket()).positions.append(position)

    def take(self, asked: Asked, repeats: bool = False) -> int | None:
        """The position that answers `asked`, from now on played; None where nothing is left that does, or it is not its turn.

        With `repeats`, what is used up is given again: the last of equals, of those that agree most in their header fields.
        """
        bucket = self.bucket(asked)
        if bucket is None:
            return None
        position = self._left(bucket, asked)
        if position is not None:
            if self.order is not Order.ANY and self.due(position) != position:
                return None
            self.played[position] = 1
            return position
        if repeats:
            again = (position for position in reversed(bucket.positions)
                     if self._agrees(asked, position) and not self.interactions[position].extra.lost)
            ties = bucket.ties
            return next(again, None) if ties is None else ties.again(again, asked.headers)
        return None

    def bucket(self, asked: Asked) -> Bucket | None:
        """Everything recorded that agrees with `asked` in the fields that are named, played or not."""
        group = self._groups.get(self._key(asked.method, asked.url))
        if group is None:
            return None
        seen = self.comparison
        how = seen.meaning_of(asked) if asked.body else None
        if how is None and asked.body is not None and seen.tells_bodies and self._has_bodies(group):
            how = raw
        if how is None and not self._headers:
            return group
        buckets = group.divided.get(how)
        if buckets is None:
            buckets = group.divided[how] = {}
            for position in group.positions:
                buckets.setdefault(self._division(how, self.interactions[position]), Bucket()).positions.append(position)
        found = buckets.get((seen.headers(asked.headers) if self._headers else None, seen.body(how, asked.headers, asked.body)))
        cut = buckets.get(CUT)
        return found if cut is None else self._with_cut(found, cut, asked)

    def _has_bodies(self, group: Group) -> bool:
        """Whether one of its requests had a body."""
        positions = group.positions
        while group.bodiless < len(positions):
            if self.interactions[positions[group.bodiless]].body:
                return True
            group.bodiless += 1
        return False

    def _with_cut(self, found: Bucket | None, cut: Bucket, asked: Asked) -> Bucket | None:
        """`found`, and of `cut` what was recorded of a request like `asked` whose body was not sent to its end."""
        seen, bucket = self.comparison, Bucket()
        requests = ((position, self.interactions[position].request) for position in cut.positions)
        begun = [position for position, request in requests if seen.begins(asked, request.body or b"", request.headers)
                 and (not self._headers or seen.headers(asked.headers) == seen.headers(request.headers))]
        bucket.positions = sorted((*begun, *(found.positions if found else ())))
        return bucket if bucket.positions else None

    def answers(self, asked: Asked) -> list[int]:
        """The positions of everything that answers `asked`, played or not."""
        bucket = self.bucket(asked)
        return [position for position in bucket.positions if self._agrees(asked, position)] if bucket else []

    def due(self, position: int) -> int | None:
        """The position whose turn it is: of all, or of those with the URL of `position`. None where the order does not matter."""
        turn = self._turns.get(self._turn(self.interactions[position].uri)) if self.order is not Order.ANY else None
        return None if turn is None else turn.due(self.played)

    def _left(self, bucket: Bucket, asked: Asked) -> int | None:
        """The position of `bucket` that is not played and that the user's matchers take: the first, or that which agrees most."""
        position = bucket.due(self.played)
        if position is None:
            return None
        if self.custom:
            rest = bucket.positions[bucket.next:]
            return next((other for other in rest if not self.played[other] and self._agrees(asked, other)), None)
        if position == bucket.positions[-1] or self.order is not Order.ANY:
            return position
        if bucket.ties is None:
            bucket.ties = Ties(bucket.positions, self._headers_of, self.comparison.fields, self.comparison.forms)
        return bucket.ties.choose(bucket.next, self.played, asked.headers)

    def _headers_of(self, position: int) -> Headers:
        return self.interactions[position].request.headers

    def _agrees(self, asked: Asked, position: int) -> bool:
        return not self.custom or all(agree(matcher, asked, asked_of(self.interactions[position])) for matcher in self.custom)

    def _division(self, how: Meaning | None, interaction: Interaction) -> Hashable:
        seen = self.comparison
        if how is not None and interaction.cut:
            return CUT
        return seen.headers(interaction.request.headers) if self._headers else None, seen.recorded(how, interaction)

    def _key(self, method: str, url: str) -> Key:
        key = self._urls.get(url)
        if key is None:
            key = self._of_url(url)
        return (method.upper(), key) if self._method else key    # recorders of aiohttp write what its caller did

    def _of_url(self, url: str) -> Key:
        seen = self.comparison
        key = url_key(seen.url(url) if seen.changes_urls else url)
        if self._whole:
            return key
        chosen = tuple(key[field] for field in self._fields)
        return (*chosen, seen.text(url)) if self._uri else chosen

    def _turn(self, url: str) -> Key:
        return url_key(url) if self.order is Order.PER_URL else ()


@lru_cache(maxsize=64)     # each cassette that is opened asks, most for the same
def _compared(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...], bool]:
    """The fields that `names` say, the places of those of a URL's key, and whether the whole URL is one of them.
    Raises InvalidArgumentException."""
    if unknown := [name for name in names if name not in (*FIELDS, "url")]:
        raise _unknown(unknown)
    chosen = tuple(name for name in FIELDS if name in names or (name == "uri" and "url" in names))
    return chosen, tuple(URLKey._fields.index(name) for name in chosen if name in URLKey._fields), "uri" in chosen


def _unknown(given: object) -> InvalidArgumentException:
    return InvalidArgumentException(f"match_on {given!r}: choose from {', '.join(FIELDS)}, or give callables")


def _order(order: str | Order) -> Order:
    try:
        return Order(order)
    except ValueError:
        raise InvalidArgumentException(f"order {order!r}: choose from {', '.join(o.value for o in Order)}") from None
