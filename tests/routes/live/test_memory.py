"""The network in memory: names, addresses, back-pressure, dates, and the ends of a connection, as the system's has them."""
from __future__ import annotations

import datetime
import errno
import gc
import math
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.routes.live.network.coroutines import Routine
from sessionmock.routes.live.network.ends import WINDOW
from sessionmock.routes.live.network.memory import After, MemoryNetwork
from sessionmock.routes.live.network.peer import Peer
from tests.tls.certificates import between, serving, trusting

Code = sm.URLError.Code
GREETING = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


async def greet(peer: Peer) -> None:
    while await peer.receive():
        await peer.send(GREETING)


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock:
        yield clock


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork()


def load(network: MemoryNetwork, url: str, context: ssl.SSLContext | None = None, delegate: Any = None, **settings: Any) -> Any:
    """The body, or the error, of a load in a session of its own."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    for name, value in settings.items():
        setattr(configuration, name, value)
    route = sm.LiveRoute(context, network=network, trust_env=False)
    with sm.use_route(route), sm.URLSession(configuration, delegate) as session:
        try:
            return session.data(url).result()[0]
        except sm.URLError as error:
            return error


# names and addresses --------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("clock")
def test_a_name_and_its_server(network: MemoryNetwork) -> None:
    """A name leads to the addresses that it was given, and an address and a port to whoever listens there."""
    network.names["a.test"] = ["10.0.0.1"]
    network.listen(greet, "10.0.0.1", 80)
    assert load(network, "http://a.test/") == b"hello"
    assert load(network, "http://a.test:81/").code == Code.CANNOT_CONNECT_TO_HOST
    assert load(network, f"http://localhost:{network.listen(greet)}/") == b"hello"


@pytest.mark.usefixtures("clock")
def test_an_unknown_name(network: MemoryNetwork) -> None:
    """A name that nobody gave fails as the system's resolver fails it; where one server stands for all, it has all names."""
    error = load(network, "http://a.test/")
    assert (error.code, type(error.underlying_error)) == (Code.CANNOT_FIND_HOST, socket.gaierror)
    assert load(MemoryNetwork(greet), "http://a.test/") == b"hello"


def test_a_name_takes_its_time(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """A look-up may take time, or for ever."""
    network.names["slow.test"], network.names["silent.test"] = After(7, ["10.0.0.1"]), After(math.inf)
    network.listen(greet, "10.0.0.1", 80)
    assert (load(network, "http://slow.test/"), clock.now()) == (b"hello", 7.0)
    assert (load(network, "http://silent.test/").code, clock.now()) == (Code.TIMED_OUT, 67.0)


def test_addresses_are_tried_side_by_side(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """One that is silent has a quarter of a second before the next is tried beside it; one that refuses has no more."""
    network.names["a.test"] = ["10.0.0.1", "10.0.0.2", "2001:db8::1"]
    network.places["10.0.0.1", 80] = After(math.inf)
    network.listen(greet, "2001:db8::1", 80)
    assert (load(network, "http://a.test/"), clock.now()) == (b"hello", 0.25)


def test_an_address_that_answers_late_still_wins(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """The first that connects is taken, whenever it was tried; the others are let go."""
    network.names["a.test"] = ["10.0.0.1", "10.0.0.2"]
    network.places["10.0.0.1", 80], network.places["10.0.0.2", 80] = After(3, greet), After(4, greet)
    assert (load(network, "http://a.test/"), clock.now()) == (b"hello", 3.0)


@pytest.mark.parametrize("problems", [(errno.ENETUNREACH, errno.ECONNREFUSED), (errno.ECONNREFUSED, errno.ENETUNREACH)])
def test_that_there_is_no_way_is_told_only_where_there_is_none_to_any_address(network: MemoryNetwork, problems: tuple[int, int]) -> None:
    """A machine without IPv6 does not hide that a server refuses."""
    network.names["a.test"], network.names["b.test"] = ["10.0.0.1", "2001:db8::1"], ["10.0.0.3", "2001:db8::1"]
    network.places["10.0.0.1", 80], network.places["2001:db8::1", 80] = (OSError(number, "x") for number in problems)
    network.places["10.0.0.3", 80] = OSError(errno.ENETDOWN, "x")
    assert Code.CANNOT_CONNECT_TO_HOST == load(network, "http://a.test/").code
    network.places["2001:db8::1", 80] = OSError(errno.ENETUNREACH, "x")
    assert Code.NOT_CONNECTED_TO_INTERNET == load(network, "http://b.test/").code


def test_nobody_answers(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """A connection that never stands counts as idle time."""
    network.names["a.test"], network.places["10.0.0.1", 80] = ["10.0.0.1"], After(math.inf)
    assert (load(network, "http://a.test/").code, clock.now()) == (Code.TIMED_OUT, 60.0)


# connections ------------------------------------------------------------------------------------------------------------
def test_kept_and_grown_old(clock: sm.VirtualClock) -> None:
    """A connection is kept for a minute of the session's own time."""
    async def serve(peer: Peer) -> None:
        peers.append(peer)
        await greet(peer)

    peers: list[Peer] = []
    with sm.use_route(sm.LiveRoute(network=MemoryNetwork(serve))), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        for pause, count in (0, 1), (59, 1), (61, 2):
            clock.advance(pause)
            assert session.data("http://a.test/").result()[0] == b"hello"
            assert count == len(peers)


def test_back_pressure(clock: sm.VirtualClock) -> None:
    """A server waits until a suspended task reads on, and holds no more than the windows do."""
    async def serve(peer: Peer) -> None:
        await peer.receive()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big))
        for at in range(0, len(big), 1000):
            await peer.send(big[at:at + 1000])
            sent.append(at + 1000)

    class Suspending:
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition:
            task.suspend()
            return sm.ResponseDisposition.ALLOW

        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
            got.append(data)

    big, sent, got = bytes(range(250)) * 20_000, [0], list[bytes]()
    route = sm.LiveRoute(network=MemoryNetwork(serve))
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Suspending()) as session:
        task = session.data_task("http://a.test/")
        task.resume()
        clock.advance(1)
        assert (task.state, got) == (sm.TaskState.SUSPENDED, [])
        assert WINDOW <= sent[-1] < 2_000_000
        task.resume()
    assert (sent[-1], b"".join(got)) == (len(big), big)


def test_a_server_that_reads_nothing(clock: sm.VirtualClock) -> None:
    """An upload that nobody reads fills the windows, and ends when the idle time is over."""
    async def serve(peer: Peer) -> None:
        await peer.receive(10)
        await peer.sleep(math.inf)

    route = sm.LiveRoute(network=MemoryNetwork(serve))
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        task = session.upload_task(sm.URLRequest("http://a.test/", "POST"), bytes(10_000_000))
        task.resume()
    assert (task.error.code, clock.now()) == (Code.TIMED_OUT, 60.0)
    assert WINDOW <= task.count_of_bytes_sent < 2_000_000


@pytest.mark.usefixtures("clock")
def test_closing_over_unread_bytes_is_a_reset() -> None:
    """As on Linux: the client's own writing fails, and what the server said before is still read (scenario upload-early-error)."""
    async def serve(peer: Peer) -> None:
        await peer.receive(100)
        await peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")

    route = sm.LiveRoute(network=MemoryNetwork(serve))
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        body, response = session.upload(sm.URLRequest("http://a.test/", "POST"), bytes(10_000_000)).result()
    assert (response.status_code, body) == (413, b"big")


def test_a_look_up_may_be_cancelled(clock: sm.VirtualClock, network: MemoryNetwork) -> None:
    """A task that is cancelled waits for no name and no address."""
    network.names.update({"name.test": After(10, ["10.0.0.1"]), "address.test": ["10.0.0.1"]})
    network.places["10.0.0.1", 80] = After(10, greet)
    with sm.use_route(sm.LiveRoute(network=network)), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        tasks = [session.data_task(f"http://{name}.test/") for name in ("name", "address")]
        for task in tasks:
            task.resume()
        clock.advance(1)
        for task in tasks:
            task.cancel()
    assert ([task.error.code for task in tasks], clock.now()) == ([Code.CANCELLED] * 2, 1.0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("mistake", [LookupError("no such page"), FileNotFoundError("no such page")])
def test_a_mistake_of_the_server_is_raised(mistake: Exception) -> None:
    """What a server's code raises comes out where the session is waited for."""
    async def serve(peer: Peer) -> None:
        raise mistake

    configuration = sm.URLSessionConfiguration.ephemeral()
    with sm.use_route(sm.LiveRoute(network=MemoryNetwork(serve))), sm.URLSession(configuration) as session:
        loading = session.data("http://a.test/")
        with pytest.raises(type(mistake), match="no such page"):
            loading.result()
        with pytest.raises(sm.URLError) as caught:
            loading.result()
    assert caught.value.code == Code.NETWORK_CONNECTION_LOST


def test_real_time() -> None:
    """The same network serves sessions of real time."""
    assert load(MemoryNetwork(greet), "http://a.test/") == b"hello"


# certificates -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def day(year: int) -> datetime.datetime:
    return datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(("now", "code"), [(2049, Code.SERVER_CERTIFICATE_NOT_YET_VALID), (2051, None), (2061, Code.SERVER_CERTIFICATE_HAS_BAD_DATE)])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_is_as_old_as_the_clock_says(authority: trustme.CA, tmp_path: Path, version: Any, now: int, code: Any) -> None:
    """One that holds from 2050 to 2060 holds then by the clock of the session, and at no other time."""
    context = serving(between(authority, day(2050), day(2060), tmp_path), version)

    async def serve(peer: Peer) -> None:
        await peer.secure(context)
        heard.append(await peer.receive())
        await peer.send(GREETING)

    heard: list[bytes] = []
    trusted = trusting(authority)
    flags = trusted.verify_flags
    with sm.virtual_time(sm.VirtualClock(day(now))):
        outcome = load(MemoryNetwork(serve), "https://localhost/", trusted)
    assert (outcome if code is None else outcome.code) == (code or b"hello")
    assert bool(b"".join(heard)) == (code is None)
    assert trusted.verify_flags == flags


def test_in_real_time_a_certificate_is_as_old_as_it_is(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL judges it."""
    context = serving(between(authority, day(2050), day(2060), tmp_path))

    async def serve(peer: Peer) -> None:
        await peer.secure(context)

    error = load(MemoryNetwork(serve), "https://localhost/", trusting(authority))
    assert error.code == Code.SERVER_CERTIFICATE_NOT_YET_VALID


@pytest.mark.usefixtures("clock")
def test_who_judges_the_server_sees_that_it_is_out_of_date(authority: trustme.CA, tmp_path: Path) -> None:
    """A delegate may trust a certificate that has expired by the session's clock."""
    context = serving(between(authority, day(2010), day(2011), tmp_path))

    async def serve(peer: Peer) -> None:
        await peer.secure(context)
        await greet(peer)

    class Trusting:
        def session_did_receive_challenge(self, session: Any, challenge: Any) -> Any:
            trust = challenge.protection_space.server_trust
            asked.append(trust)
            return sm.AuthChallengeDisposition.USE_CREDENTIAL, sm.URLCredential.trust(trust)

    asked: list[Any] = []
    assert load(MemoryNetwork(serve), "https://localhost/", trusting(authority), Trusting()) == b"hello"
    assert len(asked) == 1


def test_a_server_that_says_nothing_more_is_not_collected(clock: sm.VirtualClock) -> None:
    """It waits for ever, and nothing but the channel holds it; the connection stands until the idle time is over."""
    async def serve(peer: Peer) -> None:
        await peer.receive()
        await peer.send(GREETING[:-1])
        peer.start(helper(peer))
        await peer.sleep(math.inf)

    async def helper(peer: Peer) -> None:
        try:
            await peer.sleep(math.inf)
        finally:
            ended.append("helper")

    ended: list[str] = []
    clock._engine.clock.call_at(30 * SECOND, gc.collect)
    with sm.use_route(sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        with pytest.raises(sm.URLError) as failure:
            session.data("http://a.test/").result()
        assert (Code.TIMED_OUT, 60, []) == (failure.value.code, clock.now(), ended)


def test_what_never_begins_is_no_coroutine() -> None:
    """A block may end before it would: nobody is to be warned of a coroutine that was never awaited."""
    posted: list[Any] = []
    running: set[Routine] = set()
    Routine(lambda: pytest.fail("it was made"), lambda *call: posted.append(call), running)
    assert (1, 1) == (len(posted), len(running))
