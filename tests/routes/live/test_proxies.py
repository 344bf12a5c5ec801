"""Requests through proxies: of HTTP, with and without a tunnel, and of SOCKS 5; who is asked for credentials, and which proxy it is."""
from __future__ import annotations

import ssl

import pytest
from proxy import Proxy

from sessionmock import (
    AuthChallengeDisposition,
    URLCredential,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.errors import Code, URLError
from sessionmock.models.proxy import ProxyConfiguration
from sessionmock.models.trust import TunnelRefused

from .peers import Peer, simple
from .proxies import HTTPProxy, SOCKSProxy
from .socket_world import PATIENCE
from .worlds import over_sockets


@pytest.fixture(autouse=True)
def _signals(monkeypatch):
    """Another's proxy would keep the process's signals for good."""
    monkeypatch.setattr(Proxy, "_register_signals", lambda self: None)


@pytest.fixture
def route(world, trust):
    def resolve(name):
        assert name in ("localhost", "gate.example"), "only the proxy looks the server's name up"
        return ["127.0.0.1"]

    return world.route(trust, resolve, trust_env=False)


@pytest.fixture
def secure(world, authority):
    """An https server, which is known to the proxy alone under its name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("server.example", "127.0.0.1").configure_cert(context)
    with world.origin(simple, context) as origin:
        origin.url = f"https://server.example:{origin.port}"
        yield origin


def through(*proxies, **settings):
    configuration = URLSessionConfiguration.ephemeral()
    configuration.proxy_configurations = proxies
    for name, value in settings.items():
        setattr(configuration, name, value)
    return configuration


def load(route, configuration, *requests, delegate=None):
    """For each request, one after the other: status and body, or the URLError."""
    outcomes = []
    with use_route(route), URLSession(configuration, delegate) as session:
        for request in requests:
            try:
                body, response = session.data(request).result(PATIENCE)
                outcomes.append((response.status_code, body))
            except URLError as error:
                outcomes.append(error)
    return outcomes


def http(proxy, *login):
    return ProxyConfiguration.http_connect("127.0.0.1", proxy.port, *login)


def test_absolute_form(world, route):
    """A plain request goes to the proxy with its whole URL, without fragment and user, over a kept connection."""
    with HTTPProxy(world) as proxy:
        post = URLRequest("http://server.example:81/b", http_method="POST", http_body=b"abc")
        outcomes = load(route, through(http(proxy)), "http://ann@server.example/a?q#f", "http://server.example/", post)
        assert proxy.connections == 2    # one for each server
    assert outcomes == [
        (200, b"http://server.example/a?q 0"), (200, b"http://server.example/ 0"), (200, b"http://server.example:81/b 3")]
    assert "\r\nHost: server.example\r\n" in proxy.heads[0] + "\r\n"


def test_tunnel(world, route, secure):
    """An https request goes through CONNECT, and the next one through the same tunnel."""
    with HTTPProxy(world) as proxy:
        assert load(route, through(http(proxy)), secure.url + "/1", secure.url + "/2") == [(200, b"/1"), (200, b"/2")]
    assert [head.split("\r\n")[0] for head in proxy.heads] == [f"CONNECT server.example:{secure.port} HTTP/1.1"]
    assert [head.split(" ")[1] for head in secure.heads] == ["/1", "/2"]


@over_sockets
def test_real_proxy(world, route, secure):
    """Another's proxy serves both forms."""
    flags = ["--port", "0", "--hostname", "127.0.0.1", "--num-workers", "1", "--num-acceptors", "1", "--log-level", "ERROR"]
    with world.origin() as plain, Proxy(flags) as proxy:
        configuration = through(ProxyConfiguration.http_connect("127.0.0.1", proxy.flags.port))
        outcomes = load(route, configuration, plain.url + "/plain", f"https://127.0.0.1:{secure.port}/tunnelled")
    assert outcomes == [(200, b"/plain"), (200, b"/tunnelled")]


@pytest.mark.parametrize("refusal", [
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nevil", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"garbage\r\n\r\n", b"",
    b"HTTP/1.1 200 OK\r\n\r\nbytes of its own",
])
def test_connect_refused(world, route, secure, refusal):
    """A proxy that does not lead to the server fails the task with -1004; nothing that it sends passes for an answer."""
    with HTTPProxy(world, refusal) as proxy:
        (error,) = load(route, through(http(proxy)), secure.url)
    assert error.code == Code.CANNOT_CONNECT_TO_HOST
    assert error.underlying_error is not None
    assert isinstance(error.underlying_error, TunnelRefused) == (b" 403 " in refusal or b" 502 " in refusal)
    assert secure.connections == 0


def test_proxy_away(world, route):
    """A proxy that takes no connections: -1004, for both forms."""
    with HTTPProxy(world) as proxy:
        pass
    outcomes = load(route, through(http(proxy)), "http://server.example/", "https://server.example/")
    assert [outcome.code for outcome in outcomes] == [Code.CANNOT_CONNECT_TO_HOST] * 2
    nowhere = world.route(resolve=lambda _: [], trust_env=False)
    (error,) = load(nowhere, through(ProxyConfiguration.http_connect("gate.example", 3128)), "http://server.example/")
    assert error.code == Code.CANNOT_CONNECT_TO_HOST


class Knows:
    """Answers challenges with a credential."""

    def __init__(self, *credential):
        self.credential, self.asked = credential, []

    def task_did_receive_challenge(self, session, task, challenge):
        if challenge.protection_space.authentication_method == "NSURLAuthenticationMethodServerTrust":
            return AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
        self.asked.append(challenge)
        if challenge.previous_failure_count:
            return AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE
        return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential(*self.credential)


@pytest.mark.parametrize("digest", [False, True])
def test_credentials(world, route, secure, digest):
    """A 407 is put to the delegate, for both forms; what the proxy took goes ahead, to the proxy and never to a server."""
    knows = Knows("ann", "secret")
    with HTTPProxy(world, user="ann:secret", digest=digest) as proxy:
        outcomes = load(route, through(http(proxy)), secure.url + "/1", "http://server.example/2", secure.url + "/3", delegate=knows)
        port = proxy.port
    assert outcomes == [(200, b"/1"), (200, b"http://server.example/2 0"), (200, b"/3")]
    (challenge,) = knows.asked
    space = challenge.protection_space
    assert (space.is_proxy, space.host, space.port, space.proxy_type, space.realm) == (True, "127.0.0.1", port, "http", "gate")
    assert challenge.failure_response.status_code == 407
    assert [("proxy-authorization" in head.lower()) for head in proxy.heads] == [False, True, True]
    assert not any("proxy-authorization" in head.lower() for head in secure.heads)
    if digest:
        assert f'uri="server.example:{secure.port}"' in proxy.heads[1]


def test_configured_credentials(world, route, secure):
    """Default handling answers the proxy with the user and password of its configuration."""
    with HTTPProxy(world, user="ann:secret") as proxy:
        assert load(route, through(http(proxy, "ann", "secret")), secure.url + "/") == [(200, b"/")]
        plain, tunnelled = load(route, through(http(proxy, "ann", "wrong")), "http://server.example/", secure.url)
    assert plain == (407, b"who are you?")
    assert tunnelled.code == Code.CANNOT_CONNECT_TO_HOST


def test_no_credentials(world, route, secure):
    """A 407 that nobody answers is the response of a plain request, but fails an https one: it is not the server's, and its
    cookies are not taken."""
    configuration = through()
    with HTTPProxy(world, user="ann:secret") as proxy:
        configuration.proxy_configurations = [http(proxy)]
        plain, tunnelled = load(route, configuration, "http://server.example/", secure.url)
    assert plain == (407, b"who are you?")
    assert (tunnelled.code, tunnelled.underlying_error.head.status) == (Code.CANNOT_CONNECT_TO_HOST, 407)
    assert [cookie.domain for cookie in configuration.http_cookie_storage.cookies] == ["server.example"]    # of the plain one


def test_cancelled(world, route, secure):
    """A challenge of a proxy that is cancelled ends the task with -999."""
    knows = Knows("ann", "wrong")
    with HTTPProxy(world, user="ann:secret") as proxy:
        (error,) = load(route, through(http(proxy)), secure.url, delegate=knows)
    assert error.code == Code.CANCELLED
    assert [one.previous_failure_count for one in knows.asked] == [0, 1]


@over_sockets
def test_real_proxy_with_a_password(world, route, secure):
    """Another's proxy, which names no realm, is answered for both forms: once by the delegate, or by its configuration."""
    flags = ["--port", "0", "--hostname", "127.0.0.1", "--num-workers", "1", "--num-acceptors", "1", "--log-level", "ERROR",
             "--basic-auth", "ann:secret"]
    knows = Knows("ann", "secret")
    with world.origin() as plain, Proxy(flags) as proxy:
        urls = (plain.url + "/plain", f"https://127.0.0.1:{secure.port}/tunnelled")
        answered = load(route, through(ProxyConfiguration.http_connect("127.0.0.1", proxy.flags.port)), *urls, delegate=knows)
        known = load(route, through(ProxyConfiguration.http_connect("127.0.0.1", proxy.flags.port, "ann", "secret")), *urls)
    assert answered == known == [(200, b"/plain"), (200, b"/tunnelled")]
    assert [(True, None)] == [(one.protection_space.is_proxy, one.protection_space.realm) for one in knows.asked]


@pytest.mark.parametrize("login", [(), ("ann", "secret")])
def test_socks(world, route, secure, login):
    """A SOCKS proxy leads to the server, whose name it looks up itself; it is asked for a login where one is known."""
    with SOCKSProxy(world, tuple(one.encode() for one in login) or None) as proxy, world.origin() as plain:
        configuration = through(ProxyConfiguration.socks5("127.0.0.1", proxy.port, *login))
        outcomes = load(route, configuration, secure.url + "/1", f"http://server.example:{plain.port}/2", plain.url + "/3")
    assert outcomes == [(200, b"/1"), (200, b"/2"), (200, b"/3")]
    assert proxy.names == [b"server.example", b"server.example", bytes([127, 0, 0, 1])]


@pytest.mark.parametrize(("known", "given", "reply"), [(None, (), 5), ((b"ann", b"secret"), (), 0), ((b"ann", b"secret"), ("ann", "x"), 0)])
def test_socks_refused(world, route, secure, known, given, reply):
    """A SOCKS proxy that refuses the way, the lack of a login or a wrong one: -1004."""
    with SOCKSProxy(world, known, reply) as proxy:
        (error,) = load(route, through(ProxyConfiguration.socks5("127.0.0.1", proxy.port, *given)), secure.url)
    assert error.code == Code.CANNOT_CONNECT_TO_HOST
    assert isinstance(error.underlying_error, ConnectionError)


def test_metrics(world, route, secure):
    """Metrics tell that a connection went through a proxy, and when; the proxy's answer lies before TLS."""
    class Measuring:
        def task_did_finish_collecting_metrics(self, session, task, metrics):
            measured.extend(metrics.transaction_metrics)

    measured = []
    with HTTPProxy(world) as proxy:
        load(route, through(http(proxy)), secure.url, "http://server.example/", delegate=Measuring())
        load(route, through(), proxy.url, delegate=Measuring())
    assert [one.is_proxy_connection for one in measured] == [True, True, False]
    assert measured[0].connect_start_date <= measured[0].secure_connection_start_date <= measured[0].request_start_date


def test_domains(world, route):
    """A proxy serves the domains that it names and none that it excludes; the first that serves is taken."""
    with HTTPProxy(world) as proxy, world.origin() as plain:
        here = http(proxy).for_domains(match=["server.example"], excluded=["not.server.example"])
        assert [here.serves(host) for host in ("server.example", "a.server.example", "a.not.server.example", "myserver.example")] == [
            True, True, False, False]
        away = ProxyConfiguration.http_connect("127.0.0.1", 1).for_domains(match=["other.example"])
        outcomes = load(route, through(away, here), "http://a.server.example/", plain.url + "/straight")
    assert outcomes == [(200, b"http://a.server.example/ 0"), (200, b"/straight")]


def test_dictionary(world, route, secure):
    """`connection_proxy_dictionary` is read by Apple's keys; an empty one and exceptions mean no proxy."""
    with HTTPProxy(world) as proxy, SOCKSProxy(world) as socks, world.origin() as plain:
        both = {"HTTPEnable": 1, "HTTPProxy": "127.0.0.1", "HTTPPort": proxy.port, "HTTPSEnable": True, "HTTPSProxy": "127.0.0.1",
                "HTTPSPort": proxy.port, "ExceptionsList": ["127.*", "*.local"]}
        settings = through(connection_proxy_dictionary=both)
        assert load(route, settings, "http://server.example/", secure.url + "/", plain.url + "/straight") == [
            (200, b"http://server.example/ 0"), (200, b"/"), (200, b"/straight")]
        settings = through(connection_proxy_dictionary={"SOCKSEnable": 1, "SOCKSProxy": "127.0.0.1", "SOCKSPort": socks.port})
        assert load(route, settings, secure.url + "/socks") == [(200, b"/socks")]
        assert load(route, through(connection_proxy_dictionary={}), plain.url + "/") == [(200, b"/")]


@pytest.mark.parametrize("settings", [
    {"ProxyAutoConfigEnable": 1, "ProxyAutoConfigURLString": "http://a/p.pac"}, {"HTTPEnable": 1},
    {"HTTPEnable": 1, "HTTPProxy": "gate", "HTTPPort": "3128"},
    {"HTTPEnable": 1, "HTTPProxy": "gate", "HTTPPort": 1, "ExceptionsList": "Proxy"},
    {"HTTPEnable": 1, "HTTPProxy": "Proxy gate", "HTTPPort": 1}])
def test_dictionary_unusable(world, route, settings):
    """A dictionary that cannot be followed fails its requests with -1002: none goes straight by mistake."""
    with world.origin() as plain:
        (error,) = load(route, through(connection_proxy_dictionary=settings), plain.url)
        assert plain.connections == 0
    assert error.code == Code.UNSUPPORTED_URL
    assert "Proxy" in str(error)


def test_environment(world, monkeypatch):
    """Proxies of the environment serve a route that trusts it, where the configuration names none; no_proxy is kept."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with HTTPProxy(world, user="ann:se cret") as proxy, world.origin() as plain:
        monkeypatch.setenv("http_proxy", f"http://ann:se%20cret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        trusting, other = world.route(), world.route(resolve=lambda _: ["127.0.0.1"], trust_env=False)
        url = f"http://server.example:{plain.port}/"
        assert load(trusting, through(), url, plain.url + "/straight") == [(200, f"{url} 0".encode()), (200, b"/straight")]
        assert load(other, through(), url) == [(200, b"/")]
        assert load(world.route(resolve=lambda _: ["127.0.0.1"]), through(connection_proxy_dictionary={}), url) == [(200, b"/")]
        monkeypatch.setenv("http_proxy", "quic://127.0.0.1:1")
        (error,) = load(world.route(), through(), url)
        assert error.code == Code.UNSUPPORTED_URL


@pytest.mark.parametrize("pattern", ["127.0.0.0/8", "127.0.0.1:{port}", "*", "elsewhere.example, 127.0.0.1", "127.*"])
def test_exceptions_are_read_alike(world, monkeypatch, pattern):
    """By no_proxy, by a dictionary and by a configuration: networks, ports and wildcards as well as names."""
    with HTTPProxy(world) as proxy, world.origin() as plain:
        pattern = pattern.format(port=plain.port)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", pattern)
        dictionary = {"HTTPEnable": 1, "HTTPProxy": "127.0.0.1", "HTTPPort": proxy.port, "ExceptionsList": pattern.split(", ")}
        for settings in (through(), through(connection_proxy_dictionary=dictionary), through(http(proxy).for_domains(excluded=pattern.split(", ")))):
            assert load(world.route(), settings, plain.url + "/straight") == [(200, b"/straight")]
        assert proxy.connections == 0


@pytest.mark.parametrize("wrong", [("", 1), ("gate", 0), ("gate", 65536), ("gate", "3128"), (None, 1), ("gate", True), ("a b", 1), ("foo.1", 1),
                                   (4, 1)])
def test_values(wrong):
    """A proxy without a host or a port is refused where it is made."""
    with pytest.raises(ValueError, match="ProxyConfiguration"):
        ProxyConfiguration.http_connect(*wrong)
    assert "secret" not in repr(ProxyConfiguration.http_connect("gate", 1, "ann", "secret"))


@pytest.mark.parametrize("wrong", ["server.example", [1], None, 5])
def test_domains_are_a_list(wrong):
    """Of a single one each letter would be a domain."""
    for give in ("match", "excluded"):
        with pytest.raises(ValueError, match="no list of domains"):
            ProxyConfiguration.http_connect("gate", 1).for_domains(**{give: wrong})


def test_other_pools(world, route):
    """Connections through a proxy, through another and straight are not mixed."""
    async def script(peer: Peer) -> None:
        while await peer.read_head():
            await peer.reply(str(peer.number).encode())

    with world.origin(script) as first, world.origin(script) as second:
        chosen = [http(first).for_domains(match=["a.example"]), http(second)]
        load(route, through(*chosen), "http://a.example/", "http://b.example/", "http://a.example/")
        assert (first.connections, second.connections) == (1, 1)
