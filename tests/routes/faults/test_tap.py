"""The tap on real sockets, where files go past this process and connections are kept."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import use_faults
from sessionmock.faults.plan import FaultPlan
from tests.routes.live.peers import Peer
from tests.routes.live.socket_world import SocketOrigin

PATIENCE = 20.0
at = FaultPlan().at


async def echo(peer: Peer) -> None:
    """Answers each request with the number of bytes of its body."""
    while await peer.read_head():
        size = str(len(await peer.read_body())).encode()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(size), size))


@pytest.fixture
def origin() -> Any:
    with SocketOrigin(echo, None, "127.0.0.1") as made:
        yield made


def upload(origin: Any, file: Path, plan: FaultPlan) -> tuple[Any, Any, Faults]:
    """What an upload of `file` comes to: its error, its task and the faults."""
    faults = Faults(plan)
    with sm.use_route(sm.LiveRoute(trust_env=False)), use_faults(faults), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        loading = session.upload(sm.URLRequest(origin.url, "POST"), from_file=file)
        try:
            body, _ = loading.result(PATIENCE)
            return body, loading.task, faults
        except sm.URLError as error:
            return error, loading.task, faults


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(os.urandom(1024) * 2048)
    return path


def test_a_file_does_not_go_past_it(origin: Any, file: Path) -> None:
    """It breaks off at the very byte, which is what the task has sent."""
    error, task, faults = upload(origin, file, at("write.body", byte=1_500_000).reset())
    assert (-1005, 1_500_000, 1) == (error.code, task.count_of_bytes_sent, len(faults.fired))


def test_a_file_whose_upload_is_not_spoilt_arrives_whole(origin: Any, file: Path) -> None:
    """Through the tap, at no other pace than the server takes it."""
    body, task, _ = upload(origin, file, at("body", byte=10**9, optional=True).reset())
    assert (b"2097152", 2_097_152) == (body, task.count_of_bytes_sent)


def test_a_connection_is_kept_after_faults_that_left_it_whole(origin: Any) -> None:
    """The tap is off when its exchange is over; a connection on which something is still to come is not kept."""
    faults = Faults(at("body", first=1).slice(1).at("head", nth=3).delay(0))
    with sm.use_route(sm.LiveRoute(trust_env=False)), use_faults(faults), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert [b"0"] * 3 == [session.data(origin.url).result(PATIENCE)[0] for _ in range(3)]
        assert 1 == origin.connections
    assert 2 == len(faults.fired)


def test_a_kept_connection_dies(origin: Any) -> None:
    """Under a GET: sent again on a new one."""
    faults = Faults(at("reuse").end())
    with sm.use_route(sm.LiveRoute(trust_env=False)), use_faults(faults), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert [b"0"] * 2 == [session.data(origin.url).result(PATIENCE)[0] for _ in range(2)]
    assert (2, 1) == (origin.connections, len(faults.fired))


def test_a_connection_is_kept_beneath_an_answer_that_goes_wrong_after_it(origin: Any) -> None:
    """Where another line may put an answer in the place of the server's: the route is asked from a server in memory, whose connection it
    is that breaks."""
    faults = Faults(at("body", first=1).reset().at("head", nth=2).status(503))
    statuses = []
    with sm.use_route(sm.LiveRoute(trust_env=False)), use_faults(faults), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        for _ in range(3):
            try:
                statuses.append(session.data(origin.url).result(PATIENCE)[1].status_code)
            except sm.URLError as error:
                statuses.append(error.code)
    assert [sm.URLError.Code.NETWORK_CONNECTION_LOST, 503, 200] == statuses
    assert 1 == origin.connections


async def until_close(peer: Peer) -> None:
    """Says nothing of the length of its answer."""
    await peer.read_head()
    await peer.send(b"HTTP/1.1 200 OK\r\n\r\nabcdef")


def test_a_bad_chunk_in_a_body_that_ends_with_its_connection() -> None:
    """It comes in chunks then, as any other would: nothing that is no body is taken for it."""
    with SocketOrigin(until_close, None, "127.0.0.1") as origin, sm.use_route(sm.LiveRoute(trust_env=False)), \
            sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        with use_faults(Faults(at("body", byte=3).malformed("chunk"))), pytest.raises(sm.URLError) as failure:
            session.data(origin.url).result(PATIENCE)
        assert sm.URLError.Code.CANNOT_PARSE_RESPONSE == failure.value.code
        with use_faults(Faults(at("body", byte=7, optional=True).malformed("chunk"))):
            assert b"abcdef" == session.data(origin.url).result(PATIENCE)[0]
