"""What a connection of HTTP/2 sends."""
from __future__ import annotations

from ..exchange import LiveExchange
from ..link import Link, Owner
from ..network.base import Wire
from .codec import Codec
from .stream import Stream

OUTPUT = 65_536    # bytes that are collected before they are written
MOST_OWED = 65_536    # bytes of frames that the peer is owed and does not take (acknowledgements, resets, windows), before it is given up


class Output(Link):
    """Collects frames and writes those of one turn of the loop at once; lets streams send their bodies by turns."""

    __slots__ = ("_output", "_owed", "_sending", "_size", "_soon", "_turning", "_writing", "codec")

    def __init__(self, pool: Owner, wire: Wire, first: LiveExchange, held: bool) -> None:
        super().__init__(pool, wire, first, held)
        self._soon = pool.channel.adapter.soon
        self.codec = Codec()
        self._output: list[bytes] = []
        self._size = 0                 # bytes in it
        self._owed = 0                 # bytes of frames about other frames, since the peer takes nothing
        self._sending: dict[Stream, None] = {}     # have more of their bodies to send
        self._writing = self._turning = False      # a call is on its way

    def window(self, stream: Stream) -> int:
        """Bytes that the next frame of `stream` may carry."""
        return min(self.codec.local_flow_control_window(stream.id), self.codec.max_outbound_frame_size)

    def send(self, stream: Stream, data: bytes | memoryview, last: bool) -> None:
        self.codec.send_data(stream.id, data, last)
        self._collect()
        if self._size >= OUTPUT:
            self._write()
        else:
            self._write_soon()

    def say(self, frame: bytes) -> None:
        """Send `frame`, of which the codec knows nothing, after what it had to send before."""
        self._collect()
        self._output.append(frame)
        self._write_soon()

    @property
    def floods(self) -> bool:
        """Whether the peer takes nothing, and has to be answered nonetheless, again and again."""
        return self._owed > MOST_OWED

    def close(self) -> None:
        if self._room:
            super().close()
        else:
            self.transport.abort()      # who takes nothing would never let it close

    def turn_soon(self) -> None:
        """Let every stream that has something to send send some, in the next turn of the loop."""
        if self._sending and not self._turning:
            self._turning = True
            self._soon(self._turn)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._turn()

    def _owe(self) -> None:
        """Count what the codec has to say of what came, or of a stream that is given up, while it cannot be sent."""
        if self._room and self.held is None:
            self._owed = 0
        else:
            self._owed += self._collect()

    def _collect(self) -> int:
        """Take what the codec has to send; its size in bytes."""
        data = self.codec.data_to_send()
        if data:
            self._output.append(data)
            self._size += len(data)
        return len(data)

    def _write(self) -> None:
        if self.held is not None or self.transport.is_closing():
            return
        self._collect()
        if self._output:
            data = b"".join(self._output)
            self._output.clear()
            self._size = 0
            self.transport.write(data)

    def _write_soon(self) -> None:
        if not self._writing:
            self._writing = True
            self._soon(self._write_now)

    def _write_now(self) -> None:
        self._writing = False
        self._write()

    def _turn(self) -> None:
        self._turning = False
        for stream in list(self._sending):
            if stream.requested or not stream.open:
                self._sending.pop(stream, None)
            else:
                stream.go_on()
        self._write()
