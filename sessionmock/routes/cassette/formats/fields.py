"""Header fields that a recorder joined, and forms that it took apart."""
from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from ....models.message import Headers
from .vcr_tree import as_mapping, as_text

_COMMA = re.compile(r",[ \t]*(?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+=)")    # a cookie's name follows; no date has an "=" there
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))""", re.I)


def apart(headers: Headers) -> Headers:
    """`headers` with one field for each value: Chrome's protocol joins them by line ends, fetch joins even Set-Cookie by commas."""
    for name, value in headers:
        if "\n" in value or ("," in value and name.lower() == "set-cookie"):
            break
    else:
        return headers
    lines = [(name, line.strip("\r")) for name, value in headers for line in value.split("\n")]
    return [(name, one) for name, line in lines for one in (_cookies(line) if name.lower() == "set-cookie" else [line])]


def _cookies(value: str) -> list[str]:
    """The cookies in `value`. A comma parts two where a blank follows or attributes came before, but not within quotes."""
    found, start = [], 0
    for comma in _COMMA.finditer(value):
        cookie = value[start:comma.start()]
        if cookie.count('"') % 2 == 0 and (len(comma[0]) > 1 or ";" in cookie):
            found.append(cookie)
            start = comma.end()
    return [*found, value[start:]]


def posted(params: list[Any], kind: str, size: Any, around: Any) -> bytes:
    """The body of a form whose `params` (name, value, fileName, contentType) a HAR lists, multipart where `kind` says so.

    Some writers list what stood there escaped as it was: `size`, that of the body, tells. Raises Misshapen.
    """
    fields = [as_mapping(param, "a parameter", around) for param in params]
    pairs = [(_text(field, "name"), _text(field, "value")) for field in fields]
    if kind.lower().startswith("multipart/"):
        found = _BOUNDARY.search(kind)
        boundary = (found[1] or found[2]) if found else "boundary"
        parts = [f"--{boundary}\r\n{_head(field)}\r\n\r\n{value}\r\n" for field, (_, value) in zip(fields, pairs, strict=True)]
        return "".join((*parts, f"--{boundary}--\r\n")).encode("utf-8", "surrogatepass")
    body = urlencode(pairs, errors="surrogatepass").encode("ascii")
    escaped = "&".join(f"{name}={value}" for name, value in pairs)
    return escaped.encode("ascii") if len(escaped) == size != len(body) and escaped.isascii() else body


def _head(field: dict[str, Any]) -> str:
    """The fields of a part (RFC 7578)."""
    name, file, kind = (_text(field, key).replace('"', "%22") for key in ("name", "fileName", "contentType"))
    return (f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
            + (f"\r\nContent-Type: {kind}" if kind else ""))


def _text(field: dict[str, Any], key: str) -> str:
    return as_text("" if field.get(key) is None else field[key], f"`{key}`", field)
