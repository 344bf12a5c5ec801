"""What of a URL is compared when a request is held against a recorded one."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from ...models.url import DEFAULT_PORTS, split_url


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
    found = _COMMON.fullmatch(url)
    if found is None:
        return split_key(url)
    scheme, host, path, query = found.groups()
    return URLKey(scheme, host, DEFAULT_PORTS[scheme], path or "/", _pairs(query))


# A URL in which nothing is to be decoded, folded or filled in but the port: a third of the time of the general way,
# which a cassette of many URLs pays for each of them when it is opened.
_COMMON = re.compile(r"""(https?)://([a-z0-9.-]+)(/[!"$->@-~]*)?(?:\?([!"$&-*,-~]*))?""")


def split_key(url: str) -> URLKey:
    """`url_key` of any URL."""
    try:
        parts = split_url(url)
    except ValueError:
        return URLKey("", "", 0, url, ())
    path, _, query = parts.target.partition("?")
    return URLKey(parts.scheme, parts.host, parts.port, path, tuple(sorted(parse_qsl(query, keep_blank_values=True))))


def _pairs(query: str | None) -> tuple[tuple[str, str], ...]:
    """The sorted pairs of a query without % and +."""
    pairs = [part.partition("=")[::2] for part in query.split("&") if part] if query else []
    return tuple(sorted(pairs))
