"""HTTP/2 as a client writes and reads it, without any I/O: h2 with its own mind about a few things (RFC 9113).

This module and `http2_connection` import h2: they are imported when a server has chosen HTTP/2, and not before.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import Event
from h2.exceptions import FrameTooLargeError
from h2.settings import SettingCodes, Settings
from hpack import NeverIndexedHeaderTuple

from ...models.message import Headers, ResponseHead
from .fields import text
from .http1 import HEAD_LIMIT, Garbage
from .outgoing import Outgoing

STREAM_WINDOW = 262_144          # bytes of one body that the peer may send before they are taken
CONNECTION_WINDOW = 16_777_216   # the same for all bodies together, which are bounded by their own
FRAME_HEAD = 9

# Frame types of RFC 9113, section 6, that are looked at before h2 does.
HEADERS, GOAWAY, CONTINUATION = 1, 7, 9

# What has no meaning beyond HTTP/1.1, or another place in HTTP/2 (RFC 9113, sections 8.2.2 and 8.3.1).
_LEFT_OUT = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"http2-settings", b"host"})
_SECRET = frozenset({b"authorization", b"proxy-authorization"})
_SHORT_COOKIE = 20     # bytes; a shorter one could be guessed from the size of a compressed head (RFC 7541, section 7.1.3)

Fields = list[tuple[bytes, bytes]]


class Codec(H2Connection):
    """Frames in, events out, and the other way round.

    h2 takes a GOAWAY for the end of everything, but the streams below it go on (RFC 9113, section 6.8): here they do. A
    body of another length than its head says is one stream's trouble, so `Stream` counts and h2 does not.
    """

    def __init__(self) -> None:
        super().__init__(H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False, header_encoding=None))
        self.local_settings = Settings(client=True, initial_values={
            SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            SettingCodes.MAX_HEADER_LIST_SIZE: HEAD_LIMIT})
        del self.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]    # newer than HTTP/2, and some servers stumble over it
        self._rest = b""
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - self.inbound_flow_control_window)

    def clear_outbound_data_buffer(self) -> None:
        """What waits to be sent is sent after a GOAWAY too."""

    def frames(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes. Each goes to `take` alone, so that what came before a bad one is not lost with it.
        Raises h2's ProtocolError for a frame that is too long, however little of it came."""
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        while size - at >= FRAME_HEAD:
            length = int.from_bytes(data[at:at + 3], "big")
            if length > self.max_inbound_frame_size:
                self.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
                raise FrameTooLargeError(f"a frame of {length} bytes, where {self.max_inbound_frame_size} are allowed")
            end = at + FRAME_HEAD + length
            if end > size:
                break
            yield data[at:end]
            at = end
        self._rest = data[at:]

    def take(self, frame: bytes) -> list[Event]:
        """What one frame brings. Raises h2's ProtocolError; the connection is of no use then."""
        if frame[3] != GOAWAY:
            return self.receive_data(frame)
        state = self.state_machine.state
        events = self.receive_data(frame)
        self.state_machine.state = state
        return events

    def count_no_length(self, stream_id: int) -> None:
        """Let the body of a stream have any length."""
        self.streams[stream_id]._expected_content_length = None


def request_fields(outgoing: Outgoing, scheme: str) -> Fields:
    """The fields of a request that HTTP/1.1 would write as `outgoing`."""
    first, *lines = outgoing.head[:-4].split(b"\r\n")
    method, _, rest = first.partition(b" ")
    left_out, authority = _LEFT_OUT, b""
    regular: Fields = []
    for line in lines:
        name, _, value = line.partition(b": ")
        name, value = name.lower(), value.strip(b" \t")
        if name in _LEFT_OUT:
            if name == b"host":
                authority = value
            elif name == b"connection":
                left_out = left_out | {token.strip() for token in value.lower().split(b",")}
        elif name != b"te" or value.lower() == b"trailers":
            secret = name in _SECRET or (name == b"cookie" and len(value) < _SHORT_COOKIE)
            regular.append(NeverIndexedHeaderTuple(name, value) if secret else (name, value))
    if left_out is not _LEFT_OUT:
        regular = [field for field in regular if field[0] not in left_out]
    target = rest.rpartition(b" ")[0]
    return [(b":method", method), (b":scheme", scheme.encode()), (b":authority", authority), (b":path", target), *regular]


def response_head(fields: Iterable[tuple[bytes, bytes]]) -> tuple[ResponseHead, int]:
    """The head that `fields` are, and the length that it says its body has, or -1. Raises Garbage."""
    status, length = 0, -1
    headers: Headers = []
    for name, value in fields:
        if name == b":status":
            if not (len(value) == 3 and value.isdigit() and value >= b"100") or value == b"101":
                raise Garbage(f"{value!r} is no status of HTTP/2")
            status = int(value)
        else:
            if name == b"content-length":
                length = int(value)    # h2 has seen to it that it is a number
            headers.append((text(name), text(value)))
    return ResponseHead(status, headers, "", "HTTP/2"), length


def trailer_fields(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Trailers as a sink takes them."""
    return [(text(name), text(value)) for name, value in fields]
