"""Routes over live ones lose nothing of the live one: its proxy, its connections in a forked child, that it is live."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessionmock import (
    AuthChallengeDisposition,
    CassetteRoute,
    ClientRoute,
    LiveRoute,
    ScriptRoute,
    TransportRoute,
    URLCredential,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.models.message import Request, ResponseHead, header
from sessionmock.models.proxy import ProxyConfiguration
from sessionmock.models.url import URLParts, split_url
from sessionmock.routes.base import (
    FINISHED,
    Channel,
    ChannelOver,
    Exchange,
    ExchangeOver,
    Host,
    Route,
    Sink,
    SinkOver,
    UnconnectedChannel,
)

URL = "http://api.test/me"


class Behind(UnconnectedChannel):
    """A live route behind a proxy that wants a password; it is its own channel, and notes what it is told."""

    source = "live"
    is_live = True

    def __init__(self) -> None:
        self.calls: list[str] = []

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        return self

    def open(self, request: Request, sink: Sink) -> Exchange:
        if header(request.headers, "proxy-authorization"):
            sink.head(ResponseHead(200, [("Content-Length", "2")]))
            sink.data(b"in")
        else:
            sink.head(ResponseHead(407, [("Proxy-Authenticate", 'Basic realm="p"'), ("Content-Length", "0")]))
        sink.end([])
        return FINISHED

    def proxy_for(self, parts: URLParts) -> ProxyConfiguration | None:
        return ProxyConfiguration.http_connect("proxy.test", 8080)

    def flush(self) -> None:
        self.calls.append("flush")

    def close(self) -> None:
        self.calls.append("close")

    def abandon(self) -> None:
        self.calls.append("abandon")


class Plain:
    """A wrapper as a user writes it, on the bases that there are for it."""

    source = "live"
    is_live = True

    def __init__(self, live: Route) -> None:
        self.live = live

    def bind(self, configuration: URLSessionConfiguration, host: Host) -> Channel:
        return PlainChannel(self.live.bind(configuration, host))


class PlainChannel(ChannelOver):
    def open(self, request: Request, sink: Sink) -> Exchange:
        return ExchangeOver(super().open(request, SinkOver(sink)))


def passing_through(live: Route, folder: Path) -> Route:
    script = ScriptRoute(live)
    script.get(URL).pass_through()
    return script


WRAPPERS = {
    "plain": lambda live, folder: Plain(live),
    "client": lambda live, folder: ClientRoute(live),
    "recording": lambda live, folder: CassetteRoute(folder / "a.yaml", "all", live=live),
    "recording a client": lambda live, folder: CassetteRoute(folder / "a.yaml", "all", live=ClientRoute(live)),
    "passing": lambda live, folder: CassetteRoute(folder / "a.yaml", "none", live=live, pass_through=["*"]),
    "script": passing_through,
}
over = pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
Wrap = Callable[[Route, Path], Route]


class Delegate:
    """Answers every challenge, and keeps where it came from."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        space = challenge.protection_space
        self.seen.append((space.host, space.port, space.is_proxy))
        return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("ann", "secret")


@over
def test_the_challenge_of_a_proxy_is_the_proxys(wrap: Wrap, tmp_path: Path) -> None:
    """A 407 that comes through a wrapper is asked about as that of the proxy, not of the server behind it."""
    delegate = Delegate()
    route = wrap(Behind(), tmp_path)
    with use_route(route), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        assert b"in" == session.data(URL).result()[0]
    getattr(route, "close", int)()      # of a cassette, which is to be written
    assert [("proxy.test", 8080, True)] == delegate.seen


@over
def test_what_a_wrapper_is_told_reaches_what_lies_below(wrap: Wrap, tmp_path: Path) -> None:
    """Flushing, closing and abandoning are the live channel's matter too, and the proxy is its proxy."""
    live = Behind()
    channel = wrap(live, tmp_path).bind(URLSessionConfiguration.ephemeral(), None)    # type: ignore[arg-type]
    channel.flush()
    channel.abandon()
    channel.close()
    assert ["flush", "abandon", "close"] == live.calls
    assert live.proxy_for(split_url(URL)) == channel.proxy_for(split_url(URL))


@pytest.mark.parametrize("wrap", [WRAPPERS["recording"], passing_through], ids=["cassette", "script"])
def test_a_wrapper_over_nothing_has_nothing_to_tell(wrap: Any, tmp_path: Path) -> None:
    """Without a live route a cassette and a script make no connections: there is no proxy, and nothing to let go of."""
    channel = wrap(None, tmp_path).bind(URLSessionConfiguration.ephemeral(), None)
    channel.flush()
    channel.abandon()
    channel.close()
    assert channel.proxy_for(split_url(URL)) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("route", ["ClientRoute(live)", "CassetteRoute(sys.argv[1], 'all', live=live)",
                                   "CassetteRoute(sys.argv[1], 'all', live=ClientRoute(live))"])
def test_a_forked_child_lets_go_of_the_connections_below_a_wrapper(route: str, tmp_path: Path) -> None:
    """The child of a process with a recording session abandons what it inherited, and the parent's session goes on."""
    program = f"""if True:
        import os, sys
        from sessionmock import *
        from tests.routes.test_wrappers import Behind
        live = Behind()
        with use_route({route}) as route, URLSession(URLSessionConfiguration.ephemeral()) as session:
            session.data("{URL}").result()
            child = os.fork()
            if not child:
                os._exit(0 if live.calls == ["abandon"] else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child keeps them"
            assert live.calls == []
            session.data("{URL}").result()
        getattr(route, "close", int)()
        """
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.yaml")], check=False, capture_output=True,
                          text=True, cwd=Path(__file__).parents[2])
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize(("route", "is_live"), [
    (LiveRoute(), True), (TransportRoute(None), True), (Plain(LiveRoute()), True), (ClientRoute(LiveRoute()), True),
    (ClientRoute(ScriptRoute()), False), (ScriptRoute(LiveRoute()), False),
])
def test_what_is_live_is_said_by_the_route(route: Route, is_live: bool) -> None:
    """A route says whether servers themselves answer; one over another says what that says where it changes nothing."""
    assert is_live is route.is_live
