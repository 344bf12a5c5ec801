"""What a cassette answers to a request, secrets seen through, and what of it was played."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from ...secrets.pseudonyms import PSEUDONYM
from . import files
from .asked import Asked, Masking, Matcher
from .ignored import NOTHING, Ignored
from .interaction import Interaction
from .matching import Index, Order
from .misses import Cassette, Why
from .secrets import Secrets

_LAYOUT = 1 << 20    # bytes


class Found(NamedTuple):
    """A recorded answer, and its place."""

    interaction: Interaction
    position: int


class Finder:
    """The answers of one cassette, found by request. With `repeats`, one that is used up is given again. For any thread.

    With `secrets`, a request finds what was recorded with pseudonyms in the places of its secrets; else what others recorded
    with the same secrets; else what differs from it in secrets alone.
    """

    def __init__(self, interactions: Sequence[Interaction], match_on: Sequence[str | Matcher], order: str | Order,
                 secrets: Secrets | None, repeats: bool, ignored: Ignored = NOTHING) -> None:
        self._disguised = secrets.headers if secrets else None
        with files.uncollected():
            self._index = Index(interactions, match_on, order, ignored=ignored, disguised=self._disguised)
        self._secrets, self.repeats = secrets, repeats
        self.played = 0                                            # answers given
        self._masked: Index | None = None                          # over the same, blind to secrets; made when first needed
        self._with_pseudonyms: list[Interaction] | None = None     # those that have some in them; so too
        self._added = 0                                            # bytes of the bodies of requests that were added
        self._lock = threading.Lock()                              # never held while a sink is called

    @property
    def match_on(self) -> Sequence[str | Matcher]:
        """What must agree in two requests, as the user said it."""
        return self._index.match_on

    @property
    def compares_bodies(self) -> bool:
        """Whether the body of a request says anything about its answer."""
        index = self._index
        return bool(len(index) and (index.comparison.compares_bodies or index.custom))

    def most(self, size: int) -> int:
        """The most bytes that a body may have that is one of those recorded, of which a file of `size` bytes holds all but those of this
        run: layout may make it larger, but not that much."""
        return 2 * size + self._added + _LAYOUT

    def has(self, asked: Asked, found: Interaction) -> bool:
        """Whether `found` answers `asked`, played or not."""
        known = self._as_recorded(asked)
        with self._lock:
            indexes = (self._index,) if self._secrets is None else (self._index, self._blind_to_secrets())
            return any(index.interactions[position] is found
                       for index in indexes for one in (known, asked) for position in index.answers(one))

    @property
    def ignored(self) -> Ignored:
        """What is left out of a comparison."""
        return self._index.comparison.ignored

    @property
    def masking(self) -> Masking | None:
        """What takes secrets out of a comparison; None where they are not looked for."""
        return self._secrets.masking if self._secrets else None

    def find(self, asked: Asked) -> Found | None:
        """The answer to `asked`, from now on played; or None, also where all that is left has lost its body.

        Raises CassetteError where what stands in the file is broken.
        """
        known = self._as_recorded(asked)
        with self._lock:
            while (position := self._take(asked, known)) is not None:
                found = self._index.interactions[position]
                self.played += 1
                found.read()
                if not found.extra.lost:
                    return Found(found, position)
                self.played -= 1
        return None

    def _take(self, asked: Asked, known: Asked) -> int | None:
        """The position that answers `asked`, which a recording would have as `known`."""
        position = self._index.take(known, self.repeats)
        if position is None and self._secrets is not None and self._index.bucket(known) is None:
            position = self._through_secrets(asked, known)
        return position

    def add(self, interaction: Interaction) -> None:
        """`interaction` answers from now on too."""
        with self._lock:
            self._added += 2 * len(interaction.body or b"")
            self._index.add(interaction)
            if self._masked is not None:
                self._masked.add(interaction)

    def unplayed(self, count: int) -> list[int]:
        """The positions, from 0, of those of the first `count` interactions that were not played."""
        with self._lock:
            return [position for position, played in enumerate(self._index.played[:count]) if not played]

    def explain(self, asked: Asked, cassette: Cassette, because: str = "") -> Why:
        """Why nothing answers `asked`, for a reader who knows that `cassette`."""
        known = self._as_recorded(asked)
        with self._lock:
            index = self._index
            if self._secrets is not None and index.bucket(known) is None:
                index = self._blind_to_secrets()     # which knows what was used up by requests with other secrets
            return Why(cassette, index, known, because)

    def _as_recorded(self, asked: Asked) -> Asked:
        """`asked` as a recording would have it: with pseudonyms for its secrets."""
        secrets = self._secrets
        if secrets is None:
            return asked
        method, url, headers, body = asked
        if body:
            headers, body = secrets.sent(headers, body)
        if "headers" in self._index.names or self._index.custom:
            headers = secrets.headers(headers)
        return Asked(method, secrets.url(url), headers, body)

    def _through_secrets(self, asked: Asked, known: Asked) -> int | None:
        """The position that answers `asked` where none has the pseudonyms of its secrets, as `known` has."""
        index, repeats = self._index, self.repeats
        position = index.take(asked, repeats) if asked != known else None
        if position is None and index.bucket(asked) is None:
            position = self._blind_to_secrets().take(asked, repeats)
        if position is None and self._learns_from(known):
            position = index.take(self._as_recorded(asked), repeats)
        return position

    def _learns_from(self, known: Asked) -> bool:
        """Whether a recorded request differs from `known` in secrets alone that nobody could know for such until now."""
        secrets = self._secrets
        if self._with_pseudonyms is None:
            self._with_pseudonyms = [one for one in self._index.interactions if PSEUDONYM.search(_text(one.uri, one.body))]
        return secrets is not None and any(
            secrets.learn(_text(known.url, known.body), _text(one.uri, one.body)) for one in self._with_pseudonyms)

    def _blind_to_secrets(self) -> Index:
        if self._masked is None:
            index = self._index
            self._masked = Index(index.interactions, index.match_on, index.order, played=index.played, masking=self.masking,
                                 ignored=self.ignored, disguised=self._disguised)
        return self._masked


def _text(url: str, body: bytes | None) -> str:
    """Of a request, all where a secret may stand that is found only by its pseudonym."""
    return f"{url}\n{(body or b'').decode('latin-1')}"
