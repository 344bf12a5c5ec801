"""The directives of Cache-Control, of requests and responses (RFC 9111, section 5.2)."""
from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ..models.message import Headers, header

Directives = Mapping[str, str | None]

MAX_DELTA = 2 ** 31          # seconds; what more than this means is "for ever" (section 1.2.2)

_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[^,]*(?:,|$)')


@lru_cache(maxsize=512)
def directives(value: str | None) -> Directives:
    """The directives of a Cache-Control field, names in lower case; the first of a repeated one counts (section 4.2.1), but of
    several `no-cache` all do."""
    found: dict[str, str | None] = {}
    for name, quoted, token in _DIRECTIVE.findall(value or ""):
        key, argument = name.lower(), quoted or token or None
        known = found.setdefault(key, argument)
        if key == "no-cache" and known != argument:
            found[key] = f"{known},{argument}" if known and argument else None
    return found


def request_directives(headers: Headers) -> Directives:
    """The directives of a request; without Cache-Control, Pragma: no-cache stands for it (section 5.4)."""
    control = header(headers, "cache-control")
    return directives(header(headers, "pragma") if control is None else control)


def seconds(control: Directives, name: str) -> int | None:
    """The seconds that the directive `name` has, None where it is not there; 0, so stale, where it has no number."""
    if name not in control:
        return None
    return delta_seconds(control[name] or "") or 0


def delta_seconds(text: str) -> int | None:
    """The seconds that `text` says, None where it is no number (section 1.2.2)."""
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), MAX_DELTA) if len(text) <= 10 else MAX_DELTA
