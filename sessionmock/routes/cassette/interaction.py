"""One recorded request and its answer, and the tape that holds them: values, whatever file they came from."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...models.message import Headers, ResponseHead


@dataclass(slots=True)
class RecordedRequest:
    """What was asked. A `body` of None was sent without one; b"" was sent with an empty one."""

    method: str
    uri: str
    headers: Headers = field(default_factory=list)
    body: bytes | None = None


@dataclass(slots=True)
class RecordedResponse:
    """What was answered: headers in the order of the wire, the body as on the wire but for its transfer coding."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""


@dataclass(slots=True)
class Extra:
    """What vcrpy's format has no place for."""

    http_version: str = "HTTP/1.1"
    informational: list[ResponseHead] = field(default_factory=list)    # 1xx responses before the final one
    trailers: Headers = field(default_factory=list)
    chunks: list[tuple[int, int]] = field(default_factory=list)        # (first byte, milliseconds after the head) of each piece
    unknown: dict[str, Any] = field(default_factory=dict)              # keys of the response that are not ours, kept on a save


@dataclass(slots=True)
class Interaction:
    """One request with its answer."""

    request: RecordedRequest
    response: RecordedResponse
    extra: Extra = field(default_factory=Extra)


@dataclass(slots=True)
class Tape:
    """What one file holds: interactions in their order, and vcrpy's `metadata` (9.x), which is kept as it is."""

    interactions: list[Interaction] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
