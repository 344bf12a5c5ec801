"""What of requests is held against each other: without what a user leaves out, and blind to secrets where that is wanted."""
from __future__ import annotations

from collections.abc import Callable, Collection, Hashable

from ...models.fields import joined
from ...models.message import Headers
from ...models.url import with_canonical_host
from .asked import Asked, Masking
from .bodies import Gone, Meaning, boundary_of, meaning, plain, raw, read_body
from .headers import compared
from .ignored import Ignored
from .interaction import Interaction
from .ties import Fields


class Comparison:
    """Requests as they are compared in the fields `names`.

    `masking` takes secrets out, `ignored` names the places that are left out, and `disguised` gives headers as a recording would
    have them.
    """

    def __init__(self, names: Collection[str], masking: Masking | None, ignored: Ignored,
                 disguised: Callable[[Headers], Headers] | None) -> None:
        self.ignored = ignored
        self.changes_urls = masking is not None or ignored.query
        self._masking, self._disguised = masking, disguised
        self._raw = "raw_body" in names
        self.compares_bodies = ("body" in names or self._raw) and not ignored("body")
        self.tells_bodies = self.compares_bodies and not ignored.body    # a body from the want of one
        self._gone = _gone(masking, ignored)

    def url(self, url: str) -> str:
        """`url` with what is compared of it."""
        return self.ignored.url(self._masking.url(url) if self._masking else url)

    def text(self, url: str) -> str:
        """`url` as it is written, without a fragment, but for a host that is no ASCII: most clients and recorders write it in ASCII."""
        written = self.url(url).partition("#")[0]
        try:
            return written if written.isascii() else with_canonical_host(written)
        except ValueError:
            return written

    def headers(self, headers: Headers) -> Hashable:
        """`headers` as they are compared, in any order."""
        return tuple(sorted(compared(self._masking.headers(headers) if self._masking else headers, self.ignored)))

    def fields(self, headers: Headers) -> Fields:
        """`headers` by name, for ties and reports."""
        return joined(compared(headers, self.ignored))

    def forms(self, headers: Headers) -> list[Fields]:
        """The fields of a request as they are, and as a recording would have them."""
        return [self.fields(form) for form in ([headers] if self._disguised is None else [headers, self._disguised(headers)])]

    def meaning_of(self, asked: Asked) -> Meaning | None:
        """How the body of `asked` is compared; None where it is not."""
        if not (self.compares_bodies and asked.body):
            return None
        return raw if self._raw else meaning(asked.headers)

    def body(self, how: Meaning | None, headers: Headers, body: bytes | None) -> Hashable:
        """`body` under `headers` as it is compared."""
        if how is None or not body:
            return None
        if not self._raw:
            body = plain(headers, body)
        return read_body(how, self._masking.body(body) if self._masking else body, self._gone)

    def begins(self, asked: Asked, begun: bytes, headers: Headers) -> bool:
        """Whether the body of `asked` begins with what was sent, under `headers`, of one that was `begun`."""
        whole = asked.body or b""
        its, theirs = boundary_of(asked.headers), boundary_of(headers)
        if its and theirs:
            whole = whole.replace(its, theirs)
        mask = self._masking.body if self._masking else bytes
        return mask(whole).startswith(mask(begun))

    def recorded(self, how: Meaning | None, interaction: Interaction) -> Hashable:
        """The body that was recorded. The headers are read only where it may be coded: most bodies are text."""
        body = interaction.body
        if how is None or not body:
            return None
        return self.body(how, [] if body.isascii() and body[:1] != b"x" else interaction.request.headers, body)


def _gone(masking: Masking | None, ignored: Ignored) -> Gone | None:
    """What is left out of bodies: what is `ignored`, and what a filter takes away, as `masking` knows it."""
    if masking is None:
        return ignored if ignored.body else None
    taken = masking.taken_away
    return (lambda place, value: ignored(place) or taken(place, value)) if ignored.body else taken
