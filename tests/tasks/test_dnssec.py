"""Names that DNSSEC must vouch for: what requires it, and what is let through."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

import sessionmock as sm
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

NOT_FOUND = sm.URLError.Code.CANNOT_FIND_HOST


async def serve(peer: Peer) -> None:
    while await peer.receive():
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@contextmanager
def loading(*, of_all: bool = False, proxy: sm.ProxyConfiguration | None = None, **route: Any) -> Iterator[sm.URLSession]:
    network = MemoryNetwork()
    network.names["a.test"] = ["10.0.0.1"]
    network.listen(serve, "10.0.0.1", 80)
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.requires_dnssec_validation = of_all
    configuration.proxy_configurations = [proxy] if proxy else []
    with sm.virtual_time(), sm.use_route(sm.LiveRoute(network=network, trust_env=False, **route)), sm.URLSession(configuration) as session:
        yield session


def known(name: str) -> list[str]:
    return ["10.0.0.1"]


@pytest.mark.parametrize("of_all", [True, False])
def test_the_systems_resolver_vouches_for_nothing(of_all: bool) -> None:
    """Nor does one that does not say so: -1003, with the way out. Others of the session's requests are let through."""
    for route in ({}, {"resolve": known}):
        with loading(of_all=of_all, **route) as session:
            with pytest.raises(sm.URLError, match="resolve_validates=True") as failure:
                session.data(sm.URLRequest("http://a.test/", requires_dnssec_validation=not of_all)).result()
            assert NOT_FOUND == failure.value.code
            if not of_all:
                assert b"hi" == session.data("http://a.test/").result()[0]


def test_a_resolver_that_validates_is_asked() -> None:
    with loading(of_all=True, resolve=known, resolve_validates=True) as session:
        assert b"hi" == session.data("http://b.test/").result()[0]


def test_an_address_needs_no_name() -> None:
    """There is nothing to be vouched for."""
    with loading(of_all=True) as session:
        assert b"hi" == session.data("http://10.0.0.1/").result()[0]


def test_what_a_proxy_resolves_nobody_vouches_for() -> None:
    """Whatever our own resolver says."""
    with loading(of_all=True, resolve=known, resolve_validates=True, proxy=sm.ProxyConfiguration.http_connect("10.0.0.1", 80)) as session:
        with pytest.raises(sm.URLError) as failure:
            session.data("http://a.test/").result()
        assert NOT_FOUND == failure.value.code


def test_somebody_elses_transport_vouches_for_nothing() -> None:
    """It is not even asked."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.requires_dnssec_validation = True
    transport = httpx.MockTransport(lambda _: pytest.fail("it was asked"))
    with sm.use_route(sm.TransportRoute(transport)), sm.URLSession(configuration) as session:
        with pytest.raises(sm.URLError) as failure:
            session.data("http://a.test/").result()
        assert NOT_FOUND == failure.value.code


def test_a_script_resolves_no_names() -> None:
    script = sm.ScriptRoute()
    script.get("http://a.test/").respond(204)
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.data(sm.URLRequest("http://a.test/", requires_dnssec_validation=True)).result()


def test_the_systems_resolver_cannot_be_said_to_validate() -> None:
    with pytest.raises(sm.InvalidArgumentException, match="give a resolve that does"):
        sm.LiveRoute(resolve_validates=True)
