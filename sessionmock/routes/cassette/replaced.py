"""What was replaced by pseudonyms in recorded interactions, said by name: "4 values replaced: body token, header Authorization"."""
from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote_plus

from ...models.message import Headers
from ...shown import counted

Replaced = set[tuple[str, str]]      # ("header Authorization", what stands there now)
_SHOWN = 12


def in_url(before: str, after: str) -> Replaced:
    """What of a URL is another: parameters by name, or the URL."""
    if before == after:
        return set()
    pairs = [[pair.partition("=") for pair in url.partition("?")[2].split("&")] for url in (before, after)]
    found = {(f"query {unquote_plus(new[0])}", new[2]) for old, new in zip(*pairs, strict=False) if old[0] == new[0] and old[2] != new[2]}
    return found or {("URL", after)}


def in_headers(before: Headers, after: Headers) -> Replaced:
    """Which headers are others, and of cookies which."""
    found: Replaced = set()
    for (name, old), (_, new) in zip(before, after, strict=False):
        if old != new:
            found.update(_in_header(name, old, new))
    return found


@lru_cache(1000)      # for most headers come again
def _in_header(name: str, old: str, new: str) -> tuple[tuple[str, str], ...]:
    if name.lower() not in ("cookie", "set-cookie"):
        return ((f"header {name}", new),)
    crumbs = [[crumb.strip().partition("=") for crumb in value.split(";")] for value in (old, new)]
    return tuple((f"cookie {one[0]}", one[2]) for other, one in zip(*crumbs, strict=False) if other != one)


def summary(labels: Iterable[str]) -> str:
    """`labels`, one for each value, in words; nothing where there are none."""
    ordered = list(labels)
    names = sorted(set(ordered))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{counted(len(ordered), 'value')} replaced: {', '.join(names[:_SHOWN])}{more}" if ordered else ""
