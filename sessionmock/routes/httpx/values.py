"""What httpx and httpx2 have in common, read without importing either: whose a value is, heads and header fields."""
from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ...models.message import Headers, ResponseHead

PACKAGES = ("httpx", "httpx2")
CORES = ("httpcore", "httpcore2")       # what their transports stand on, whose errors have the same names


def client_class(value: object, packages: tuple[str, ...] = PACKAGES) -> tuple[str, str]:
    """The nearest class of one of `packages` that `value` is of, as (package, name); two times "" where it is of none."""
    for kind in type(value).__mro__:
        package = kind.__module__.partition(".")[0]
        if package in packages:
            return package, kind.__name__
    return "", ""


def package_of(value: object) -> Any:
    """The package, httpx or httpx2, whose request or transport `value` is; None where it is of neither."""
    return sys.modules.get(client_class(value)[0])


def head_of(response: Any) -> ResponseHead:
    """The head of a response of httpx or httpx2, names and order as they were given, and no reason that was not."""
    extensions = response.extensions
    reason = response.reason_phrase if "reason_phrase" in extensions else ""
    return ResponseHead(response.status_code, text_pairs(response.headers.raw), reason, response.http_version, extensions=extensions)


def text_pairs(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header fields as str: UTF-8 where they are UTF-8, Latin-1 where not."""
    pairs = list(raw)
    try:
        return [(name.decode(), value.decode()) for name, value in pairs]
    except UnicodeDecodeError:
        return [(_text(name), _text(value)) for name, value in pairs]


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
