"""Places of requests and answers that are not compared, by the names that users have for them.

| pattern | what it names |
|---|---|
| `query.NAME` | a parameter of the URL |
| `headers.NAME`, `header.NAME` | a header field, in any case |
| `body.NAME`, `body.items.*.id` | a field of a form, a part of a multipart body, a member of JSON at its path |
| `query`, `headers`, `body`, `status` | the whole of it; the status is an answer's |

`*` and `?` stand for any characters, also for dots.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase, translate
from urllib.parse import unquote_plus

from ...errors import InvalidArgumentException

_PLACES = ("query", "headers", "body", "status")
_SIGNED = ("Algorithm", "Credential", "Date", "Expires", "Security-Token", "Signature", "SignedHeaders")
_AWS = (
    *(f"query.X-Amz-{name}" for name in _SIGNED),                                              # Signature Version 4, presigned
    *(f"{place}.{name}" for place in ("query", "body") for name in (                            # 2
        "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SecurityToken", "Timestamp")),
    "query.Expires", "query.x-amz-security-token", "query.Key-Pair-Id", "query.Policy",         # 2 of S3, and CloudFront's
    *(f"{place}.{name}" for place in ("query", "body") for name in (                            # made by SDKs where their caller gives none
        "*lientToken", "*lientRequestToken", "*dempotencyToken", "*equestToken")),
    *(f"headers.{name}" for name in (
        "authorization", "date", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "x-amz-region-set", "x-amz-user-agent",
        "amz-sdk-invocation-id", "amz-sdk-request", "amz-sdk-retry", "user-agent", "x-amzn-trace-id",
        "x-amz*-client-token", "expect")),
)
MATCHES: dict[str, tuple[str, ...]] = {"aws": _AWS}
"""What `match=` names: the places that differ each time in requests of one kind."""


class Ignored:
    """Whether a place is left out: `ignored("query.page")`. Raises InvalidArgumentException for a pattern that can name none."""

    def __init__(self, patterns: str | Iterable[str] = ()) -> None:
        self.patterns = (patterns,) if isinstance(patterns, str) else tuple(patterns)
        read = [_read(pattern) for pattern in self.patterns]
        self._fits = re.compile("|".join(translate(pattern.replace("[", "[[]")) for pattern in read)) if read else None
        # Whether anything of it is left out, so that nobody looks in vain.
        self.query, self.headers, self.body = (any(fnmatchcase(place, pattern.partition(".")[0]) for pattern in read) for place in _PLACES[:3])

    def __call__(self, place: str, value: object = None) -> bool:
        return self._fits is not None and self._fits.match(place) is not None

    def beside(self, match: str | None) -> Ignored:
        """These places and those that `match` stands for, a name of `MATCHES`. Raises InvalidArgumentException."""
        if match is None:
            return self
        if not isinstance(match, str) or match not in MATCHES:
            raise InvalidArgumentException(f"match {match!r}: choose from {', '.join(map(repr, MATCHES))}; fields to compare are named by match_on")
        return Ignored((*self.patterns, *MATCHES[match]))

    def covers(self, place: str) -> bool:
        """Whether `place`, or something that it is a part of, is left out."""
        return self._fits is not None and any(self(place[:end]) for end in (*(dot.start() for dot in re.finditer(r"\.", place)), len(place)))

    def url(self, url: str) -> str:
        """`url` without the parameters that are left out."""
        head, mark, query = url.partition("#")[0].partition("?")
        if not (self.query and mark):
            return url
        kept = [] if self("query") else [pair for pair in query.split("&") if not self(f"query.{unquote_plus(pair.partition('=')[0])}")]
        return f"{head}?{'&'.join(kept)}" if kept else head


NOTHING = Ignored()


def _read(pattern: str) -> str:
    if not isinstance(pattern, str):
        raise InvalidArgumentException(f"ignore {pattern!r}: {_WAY_OUT}")
    place, dot, rest = pattern.partition(".")
    place = "headers" if place == "header" else place
    if not any(fnmatchcase(known, place) for known in _PLACES) or (dot and (not rest or place == "status")):
        raise InvalidArgumentException(f"ignore {pattern!r} names no place: {_WAY_OUT}")
    return f"{place}{dot}{rest.lower() if place == 'headers' else rest}"


_WAY_OUT = 'give "query.NAME", "header.NAME", "body.NAME", or a path as "body.items.*.id"; * stands for anything'
