"""Answers whose heads are not in canonical form, read by h11."""
from __future__ import annotations

from collections.abc import Iterable

import h11

from ....models.message import Headers, ResponseHead
from ..fields import text
from .events import HEAD_LIMIT, INFORMATIONAL_LIMIT, End, Event, Garbage, Lost


class LenientAnswer:
    """One answer from the head that the fast parser did not recognise on. `informational` more 1xx heads may come."""

    def __init__(self, method: str, upgrades: bool, informational: int) -> None:
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        # h11 frames answers by the request that it was told; only the method and a proposed upgrade matter for that.
        fields = [("Host", "x"), *([("Connection", "upgrade"), ("Upgrade", "x")] if upgrades else [])]
        self._connection.send(h11.Request(method=method, target="/", headers=fields))
        self._connection.send(h11.EndOfMessage())
        self._informational = informational
        self._ambiguous = False
        self._fed = 0
        self.header_bytes = 0
        self.switched = False      # to another protocol
        self.reusable = False
        self.rest = b""

    def feed(self, data: bytes, events: list[Event]) -> None:
        """Add to `events` what `data` brings; empty data is the end of the connection."""
        pieces: list[bytes] = []
        heads: list[Event] = []
        try:
            self._connection.receive_data(data)
            last = self._take(heads, pieces)
        except h11.RemoteProtocolError as error:
            last = Garbage(str(error)) if data else Lost(f"the peer closed the connection within its answer: {error}")
        events += heads
        if pieces:
            events.append(b"".join(pieces))
        if last is not None:
            events.append(last)

    def _take(self, heads: list[Event], pieces: list[bytes]) -> Event | None:
        connection = self._connection
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self.rest = connection.trailing_data[0]
                self.reusable = connection.their_state is h11.DONE and not self._ambiguous
                return End(_headers(event.headers.raw_items()))
            elif isinstance(event, h11.InformationalResponse | h11.Response):
                heads.append(_head(event))
                raw = event.headers.raw_items()
                self.header_bytes += 2 + len(b"HTTP/1.1 200 \r\n" + event.reason) + sum(len(n) + len(v) + 4 for n, v in raw)
                if event.status_code == 101:
                    self.switched = True
                    pieces += filter(None, [connection.trailing_data[0]])
                    return None
                if event.status_code < 200:
                    self._informational -= 1
                    if self._informational < 0:
                        heads.pop()
                        return Garbage(f"more than {INFORMATIONAL_LIMIT} informational responses before a final one")
                else:
                    # Two framings at once are how requests get smuggled: read it, but trust the connection no further
                    # (RFC 9112, section 6.3).
                    self._ambiguous = {b"content-length", b"transfer-encoding"} <= {name for name, _ in event.headers}
            else:
                return None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name.decode("ascii"), text(value)) for name, value in raw]


def _head(event: h11.InformationalResponse | h11.Response) -> ResponseHead:
    version = event.http_version.decode("ascii")
    return ResponseHead(event.status_code, _headers(event.headers.raw_items()), text(event.reason), f"HTTP/{version}")
