"""The body of an upload: offered, gone on with after a loss, and what it is gone on with by another task."""
from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessionmock.core.machine import Event, Phase
from sessionmock.core.resume_data import UploadResumeData, decode
from sessionmock.errors import UPLOAD_RESUME_DATA, Code, URLError
from sessionmock.load.upload import Stage, Upload
from sessionmock.models.body import FileStream, IterableStream, SizedStream
from sessionmock.models.request import URLRequest
from sessionmock.models.response import HTTPURLResponse

from .doubles import URL, Parts, head

RESOURCE = f"{URL}upload"
NAMED = [("Location", "/upload")]
LOST = URLError(Code.NETWORK_CONNECTION_LOST)


class Made:
    """An upload, and what is sent for it."""

    def __init__(self, body: Any = b"a body", delegate: object | None = None, *, headers: Any = (), method: str = "POST", **how: Any) -> None:
        request = URLRequest(URL, method)
        for name, value in headers:
            request.add_value(value, name)
        self.parts = parts = Parts(delegate, request, body=body)
        self.upload = Upload(parts.transfer, parts.inbox, parts.callbacks, parts.context, **how)
        self.sent: list[tuple[URLRequest, Any, dict[str, bool]]] = []
        parts.runs()
        parts.owner.on["OPEN"] = self._open
        parts.owner.on["FAIL"] = lambda error: self.upload.failed(error)

    def _open(self, payload: Any) -> None:
        """As the load does it: a new stream is the body, and the request is submitted."""
        if payload is not None and not isinstance(payload, URLRequest):
            self.parts.transfer.body = payload
        self.submit()

    def submit(self) -> Made:
        self.upload.submit(lambda request, body, **how: self.sent.append((request, body, how)))     # type: ignore[arg-type]
        return self

    @property
    def last(self) -> tuple[str, str | None, Any, dict[str, bool]]:
        """Method and URL, body and terms of what was sent last."""
        request, body, how = self.sent[-1]
        if hasattr(body, "read"):
            stream, body = body, body.read(99)
            stream.close()
        return request.http_method, request.url, body, how

    def field(self, name: str) -> str | None:
        return self.sent[-1][0].value(name)

    def named(self) -> Made:
        """The server names a resource."""
        assert not self.upload.intercept(Event.INFORMED, head(104, NAMED))
        return self

    def lost(self) -> bool:
        """The connection is lost; whether the upload goes on by itself."""
        return self.upload.intercept(Event.FAILED, LOST)

    def told(self, status: int, **fields: str) -> Made:
        """The answer to the question how much there is."""
        final = head(status, [(name.replace("_", "-"), value) for name, value in fields.items()])
        assert self.upload.adjusted(final, HTTPURLResponse.from_head(RESOURCE, final)) is None
        return self

    @property
    def error(self) -> Any:
        return next(note[1] for note in self.parts.owner.notes if note[0] == "FAIL")

    @property
    def left(self) -> UploadResumeData | None:
        """What another task can go on with."""
        blob = self.upload.resume_data()
        return None if blob is None else decode(blob, UploadResumeData)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "body"
    path.write_bytes(b"a file's body")
    return path


# the request as it was made --------------------------------------------------------------------------------------------------
def test_an_upload_offers_to_be_gone_on_with() -> None:
    """By the draft's fields, on a copy: the task's request stays as it is."""
    made = Made().submit()
    assert ("POST", URL, b"a body", {}) == made.last
    assert ("6", "?1", None) == (made.field("Upload-Draft-Interop-Version"), made.field("Upload-Complete"),
                                 made.parts.transfer.request.value("Upload-Complete"))
    assert made.upload.is_upload


@pytest.mark.parametrize(("body", "headers"), [(None, []), (b"a body", [("Upload-Complete", "?1")])])
def test_what_is_not_offered(body: Any, headers: Any) -> None:
    """An upload without a body, and one whose request speaks the protocol itself; nothing can be gone on with then."""
    made = Made(body, headers=headers).submit().named()
    assert (None, made.parts.transfer.request, False, None) == (
        made.field("Upload-Draft-Interop-Version"), made.sent[0][0], made.lost(), made.left)


def test_a_file_is_sent_as_it_is_then(file: Path) -> None:
    """And not as it was when the task was made."""
    made = Made(FileStream(file))
    file.write_bytes(b"longer than before")
    made.submit()
    assert (b"longer than before", 18) == (made.last[2], made.parts.transfer.total)


def test_the_delegate_supplies_the_body() -> None:
    """It is asked for one before anything is sent; its length is what the request announces."""
    class Delegate:
        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return [b"a body"]

    made = Made(None, Delegate(), headers=[("Content-Length", "6")], streamed=True).submit()
    assert (6, Phase.NEEDING_STREAM, []) == (made.parts.transfer.total, made.parts.machine.phase, made.sent)
    made.upload.ask_stream()
    made.parts.queue.run()
    assert (6, b"a body") == (made.sent[-1][1].length, made.last[2])


def test_without_a_delegate_there_is_no_body() -> None:
    """-1021."""
    made = Made(None, streamed=True).submit()
    made.upload.ask_stream()
    assert Code.REQUEST_BODY_STREAM_EXHAUSTED is made.error.code


# elsewhere and again ---------------------------------------------------------------------------------------------------------
def test_the_body_is_the_uploads_own() -> None:
    """Whatever another request brings: the one before a delayed start, and that of the next hop."""
    made = Made()
    made.upload.take(URLRequest(URL, "POST", http_body=b"other"))
    assert made.upload.carry(URLRequest(URL, "POST", http_body=b"other"), True)
    assert b"a body" == made.parts.transfer.body


@pytest.mark.parametrize(("method", "keeps"), [("GET", True), ("POST", False)])
def test_a_hop_that_has_no_body(method: str, keeps: bool) -> None:
    """A GET has none, and a redirect that drops it neither: also where the delegate had it."""
    made = Made(None, streamed=True)
    assert made.upload.carry(URLRequest(URL, method), keeps)
    assert (None, 0) == (made.parts.transfer.body, made.parts.transfer.total)
    assert (URL, None) == made.submit().last[1:3]


def test_a_stream_has_to_be_supplied_again() -> None:
    """For the next hop, and for the same request once more."""
    made = Made(IterableStream([b"a body"]))
    made.parts.machine.phase = Phase.CHALLENGED
    made.upload.send_again()
    assert Phase.NEEDING_STREAM is made.parts.machine.phase
    made.parts.transfer.body = IterableStream([b"a body"])
    assert not made.upload.carry(URLRequest(URL, "POST"), True)
    assert made.upload.carry(URLRequest(URL, "POST"), True)     # it was not supplied yet


# a loss --------------------------------------------------------------------------------------------------------------------
def test_a_loss_is_made_up_for_by_asking_and_sending_the_rest() -> None:
    """A HEAD of the resource, then a PATCH with what is left; the answer to that is the answer."""
    made = Made(headers=[("Authorization", "x"), ("Content-Type", "text/plain")]).submit().named()
    assert made.lost()
    assert ("HEAD", RESOURCE, None, {"is_own": False, "answers_own": False}) == made.last
    assert ("x", None) == (made.field("Authorization"), made.field("Content-Type"))
    made.told(204, Upload_Offset="2")
    assert ("PATCH", RESOURCE, b"body", {"is_own": False}) == made.last
    assert ("2", 2) == (made.field("Upload-Offset"), made.parts.transfer.sent)
    final = head(201)
    assert made.upload.adjusted(final, HTTPURLResponse.from_head(RESOURCE, final)) is final


def test_a_loss_is_made_up_for_once() -> None:
    """The second is the outcome, and its error carries what can be gone on with (I20)."""
    made = Made().submit().named()
    assert [True, False] == [made.lost(), made.lost()]
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    made.upload.failed(error)
    assert made.upload.resume_data() == error.user_info[UPLOAD_RESUME_DATA]


@pytest.mark.parametrize("why", ["no resource", "in the body", "another error", "another's resource"])
def test_what_is_not_made_up_for(why: str) -> None:
    """A loss before a resource was named, or after the response began; and any other failure."""
    made = Made().submit()
    if why in ("in the body", "another error"):
        made.named()
    if why == "another's resource":
        made.upload.intercept(Event.INFORMED, head(104, [("Location", "http://b.test/upload")]))
    if why == "in the body":
        made.parts.machine.phase = Phase.RECEIVING
    assert not made.upload.intercept(Event.FAILED, URLError(Code.TIMED_OUT) if why == "another error" else LOST)


def test_the_resource_is_the_one_named_last_for_the_request_as_it_was_made() -> None:
    """A 104 that names none leaves the one before; those to later requests name none."""
    made = Made().submit().named()
    made.upload.intercept(Event.INFORMED, head(104))
    assert made.lost()
    made.upload.intercept(Event.INFORMED, head(104, [("Location", "/other")]))
    assert made.left is not None
    assert RESOURCE == made.left.resource_url


def test_other_events_go_their_way() -> None:
    """The body has to do with a 104 and a loss alone."""
    made = Made()
    assert not made.upload.intercept(Event.INFORMED, head(103, NAMED))
    assert not made.upload.intercept(Event.DATA, b"data")
    assert made.left is None


def test_all_of_it_has_arrived() -> None:
    """The answer to the question is the answer."""
    made = Made().submit().named()
    made.lost()
    made.told(204, Upload_Offset="6", Upload_Complete="?1")
    assert (["ASK_RESPONSE"], 6) == (made.parts.owner.names()[-1:], made.parts.transfer.sent)


@pytest.mark.parametrize(("status", "word", "kept"), [
    (404, "cannot be gone on with: 404", False), (503, "the server does not say now, and may later: 503", True)])
def test_a_server_that_does_not_say(status: int, word: str, kept: bool) -> None:
    """-1011; where it may say later, another task can go on."""
    made = Made().submit().named()
    made.lost()
    made.told(status)
    assert (Code.BAD_SERVER_RESPONSE, True) == (made.error.code, word in str(made.error))
    assert (UPLOAD_RESUME_DATA in made.error.user_info) is kept


def test_a_file_is_gone_on_with_from_its_offset(file: Path) -> None:
    """By a reading of its own."""
    made = Made(FileStream(file)).submit().named()
    made.lost()
    assert b"e's body" == made.told(204, Upload_Offset="5").last[2]


@pytest.mark.parametrize(("change", "code"), [
    (lambda path: os.utime(path, ns=(1, 1)), Code.REQUEST_BODY_STREAM_EXHAUSTED),
    (lambda path: path.unlink(), Code.FILE_DOES_NOT_EXIST)])
def test_a_file_that_is_not_the_same_any_more(file: Path, change: Callable[[Path], None], code: Code) -> None:
    """The upload fails, and cannot be gone on with."""
    made = Made(FileStream(file)).submit().named()
    change(file)
    made.lost()
    assert (code, {}) == (made.error.code, {key: value for key, value in made.error.user_info.items() if key == UPLOAD_RESUME_DATA})


def test_a_file_that_may_not_be_read_any_more(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """-1102."""
    def refuse(path: Any) -> Any:
        raise PermissionError("not to be read")

    made = Made(FileStream(file)).submit().named()
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", refuse)
        made.lost()
    assert Code.NO_PERMISSIONS_TO_READ_FILE is made.error.code


@pytest.mark.parametrize("kind", ["offset", "folder", "gone"])
def test_what_cannot_be_told_to_be_the_same(file: Path, kind: str) -> None:
    """A part of a file, what is no regular file and one that is not there have no mark, and only the delegate could go on."""
    if kind == "gone":
        file.unlink()
    made = Made(FileStream(file.parent if kind == "folder" else file, 2 if kind == "offset" else 0)).submit().named()
    assert (None, False) == (made.left, made.lost())


class Streaming:
    """Has the body, from any offset."""

    offset = -1

    def task_need_new_body_stream_from_offset(self, session: Any, task: Any, offset: int) -> Any:
        self.offset = offset
        return [b"a body"[offset:]]


def test_the_delegate_supplies_the_rest() -> None:
    """Where only it has the body: from the offset that the server tells, of the length that is left."""
    made = Made(None, delegate := Streaming(), headers=[("Content-Length", "6")], streamed=True)
    made.parts.transfer.body = SizedStream(IterableStream([b"a body"]), 6)
    made.submit().named()
    assert made.lost()
    made.told(204, Upload_Offset="2")
    assert Phase.NEEDING_STREAM is made.parts.machine.phase
    made.upload.ask_stream()
    made.parts.queue.run()
    assert (2, 4, ("PATCH", RESOURCE, b"body", {"is_own": False})) == (delegate.offset, made.sent[-1][1].length, made.last)


def test_a_stream_that_knows_its_length_keeps_it() -> None:
    """Nothing is announced for it."""
    class Delegate:
        def task_need_new_body_stream_from_offset(self, session: Any, task: Any, offset: int) -> Any:
            return b"rest"

    made = Made(None, Delegate(), streamed=True)
    made.parts.transfer.body = IterableStream([b"a body"])
    made.submit().named()
    made.lost()
    made.told(204, Upload_Offset="2")
    made.upload.ask_stream()
    made.parts.queue.run()
    assert (4, ("PATCH", RESOURCE, b"rest", {"is_own": False}), -1) == (made.sent[-1][1].length, made.last, made.parts.transfer.total)


# a redirect of the rest -------------------------------------------------------------------------------------------------------
def test_a_redirect_of_the_rest_sends_the_whole_elsewhere() -> None:
    """As seen from the resource, and from the body's start."""
    made = Made().submit().named()
    made.lost()
    made.told(204, Upload_Offset="2")
    found = made.upload.adjusted(head(307, [("Location", "there")]), None)     # type: ignore[arg-type]
    assert found is not None
    assert ([("Location", f"{URL}there")], b"a body") == (found.headers, made.parts.transfer.body)
    assert Stage.CREATING is made.upload._stage
    plain = head(307)
    assert made.upload.adjusted(plain, None) is plain       # type: ignore[arg-type]


# resume data ----------------------------------------------------------------------------------------------------------------
def test_what_another_task_goes_on_with() -> None:
    """The body itself, and the version that the server was offered."""
    left = Made(headers=[("X", "y")]).submit().named().left
    assert left is not None
    assert (RESOURCE, URL, "POST", [("X", "y"), ("Upload-Draft-Interop-Version", "6")], b"a body", 6) == (
        left.resource_url, left.original_url, left.method, left.headers, left.body, left.size)


def test_a_version_that_was_asked_for_stays(file: Path) -> None:
    """And of a file its place, its size and its date."""
    left = Made(FileStream(file), headers=[("Upload-Draft-Interop-Version", "3")]).submit().named().left
    assert left is not None
    assert ([("Upload-Draft-Interop-Version", "3")], str(file), 13, file.stat().st_mtime_ns, None) == (
        left.headers, left.path, left.size, left.modified, left.body)


def test_of_a_delegates_stream_nothing_is_kept() -> None:
    """It is asked for again; what nobody could supply again cannot be gone on with."""
    asked = Made(None, Streaming(), streamed=True)
    asked.parts.transfer.body = IterableStream([b"a body"])
    left = asked.submit().named().left
    assert left is not None
    assert (None, None, -1) == (left.path, left.body, left.size)
    assert Made(IterableStream([b"a body"])).submit().named().left is None


def test_fields_that_are_too_long_are_not_kept() -> None:
    """Of more than 1 MiB; and a cancelled upload's error carries nothing by itself."""
    assert Made(headers=[("X", "y" * (1 << 20))]).submit().named().left is None
    cancelled = URLError(Code.CANCELLED)
    made = Made().submit().named()
    made.upload.failed(cancelled)
    assert {} == cancelled.user_info


def test_a_task_that_is_resumed_begins_with_the_question() -> None:
    """And goes on from there; it has its one attempt still."""
    resumed = UploadResumeData(resource_url=RESOURCE, original_url=URL, method="POST", headers=[], body=b"a body", size=6, created=datetime.now(UTC))
    made = Made(resumed=resumed).submit()
    assert ("HEAD", RESOURCE, None) == made.last[:3]
    made.told(204, Upload_Offset="2")
    assert ("PATCH", b"body") == (made.last[0], made.last[2])
    assert made.lost()
