"""Proxies for the tests of the wire: one of HTTP that can refuse and ask for credentials, and one of SOCKS 5."""
from __future__ import annotations

from base64 import b64encode
from typing import Any

from .peers import Peer
from .worlds import World


async def _pipe(source: Peer, target: Peer) -> None:
    try:
        await target.send(source.buffer)
        while data := await source.receive():
            await target.send(data)
    except OSError:
        pass
    target.finish()


async def _back(server: Peer, peer: Peer) -> None:
    await _pipe(server, peer)
    server.close()


async def splice(peer: Peer, server: Peer) -> None:
    """Pass bytes both ways until both sides have ended."""
    peer.start(_back(server, peer))
    await _pipe(peer, server)


class Proxy:
    """A server in a world that talks to its clients by `talk`."""

    def __init__(self, world: World) -> None:
        self._origin = world.origin(self.talk)
        self.port, self.url = self._origin.port, self._origin.url

    async def talk(self, peer: Peer) -> None:
        raise NotImplementedError

    def __enter__(self) -> Any:
        self._origin.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._origin.__exit__(*error)

    @property
    def heads(self) -> list[str]:
        heads: list[str] = self._origin.heads
        return heads

    @property
    def connections(self) -> int:
        count: int = self._origin.connections
        return count


class HTTPProxy(Proxy):
    """CONNECT leads to `port` of loopback whatever the name; other requests are answered with their target.

    `refusal` is an answer to CONNECT in place of 200; `user` ("name:password") is asked for by Basic, or by Digest, which
    takes any response, under `digest`.
    """

    def __init__(self, world: World, refusal: bytes | None = None, user: str | None = None, digest: bool = False) -> None:
        super().__init__(world)
        self.refusal, self.digest = refusal, digest
        self.expected = user and "Basic " + b64encode(user.encode()).decode()

    async def talk(self, peer: Peer) -> None:
        while head := await peer.read_head():
            method, target, _ = head.decode().split("\r\n")[0].split(" ")
            body = await peer.read_body()
            given = peer.field("proxy-authorization") or ""
            if self.expected is not None and not (given.startswith("Digest ") if self.digest else given == self.expected):
                challenge = 'Digest realm="gate", nonce="n", qop="auth", algorithm=SHA-256' if self.digest else 'Basic realm="gate"'
                await peer.reply(b"who are you?", f"Proxy-Authenticate: {challenge}", "Set-Cookie: evil=1",
                                 status="407 Proxy Authentication Required")
            elif method != "CONNECT":
                await peer.reply(f"{target} {len(body)}".encode())
            elif self.refusal is not None:
                await peer.send(self.refusal)
                return
            else:
                server = await peer.reach(int(target.rpartition(":")[2]))
                await peer.send(b"HTTP/1.0 200 Connection established\r\n\r\n")
                await splice(peer, server)
                return


class SOCKSProxy(Proxy):
    """SOCKS 5; `user` and `password` are asked for where given, `reply` is the code that refuses. `names` are those asked for."""

    def __init__(self, world: World, login: tuple[bytes, bytes] | None = None, reply: int = 0) -> None:
        super().__init__(world)
        self.login, self.reply = login, reply
        self.names: list[bytes] = []

    async def talk(self, peer: Peer) -> None:
        methods = await peer.read((await peer.read(2))[1])
        wanted = 0 if self.login is None else 2
        await peer.send(bytes([5, wanted if wanted in methods else 255]))
        if wanted not in methods:
            return
        if wanted:
            await peer.read(1)
            given = [await peer.read((await peer.read(1))[0]) for _ in range(2)]
            await peer.send(bytes([1, tuple(given) != self.login]))
            if tuple(given) != self.login:
                return
        kind = (await peer.read(4))[3]
        self.names.append(await peer.read({1: 4, 4: 16}.get(kind) or (await peer.read(1))[0]))
        port = int.from_bytes(await peer.read(2), "big")
        await peer.send(bytes([5, self.reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        if not self.reply:
            await splice(peer, await peer.reach(port))
