"""What a delegate makes of a redirect: the request that it answers with is the one that is sent (I21)."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import Collecting

Change = Callable[[sm.URLRequest], sm.URLRequest | None]


class Changing(Collecting):
    """Answers redirects by `change`, and supplies streams."""

    def __init__(self, change: Change, *streams: bytes) -> None:
        super().__init__()
        self.change, self.streams = change, list(streams)
        self.sent: list[tuple[int, int]] = []

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: sm.URLRequest) -> Any:
        return self.change(request)

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        return sm.InputStream(self.streams.pop(0)) if self.streams else None

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None:
        self.sent.append((total, expected))


def leading(status: int) -> Callable[[Peer], None]:
    """A server whose /a leads to /b, which answers with the request that it got: method, framing and body."""
    def script(peer: Peer) -> None:
        while head := peer.read_head():
            method, path = head.split(b" ")[:2]
            framing = (peer.field("content-length") or peer.field("transfer-encoding") or "none").encode()
            body = peer.read_body()
            if path == b"/a":
                peer.reply(b"", "Location: /b", status=f"{status} Elsewhere")
            else:
                peer.reply(b" ".join((method, framing, body)))
    return script


def load(status: int, delegate: Changing, make: Callable[[sm.URLSession, str], sm.URLSessionTask]) -> sm.URLSessionTask:
    with Origin(leading(status)) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = make(session, f"{server.url}/a")
        task.resume()
    return task


def giving(**members: Any) -> Change:
    def change(request: sm.URLRequest) -> sm.URLRequest:
        for name, value in members.items():
            setattr(request, name, value)
        return request
    return change


@pytest.mark.parametrize(("status", "change", "arrives"), [
    (307, giving(http_body=b"another one"), b"POST 11 another one"),
    (307, giving(http_body=None), b"POST 0 "),
    (307, giving(http_method="PUT"), b"PUT 3 x=1"),
    (307, giving(http_body_stream=sm.InputStream(b"streamed")), b"POST chunked streamed"),
    (302, giving(), b"GET none "),
    (302, giving(http_method="POST", http_body=b"another one"), b"POST 11 another one"),
    (302, giving(http_method="DELETE"), b"DELETE 0 "),
])
def test_body_is_that_of_the_delegates_request(status: int, change: Change, arrives: bytes) -> None:
    """The next hop has the body of the request that the delegate answered with, given, taken away or left as it was."""
    delegate = Changing(change)
    task = load(status, delegate, lambda session, url: session.data_task(sm.URLRequest(url, "POST", b"x=1")))
    assert delegate.wait() is None
    assert arrives == delegate.body
    length = arrives.split(b" ")[1].decode()
    assert {"chunked": -1, "none": 0}.get(length, int(length) if length.isdigit() else 0) == task.count_of_bytes_expected_to_send


def test_request_of_the_delegates_own() -> None:
    """A request that the delegate made itself is followed as it is, body and all; a GET with one is refused (-1103)."""
    def other(request: sm.URLRequest) -> sm.URLRequest:
        return sm.URLRequest(request.url, "PATCH", b"fresh")

    delegate = Changing(other)
    load(302, delegate, lambda session, url: session.data_task(url))
    assert delegate.wait() is None
    assert b"PATCH 5 fresh" == delegate.body
    assert [(5, 5)] == delegate.sent

    delegate = Changing(giving(http_body=b"of a GET"))
    load(302, delegate, lambda session, url: session.data_task(url))
    assert -1103 == delegate.code()


@pytest.mark.parametrize(("status", "method", "arrives"), [
    (307, "PUT", b"PUT 7 payload"), (303, "GET", b"GET none "), (307, "GET", b"GET none "),
])
def test_upload_keeps_its_body_whatever_the_method(status: int, method: str, arrives: bytes, tmp_path: Path) -> None:
    """The body of an upload from data or a file goes along where the redirect keeps bodies, also by another method, but not by GET."""
    file = tmp_path / "body"
    file.write_bytes(b"payload")
    for source in ({"from_data": b"payload"}, {"from_file": file}):
        delegate = Changing(giving(http_method=method))
        load(status, delegate, lambda session, url, source=source: session.upload_task(sm.URLRequest(url, "POST"), **source))
        assert delegate.wait() is None
        assert arrives == delegate.body


@pytest.mark.parametrize(("status", "method", "streams", "arrives"), [
    (307, "POST", (b"one", b"two"), b"POST chunked two"), (307, "PUT", (b"one", b"two"), b"PUT chunked two"),
    (302, "GET", (b"one",), b"GET none "), (307, "GET", (b"one",), b"GET none "),
])
def test_streamed_upload_asks_for_its_stream_again(status: int, method: str, streams: tuple[bytes, ...], arrives: bytes) -> None:
    """A streamed upload is asked for a new stream at each hop that has a body, whatever its method has become."""
    delegate = Changing(giving(http_method=method), *streams)
    load(status, delegate, lambda session, url: session.upload_task(streamed_request=sm.URLRequest(url, "POST")))
    assert delegate.wait() is None
    assert arrives == delegate.body
    assert [] == delegate.streams
