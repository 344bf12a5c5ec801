"""The parts of an absolute URL that a load needs, split once and remembered (RFC 3986, section 3)."""
from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..errors import InvalidArgumentException
from .host import canonical_host, in_url

# What stands nowhere in a URL unless percent-encoded, beside "%" itself and what divides it (RFC 3986, section 2). Brackets, which
# many servers are sent in queries, are left to the caller.
_UNSAFE = re.compile(r"""[^!#-;=?-Z\[\]_a-z~]""")
# Blanks and controls around a URL, and line ends and tabs within it, belong to the text that it stood in (RFC 3986, appendix C).
_AROUND = "".join(map(chr, range(33)))
_WITHIN = str.maketrans("", "", "\t\r\n")
_REFERENCE = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
# No reader may take another part of it for the host: a backslash ends an authority for some.
_AUTHORITY = re.compile(r"(?:([^\\]*)@)?(\[[^\[\]@\\]*\]|[^:\[\]@\\]*)(?::([0-9]*))?", re.DOTALL)
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class URLParts(NamedTuple):
    """An absolute URL taken apart; `port` is the scheme's default where the URL names none (0 where it has none)."""

    scheme: str        # lower case
    userinfo: str      # "user:password" as written, percent-encoded; "" without
    host: str          # canonical (`models.host`): an IPv6 address without its brackets, with its zone; "" without
    port: int
    path: str          # as written, "/" when empty
    query: str         # as written, without the "?"
    target: str        # what goes on the request line: path and query, never the fragment
    authority: str     # what goes into Host: the port only where it is not the default, and no zone

    @property
    def place(self) -> str:
        """Host and port as in `authority`, with the zone: what no two servers share."""
        return self.authority.replace("]", f"%{self.host.partition('%')[2]}]") if "%" in self.host else self.authority

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what keep-alive connections and credentials are bound to (RFC 6454)."""
        return self.scheme, self.host, self.port


@lru_cache(maxsize=2048)
def split_url(url: str) -> URLParts:
    """The parts of `url`. Raises InvalidArgumentException for a port that is none, a bracket left open, a host that can be none, and
    no host where the scheme needs one."""
    scheme, authority, path, query, _ = split_reference(url)
    scheme = (scheme or "").lower()
    userinfo, host, named = split_authority(authority or "")
    if scheme in DEFAULT_PORTS:
        if not host:
            raise InvalidArgumentException(f"the URL names no host: write {scheme}://HOST/PATH")
        host = canonical_host(host)
    else:
        host = host.removeprefix("[").removesuffix("]").lower()    # what it means is for its protocol class to say
    default = DEFAULT_PORTS.get(scheme, 0)
    port = default if named is None else named
    path, shown = path or "/", in_url(host)
    return URLParts(
        scheme, userinfo, host, port, path, query or "", _ascii(path if query is None else f"{path}?{query}"),
        shown if port == default else f"{shown}:{port}",
    )


def with_canonical_host(url: str) -> str:
    """`url` with its host as everything else compares it, for who splits it anew. Raises as `split_url`."""
    parts = split_url(url)
    scheme, authority, path, query, fragment = split_reference(url)
    if authority is None or scheme is None:
        return url
    return "".join((
        f"{scheme}://", parts.userinfo, "@" if "@" in authority else "", parts.place, path,
        "" if query is None else f"?{query}", "" if fragment is None else f"#{fragment}",
    ))


def split_reference(reference: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    """Scheme, authority, path, query and fragment of a URL or a part of one; None for what is absent (RFC 3986, appendix B)."""
    match = _REFERENCE.fullmatch(reference.strip(_AROUND).translate(_WITHIN))
    assert match is not None, "the pattern matches every string"
    scheme, authority, path, query, fragment = match.groups()
    return scheme, authority, path, query, fragment


def split_authority(authority: str) -> tuple[str, str, int | None]:
    """User and password ("" without), host ("" without, as it is written) and port (None without). Raises
    InvalidArgumentException."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        host, colon, _ = authority.rpartition("@")[2].partition(":")      # what follows may be a password that was cut short
        raise InvalidArgumentException(
            f"{host + colon!r} names no server: write host:port, or [address]:port, without a backslash before it, and what separates "
            "parts of a URL as %2F, %3F or %23 in a password")
    userinfo, host, digits = found.groups()
    if digits and (len(digits.lstrip("0")) > 5 or int(digits) > 65535):
        raise InvalidArgumentException(f"{digits!r} is no port: ports go up to 65535")
    return userinfo or "", host, int(digits) if digits else None


def _ascii(target: str) -> str:
    """`target` with everything that may not stand on a request line percent-encoded (RFC 3986, section 2.1)."""
    return _UNSAFE.sub(_encoded, target)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))
