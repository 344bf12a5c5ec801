"""Proxies on loopback: one of HTTP that can refuse and ask for credentials, and one of SOCKS 5."""
from __future__ import annotations

import socket
import threading
from base64 import b64encode

from .origin import Origin, Peer


def _pipe(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def splice(peer: Peer, server: socket.socket) -> None:
    """Pass bytes both ways until both sides have ended."""
    back = threading.Thread(target=_pipe, args=(server, peer.sock), daemon=True)
    back.start()
    _pipe(peer.sock, server)
    back.join(20)
    server.close()


class HTTPProxy(Origin):
    """CONNECT leads to `port` of loopback whatever the name; other requests are answered with their target.

    `refusal` is an answer to CONNECT in place of 200; `user` ("name:password") is asked for by Basic, or by Digest, which
    takes any response, under `digest`.
    """

    def __init__(self, refusal: bytes | None = None, user: str | None = None, digest: bool = False) -> None:
        super().__init__(self._talk)
        self.refusal, self.digest = refusal, digest
        self.expected = user and "Basic " + b64encode(user.encode()).decode()

    def _talk(self, peer: Peer) -> None:
        while head := peer.read_head():
            method, target, _ = head.decode().split("\r\n")[0].split(" ")
            body = peer.read_body()
            given = peer.field("proxy-authorization") or ""
            if self.expected is not None and not (given.startswith("Digest ") if self.digest else given == self.expected):
                challenge = 'Digest realm="gate", nonce="n", qop="auth", algorithm=SHA-256' if self.digest else 'Basic realm="gate"'
                peer.reply(b"who are you?", f"Proxy-Authenticate: {challenge}", "Set-Cookie: evil=1",
                           status="407 Proxy Authentication Required")
            elif method != "CONNECT":
                peer.reply(f"{target} {len(body)}".encode())
            elif self.refusal is not None:
                peer.send(self.refusal)
                return
            else:
                server = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
                peer.send(b"HTTP/1.0 200 Connection established\r\n\r\n")
                splice(peer, server)
                return


class SOCKSProxy(Origin):
    """SOCKS 5; `user` and `password` are asked for where given, `reply` is the code that refuses. `names` are those asked for."""

    def __init__(self, login: tuple[bytes, bytes] | None = None, reply: int = 0) -> None:
        super().__init__(self._talk)
        self.login, self.reply = login, reply
        self.names: list[bytes] = []

    def _talk(self, peer: Peer) -> None:
        methods = peer.read(peer.read(2)[1])
        wanted = 0 if self.login is None else 2
        peer.send(bytes([5, wanted if wanted in methods else 255]))
        if wanted not in methods:
            return
        if wanted:
            peer.read(1)
            given = tuple(peer.read(peer.read(1)[0]) for _ in range(2))
            peer.send(bytes([1, given != self.login]))
            if given != self.login:
                return
        kind = peer.read(4)[3]
        self.names.append(peer.read({1: 4, 4: 16}.get(kind) or peer.read(1)[0]))
        port = int.from_bytes(peer.read(2), "big")
        peer.send(bytes([5, self.reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        if not self.reply:
            splice(peer, socket.create_connection(("127.0.0.1", port)))
