"""One host, however it is written: what a server, a proxy, a resolver and the network see of it."""
from __future__ import annotations

import ssl

import pytest

from sessionmock import HTTPCookieStorage, LiveRoute, URLRequest, URLSession, URLSessionConfiguration, use_route
from sessionmock.errors import Code, URLError
from sessionmock.models.proxy import ProxyConfiguration
from sessionmock.routes.live.network import system

from .peers import simple
from .proxies import HTTPProxy, SOCKSProxy
from .test_proxies import http, load, through
from .worlds import over_sockets

SPELLINGS = ["bücher.example", "BÜCHER.example", "b%C3%BCcher.example", "bücher。example", "xn--bcher-kva.example"]
NAME = "xn--bcher-kva.example"


@pytest.fixture
def asked():
    """The names that were looked up."""
    return []


@pytest.fixture
def route(world, trust, asked):
    return world.route(trust, lambda name: asked.append(name) or ["127.0.0.1"], trust_env=False)


def test_every_spelling_leads_to_one_host(world, route, asked):
    """One name is looked up and sent in Host, one connection serves all, and cookies of one spelling go with the others."""
    async def talk(peer):
        while await peer.read_head():
            await peer.reply(b"", "Set-Cookie: a=b")

    configuration = URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = HTTPCookieStorage()
    with world.origin(talk) as origin:
        outcomes = load(route, configuration, *(f"http://{host}:{origin.port}/" for host in SPELLINGS))
        assert [status for status, _ in outcomes] == [200] * len(SPELLINGS)
        assert (asked, origin.connections) == ([NAME], 1)
        fields = [head.split("\r\n")[1:] for head in origin.heads]
    assert {next(field for field in each if field.startswith("Host")) for each in fields} == {f"Host: {NAME}:{origin.port}"}
    assert ["Cookie: a=b" in each for each in fields] == [False, True, True, True, True]


def test_a_redirect_to_another_spelling_stays_with_the_origin(world, route):
    """Authorization goes along where the host is the same, and only there."""
    async def talk(peer):
        while head := await peer.read_head():
            if b" /go" in head:
                host = NAME if b"same" in head else "bucher.example"
                await peer.reply(b"", f"Location: http://{host}:{peer.origin.port}/there", status="302 Found")
            else:
                await peer.reply((peer.field("authorization") or "none").encode())

    with world.origin(talk) as origin:
        requests = [URLRequest(f"http://bücher.example:{origin.port}/go-{to}") for to in ("same", "other")]
        for request in requests:
            request.set_value("Bearer x", "Authorization")
        assert load(route, through(), *requests) == [(200, b"Bearer x"), (200, b"none")]


@pytest.mark.parametrize("host", SPELLINGS)
def test_proxies_are_told_the_name_in_ascii(world, route, host):
    """In the absolute form, in CONNECT and by SOCKS (RFC 9112, section 3.2; RFC 1928)."""
    with HTTPProxy(world, refusal=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy, SOCKSProxy(world, reply=1) as socks:
        assert load(route, through(http(proxy)), f"http://{host}/a") == [(200, f"http://{NAME}/a 0".encode())]
        load(route, through(http(proxy)), f"https://{host}/a")
        load(route, through(ProxyConfiguration.socks5("127.0.0.1", socks.port)), f"http://{host}/a")
        assert proxy.heads[1].split("\r\n")[:2] == [f"CONNECT {NAME}:443 HTTP/1.1", f"Host: {NAME}:443"]
        assert socks.names == [NAME.encode()]


def test_proxies_are_told_an_address_without_its_zone(world, route):
    """It means something on this machine only (RFC 6874, section 4)."""
    with HTTPProxy(world, refusal=b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as proxy, SOCKSProxy(world, reply=1) as socks:
        load(route, through(http(proxy)), "http://[fe80::1%25eth0]/a", "https://[fe80::1%eth0]/a")
        load(route, through(ProxyConfiguration.socks5("127.0.0.1", socks.port)), "http://[fe80::1%eth0]/a", "http://0x7f.1/")
        assert [head.split("\r\n")[0] for head in proxy.heads] == ["GET http://[fe80::1]/a HTTP/1.1", "CONNECT [fe80::1]:443 HTTP/1.1"]
        assert socks.names == [bytes.fromhex("fe80") + bytes(13) + b"\1", bytes([127, 0, 0, 1])]


@pytest.mark.parametrize("host", [
    "a\xa0b.example", "a\u3000b", "a%20b", "a%0d%0aX: y", "a\x1fb", "％20.example", "foo.1", "ａ／ｂ", "xn--a.ß", "[::1"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_can_be_no_host_reaches_nobody(world, route, asked, scheme, host):
    """Neither a proxy's request line, nor a resolver: -1000, which names it."""
    with HTTPProxy(world) as proxy:
        (error,) = load(route, through(http(proxy)), f"{scheme}://{host}/")
        (straight,) = load(route, through(), f"{scheme}://{host}/")
        assert (error.code, straight.code, proxy.connections, asked) == (Code.BAD_URL, Code.BAD_URL, 0, [])


def test_a_proxy_has_one_host_too(world, route, asked):
    """Its own name is canonical, so that two spellings are one proxy."""
    with HTTPProxy(world) as proxy:
        gates = [ProxyConfiguration.http_connect(host, proxy.port) for host in SPELLINGS]
        assert set(gates) == {ProxyConfiguration.http_connect(NAME, proxy.port)}
        assert load(route, through(gates[0]), "http://server.example/") == [(200, b"http://server.example/ 0")]
    assert asked == [NAME]
    assert ProxyConfiguration.http_connect("[::1]", 1) == ProxyConfiguration.http_connect("0:0::1", 1)


@pytest.mark.parametrize("host", ["server.example.", "SERVER.example"])
def test_tls_asks_for_the_name_without_the_root(world, route, authority, host):
    """The certificate of server.example is that of server.example. as well (RFC 6066, section 3)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("server.example").configure_cert(context)
    named = []
    context.sni_callback = lambda _, name, __: named.append(name)
    with world.origin(simple, context) as origin:
        assert load(route, through(), f"https://{host}:{origin.port}/") == [(200, b"/")]
    assert named == ["server.example"]


@over_sockets
def test_a_zone_is_kept_for_connecting(world, monkeypatch):
    """The system is told the zone, in every form in which it is written, and of an address that it looked up itself."""
    told, real = [], system.SystemWire

    class Wire(real):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.socket.close()
            self.socket = self

        def connect(self, place):
            told.append(place)
            raise OSError("told")

    monkeypatch.setattr(system, "SystemWire", Wire)
    monkeypatch.setattr(system.socket, "if_nametoindex", {"lan0": 3}.__getitem__)
    monkeypatch.setattr(system.socket, "getaddrinfo", lambda host, port, **_: [(10, 1, 6, "", ("fe80::7", port, 0, 4))])
    with use_route(LiveRoute(trust_env=False)), URLSession(URLSessionConfiguration.ephemeral()) as session:
        for url in ("http://[fe80::1%25lan0]/", "http://[fe80::1%lan0]/", "http://[fe80::1%255]/", "http://printer.local/"):
            with pytest.raises(URLError):
                session.data(url).result(10)
    assert told == [("fe80::1", 80, 0, 3), ("fe80::1", 80, 0, 3), ("fe80::1", 80, 0, 5), ("fe80::7", 80, 0, 4)]


@over_sockets
@pytest.mark.parametrize("zone", ["nosuchzone", "99999999999"])
def test_a_zone_that_is_not_there_connects_nowhere(world, zone):
    """-1004, whose error says so."""
    with use_route(LiveRoute(trust_env=False)), URLSession(URLSessionConfiguration.ephemeral()) as session, pytest.raises(URLError) as raised:
        session.data(f"http://[fe80::1%25{zone}]/").result(10)
    assert (raised.value.code, type(raised.value.underlying_error)) == (Code.CANNOT_CONNECT_TO_HOST, OSError)


def test_a_field_for_a_proxy_ends_no_line_of_connect(world, route):
    """What would end its line early is refused as in every other head, before anything is sent."""
    with HTTPProxy(world) as proxy:
        client = world.client(route=route, proxy_configurations=[http(proxy)])
        sink = client.load("https://server.example/", "GET", ("Proxy-Authorization", "Basic x\r\nX: y"))
        assert (sink.error.code, [head for head in proxy.heads if "X: y" in head]) == (Code.UNKNOWN, [])
