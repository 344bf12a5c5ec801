"""Uploads that go on after a loss: draft-ietf-httpbis-resumable-upload, spoken by a server of our own."""
from __future__ import annotations

import base64
import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.resume_data import DownloadResumeData, UploadResumeData, decode
from tests.engine.server import run_program
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE, Ending

BODY = bytes(range(256)) + b"!"
BIG = hashlib.shake_256(b"big").digest(400_000)
LOST, TIMED_OUT, CANCELLED, BAD_RESPONSE, NO_STREAM, NO_FILE, NO_HTTP = -1005, -1001, -999, -1011, -1021, -1100, -1017
ANN = {"Authorization": f"Basic {base64.b64encode(b'ann:secret').decode()}"}


@dataclass
class Upload:
    """An upload as the server has it."""

    body: bytearray = field(default_factory=bytearray)
    complete: bool = False


class Store(Origin):
    """Takes uploads anywhere, each as a resource of its own below /uploads.

    `cuts` says for one request with a body after the other how many bytes are taken until the connection is closed, None
    for all; `silent` to stop reading instead. `answers` are given, as they are, to whatever begins with their key. What is
    all there is answered once with nothing (`loses_answer`) or `last`, and the connection is closed.
    """

    def __init__(self, *cuts: int | None, knows: bool = True, silent: bool = False, answers: dict[str, list[Any]] | None = None,
                 location: str = "/uploads/{}", loses_answer: bool = False, user: bool = False, last: bytes = b"") -> None:
        super().__init__(self.serve)
        self.cuts, self.knows, self.silent, self.answers = list(cuts), knows, silent, answers or {}
        self.location, self.loses_answer, self.user, self.last = location, loses_answer, user, last
        self.uploads: list[Upload] = []
        self.finished: bytes | None = None
        self.held, self.leave = threading.Event(), threading.Event()

    def __exit__(self, *error: object) -> None:
        self.leave.set()
        super().__exit__(*error)

    @property
    def methods(self) -> list[str]:
        return [head.split(" ")[0] for head in self.heads]

    def fields(self, number: int) -> dict[str, str]:
        """Those of the request of that number."""
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in self.heads[number].split("\r\n")[1:])}

    def serve(self, peer: Peer) -> None:
        while (head := peer.read_head()) and self.answer(peer, *head.decode().split(" ")[:2]):
            pass

    def answer(self, peer: Peer, method: str, path: str) -> bool:
        for key, given in self.answers.items():
            if f"{method} {path}".startswith(key) and given:
                peer.read_body()
                peer.reply(b"", *given[0][1:], status=given.pop(0)[0])
                return True
        if self.user and not peer.field("authorization"):
            peer.read_body()
            peer.reply(b"", 'WWW-Authenticate: Basic realm="store"', status="401 Unauthorized")
            return True
        if method == "HEAD":
            upload = self.uploads[int(path.rpartition("/")[2])]
            peer.send(f"HTTP/1.1 204 No Content\r\nUpload-Offset: {len(upload.body)}\r\n{self.completeness(peer, upload)}\r\n\r\n".encode())
            return True
        if method == "PATCH":
            upload = self.uploads[int(path.rpartition("/")[2])]
            if peer.field("upload-offset") != str(len(upload.body)) or upload.complete:
                peer.read_body()
                peer.reply(b"", status="409 Conflict")
                return True
        elif method == "GET":
            peer.reply(b"found")
            return True
        else:
            upload = Upload()
            self.uploads.append(upload)
            if self.knows:
                location = self.location.format(len(self.uploads) - 1)
                peer.send(f"HTTP/1.1 104 Upload Resumption Supported\r\nLocation: {location}\r\n\r\n".encode())
        if not self.take(peer, upload):
            return False
        upload.complete = True
        if self.loses_answer or self.last:
            peer.send(self.last)
            self.loses_answer, self.last = False, b""
            return False
        self.finished = bytes(upload.body)
        peer.reply(f"{method} {len(upload.body)}".encode(), "X-Answer: yes", status="201 Created")
        return True

    def completeness(self, peer: Peer, upload: Upload) -> str:
        if peer.field("upload-draft-interop-version") == "3":
            return f"Upload-Incomplete: ?{int(not upload.complete)}"
        return f"Upload-Complete: ?{int(upload.complete)}"

    def take(self, peer: Peer, upload: Upload) -> bool:
        """Read the body; False where it is cut."""
        cut = self.cuts.pop(0) if self.cuts else None
        if peer.field("transfer-encoding"):
            whole = peer.read_body() if cut is None else peer.read(int(peer.read_line(), 16))
        else:
            size = int(peer.field("content-length") or 0)
            whole = peer.read(size if cut is None else min(cut, size))
        upload.body += whole[:cut]
        if cut is not None and self.silent:
            self.held.set()
            self.leave.wait(PATIENCE)
        return cut is None


class Watching(Ending):
    """Keeps what is told of an upload."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[int, int, int]] = []
        self.informed: queue.Queue[sm.HTTPURLResponse] = queue.Queue()
        self.metrics: list[sm.URLSessionTaskMetrics] = []
        self.asked: list[int] = []

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None:
        self.sent.append((sent, total, expected))

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None:
        self.informed.put(response)

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self.metrics.append(metrics)


class Streaming(Watching):
    """Supplies a stream that can be read once."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        self.asked.append(-1)
        return sm.InputStream(self.body)

    def task_need_new_body_stream_from_offset(self, session: Any, task: Any, offset: int, completion_handler: Callable[[Any], None]) -> None:
        self.asked.append(offset)
        completion_handler(sm.InputStream(self.body[offset:]))


class OnlyOnce(Watching):
    """Supplies a stream, and never from an offset."""

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        return sm.InputStream(BODY)


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as made:
        yield made


def watched(delegate: Any, **configuration: Any) -> sm.URLSession:
    settings = sm.URLSessionConfiguration.ephemeral()
    for name, value in configuration.items():
        setattr(settings, name, value)
    return sm.URLSession(settings, delegate)


def post(store: Origin, path: str = "/new", method: str = "POST", **fields: str) -> sm.URLRequest:
    request = sm.URLRequest(f"{store.url}{path}", method)
    for name, value in fields.items():
        request.set_value(value, name.replace("_", "-"))
    return request


def stopped(session: sm.URLSession, store: Store, **source: Any) -> bytes:
    """The resume data of an upload that was lost twice."""
    with pytest.raises(sm.URLError) as caught:
        session.upload(post(store), **source).result(PATIENCE)
    assert LOST == caught.value.code
    assert caught.value.upload_task_resume_data is not None
    return caught.value.upload_task_resume_data


@pytest.mark.parametrize(("version", "completeness"), [
    (None, ("upload-complete", "?1")), ("3", ("upload-incomplete", "?0")), ("5", ("upload-complete", "?1")),
])
def test_an_upload_offers_to_be_resumed(session: sm.URLSession, version: str | None, completeness: tuple[str, str]) -> None:
    """Each upload says which version of the draft it speaks and that its body is all of it; a data task does not."""
    fields = {} if version is None else {"Upload-Draft-Interop-Version": version}
    with Store(knows=False) as store:
        data, _ = session.upload(post(store, **fields), b"").result(PATIENCE)
        session.data(sm.URLRequest(f"{store.url}/data", "POST", BODY)).result(PATIENCE)
    assert b"POST 0" == data
    assert (version or "6", completeness[1]) == (store.fields(0)["upload-draft-interop-version"], store.fields(0)[completeness[0]])
    assert [] == [name for name in store.fields(1) if name.startswith("upload-")]


def test_the_sessions_fields_choose_the_version() -> None:
    """A session speaks the version that its additional header fields name."""
    with Store() as store, watched(None, http_additional_headers={"Upload-Draft-Interop-Version": "3"}) as session:
        session.upload(post(store), BODY).result(PATIENCE)
    assert ("3", "?0") == (store.fields(0)["upload-draft-interop-version"], store.fields(0)["upload-incomplete"])


@pytest.mark.parametrize("version", ["3", "6"])
@pytest.mark.parametrize("cut", [0, 1, 128, 256, 257])
@pytest.mark.parametrize("kind", ["data", "file"])
def test_a_loss_is_made_up_for_within_the_task(session: sm.URLSession, tmp_path: Path, version: str, cut: int, kind: str) -> None:
    """A connection lost after any number of bytes costs a HEAD and a PATCH, and what arrives is what was sent."""
    path = tmp_path / "body"
    path.write_bytes(BODY)
    with Store(cut) as store:
        request = post(store, upload_draft_interop_version=version, content_type="text/plain", x_key="k")
        data, response = session.upload(request, **({"from_data": BODY} if kind == "data" else {"from_file": path})).result(PATIENCE)
    assert (b"PATCH 257", 201, request.url) == (data, response.status_code, response.url)
    assert BODY == store.finished
    assert ["POST", "HEAD", "PATCH"] == store.methods
    assert [(version, "k"), (version, "k")] == [
        (store.fields(n)["upload-draft-interop-version"], store.fields(n)["x-key"]) for n in (1, 2)]
    assert (None if version == "3" else "application/partial-upload", str(cut), str(257 - cut)) == (
        store.fields(2).get("content-type"), store.fields(2)["upload-offset"], store.fields(2)["content-length"])
    assert ("?0" if version == "3" else "?1") == store.fields(2)["upload-incomplete" if version == "3" else "upload-complete"]


def test_progress_and_metrics_tell_of_the_second_attempt(tmp_path: Path) -> None:
    """The bytes sent count on from the server's offset, of the whole body; each request is a transaction; the 104 is told."""
    path = tmp_path / "body"
    path.write_bytes(BIG)
    watching = Watching()
    with Store(150_000) as store, watched(watching) as session:
        task = session.upload_task(post(store), from_file=path)
        task.resume()
        assert watching.wait() is None
    assert BIG == store.finished
    assert 104 == watching.informed.get(timeout=PATIENCE).status_code
    again = [index for index, (sent, total, _) in enumerate(watching.sent) if sent + 150_000 == total][-1]
    rest = watching.sent[again:]
    assert {len(BIG)} == {expected for _, _, expected in watching.sent}
    assert (len(BIG) - 150_000, len(BIG)) == (sum(sent for sent, _, _ in rest), rest[-1][1])
    assert len(BIG) == task.count_of_bytes_sent == task.count_of_bytes_expected_to_send
    transactions = watching.metrics[0].transaction_metrics
    assert [("POST", f"{store.url}/new"), ("HEAD", f"{store.url}/uploads/0"), ("PATCH", f"{store.url}/uploads/0")] == [
        (each.request.http_method, each.request.url) for each in transactions]
    assert len(BIG) - 150_000 == transactions[2].count_of_request_body_bytes_sent
    assert 0 == watching.metrics[0].redirect_count
    assert ("POST", f"{store.url}/new") == (task.current_request.http_method, task.current_request.url)


@pytest.mark.parametrize("kind", ["data", "file"])
@pytest.mark.parametrize("second", [0, 57])
def test_what_is_lost_twice_leaves_resume_data(session: sm.URLSession, tmp_path: Path, kind: str, second: int) -> None:
    """The task makes one attempt; then its error holds what another task goes on with, to the byte."""
    path = tmp_path / "body"
    path.write_bytes(BODY)
    with Store(100, second) as store:
        blob = stopped(session, store, **({"from_data": BODY} if kind == "data" else {"from_file": path}))
        watching = Watching()
        with watched(watching) as later:
            task = later.upload_task(resume_data=blob)
            assert ("POST", f"{store.url}/new", 257) == (
                task.original_request.http_method, task.original_request.url, task.count_of_bytes_expected_to_send)
            task.resume()
            assert watching.wait() is None
    assert BODY == store.finished
    assert ["POST", "HEAD", "PATCH", "HEAD", "PATCH"] == store.methods
    assert [(157 - second, 257, 257)] == watching.sent
    assert (201, f"{store.url}/new") == (task.response.status_code, task.response.url)


def test_a_resumed_task_survives_a_loss_too(session: sm.URLSession) -> None:
    """It has an attempt of its own, and leaves resume data again."""
    with Store(10, 10, 10, None) as store:
        blob = stopped(session, store, from_data=BODY)
        data, _ = session.upload(resume_from=blob).result(PATIENCE)
    assert b"PATCH 257" == data
    assert BODY == store.finished


@pytest.mark.parametrize("kind", ["data", "file"])
def test_cancelling_produces_resume_data(tmp_path: Path, kind: str) -> None:
    """The handler gets what the error of the completion has as well, and a new process sends the rest with it."""
    path = tmp_path / "body"
    path.write_bytes(BIG)
    watching = Watching()
    produced: queue.Queue[bytes | None] = queue.Queue()
    with Store(150_000, silent=True) as store:
        with watched(watching) as session:
            task = session.upload_task(post(store, method="PUT"), **({"from_data": BIG} if kind == "data" else {"from_file": path}))
            task.resume()
            watching.informed.get(timeout=PATIENCE)
            assert store.held.wait(PATIENCE)
            task.cancel_by_producing_resume_data(produced.put)
            blob, error = produced.get(timeout=PATIENCE), watching.wait()
        assert CANCELLED == error.code
        assert blob == error.upload_task_resume_data
        (tmp_path / "blob").write_bytes(blob)
        printed = run_program(
            "import sys, pathlib, sessionmock as sm\n"
            "with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:\n"
            "    data, response = session.upload(resume_from=pathlib.Path(sys.argv[1]).read_bytes()).result(20)\n"
            "    print(response.status_code, data.decode())\n", str(tmp_path / "blob"))
    assert "201 PATCH 400000\n" == printed
    assert BIG == store.finished


def test_a_server_that_does_not_know_the_draft_gives_no_resume_data() -> None:
    """Without a 104 nothing can be gone on with: the handler gets None, the errors have nothing, and nothing is tried again."""
    watching = Watching()
    produced: queue.Queue[bytes | None] = queue.Queue()
    with Store(100, knows=False) as store, watched(watching) as session:
        session.upload_task(post(store), BODY).resume()
        error = watching.wait()
    assert (LOST, None) == (error.code, error.upload_task_resume_data)
    assert ["POST"] == store.methods
    with Store(100, knows=False, silent=True) as store, watched(watching) as session:
        task = session.upload_task(post(store), BODY)
        task.resume()
        assert store.held.wait(PATIENCE)
        task.cancel_by_producing_resume_data(produced.put)
        assert produced.get(timeout=PATIENCE) is None
        error = watching.wait()
    assert (CANCELLED, None) == (error.code, error.upload_task_resume_data)


def test_a_plain_cancel_leaves_no_resume_data() -> None:
    """It is asked for or it is not made, as with downloads."""
    watching = Watching()
    with Store(100, silent=True) as store, watched(watching) as session:
        task = session.upload_task(post(store), BODY)
        task.resume()
        watching.informed.get(timeout=PATIENCE)
        task.cancel()
        error = watching.wait()
    assert (CANCELLED, None) == (error.code, error.upload_task_resume_data)


def test_a_time_out_leaves_resume_data(session: sm.URLSession) -> None:
    """A server that stops reading is not asked again; the error holds what a later task goes on with."""
    with Store(100, silent=True) as store:
        request = post(store)
        request.timeout_interval = 0.3
        with pytest.raises(sm.URLError) as caught:
            session.upload(request, BODY).result(PATIENCE)
        assert (TIMED_OUT, ["POST"]) == (caught.value.code, store.methods)
        session.upload(resume_from=caught.value.upload_task_resume_data).result(PATIENCE)
    assert BODY == store.finished


def test_a_resumed_task_that_never_ran_gives_its_resume_data_back(session: sm.URLSession) -> None:
    """Cancelled before its first resume, it lost nothing."""
    produced: queue.Queue[bytes | None] = queue.Queue()
    with Store(100, 0) as store:
        blob = stopped(session, store, from_data=BODY)
        session.upload_task(resume_data=blob).cancel_by_producing_resume_data(produced.put)
        session.upload(resume_from=produced.get(timeout=PATIENCE)).result(PATIENCE)
    assert BODY == store.finished


def test_a_stream_is_asked_for_from_the_offset() -> None:
    """A streamed upload goes on with a stream that begins where the server stopped, in the same task and in a later one."""
    streaming = Streaming(BODY)
    with Store(100, 50) as store, watched(streaming) as session:
        session.upload_task(streamed_request=post(store)).resume()
        blob = streaming.wait().upload_task_resume_data
        assert [-1, 100] == streaming.asked
        assert (None, None, -1) == (decode(blob, UploadResumeData).path, decode(blob, UploadResumeData).body, decode(blob, UploadResumeData).size)
        task = session.upload_task(resume_data=blob)
        task.resume()
        assert streaming.wait() is None
    assert [-1, 100, 150] == streaming.asked
    assert BODY == store.finished
    assert (107, 257, -1) == streaming.sent[-1]


def test_who_has_no_stream_from_an_offset_keeps_the_resume_data() -> None:
    """Nothing is tried without the delegate's method; resumed without it, or answered with none, the task fails with -1021."""
    only_once = OnlyOnce()
    with Store(100) as store, watched(only_once) as session:
        session.upload_task(streamed_request=post(store)).resume()
        error = only_once.wait()
        assert (LOST, ["POST"]) == (error.code, store.methods)
        session.upload_task(resume_data=error.upload_task_resume_data).resume()
        error = only_once.wait()
        assert (NO_STREAM, True) == (error.code, error.upload_task_resume_data is not None)


@pytest.mark.parametrize(("change", "code"), [
    (lambda path: path.write_bytes(BODY + b"?"), NO_STREAM),
    (lambda path: path.unlink(), NO_FILE),
    (lambda path: (path.rename(path.with_name("old")), path.write_bytes(bytes(257))), NO_STREAM),
])
def test_a_file_has_to_be_the_one_that_was_begun_with(
        session: sm.URLSession, tmp_path: Path, change: Callable[[Path], Any], code: int) -> None:
    """A source that was changed, replaced or removed fails the task before the server hears of it, without resume data."""
    path = tmp_path / "body"
    path.write_bytes(BODY)
    with Store(100, 0) as store:
        blob = stopped(session, store, from_file=path)
        requests = len(store.heads)
        change(path)
        with pytest.raises(sm.URLError) as caught:
            session.upload(resume_from=blob).result(PATIENCE)
    assert (code, None) == (caught.value.code, caught.value.upload_task_resume_data)
    assert requests == len(store.heads)


def test_the_path_holds_in_another_working_directory(session: sm.URLSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named from the working directory is found again from another one."""
    monkeypatch.chdir(tmp_path)
    Path("body").write_bytes(BODY)
    with Store(100, 0) as store:
        blob = stopped(session, store, from_file="body")
        monkeypatch.chdir("/")
        session.upload(resume_from=blob).result(PATIENCE)
    assert BODY == store.finished


@pytest.mark.parametrize(("answer", "kept"), [
    (("404 Not Found",), False),
    (("410 Gone",), False),
    (("204 No Content", "Upload-Offset: 258"), False),
    (("204 No Content",), False),
    (("204 No Content", "Upload-Offset: 5", "Upload-Complete: ?1"), False),
    (("503 Service Unavailable",), True),
    (("403 Forbidden",), True),
])
def test_a_server_that_cannot_go_on_fails_the_task(session: sm.URLSession, answer: tuple[str, ...], kept: bool) -> None:
    """-1011 where the upload is gone or its state cannot be true, without resume data; with it where that may pass."""
    with Store(100, answers={"HEAD": [answer]}) as store, pytest.raises(sm.URLError) as caught:
        session.upload(post(store), BODY).result(PATIENCE)
    assert (BAD_RESPONSE, kept) == (caught.value.code, caught.value.upload_task_resume_data is not None)
    assert f"{store.url}/new" == caught.value.failing_url
    assert ["POST", "HEAD"] == store.methods


def test_an_answer_that_was_lost_is_not_asked_for_with_another_upload(session: sm.URLSession) -> None:
    """Where the server has got and processed everything, its answer to the HEAD stands in for the lost one."""
    with Store(loses_answer=True) as store:
        data, response = session.upload(post(store), BODY).result(PATIENCE)
    assert (b"", 204, f"{store.url}/new") == (data, response.status_code, response.url)
    assert ["POST", "HEAD"] == store.methods
    assert BODY == store.uploads[0].body


@pytest.mark.parametrize(("last", "code"), [
    (b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf", LOST), (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", NO_HTTP),
])
def test_only_a_loss_before_the_answer_is_made_up_for(last: bytes, code: int) -> None:
    """An answer that broke off or is none ends the task; its resume data finds out what became of the upload."""
    watching = Watching()
    with Store(last=last) as store, watched(watching) as session:
        session.upload_task(post(store), BODY).resume()
        error = watching.wait()
        assert (code, ["POST"]) == (error.code, store.methods)
        task = session.upload_task(resume_data=error.upload_task_resume_data)
        task.resume()
        assert watching.wait() is None
    assert (204, 257, 257) == (task.response.status_code, task.count_of_bytes_sent, task.count_of_bytes_expected_to_send)


def test_resume_data_remembers_the_version_and_the_resource(session: sm.URLSession) -> None:
    """A session that would offer another version goes on by the first one; a 104 to the rest names no other resource."""
    with Store(100, 50) as store:
        serve = store.answer

        def names_again(peer: Peer, method: str, path: str) -> bool:
            if method == "PATCH":
                peer.send(b"HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /elsewhere\r\n\r\n")
            return serve(peer, method, path)

        store.answer = names_again
        with watched(None, http_additional_headers={"Upload-Draft-Interop-Version": "3"}) as other:
            blob = stopped(other, store, from_data=BODY)
        session.upload(resume_from=blob).result(PATIENCE)
    assert BODY == store.finished
    assert ["3"] * 5 == [store.fields(n)["upload-draft-interop-version"] for n in range(5)]


@pytest.mark.parametrize("blob", [b"", b"garbage", bytes(100)])
def test_what_is_no_resume_data_raises(session: sm.URLSession, blob: bytes) -> None:
    """The task is not made at all."""
    with pytest.raises(ValueError, match="resume data"):
        session.upload_task(resume_data=blob)


def test_resume_data_stands_alone(session: sm.URLSession) -> None:
    """A request or a body beside it is refused, and so are nothing at all and a download's resume data."""
    with Store(100, 0) as store:
        blob = stopped(session, store, from_data=BODY)
        for more in ({"request": post(store)}, {"from_data": b""}, {"from_file": "x"}, {"streamed_request": post(store)}):
            with pytest.raises(sm.InvalidArgumentException, match="stand alone"):
                session.upload_task(resume_data=blob, **more)
    with pytest.raises(sm.InvalidArgumentException, match="request is needed"):
        session.upload()
    with pytest.raises(ValueError, match="kind 2; wanted are 2 and 1"):
        decode(blob, DownloadResumeData)


@pytest.mark.parametrize("location", ["http://localhost:1/uploads/{}", "https://127.0.0.1/uploads/{}", "http://[broken"])
def test_a_resource_elsewhere_is_not_used(session: sm.URLSession, location: str) -> None:
    """A 104 that names another origin, or nothing that can be named, is none: body and credentials stay at home."""
    with Store(100, location=location) as store, pytest.raises(sm.URLError) as caught:
        session.upload(post(store), BODY).result(PATIENCE)
    assert (LOST, None) == (caught.value.code, caught.value.upload_task_resume_data)


def test_a_redirected_upload_is_resumed_where_it_went(session: sm.URLSession) -> None:
    """After a 307 the resource is that of the second request."""
    with Store(100, 50, answers={"POST /old": [("307 Temporary Redirect", "Location: /new")]}, location="../uploads/{}") as store:
        with pytest.raises(sm.URLError) as caught:
            session.upload(post(store, "/old"), BODY).result(PATIENCE)
        task = session.upload(resume_from=caught.value.upload_task_resume_data)
        data, response = task.result(PATIENCE)
    assert (b"PATCH 257", f"{store.url}/old") == (data, response.url)
    assert ["POST", "POST", "HEAD", "PATCH", "HEAD", "PATCH"] == store.methods
    assert BODY == store.finished


@pytest.mark.parametrize(("status", "expected"), [("303 See Other", ["GET /a/result"]), ("307 Temporary Redirect", ["POST /a/result"])])
def test_the_rest_may_be_answered_by_a_redirect(session: sm.URLSession, status: str, expected: list[str]) -> None:
    """A redirect of the PATCH is one of the task's request, as seen from the resource: a 307 sends the whole body there."""
    with Store(100, location="/a/{}", answers={"PATCH": [(status, "Location: result")]}) as store:
        data, _ = session.upload(post(store), BODY).result(PATIENCE)
    assert expected == [" ".join(head.split(" ")[:2]) for head in store.heads[3:]]
    assert (b"found", False) == (data, "upload-complete" in store.fields(3)) if status[:3] == "303" else BODY == store.finished


@pytest.mark.parametrize("streamed", [False, True])
def test_a_redirect_that_drops_the_body_drops_the_stream(streamed: bool) -> None:
    """After a 303 the upload asks with GET, for which no body is wanted and nothing is offered."""
    streaming = Streaming(BODY)
    with Store(answers={"POST": [("303 See Other", "Location: /found")]}) as store, watched(streaming) as session:
        task = session.upload_task(streamed_request=post(store)) if streamed else session.upload_task(post(store), BODY)
        task.resume()
        assert streaming.wait() is None
    assert ["POST", "GET"] == store.methods
    assert "upload-complete" not in store.fields(1)
    assert ([-1] if streamed else []) == streaming.asked


@pytest.mark.parametrize("streamed", [False, True])
def test_challenges_are_met_at_every_step(streamed: bool) -> None:
    """A server that wants a credential for the creation, the HEAD and the PATCH gets it, and the body where it is wanted."""
    class Ann(Streaming):
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
            return sm.AuthChallengeDisposition.USE_CREDENTIAL, sm.URLCredential("ann", "secret", sm.CredentialPersistence.NONE)

    ann = Ann(BODY)
    basic = 'WWW-Authenticate: Basic realm="other"'
    answers: dict[str, list[Any]] = {"HEAD": [("401 Unauthorized", basic)], "PATCH": [("401 Unauthorized", basic)]}
    with Store(100, user=True, answers=answers) as store, watched(ann) as session:
        task = session.upload_task(streamed_request=post(store)) if streamed else session.upload_task(post(store), BODY)
        task.resume()
        assert ann.wait() is None
    assert ["POST", "POST", "HEAD", "HEAD", "PATCH", "PATCH"] == store.methods
    assert BODY == store.finished
    assert ([-1, -1, 100, 100] if streamed else []) == ann.asked


def test_a_set_authorization_goes_along(session: sm.URLSession) -> None:
    """Fields that the user set for the upload are sent to its resource as well."""
    with Store(100, user=True) as store:
        request = post(store)
        request.all_http_header_fields = ANN
        session.upload(request, BODY).result(PATIENCE)
    assert [ANN["Authorization"]] * 3 == [store.fields(n)["authorization"] for n in range(3)]
    assert BODY == store.finished


def test_cookies_are_those_of_the_resource(session: sm.URLSession) -> None:
    """A cookie for the resource's path is sent to the resource, and not to what made it; one that it sets belongs to its path."""
    first = ("200 OK", "Set-Cookie: where=uploads; Path=/uploads")
    again = ("204 No Content", "Upload-Offset: 100", "Set-Cookie: asked=1")
    with Store(100, answers={"GET /first": [first], "HEAD": [again]}) as store:
        session.data(f"{store.url}/first").result(PATIENCE)
        session.upload(post(store), BODY).result(PATIENCE)
        session.upload(post(store), BODY).result(PATIENCE)
    assert [None, "where=uploads", "where=uploads; asked=1", None] == [store.fields(n).get("cookie") for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("resumed", [False, True])
def test_what_was_cached_of_the_target_is_stale(session: sm.URLSession, resumed: bool) -> None:
    """The answer to the rest is the answer to the task's request: a GET of that URL goes to the server again."""
    fresh = ("200 OK", "Cache-Control: max-age=600")
    with Store(100, 0 if resumed else None, answers={"GET": [fresh]}) as store:
        session.data(f"{store.url}/new").result(PATIENCE)
        session.data(f"{store.url}/new").result(PATIENCE)
        if resumed:
            session.upload(resume_from=stopped(session, store, from_data=BODY)).result(PATIENCE)
        else:
            session.upload(post(store), BODY).result(PATIENCE)
        data, _ = session.data(f"{store.url}/new").result(PATIENCE)
    assert b"found" == data
    assert 2 == store.methods.count("GET")


def test_a_handler_gets_the_answer_to_the_rest(session: sm.URLSession) -> None:
    """A resumed task with a completion handler ends like any other."""
    ended: queue.Queue[tuple[Any, ...]] = queue.Queue()
    with Store(100, 0) as store:
        session.upload_task(resume_data=stopped(session, store, from_data=BODY), completion_handler=lambda *answer: ended.put(answer)).resume()
        data, response, error = ended.get(timeout=PATIENCE)
    assert (b"PATCH 257", 201, None) == (data, response.status_code, error)
