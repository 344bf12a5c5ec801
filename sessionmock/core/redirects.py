"""Redirects: which responses are followed, where to, with which method, body and headers (I21; RFC 9110, section 15.4).

The cookies of the next hop are the cookie store's matter; here only a Cookie field set by hand is judged.
"""
from __future__ import annotations

from typing import NamedTuple

from ..models.request import URLRequest
from ..models.url import split_reference, split_url

# 305 and 306 are followed like 307, as URLSession does; 300 and 304 are final responses whatever they carry.
FOLLOWED = frozenset({301, 302, 303, 305, 306, 307, 308})

# Fields that belong to the origin they were written for. Cookies of the store are added for each hop anew.
BOUND_TO_ORIGIN = frozenset({"authorization", "proxy-authorization", "cookie", "cookie2", "host"})
# Fields that describe a body, beside those that begin with "Content-" (RFC 9110, section 15.4).
_BOUND_TO_BODY = frozenset({"transfer-encoding", "trailer", "expect", "digest", "repr-digest", "last-modified"})


class Redirect(NamedTuple):
    """Where a response sends the task, and how."""

    url: str
    method: str
    keeps_body: bool       # False: the method became GET, so body and the fields that describe it are dropped
    same_origin: bool      # False: nothing that was meant for the first origin alone may go along


def redirect_target(status: int, location: str | None, url: str, method: str) -> Redirect | None:
    """Where a response with `status` and `location` to a request for `url` leads; None: it is the final response.

    301 and 302 turn POST into GET, 303 every method but HEAD; all others keep method and body (I21). A Location that is
    missing, empty, no URL, or one of a server that names none makes any 3xx final (scenario redirect-no-location); one of a scheme that is
    not served is followed into -1002 (scenario redirect-unsupported).
    """
    if status not in FOLLOWED or not location or location.isspace():
        return None
    try:
        target = resolve(url, location)
        same_origin = split_url(target).origin == split_url(url).origin
    except ValueError:
        return None
    rewritten = method.upper() == "POST" if status in (301, 302) else status == 303 and method.upper() not in ("GET", "HEAD")
    return Redirect(target, "GET" if rewritten else method, not rewritten, same_origin)


def redirected_request(request: URLRequest, status: int, location: str | None) -> URLRequest | None:
    """The request that the delegate is asked about: a changed copy of `request`, or None where nothing is followed.

    Everything else that the request carries (timeout, policies) goes along. Host, Cookie, Authorization and
    Proxy-Authorization stay with the origin that they were set for (I21, scenario redirect-authorization-cross-origin).
    """
    redirect = redirect_target(status, location, request.url or "", request.http_method)
    if redirect is None:
        return None
    following = request.copy()
    following.url = redirect.url
    following.http_method = redirect.method
    if not redirect.keeps_body:
        following.http_body = None
        following.http_body_stream = None
    for name, _ in request.header_pairs():
        field = name.lower()
        describes_body = field.startswith("content-") or field in _BOUND_TO_BODY
        if (describes_body and not redirect.keeps_body) or (field in BOUND_TO_ORIGIN and not redirect.same_origin):
            following.set_value(None, name)
    return following


def have_one_origin(url: str | None, other: str | None) -> bool:
    """Whether both URLs have the same scheme, host and port (RFC 6454); what is no URL has no origin."""
    try:
        return split_url(url or "").origin == split_url(other or "").origin
    except ValueError:
        return False


def resolve(base: str, reference: str) -> str:
    """`reference` as seen from `base` (RFC 3986, section 5.2), dot segments removed.

    Spaces, control and non-ASCII characters of path, query and fragment are percent-encoded as UTF-8; what is encoded
    already stays as it is. A fragment is inherited where the reference has none (RFC 9110, section 10.2.2).
    `http:path` means the same as `path` below an http base (the leniency of section 5.2.2, which browsers share).
    """
    base_scheme, base_authority, base_path, base_query, base_fragment = split_reference(base)
    scheme, authority, path, query, fragment = split_reference(reference)
    if scheme is not None and authority is None and scheme.lower() == (base_scheme or "").lower() in ("http", "https"):
        scheme = None
    if scheme is not None or authority is not None:
        path = remove_dot_segments(path) if authority is not None or path.startswith("/") else path
    else:
        authority = base_authority
        if not path:
            path = base_path
            query = base_query if query is None else query
        elif path.startswith("/"):
            path = remove_dot_segments(path)
        else:
            folder = base_path.rpartition("/")[0] + "/" if base_path or base_authority is None else "/"
            path = remove_dot_segments(folder + path)
    scheme = base_scheme if scheme is None else scheme
    fragment = base_fragment if fragment is None else fragment
    return "".join((
        "" if scheme is None else f"{scheme}:",
        "" if authority is None else f"//{authority}",
        _encoded(path),
        "" if query is None else f"?{_encoded(query)}",
        "" if fragment is None else f"#{_encoded(fragment)}",
    ))


def remove_dot_segments(path: str) -> str:
    """`path` without "." and ".." segments, which never climb above its root (RFC 3986, section 5.2.4)."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1 or (kept and kept[0]):
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept) or ("/" if path.startswith("/") else "")


def _encoded(part: str) -> str:
    """`part` with what may not stand in a URL percent-encoded; other characters as they came, "%" among them."""
    if part.isascii() and part.isprintable() and " " not in part:
        return part
    return "".join(c if "!" <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode("utf-8", "surrogateescape")) for c in part)
