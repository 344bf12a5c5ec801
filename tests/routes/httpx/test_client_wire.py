"""Our own wire with the settings of a client's transport: its trust, its proxy, its versions of HTTP."""
from __future__ import annotations

import ssl
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
import trustme

from sessionmock.errors import Code, InvalidArgumentException
from sessionmock.models.message import Request
from sessionmock.routes.httpx.client_wire import ClientWire
from tests.routes.live.peers import Peer, simple
from tests.routes.live.proxies import HTTPProxy, SOCKSProxy
from tests.routes.live.socket_world import SocketWorld


@pytest.fixture
def world() -> Iterator[SocketWorld]:
    with SocketWorld() as world:
        yield world


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "server.test").configure_cert(context)
    return context


def load(world: SocketWorld, transport: Any, url: str) -> Any:
    wire = ClientWire(transport, world.host)
    try:
        recorder = world.recorder()
        world.call(wire.open, Request("GET", url, []), recorder)
        return recorder.wait()
    finally:
        wire.close()
        world.settle()


@pytest.mark.parametrize("make", [httpx.HTTPTransport, httpx.AsyncHTTPTransport, httpx2.HTTPTransport, httpx2.AsyncHTTPTransport])
def test_it_trusts_whom_the_client_trusts(world: SocketWorld, authority: trustme.CA, make: Any) -> None:
    """Nobody else, or anybody where the client asks for no certificate: no second warning is given for that."""
    with world.origin(simple, serving(authority)) as origin:
        load(world, make(verify=trusting(authority)), origin.url).succeed()
        load(world, make(verify=False), origin.url).succeed()
        assert Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT == load(world, make(verify=ssl.create_default_context()), origin.url).error.code


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_it_goes_through_the_clients_proxy(world: SocketWorld, authority: trustme.CA, package: Any) -> None:
    """With the client's credential, in a tunnel and without one."""
    with world.origin(simple, serving(authority)) as origin, HTTPProxy(world, user="ann:secret") as proxy:
        transport = package.HTTPTransport(verify=trusting(authority), proxy=package.Proxy(proxy.url, auth=("ann", "secret"), headers={"X-A": "1"}))
        assert b"http://server.test/ 0" == load(world, transport, "http://server.test/").succeed().body
        load(world, transport, f"https://server.test:{origin.port}/").succeed()
        refused = load(world, package.HTTPTransport(verify=False, proxy=proxy.url), f"https://server.test:{origin.port}/")
        assert Code.CANNOT_CONNECT_TO_HOST == refused.error.code
    assert "\r\nX-A: 1" in proxy.heads[0]
    assert "X-A" not in origin.heads[0]
    assert "Authorization" not in origin.heads[0]


def test_it_goes_through_a_socks_proxy(world: SocketWorld) -> None:
    """A pool as httpcore makes it: whoever has no socksio cannot make one."""
    with world.origin() as origin, SOCKSProxy(world, login=(b"ann", b"secret")) as proxy:
        url = SimpleNamespace(scheme=b"socks5", host=b"127.0.0.1", port=proxy.port)
        pool = SimpleNamespace(_max_connections=10, _ssl_context=None, _http2=False, _proxy_url=url, _proxy_auth=(b"ann", b"secret"))
        load(world, SimpleNamespace(_pool=pool), f"http://server.test:{origin.port}/").succeed()
    assert [b"server.test"] == proxy.names


def test_a_proxy_over_tls_is_refused_in_words(world: SocketWorld) -> None:
    refused = load(world, httpx.HTTPTransport(verify=False, proxy="https://proxy.test"), "http://server.test/").error.underlying_error
    assert isinstance(refused, InvalidArgumentException)
    assert "whose proxy is https://proxy.test" in str(refused)


@pytest.mark.parametrize(("http2", "protocol"), [(False, "http/1.1"), (True, "h2")])
def test_it_offers_what_the_client_offers(world: SocketWorld, authority: trustme.CA, http2: bool, protocol: str) -> None:
    offered: list[Any] = []
    context = serving(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])

    async def note(peer: Peer) -> None:
        offered.append(peer.tls.selected_alpn_protocol())

    with world.origin(note, context) as origin:
        load(world, httpx.HTTPTransport(verify=trusting(authority), http2=http2), origin.url)
    assert [protocol] == offered
