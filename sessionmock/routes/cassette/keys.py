"""What of a URL is compared when a request is held against a recorded one."""
from __future__ import annotations

import re
import string
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from ...models.url import DEFAULT_PORTS, split_url


class URLKey(NamedTuple):
    """The parts of a URL that are compared."""

    scheme: str
    host: str
    port: int
    path: str
    query: tuple[tuple[str, str], ...]


_BY_NAME = itemgetter(0)


@lru_cache(maxsize=1024)
def url_key(url: str) -> URLKey:
    """What of `url` is compared: the host in its canonical form, ports filled in, an empty path as "/", %-escapes of a path in one
    form (RFC 3986, section 6.2.2), the pairs of the query by name, those of one name in their order, no fragment."""
    found = _COMMON.fullmatch(url)
    if found is None:
        return split_key(url)
    scheme, host, path, query = found.groups()
    return URLKey(scheme, host, DEFAULT_PORTS[scheme], path or "/", _pairs(query))


# A URL in which nothing is to be decoded, folded or filled in but the port: a third of the time of the general way,
# which a cassette of many URLs pays for each of them when it is opened.
_COMMON = re.compile(r"""(https?)://((?:[a-z0-9.-]*\.)?[a-z][a-z0-9-]*)(/[!$&-;=@-Z_a-z~]*)?(?:\?([!"$&-*,-~]*))?""")


def split_key(url: str) -> URLKey:
    """`url_key` of any URL."""
    try:
        parts = split_url(url)
    except ValueError:
        return URLKey("", "", 0, url, ())
    path, _, query = parts.target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")    # what is no UTF-8 is told apart by its bytes
    return URLKey(parts.scheme, parts.host, parts.port, _path(path), tuple(sorted(pairs, key=_BY_NAME)))


def _path(path: str) -> str:
    """`path` with escapes in upper case, where there has to be one, and nowhere else: clients differ in what they escape."""
    return _ESCAPE.sub(_unescaped, quote(path, safe="%/:@!$&'()*+,;=", errors="surrogatepass"))


_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")


def _pairs(query: str | None) -> tuple[tuple[str, str], ...]:
    """The pairs of a query without % and +, by name."""
    pairs = [part.partition("=")[::2] for part in query.split("&") if part] if query else []
    return tuple(sorted(pairs, key=_BY_NAME))
