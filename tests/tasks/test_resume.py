"""Resume data: what it takes to get any, and that it outlives its process."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE, Ending

ROOT = Path(__file__).resolve().parents[2]
SIZE, HALF = 200_000, 100_000
FILE = os.urandom(SIZE)
TAG = 'ETag: "v1"'
DATE = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nDate: Mon, 01 Jan 2024 00:00:01 GMT"
RANGES = "Accept-Ranges: bytes"


class Files(Origin):
    """`/first`: half of the file, and no more while the client is there; a range is given whole, or `/slowly` in part."""

    def __init__(self, *fields: str) -> None:
        super().__init__(self.serve)
        self.fields = fields or (TAG, RANGES)
        self.changed: bytes | None = None
        self.ranges: list[str | None] = []

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            peer.read_body()
            wanted = peer.field("range")
            self.ranges.append(wanted)
            if self.changed is not None:
                peer.reply(self.changed, 'ETag: "v2"', RANGES)
            elif wanted is None and len(self.ranges) > 1:
                peer.reply(FILE, *self.fields)
            elif wanted is None or wanted == "bytes=0-":
                peer.send("\r\n".join(["HTTP/1.1 200 OK", *self.fields, f"Content-Length: {SIZE}", "", ""]).encode() + FILE[:HALF])
                peer.sock.recv(1)
                return
            else:
                offset = int(wanted[6:-1])
                fields = [*self.fields, f"Content-Range: bytes {offset}-{SIZE - 1}/{SIZE}"]
                if b"/slowly" in head and len(self.ranges) == 2:
                    peer.send("\r\n".join(["HTTP/1.1 206 Partial Content", *fields, f"Content-Length: {SIZE - offset}", "", ""]).encode()
                              + FILE[offset:offset + 50_000])
                    peer.sock.recv(1)
                    return
                peer.reply(FILE[offset:], *fields, status="206 Partial Content")


class Interrupting(Ending):
    """Cancels a download once half of it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.produced: list[bytes | None] = []
        self.resumed: list[tuple[int, int]] = []
        self.half = threading.Event()
        self.file: bytes | None = None

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None:
        if total == HALF and not self.half.is_set():
            self.half.set()
            task.cancel_by_producing_resume_data(self.produced.append)

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None:
        self.resumed.append((offset, expected))

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
        self.file = location.read_bytes()


@pytest.fixture
def interrupting() -> Iterator[tuple[Any, Interrupting]]:
    """A session and its delegate."""
    delegate = Interrupting()
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        yield session, delegate


def left(downloads: Path) -> list[Path]:
    return list(downloads.iterdir()) if downloads.exists() else []


def produce(session: Any, delegate: Interrupting, request: Any) -> tuple[bytes | None, sm.URLError]:
    """What cancelling in the middle gives: to the handler, and in the error."""
    session.download_task(request).resume()
    error = delegate.wait()
    assert error is not None
    assert sm.URLError.Code.CANCELLED == error.code
    assert 1 == len(delegate.produced), "the handler is called once, before the completion"
    return delegate.produced[0], error


@pytest.mark.parametrize("fields", [(TAG, RANGES), (DATE, RANGES), ('ETag: W/"v1"', DATE, RANGES)], ids=["tag", "date", "weak tag and date"])
def test_cancelling_gives_resume_data(fields: tuple[str, ...], interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """A GET with a validator from a server that takes ranges gives resume data twice over: to the handler and in the error."""
    session, delegate = interrupting
    with Files(*fields) as server:
        data, error = produce(session, delegate, server.url)
        assert data is not None
        assert data == error.download_task_resume_data
        assert [FILE[:HALF]] == [file.read_bytes() for file in left(downloads)]
        session.download_task(resume_data=data).resume()
        assert delegate.wait() is None
    assert FILE == delegate.file
    assert [(HALF, SIZE)] == delegate.resumed
    assert [None, f"bytes={HALF}-"] == server.ranges
    assert [] == left(downloads)


REFUSED = {
    "POST": (("POST", {}), (TAG, RANGES)),
    "no validator": (("GET", {}), (RANGES,)),
    "a weak tag": (("GET", {}), ('ETag: W/"v1"', RANGES)),
    "no ranges": (("GET", {}), (TAG,)),
    "ranges of nothing": (("GET", {}), (TAG, "Accept-Ranges: none")),
    "a range itself": (("GET", {"Range": "bytes=0-"}), (TAG, RANGES)),
}


@pytest.mark.parametrize("row", REFUSED)
def test_cancelling_gives_none_without_the_preconditions(row: str, interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """Where one of the preconditions fails there is no resume data, and no file is left."""
    (method, headers), fields = REFUSED[row]
    session, delegate = interrupting
    with Files(*fields) as server:
        data, error = produce(session, delegate, sm.URLRequest(server.url, method, all_http_header_fields=headers))
    assert (None, None) == (data, error.download_task_resume_data)
    assert [] == left(downloads)


def test_cancelling_before_a_byte_gives_none(interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """Nothing was received, so there is nothing to go on with; nor is there for a task that was never resumed, nor after the end."""
    session, delegate = interrupting
    task = session.download_task("http://127.0.0.1:1/")
    task.cancel_by_producing_resume_data(delegate.produced.append)
    assert -999 == delegate.code()
    task.cancel_by_producing_resume_data(delegate.produced.append)
    done = threading.Event()
    session.delegate_queue.add_operation(done.set)
    assert done.wait(PATIENCE)
    assert [None, None] == delegate.produced
    assert [] == left(downloads)


class Removing(Interrupting):
    """Removes the partial file first."""

    def __init__(self, downloads: Path) -> None:
        super().__init__()
        self.downloads = downloads

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None:
        if total == HALF:
            for file in left(self.downloads):
                file.unlink()
        super().download_task_did_write_data(session, task, written, total, expected)


def test_cancelling_gives_none_when_the_partial_file_is_gone(downloads: Path) -> None:
    """The fifth precondition: the partial file is still there."""
    delegate = Removing(downloads)
    with Files() as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        data, error = produce(session, delegate, server.url)
    assert (None, None) == (data, error.download_task_resume_data)


def test_download_starts_over_without_its_partial_file(interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """Resume data whose partial file has been removed asks for the whole again, without a range."""
    session, delegate = interrupting
    with Files() as server:
        data, _ = produce(session, delegate, server.url)
        for file in left(downloads):
            file.unlink()
        session.download_task(resume_data=data).resume()
        assert delegate.wait() is None
    assert FILE == delegate.file
    assert [None, None] == server.ranges
    assert [] == left(downloads)


@pytest.mark.parametrize("kept", [0, HALF - 1])
def test_download_starts_over_with_a_partial_file_cut_short(kept: int, interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """A partial file that has fewer bytes than the resume data says is not gone on with."""
    session, delegate = interrupting
    with Files() as server:
        data, _ = produce(session, delegate, server.url)
        os.truncate(left(downloads)[0], kept)
        session.download_task(resume_data=data).resume()
        assert delegate.wait() is None
    assert FILE == delegate.file
    assert [None, None] == server.ranges


def test_download_starts_over_when_the_resource_has_changed(interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """A 200 in answer to a range begins at offset 0, and the delegate hears of that."""
    session, delegate = interrupting
    with Files() as server:
        data, _ = produce(session, delegate, server.url)
        server.changed = FILE[::-1] + b"longer"
        session.download_task(resume_data=data).resume()
        assert delegate.wait() is None
    assert FILE[::-1] + b"longer" == delegate.file
    assert [(0, SIZE + 6)] == delegate.resumed
    assert [] == left(downloads)


def test_damaged_resume_data_fails_its_task(interrupting: tuple[Any, Interrupting], downloads: Path) -> None:
    """A flipped bit, a cut and plain rubbish are no resume data: the task fails with -1002, and the partial file is not touched."""
    session, delegate = interrupting
    with Files() as server:
        data, _ = produce(session, delegate, server.url)
        assert data is not None
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 1
        for damaged in (bytes(flipped), data[:-1], data + b"x", b"", b"rubbish", os.urandom(300)):
            session.download_task(resume_data=damaged).resume()
            assert -1002 == delegate.code()
        assert 1 == len(server.ranges)
    assert [FILE[:HALF]] == [file.read_bytes() for file in left(downloads)]


CANCELLING = """
import os, signal, sys
import sessionmock as sm

class Delegate:
    def download_task_did_write_data(self, session, task, written, total, expected):
        if total == int(sys.argv[2]):
            task.cancel_by_producing_resume_data(self.keep)
    def keep(self, data):
        with open(sys.argv[3] + ".new", "wb") as file:
            file.write(data)
        os.rename(sys.argv[3] + ".new", sys.argv[3])
        os.kill(os.getpid(), signal.SIGKILL)

session = sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate())
session.download_task(sys.argv[1]).resume()
signal.pause()
"""

RESUMING = """
import sys
import sessionmock as sm

with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
    file, response = session.download(resume_from=open(sys.argv[1], "rb").read()).result()
    sys.stdout.buffer.write(file.read_bytes())
"""


def start(program: str, temporary: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.Popen([sys.executable, "-c", program, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE)


def test_resume_data_outlives_its_process(tmp_path: Path, downloads: Path) -> None:
    """Made in a process that is killed at once, resume data is good in the next: one that is killed too, in the middle of the
    rest, and one that finishes with the same resume data."""
    blob = tmp_path / "blob"
    with Files() as server:
        first = start(CANCELLING, tmp_path, f"{server.url}/slowly", str(HALF), str(blob))
        assert -signal.SIGKILL == first.wait(PATIENCE)
        [partial] = left(downloads)
        assert FILE[:HALF] == partial.read_bytes()

        second = start(RESUMING, tmp_path, str(blob))
        deadline = time.monotonic() + PATIENCE
        while partial.stat().st_size < HALF + 50_000:
            assert time.monotonic() < deadline, "the bytes are not written as they come"
            time.sleep(0.005)    # another process writes the file, and nothing tells when
        second.kill()
        assert b"" == second.communicate(timeout=PATIENCE)[0]
        assert FILE[:HALF + 50_000] == partial.read_bytes()

        third = start(RESUMING, tmp_path, str(blob))
        assert FILE == third.communicate(timeout=PATIENCE)[0]
    first.stdout.close()          # type: ignore[union-attr]
    assert 0 == third.returncode
    assert [None, f"bytes={HALF}-", f"bytes={HALF}-"] == server.ranges
