"""Which cookies may be kept and which are sent (RFC 6265bis, sections 5.1.3, 5.1.4, 5.7 and 5.8.3).

Everything here is a function of its arguments. The storage holds the cookies and knows the time.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..models.cookie import HTTPCookie
from ..models.enums import CookieAcceptPolicy
from ..models.host import is_address
from ..models.url import URLParts

SECURE_SCHEMES = frozenset({"https", "wss"})     # loopback over http is not secure (scenario cookie-secure)

PublicSuffix = Callable[[str], bool]             # whether anybody may register a name right below a domain


def domain_match(host: str, domain: str) -> bool:
    """Whether `domain`, written without a leading dot, covers `host`; both canonical (5.1.3)."""
    return host == domain or (host.endswith(f".{domain}") and not is_address(host))


def path_match(path: str, cookie_path: str) -> bool:
    """Whether a cookie of `cookie_path` goes with a request for `path` (5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path[-1] == "/" or path[len(cookie_path)] == "/"


def domains_of(host: str) -> Iterator[str]:
    """The domains, as cookies write them, whose cookies go to `host`: the host, itself with those below, its parents."""
    yield host
    if is_address(host):
        return
    host = f".{host}"
    dot = 0
    while dot >= 0:
        yield host[dot:]
        dot = host.find(".", dot + 1)


def paths_of(path: str) -> Iterator[str]:
    """The cookie paths that match a request for `path`, the longest first."""
    yield path
    end = len(path)
    while (slash := path.rfind("/", 0, end)) >= 0:
        if slash + 1 < end:        # above an empty segment it has come already
            yield path[:slash + 1]
        if slash:
            yield path[:slash]
        end = slash


def admit(cookie: HTTPCookie, host: str, secure: bool, is_public_suffix: PublicSuffix) -> HTTPCookie | None:
    """`cookie` as a response of `host` may set it, or None where it may not (5.7).

    `secure` says whether the response came over TLS. A domain that is a public suffix is refused; where it is the
    host itself, the cookie becomes the host's alone (step 9).
    """
    domain = cookie.domain.removeprefix(".")
    if not domain.isascii() or not domain_match(host, domain):
        return None
    if cookie.is_host_only and domain != host:
        return None
    if cookie.is_secure and not secure:
        return None
    if not cookie.is_host_only and is_public_suffix(domain):
        if domain != host:
            return None
        cookie = replace(cookie, domain=host)
    return cookie if _prefix_holds(cookie) else None


def _prefix_holds(cookie: HTTPCookie) -> bool:
    """Steps 20 to 22: what `__Secure-` and `__Host-` promise; a cookie without a name may not seem to have one."""
    lower = (cookie.name or cookie.value)[:9].lower()
    if lower.startswith("__host-"):
        return bool(cookie.name) and cookie.is_secure and cookie.is_host_only and cookie.path == "/"
    if lower == "__secure-":
        return bool(cookie.name) and cookie.is_secure
    return True


def scripts_may_set(cookie: HTTPCookie, old: HTTPCookie | None) -> bool:
    """Whether `cookie` is no script's, or one that a script may set in place of `old` (5.7: a cookie of a "non-HTTP" API)."""
    return not cookie.is_set_by_javascript or not (cookie.is_http_only or (old is not None and old.is_http_only))


def would_cover(new: HTTPCookie, kept: HTTPCookie) -> bool:
    """Whether `new`, set in the clear, would stand before the secure cookie `kept`, and so is refused (step 16)."""
    if (new.name, new.partition_identifier) != (kept.name, kept.partition_identifier):
        return False
    if not kept.is_secure or not path_match(new.path, kept.path):
        return False
    a, b = new.domain.removeprefix("."), kept.domain.removeprefix(".")
    return domain_match(a, b) or domain_match(b, a)


def permits(policy: CookieAcceptPolicy, host: str, main_host: str | None, is_public_suffix: PublicSuffix) -> bool:
    """Whether `policy` lets a response of `host` set cookies for the document of `main_host`, None for no document.

    The main document's domain is that of a host which is the same, above or below it, or shares its registrable domain.
    """
    if policy is CookieAcceptPolicy.ALWAYS or main_host is None:
        return policy is not CookieAcceptPolicy.NEVER
    if policy is CookieAcceptPolicy.NEVER:
        return False
    if domain_match(host, main_host) or domain_match(main_host, host):
        return True
    site = registrable_domain(host, is_public_suffix)
    return site is not None and site == registrable_domain(main_host, is_public_suffix)


def registrable_domain(host: str, is_public_suffix: PublicSuffix) -> str | None:
    """The public suffix of `host` and one label more, or None where there is none."""
    if is_address(host):
        return None
    below = None
    for domain in domains_of(host):
        if not domain.startswith("."):
            continue
        if is_public_suffix(domain[1:]):
            return below
        below = domain[1:]
    return None


def is_sent(cookie: HTTPCookie, parts: URLParts) -> bool:
    """Whether a cookie whose domain and path match goes with a request for `parts`: TLS and Apple's port list."""
    if cookie.is_secure and parts.scheme not in SECURE_SCHEMES:
        return False
    return cookie.port_list is None or parts.port in cookie.port_list
