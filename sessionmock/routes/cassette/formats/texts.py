"""Text that becomes bytes and comes back: what a cassette file cannot say as text, and what vcrpy could not replay."""
from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def body_text(body: bytes) -> str | bytes:
    """A body as vcrpy writes it: text where it is UTF-8, else bytes."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def text(value: str) -> str | bytes:
    """`value`, or its bytes where it holds surrogates, which YAML cannot write."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def wire_text(value: str) -> str | bytes:
    """The value of a response header: the bytes of the wire where it is not ASCII, since vcrpy hands text to httpx as ASCII."""
    if value.isascii():
        return value
    try:
        raw = value.encode("latin-1")
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw
    except UnicodeEncodeError:
        pass
    return value.encode("utf-8", "surrogatepass")


def from_bytes(raw: bytes) -> str:
    """What `text` or `wire_text` made into `raw`."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def moment(node: object) -> datetime | None:
    """A time of ISO 8601, of an HTTP date, or in seconds since 1970; of UTC where it names no zone; None for all else: no
    answer hangs on it."""
    if isinstance(node, float):
        try:
            return datetime.fromtimestamp(node, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    text = node if isinstance(node, str) else ""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
