"""HTTP/2 as a client writes and reads it, without any I/O: h2 with its own mind about a few things (RFC 9113).

This module and `http2_connection` import h2: they are imported when a server has chosen HTTP/2, and not before.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from h2.config import H2Configuration
from h2.connection import AllowedStreamIDs, H2Connection
from h2.errors import ErrorCodes
from h2.events import Event
from h2.exceptions import FrameTooLargeError
from h2.settings import SettingCodes, Settings
from h2.stream import H2Stream
from hpack import Decoder as HPACKDecoder
from hpack import Encoder as HPACKEncoder
from hpack import HeaderTuple, NeverIndexedHeaderTuple

from ....models.message import Headers, ResponseHead
from ..fields import kind_of, text
from ..http1.events import HEAD_LIMIT, Garbage
from ..http1.lenient import content_length
from ..http1.outgoing import Outgoing

STREAM_WINDOW = 262_144          # bytes of one body that the peer may send before they are taken
CONNECTION_WINDOW = 16_777_216   # the same for all bodies together, which are bounded by their own
FRAME_HEAD = 9

# Frame types of RFC 9113, section 6, that are looked at before h2 does.
HEADERS, GOAWAY, CONTINUATION = 1, 7, 9

# What has no meaning beyond HTTP/1.1, or another place in HTTP/2 (RFC 9113, sections 8.2.2 and 8.3.1).
_LEFT_OUT = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"http2-settings", b"host"})
# Kept out of the compression's memory: secrets (RFC 7541, section 7.1.3), and values that seldom come twice.
_PASSING = frozenset({b"authorization", b"proxy-authorization", b"content-length"})
_SHORT_COOKIE = 20     # bytes; a shorter one could be guessed from the size of a compressed head

# What makes an answer malformed (RFC 9113, section 8.2.2).
_FORBIDDEN = frozenset({"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"})
_NAMES: dict[bytes, str] = {}    # of fields that came, valid ones only

Fields = list[tuple[bytes, bytes]]


class Encoder(HPACKEncoder):
    """HPACK that remembers what a field became: the same until another field is added to the table."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[bytes, bytes], bytes] = {}

    def encode(self, headers: Any, huffman: bool = True) -> bytes:
        if self.header_table.resized:
            self._known.clear()
        return super().encode(headers, huffman)

    def add(self, to_add: tuple[bytes, bytes], sensitive: bool, huffman: bool = False) -> bytes:
        encoded = self._known.get(to_add)
        if encoded is None:
            encoded = super().add(to_add, sensitive, huffman)
            if encoded[0] & 0x80:              # the number of an entry
                self._known[to_add] = encoded
            elif encoded[0] & 0x40:            # a new entry: the others' numbers change
                self._known.clear()
        return encoded


class Decoder(HPACKDecoder):
    """HPACK that remembers what a whole head became, where reading it left the table as it was: answers are often alike."""

    def __init__(self) -> None:
        super().__init__(HEAD_LIMIT)
        self._known: dict[bytes, Iterable[HeaderTuple]] = {}

    def decode(self, data: bytes, raw: bool = False) -> Iterable[HeaderTuple]:
        found = self._known.get(data)
        if found is None:
            (newest, *size), found = self._table(), super().decode(data, raw)
            newest_now, *size_now = self._table()
            if newest_now is newest and size_now == size and len(self._known) < 32:
                self._known[data] = found
            else:
                self._known.clear()
        return found

    def _table(self) -> tuple[object, int, int]:
        """What tells one table from the next: entries come in at the front and leave at the back."""
        entries = self.header_table.dynamic_entries
        return entries[0] if entries else None, len(entries), self.header_table.maxsize


class Codec(H2Connection):
    """Frames in, events out, and the other way round.

    h2 takes a GOAWAY for the end of everything, but the streams below it go on (RFC 9113, section 6.8): here they do. A
    malformed head, or a body of another length than its head says, is one stream's trouble (section 8.1.1), so both are
    judged here and in `Stream`, and not by h2, which would end the connection.
    """

    def __init__(self) -> None:
        super().__init__(H2Configuration(
            validate_outbound_headers=False, normalize_outbound_headers=False, validate_inbound_headers=False,
            normalize_inbound_headers=False, header_encoding=None))
        self.encoder, self.decoder = Encoder(), Decoder()
        self._begun = 0
        self.local_settings = Settings(client=True, initial_values={
            SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            SettingCodes.MAX_HEADER_LIST_SIZE: HEAD_LIMIT})
        del self.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]    # newer than HTTP/2, and some servers stumble over it
        self.rest = b""
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - self.inbound_flow_control_window)

    def clear_outbound_data_buffer(self) -> None:
        """What waits to be sent is sent after a GOAWAY too."""

    @property
    def open_outbound_streams(self) -> int:
        """h2 counts for each new stream, and forgets the closed ones as it does; here the connection counts, and to forget them
        from time to time is enough."""
        self._begun += 1
        return 0 if self._begun % 64 else super().open_outbound_streams

    def frames(self, data: bytes) -> Iterator[bytes]:
        """The frames that `data` completes. Each goes to `take` alone, so that what came before a bad one is not lost with it.
        Raises h2's ProtocolError for a frame that is too long, however little of it came."""
        if self.rest:
            data = self.rest + data
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
        self.rest = data[at:]

    def take(self, frame: bytes) -> list[Event]:
        """What one frame brings. Raises h2's ProtocolError; the connection is of no use then."""
        if frame[3] != GOAWAY:
            return self.receive_data(frame)
        state = self.state_machine.state
        events = self.receive_data(frame)
        self.state_machine.state = state
        return events

    def _begin_new_stream(self, stream_id: int, allowed_ids: AllowedStreamIDs) -> H2Stream:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        stream._initialize_content_length = _expect_nothing    # type: ignore[method-assign]    # h2 has no setting for it
        return stream


def _expect_nothing(headers: Iterable[Any]) -> None:
    """A body may have any length, and a head say any."""


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
            passing = name in _PASSING or (name == b"cookie" and len(value) < _SHORT_COOKIE)
            regular.append(NeverIndexedHeaderTuple(name, value) if passing else (name, value))
    if left_out is not _LEFT_OUT:
        regular = [field for field in regular if field[0] not in left_out]
    path = NeverIndexedHeaderTuple(b":path", rest.rpartition(b" ")[0])
    return [(b":method", method), (b":scheme", scheme.encode()), (b":authority", authority), path, *regular]


def response_head(fields: Fields) -> tuple[ResponseHead, int]:
    """The head that `fields` are, and the length that it says its body has, or -1. Raises Garbage."""
    name, value = fields[0] if fields else (b"", b"")
    if name != b":status" or not (len(value) == 3 and value.isdigit() and value >= b"100") or value == b"101":
        raise Garbage(f"{name!r}: {value!r} is no status of HTTP/2")
    headers = regular_fields(fields[1:])
    return ResponseHead(int(value), headers, "", "HTTP/2"), content_length(headers)


def regular_fields(fields: Fields) -> Headers:
    """Fields of an answer, of its head or its trailers. Raises Garbage for what has no place there."""
    headers: Headers = []
    for raw, value in fields:
        name = _NAMES.get(raw) or _name(raw)
        if b"\n" in value or b"\r" in value or b"\0" in value:
            raise Garbage(f"the value of {name!r} holds the end of a line, or NUL")
        headers.append((name, text(value.strip(b" \t"))))
    return headers


def _name(raw: bytes) -> str:
    """A name not seen before; remembered, up to a number that no honest peer reaches."""
    name = text(raw)
    if kind_of(name) < 0 or name != name.lower() or name in _FORBIDDEN:
        raise Garbage(f"{name!r} is no field of an answer over HTTP/2")
    if len(_NAMES) < 2048:
        _NAMES[raw] = name
    return name
