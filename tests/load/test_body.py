"""The body of a request: at first, again, and elsewhere."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionmock.core.machine import Event, Phase
from sessionmock.errors import Code, URLError
from sessionmock.load.body import send_again, stream_came
from sessionmock.models.body import FileStream, IterableStream, SizedStream
from sessionmock.models.request import URLRequest

from .doubles import URL, Parts, head

NEW = f"{URL}new"


def sent(parts: Parts) -> list[Any]:
    """What submitting sends."""
    found: list[Any] = []
    parts.body.submit(lambda request, body, **how: found.append((request, body, how)))      # type: ignore[arg-type]
    return found


def streamed(parts: Parts) -> IterableStream:
    """The body is a stream that can be read once; as a task makes it of its request's."""
    stream = IterableStream([b"body"])
    parts.transfer.body, parts.transfer.total = stream, -1
    return stream


def test_a_request_is_sent_with_its_body() -> None:
    """From its start: what an exchange before had sent does not count."""
    parts = Parts(body=b"body")
    parts.transfer.sent = 3
    assert [(parts.transfer.request, b"body", {})] == sent(parts)
    assert (0, False) == (parts.transfer.sent, parts.body.is_upload)


@pytest.mark.parametrize(("values", "body", "total"), [
    ({"http_body": b"new"}, b"new", 3), ({}, None, 0), ({"http_body_stream": (stream := IterableStream([b"new"]))}, stream, -1)])
def test_a_request_that_is_put_in_place_brings_its_own_body(values: Any, body: Any, total: int) -> None:
    """Bytes, none, or a stream."""
    parts = Parts(body=b"body")
    parts.body.take(URLRequest(NEW, "POST", **values))
    assert (body, total) == (parts.transfer.body, parts.transfer.total)


def test_a_stream_has_the_length_that_its_request_announces() -> None:
    """By Content-Length, where nothing else tells one."""
    parts = Parts()
    request = URLRequest(NEW, "POST", http_body_stream=[b"new"])
    request.set_value("3", "Content-Length")
    parts.body.take(request)
    assert (True, 3) == (isinstance(parts.transfer.body, SizedStream), parts.transfer.total)


@pytest.mark.parametrize("keeps", [True, False])
def test_the_next_hop_is_sent_with_the_body_that_its_request_has(keeps: bool) -> None:
    """Also where the delegate changed it."""
    parts = Parts(body=b"body")
    assert parts.body.carry(URLRequest(NEW, "POST", http_body=b"changed"), keeps)
    assert b"changed" == parts.transfer.body


def test_a_stream_that_was_read_has_to_be_supplied_again() -> None:
    """Where the next hop has the same one; another stream is sent as it is."""
    request = URLRequest(URL, "POST", http_body_stream=[b"body"])
    parts = Parts(request=request)
    streamed(parts)
    following = request.copy()
    assert not parts.body.carry(following, True)
    following.http_body_stream = [b"other"]
    assert parts.body.carry(following, True)


def test_a_file_is_sent_again_from_its_start(tmp_path: Path) -> None:
    """As it is now."""
    path = tmp_path / "body"
    path.write_bytes(b"body")
    stream = FileStream(path)
    request = URLRequest(URL, "POST", http_body_stream=stream)
    parts = Parts(request=request)
    parts.transfer.body = stream
    path.write_bytes(b"longer")
    assert parts.body.carry(request.copy(), True)
    assert isinstance(parts.transfer.body, FileStream)
    assert (6, True) == (parts.transfer.body.length, parts.transfer.body is not stream)


@pytest.mark.parametrize(("body", "effects"), [(b"body", ["DROP", "OPEN"]), (None, ["DROP", "OPEN"]), ("stream", ["DROP", "ASK_STREAM"])])
def test_the_request_is_sent_once_more(body: Any, effects: list[str]) -> None:
    """A stream that was read is asked for before that."""
    parts = Parts(body=None if body == "stream" else body)
    if body == "stream":
        streamed(parts)
    parts.runs(Phase.CHALLENGED)
    parts.body.send_again()
    assert effects == parts.owner.names()
    parts.machine.phase = Phase.CHALLENGED
    send_again(parts.transfer, parts.inbox)
    assert 2 * effects == parts.owner.names()


class Supplying:
    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        return self.stream


def test_the_delegate_supplies_a_stream() -> None:
    """Whatever can be one; it has the length that the request announces."""
    request = URLRequest(URL, "POST")
    request.set_value("4", "Content-Length")
    parts = Parts(Supplying([b"body"]), request)
    parts.runs(Phase.NEEDING_STREAM)
    parts.body.ask_stream()
    parts.queue.run()
    [(_, stream)] = [note for note in parts.owner.notes if note[0] == "OPEN"]
    assert (4, b"body", Phase.LOADING) == (stream.length, stream.read(10), parts.machine.phase)


@pytest.mark.parametrize("delegate", [None, Supplying(None)])
def test_without_a_stream_the_load_fails(delegate: Any) -> None:
    """-1021."""
    parts = Parts(delegate)
    parts.runs(Phase.NEEDING_STREAM)
    parts.body.ask_stream()
    parts.queue.run()
    assert Code.REQUEST_BODY_STREAM_EXHAUSTED is next(note[1] for note in parts.owner.notes if note[0] == "FAIL").code
    other = Parts()
    other.runs(Phase.NEEDING_STREAM)
    stream_came(other.inbox, None)
    assert ["ABORT", "FAIL"] == other.owner.names()


def test_a_body_that_is_the_requests_has_no_matter_of_its_own() -> None:
    """Events and heads go their way, and nothing is left to go on with."""
    parts = Parts(body=b"body")
    final, error = head(), URLError(Code.NETWORK_CONNECTION_LOST)
    assert not parts.body.intercept(Event.FAILED, error)
    assert parts.body.adjusted(final, None) is final      # type: ignore[arg-type]
    assert parts.body.resume_data() is None
    parts.body.failed(error)
    assert {} == error.user_info
