"""The priority of a task: which of those that wait for a connection goes first."""
from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

asked: list[str] = []


async def serve(peer: Peer) -> None:
    """Answers a second after it was asked."""
    data = b""
    while piece := await peer.receive():
        data += piece
        if data.endswith(b"\r\n\r\n"):
            asked.append(data.split(b" ")[1].decode()[1:])
            data = b""
            await peer.sleep(1)
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    """With one connection, to a server that needs a second for each request."""
    asked.clear()
    network = MemoryNetwork()
    network.names["a.test"] = ["10.0.0.1"]
    network.listen(serve, "10.0.0.1", 80)
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_maximum_connections_per_host = 1
    with sm.virtual_time(), sm.use_route(sm.LiveRoute(network=network, trust_env=False)), sm.URLSession(configuration) as session:
        yield session


def tasks(session: sm.URLSession, **priorities: float) -> list[sm.URLSessionTask]:
    """A task for each name, resumed."""
    made = []
    for name, priority in priorities.items():
        task = session.data_task(f"http://a.test/{name}", lambda *_: None)
        task.priority = priority
        task.resume()
        made.append(task)
    return made


def test_the_most_urgent_of_those_that_wait_goes_first(session: sm.URLSession) -> None:
    """And those of one priority in the order in which they came. The first has its connection before any other is there."""
    tasks(session, a=0.5, b=sm.URLSessionTask.LOW_PRIORITY, c=sm.URLSessionTask.HIGH_PRIORITY, d=0.5, e=0.75, f=7)
    with session:
        pass
    assert "afcedb" == "".join(asked)


def test_a_priority_that_changes_while_a_task_waits_counts(session: sm.URLSession) -> None:
    """Behind those that have had it for longer; for a task that has its connection it changes nothing."""
    first, second, third, *_, last = tasks(session, a=0.5, b=0.5, c=0.5, d=0.75, e=0.5)
    first.priority = 0.0
    last.priority = 0.75
    second.priority = 0.1
    with session:
        pass
    assert "adecb" == "".join(asked)
    assert (0.0, 0.5) == (first.priority, third.priority)


def test_a_task_that_is_suspended_while_it_waits_lets_the_others_pass(session: sm.URLSession) -> None:
    """It takes no connection before it is resumed, also where nobody else is left, and may be cancelled instead."""
    _, urgent, gone, last = tasks(session, a=0.5, b=1.0, c=0.75, d=0.25)
    urgent.suspend()
    gone.suspend()
    session.data("http://a.test/e").result()
    while last.state is not sm.TaskState.COMPLETED:
        session.data("http://a.test/f").result()
    assert not {"b", "c"} & {*asked}
    gone.cancel()
    urgent.resume()
    with session:
        pass
    assert "b" == asked[-1]
    assert "c" not in asked
    assert sm.TaskState.COMPLETED is urgent.state is gone.state


@pytest.mark.parametrize("wrong", ["high", None, math.nan, True, b"1"])
def test_what_is_no_priority_is_refused(session: sm.URLSession, wrong: Any) -> None:
    """With the value, and the priority stays."""
    task = session.data_task("http://a.test/", lambda *_: None)
    with pytest.raises(sm.InvalidArgumentException, match=r"priority was given .*; it takes a number"):
        task.priority = wrong
    assert 0.5 == task.priority
    task.priority = math.inf
    assert 1.0 == task.priority
    task.cancel()
