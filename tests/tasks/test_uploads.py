"""Uploads: streamed, held back, ended early, sent again."""
from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.formparser import parse_form_data
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

import sessionmock as sm
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE, Answering, Ending

BODY = os.urandom(1 << 20)
ANN = sm.URLCredential("ann", "secret", sm.CredentialPersistence.NONE)

def counting(peer: Peer) -> None:
    """Answers with the length of each body, of which nothing is kept."""
    while peer.read_head():
        peer.reply(str(peer.discard(int(peer.field("content-length") or 0))).encode())


def test_missing_file_fails_at_run_time(session: Any, tmp_path: Path) -> None:
    """What is wrong with the file is told when the task runs: -1100 where there is none, -1101 for a folder, -1102 for what is no regular
    file. No server hears of it."""
    os.mkfifo(tmp_path / "pipe")
    with Origin(counting) as server:
        for place, code in ((tmp_path / "none", -1100), (tmp_path, -1101), (tmp_path / "pipe", -1102), ("/dev/zero", -1102)):
            loading = session.upload(sm.URLRequest(server.url, "PUT"), from_file=place)
            with pytest.raises(sm.URLError) as caught:
                loading.result(PATIENCE)
            assert code == caught.value.code
    assert [] == server.heads


@pytest.mark.parametrize("source", [{"from_data": 5}, {"from_data": "text"}, {"from_data": [1]}, {"from_file": 0}, {"from_file": sys.stdin},
                                    {"from_data": b"x", "from_file": "x"}])
def test_what_is_no_body_is_refused_by_name(source: dict[str, Any], session: Any) -> None:
    """A number is not so many zeros, and an open file no path."""
    with pytest.raises(sm.InvalidArgumentException, match=f"upload_task.*{next(iter(source))}"):
        session.upload_task("http://127.0.0.1:1/", **source)


def test_an_url_alone_is_posted_to(session: Any) -> None:
    """Whichever way the body comes."""
    tasks = [session.upload_task("http://127.0.0.1:1/", b"x"), session.upload_task(streamed_request="http://127.0.0.1:1/")]
    assert ["POST", "POST"] == [task.original_request.http_method for task in tasks]
    for task in tasks:
        task.cancel()


def test_a_file_is_taken_as_it_is_when_the_task_runs(session: Any, tmp_path: Path) -> None:
    """Written or changed after the task was made, it is sent whole, with its length."""
    path = tmp_path / "body"
    with Origin(counting) as server:
        tasks = [session.upload_task(sm.URLRequest(server.url, "PUT"), from_file=path)]
        path.write_bytes(b"x" * 10)
        tasks.append(session.upload_task(sm.URLRequest(server.url, "PUT"), from_file=path))
        path.write_bytes(b"y" * 20)
        for task in tasks:
            task.delegate = ending = Ending()
            task.resume()
            assert ending.wait() is None
            assert (20, 20) == (task.count_of_bytes_sent, task.count_of_bytes_expected_to_send)
    assert 2 == len(server.heads)
    assert all("Content-Length: 20\r\n" in f"{head}\r\n" for head in server.heads)


def test_a_file_cut_short_on_its_way_fails_its_upload(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """-1021, once the missing end is seen: in the middle of sending, where the server takes its time. Nothing else is reported."""
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    path = tmp_path / "body"
    path.write_bytes(bytes(8 << 20))

    def slowly(peer: Peer) -> None:
        peer.read_head()
        os.truncate(path, 5 << 20)
        while peer.sock.recv(65536):
            pass

    with Origin(slowly) as server, pytest.raises(sm.URLError) as caught:
        session.upload(sm.URLRequest(server.url, "PUT"), from_file=path).result(PATIENCE)
    assert sm.URLError.Code.REQUEST_BODY_STREAM_EXHAUSTED == caught.value.code
    session.data("data:,settled").result(PATIENCE)
    assert [] == reported


def test_refused_expectation_saves_the_body(session: Any) -> None:
    """A final answer in place of 100 Continue is the response, and the body stays where it is."""
    sent: list[bytes] = []

    def serve(peer: Peer) -> None:
        peer.read_head()
        peer.reply(b"too large", "Connection: close", status="413 Content Too Large")
        try:
            sent.append(peer.buffer + peer.sock.recv(65536))
        except ConnectionError:
            sent.append(peer.buffer)

    request = sm.URLRequest("", "PUT", all_http_header_fields={"Expect": "100-continue"})
    with Origin(serve) as server:
        request.url = server.url
        data, response = session.upload(request, BODY).result(PATIENCE)
    assert (413, b"too large", [b""]) == (response.status_code, data, sent)


@pytest.mark.parametrize("kind", ["data", "file", "stream"])
def test_early_answer_ends_the_upload(kind: str, session: Any, tmp_path: Path) -> None:
    """A 413 in the middle of the body is the response: the rest is not sent."""
    size, answered = 64 << 20, threading.Event()

    def serve(peer: Peer) -> None:
        peer.read_head()
        peer.discard(100_000)
        peer.reply(b"too large", "Connection: close", status="413 Content Too Large")
        assert answered.wait(PATIENCE)
        while peer.sock.recv(1 << 20):
            pass

    file = tmp_path / "large"
    with file.open("wb") as made:
        made.truncate(size)
    with Origin(serve) as server:
        if kind == "stream":
            loading = session.data(sm.URLRequest(server.url, "PUT", http_body_stream=sm.InputStream(path=file)))
        else:
            source: dict[str, Any] = {"from_file": file} if kind == "file" else {"from_data": bytes(size)}
            loading = session.upload(sm.URLRequest(server.url, "PUT"), **source)
        data, response = loading.result(PATIENCE)
        answered.set()
        assert (413, b"too large") == (response.status_code, data)
        assert 100_000 <= loading.task.count_of_bytes_sent < size


@pytest.mark.parametrize("kind", ["streamed", "http_body_stream"])
def test_a_stream_whose_length_is_announced_is_not_chunked(kind: str) -> None:
    """A Content-Length that the user sets is how long the stream is: on the wire, and in what the delegate hears."""
    delegate = Supplying(sm.InputStream(b"streamed"))
    with Origin(counting) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        request = sm.URLRequest(server.url, "POST", all_http_header_fields={"Content-Length": "8"})
        if kind == "streamed":
            task: Any = session.upload_task(streamed_request=request)
        else:
            request.http_body_stream = sm.InputStream(b"streamed")
            task = session.data_task(request)
        assert 8 == task.count_of_bytes_expected_to_send
        task.resume()
        assert delegate.wait() is None
    assert [(8, 8)] == delegate.progress
    assert b"8" == delegate.body
    assert ["Content-Length: 8"] == [line for line in server.heads[0].split("\r\n") if line.lower().startswith(("content-l", "transfer"))]


@pytest.mark.parametrize("announced", ["7", "9"])
def test_a_stream_of_another_length_than_announced_fails(announced: str) -> None:
    """-1021: a request that looks complete to the server and is not would be worse."""
    delegate = Supplying(sm.InputStream(b"streamed"))
    with Origin(counting) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        request = sm.URLRequest(server.url, "POST", all_http_header_fields={"Content-Length": announced})
        session.upload_task(streamed_request=request).resume()
        assert -1021 == delegate.code()


# sent again ---------------------------------------------------------------------------------------------------------
class Twice(Origin):
    """Refuses or redirects the first request after its body; answers with the sum of what the second one brought."""

    def __init__(self, status: int) -> None:
        super().__init__(self.serve)
        self.status = status
        self.sums: list[str] = []

    def serve(self, peer: Peer) -> None:
        while peer.read_head():
            self.sums.append(hashlib.sha256(peer.read_body()).hexdigest())
            if len(self.sums) >= 2:
                peer.reply(self.sums[-1].encode())
            elif self.status == 401:
                peer.reply(b"who?", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")
            else:
                peer.reply(b"there", "Location: /there", status=f"{self.status} Redirect")


class Supplying(Answering):
    """Supplies streams."""

    def __init__(self, *streams: Any) -> None:
        super().__init__(ANN)
        self.streams = list(streams)
        self.progress: list[tuple[int, int]] = []
        self.asked = 0

    def task_need_new_body_stream(self, session: Any, task: Any, completion_handler: Any) -> None:
        self.asked += 1
        completion_handler(self.streams.pop(0))

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None:
        self.progress.append((total, expected))


@pytest.mark.parametrize("status", [307, 308, 401])
@pytest.mark.parametrize("kind", ["data", "file", "stream", "path", "generator", "http_body"])
def test_body_is_sent_again(kind: str, status: int, tmp_path: Path) -> None:
    """After a 307, 308 and 401 the whole body goes out once more: from data and from a file by itself, from streams that the
    delegate is asked for each time."""
    file = tmp_path / "body"
    file.write_bytes(BODY)
    pieces = [BODY[start:start + 70_000] for start in range(0, len(BODY), 70_000)]
    streams: dict[str, Any] = {
        "stream": lambda: sm.InputStream(BODY), "path": lambda: sm.InputStream(path=file), "generator": lambda: (piece for piece in pieces)}
    delegate = Supplying(*(streams[kind](), streams[kind]()) if kind in streams else ())
    expected = -1 if kind in streams else len(BODY)
    with Twice(status) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        request = sm.URLRequest(server.url, "POST")
        if kind in streams:
            task: Any = session.upload_task(streamed_request=request)
        elif kind == "http_body":
            request.http_body = BODY
            task = session.data_task(request)
        else:
            task = session.upload_task(request, from_file=file) if kind == "file" else session.upload_task(request, from_data=BODY)
        assert expected == task.count_of_bytes_expected_to_send
        task.resume()
        assert delegate.wait() is None
    assert [hashlib.sha256(BODY).hexdigest()] * 2 == server.sums
    assert server.sums[0] == delegate.body.decode()
    assert (2 if kind in streams else 0) == delegate.asked
    assert 2 == delegate.progress.count((len(BODY), expected))
    assert len(BODY) == task.count_of_bytes_sent


@pytest.mark.parametrize("status", [307, 308, 401])
def test_form_with_a_file_is_sent_again(status: int, tmp_path: Path) -> None:
    """A form's files are read once more for the second request, and for another task with the same request; nobody is asked."""
    file = tmp_path / "body"
    file.write_bytes(BODY)
    delegate = Supplying()
    with Twice(status) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        request = sm.URLRequest.multipart(server.url, {"name": "ann"}, {"file": file, "note": b"memory"})
        session.data_task(request).resume()
        assert delegate.wait() is None
        session.data_task(request).resume()
        assert delegate.wait() is None
    assert [server.sums[0]] * 3 == server.sums
    assert 0 == delegate.asked


def test_form_without_its_file_fails_before_it_is_sent(session: Any, tmp_path: Path) -> None:
    """As an upload does: -1100, and no server hears of it."""
    with Origin(counting) as server, pytest.raises(sm.URLError) as caught:
        session.data(sm.URLRequest.multipart(server.url, files={"file": tmp_path / "none"})).result(PATIENCE)
    assert sm.URLError.Code.FILE_DOES_NOT_EXIST == caught.value.code
    assert [] == server.heads


@pytest.mark.parametrize("status", [307, 401])
@pytest.mark.parametrize("answers", [True, False], ids=["none given", "nobody to ask"])
def test_stream_that_cannot_be_had_again_fails(answers: bool, status: int) -> None:
    """Without a new stream for the second time the task ends with -1021: with and without the delegate's method."""
    delegate = Supplying(None) if answers else Answering(ANN)
    with Twice(status) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(sm.URLRequest(server.url, "POST", http_body_stream=sm.InputStream(BODY))).resume()
        assert -1021 == delegate.code()
    assert 1 == len(server.sums)


def test_streamed_task_without_a_delegate_fails() -> None:
    """A streamed upload that nobody supplies ends with -1021 before anything is sent."""
    delegate = Ending()
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.upload_task(streamed_request=sm.URLRequest("http://127.0.0.1:1/", "POST")).resume()
        assert -1021 == delegate.code()


# forms, read by werkzeug --------------------------------------------------------------------------------------------
class Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *arguments: Any) -> None: ...


def parsed(environment: Any, start_response: Any) -> Any:
    """What werkzeug makes of a form."""
    request = Request(environment)
    _, form, files = parse_form_data(environment)
    lines = [f"{name}={value!r}" for name, value in form.items(multi=True)]
    for name, file in files.items(multi=True):
        content = file.read()
        file.close()
        lines.append(f"{name}: {file.filename!r} {file.mimetype} {len(content)} {hashlib.sha256(content).hexdigest()}")
    lines.append(f"length {request.content_length}")
    return Response("\n".join(lines))(environment, start_response)


@pytest.fixture(scope="module")
def werkzeug() -> Iterator[str]:
    """The URL of a werkzeug server that parses forms."""
    server = make_server("127.0.0.1", 0, parsed, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join(PATIENCE)
    server.server_close()


def test_multipart_is_what_werkzeug_reads(werkzeug: str, session: Any, tmp_path: Path) -> None:
    """Fields, files in memory and a file that is streamed arrive as they were given, whatever their names are."""
    file = tmp_path / 'zwölf "q".bin'
    file.write_bytes(BODY)
    fields = [("a", "1"), ("a", "zwei"), ("näme", "grüße\r\nzwei"), ("empty", "")]
    request = sm.URLRequest.multipart(werkzeug, fields, [
        ("file", file), ("memory", ("naïve.txt", b"\r\n--x--\r\n", "text/x")), ("text", ("t.txt", "text")), ("nothing", ("n", b""))])
    data, response = session.data(request).result(PATIENCE)
    lines = data.decode().split("\n")
    sums = [hashlib.sha256(content).hexdigest() for content in (BODY, b"\r\n--x--\r\n", b"text", b"")]
    assert [
        "a='1'", "a='zwei'", "näme='grüße\\r\\nzwei'", "empty=''",
        f"file: 'zwölf \"q\".bin' application/octet-stream {len(BODY)} {sums[0]}",
        f"memory: 'naïve.txt' text/x 9 {sums[1]}", f"text: 't.txt' text/plain 4 {sums[2]}",
        f"nothing: 'n' application/octet-stream 0 {sums[3]}"] == [line.replace("%22", '"') for line in lines[:-1]]
    assert len(BODY) < int(lines[-1].removeprefix("length "))
    assert 200 == response.status_code


def test_urlencoded_is_what_werkzeug_reads(werkzeug: str, session: Any) -> None:
    """A form of text arrives as it was given."""
    data, _ = session.data(sm.URLRequest.form(werkzeug, [("a b", "1&2=3+4"), ("ü", "€"), ("a b", "")])).result(PATIENCE)
    assert sorted(["a b='1&2=3+4'", "ü='€'", "a b=''"]) == sorted(data.decode().split("\n")[:-1])
