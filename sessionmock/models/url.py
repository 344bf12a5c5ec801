"""The parts of an absolute URL that a load needs, split once and remembered (RFC 3986, section 3)."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

# What stands nowhere in a URL unless percent-encoded, beside "%" itself and what divides it (RFC 3986, section 2). Brackets, which
# many servers are sent in queries, are left to the caller.
_UNSAFE = re.compile(r"""[^!#-;=?-Z\[\]_a-z~]""")
_NO_HOST = re.compile(r"""[\0- "<>\\^`{|}\x7f]""")
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class URLParts(NamedTuple):
    """An absolute URL taken apart; `port` is the scheme's default where the URL names none (0 where it has none)."""

    scheme: str        # lower case
    userinfo: str      # "user:password" as written, percent-encoded; "" without
    host: str          # lower case; an IPv6 address without its brackets
    port: int
    path: str          # as written, "/" when empty
    query: str         # as written, without the "?"
    target: str        # what goes on the request line: path and query, never the fragment
    authority: str     # what goes into Host: the port only where it is not the default

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what keep-alive connections and credentials are bound to (RFC 6454)."""
        return self.scheme, self.host, self.port


@lru_cache(maxsize=2048)
def split_url(url: str) -> URLParts:
    """The parts of `url`. Raises ValueError for a port that is no number, a bracket left open or a host that can be none."""
    parts = urlsplit(url)
    scheme = parts.scheme
    host = parts.hostname or ""
    if _NO_HOST.search(host):
        raise ValueError(f"{host!r} is no host")
    default = DEFAULT_PORTS.get(scheme, 0)
    port = default if parts.port is None else parts.port
    path = parts.path or "/"
    shown = f"[{host}]" if ":" in host else host
    return URLParts(
        scheme, parts.netloc.rpartition("@")[0], host, port, path, parts.query,
        _ascii(f"{path}?{parts.query}" if parts.query or "?" in url.split("#", 1)[0] else path),
        shown if port == default else f"{shown}:{port}",
    )


def _ascii(target: str) -> str:
    """`target` with everything that may not stand on a request line percent-encoded (RFC 3986, section 2.1)."""
    return _UNSAFE.sub(_encoded, target)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))
