"""What asyncio's transports do on a socket, on an end of a connection in memory."""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from .coroutines import Post
from .ends import Bytes, End

HIGH_WATER = 65_536    # bytes written and not taken at which the protocol is asked to pause, as asyncio's


class MemoryTransport(asyncio.Transport):
    """Reads an end for a protocol, once a turn, and writes what the other end has no room for when it has."""

    def __init__(self, end: End, protocol: asyncio.BaseProtocol, post: Post) -> None:
        super().__init__({"sockname": end.name, "peername": end.other.name})
        self._end, self._post = end, post
        self._output: deque[Bytes] = deque()
        self._size = 0                   # bytes in it
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self._closing = self._lost = False
        self._paused = False             # reading
        self._full = False               # the protocol was asked to pause writing
        self._reading = self._writing = False    # a turn is due
        self.set_protocol(protocol)
        post(self._begin)

    def _begin(self) -> None:
        self._protocol.connection_made(self)
        self._end.stirred, self._end.drained = self._read_soon, self._write_soon
        self._read_soon()

    # asyncio's interface -------------------------------------------------------------------------------------------
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol: Any = protocol
        self._buffered = isinstance(protocol, asyncio.BufferedProtocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not (self._paused or self._closing)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._read_soon()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER if high is None else high
        self._low = self._high // 4 if low is None else low
        self._pause_if_full()

    def get_write_buffer_size(self) -> int:
        return self._size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data:
            return
        piece: Bytes = bytes(data) if isinstance(data, bytearray) else data
        if not self._output:
            try:
                count = self._end.send(piece)
            except OSError as error:
                self._force_close(error)
                return
            if count == len(piece):
                return
            piece = memoryview(piece)[count:]
        self._output.append(piece)
        self._size += len(piece)
        self._pause_if_full()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        """Close when everything that was written has gone."""
        if not self._closing:
            self._closing = True
            if not self._output:
                self._lose(None)

    def abort(self) -> None:
        self._force_close(None)

    def _force_close(self, error: BaseException | None) -> None:    # under this name asyncio's TLS calls it
        self._output.clear()
        self._size = 0
        self._closing = True
        self._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        if not self._lost:
            self._lost = True
            self._post(self._end_connection, error)

    def _end_connection(self, error: BaseException | None) -> None:
        self._end.stirred = self._end.drained = None
        try:
            self._protocol.connection_lost(error)
        finally:
            self._end.close()

    # reading -----------------------------------------------------------------------------------------------------
    def _read_soon(self) -> None:
        if not self._reading:
            self._reading = True
            self._post(self._read)

    def _read(self) -> None:
        self._reading = False
        end = self._end
        if self._lost:
            return
        if end.error is not None and self._output:
            self._force_close(end.error)      # writing fails first; who is told of that may read what came before
        elif self._closing or self._paused:
            return
        elif end.waiting:
            self._bring()
            if end.waiting or end.finished or end.error is not None:
                self._read_soon()
        elif end.error is not None:
            self._force_close(end.error)
        elif end.finished:
            end.stirred = None
            if not self._protocol.eof_received():
                self.close()

    def _bring(self) -> None:
        if not self._buffered:
            self._protocol.data_received(bytes(self._end.take(HIGH_WATER)))
            return
        buffer = self._protocol.get_buffer(-1)
        piece = self._end.take(len(buffer))
        count = len(piece)
        buffer[:count] = piece
        self._protocol.buffer_updated(count)

    # writing -----------------------------------------------------------------------------------------------------
    def _write_soon(self) -> None:
        if self._output and not self._writing:
            self._writing = True
            self._post(self._write)

    def _write(self) -> None:
        self._writing = False
        if self._lost:
            return
        try:
            while self._output:
                piece = self._output.popleft()
                count = self._end.send(piece)
                self._size -= count
                if count < len(piece):
                    self._output.appendleft(memoryview(piece)[count:])
                    break
        except OSError as error:
            self._force_close(error)
            return
        if self._closing and not self._output:
            self._lose(None)
        elif self._full and self._size <= self._low:
            self._full = False
            self._protocol.resume_writing()

    def _pause_if_full(self) -> None:
        if self._size > self._high and not self._full:
            self._full = True
            self._protocol.pause_writing()
