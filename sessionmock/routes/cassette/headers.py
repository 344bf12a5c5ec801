"""What of a request's header fields is compared."""
from __future__ import annotations

from ...models.message import Headers, header
from .bodies import without_boundary
from .ignored import NOTHING, Ignored


def compared(headers: Headers, ignored: Ignored = NOTHING) -> Headers:
    """Names in small letters and values, without what is `ignored`. The boundary of a multipart body is another one each time, and
    with it the length."""
    seen = [(name.lower(), value) for name, value in headers]
    if (header(seen, "content-type") or "")[:10].lower() == "multipart/":
        seen = [(name, without_boundary(value) if name == "content-type" else value) for name, value in seen if name != "content-length"]
    return [pair for pair in seen if not ignored.covers(f"headers.{pair[0]}")] if ignored.headers else seen
