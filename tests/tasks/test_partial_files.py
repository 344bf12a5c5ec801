"""The partial file that resume data names: it outlives failures, serves one task at a time, and is nobody else's."""
from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from tests.engine.server import run_program
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE
from tests.tasks.ranges import CHANGED, FILE, SIZE, cut, part, whole

CUT = 100
FIELDS = ('ETag: "v1"', "Accept-Ranges: bytes")
Answer = Callable[[Peer], Any]


def broken(peer: Peer) -> None:
    """The file, cut."""
    cut(FILE[:CUT], "HTTP/1.1 200 OK", *FIELDS, f"Content-Length: {SIZE}")(peer)


def status(line: str, *fields: str) -> Answer:
    return lambda peer: peer.reply(b"a page", *fields, status=line)


class Server(Origin):
    """Gives one answer after the other, each on a connection of its own."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(self.serve)
        self.answers = list(answers)

    def serve(self, peer: Peer) -> None:
        if peer.read_head():
            self.answers.pop(0)(peer)

    def asked(self, name: str) -> list[str | None]:
        """The values of a field, request by request."""
        lines = [[line.partition(": ") for line in head.split("\r\n")] for head in self.heads]
        return [next((value for key, _, value in request if key == name), None) for request in lines]


class Resumed:
    """Notes the offsets that a download goes on from."""

    def __init__(self) -> None:
        self.offsets: list[tuple[int, int]] = []
        self.there = threading.Event()

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None:
        self.offsets.append((offset, expected))
        self.there.set()


def failure(loading: sm.Loading[Any]) -> sm.URLError:
    with pytest.raises(sm.URLError) as caught:
        loading.result(PATIENCE)
    return caught.value


def blob_of(session: sm.URLSession, request: sm.URLRequest | str) -> bytes:
    """Resume data of a download that was cut."""
    blob = failure(session.download(request)).download_task_resume_data
    assert blob is not None
    return blob


def left(downloads: Path) -> list[bytes]:
    return [file.read_bytes() for file in downloads.iterdir()]


FAILURES: dict[str, tuple[list[Answer], int]] = {
    "closed": ([lambda peer: None], -1005),
    "no HTTP": ([lambda peer: peer.send(b"SSH-2.0-x\r\n\r\n")], -1017),
    "refused": ([status("503 Service Unavailable")], -1011),
    "refused without a range, too": ([status("416 Range Not Satisfiable")] * 2, -1011),
    "another part": ([part(FILE, CUT + 1)], -1011),
    "more than the rest": ([lambda peer: peer.send(
        b'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 100-256/257\r\n\r\n' + FILE[CUT:] + b"!")], -1011),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failed_attempt_leaves_what_was_there(kind: str, session: sm.URLSession, downloads: Path) -> None:
    """A server that does not bring the rest costs nothing: the error holds resume data that brings the file once it does."""
    answers, code = FAILURES[kind]
    with Server(broken, *answers, part(FILE, CUT)) as server:
        error = failure(session.download(resume_from=blob_of(session, server.url)))
        assert code == error.code
        assert FILE[:CUT] == left(downloads)[0][:CUT]
        file, _ = session.download(resume_from=error.download_task_resume_data).result(PATIENCE)
        assert f"bytes={CUT}-" == server.asked("Range")[-1]
    assert FILE == file.read_bytes()
    assert [file] == list(downloads.iterdir())


def test_a_server_that_is_gone_costs_nothing(session: sm.URLSession, downloads: Path) -> None:
    """A refused connection leaves the resume data good, and so does a task that is cancelled before an answer came."""
    with Server(broken) as server:
        blob = blob_of(session, server.url)
    produced: queue.Queue[bytes | None] = queue.Queue()
    error = failure(session.download(resume_from=blob))
    assert -1004 == error.code
    session.download_task(resume_data=error.download_task_resume_data).cancel()
    session.download_task(resume_data=blob).cancel_by_producing_resume_data(produced.put)
    assert blob == produced.get(timeout=PATIENCE)
    assert [FILE[:CUT]] == left(downloads)


def test_what_came_short_is_gone_on_with(session: sm.URLSession, downloads: Path) -> None:
    """A rest whose end nothing on the wire tells, and which ends too early, is a loss: what came of it counts."""
    short = b'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: bytes 100-256/257\r\n\r\n' + FILE[CUT:200]
    with Server(broken, lambda peer: peer.send(short), part(FILE, 200)) as server:
        error = failure(session.download(resume_from=blob_of(session, server.url)))
        assert -1005 == error.code
        file, _ = session.download(resume_from=error.download_task_resume_data).result(PATIENCE)
    assert FILE == file.read_bytes()


NO_ROOM = """
import resource, sys
import sessionmock as sm

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
    try:
        session.download(sys.argv[1]).result(20)
    except sm.URLError as error:
        print(int(error.code), error.download_task_resume_data.hex())
"""


def test_a_disk_without_room_leaves_what_found_room(session: sm.URLSession, downloads: Path) -> None:
    """A file that cannot be written to its end is -3003, and is gone on with when there is room."""
    with Server(whole(FILE, "v1"), part(FILE, CUT)) as server:
        # No lines are counted: their file would find no room either.
        code, blob = run_program(NO_ROOM, server.url, TMPDIR=str(downloads.parent), COVERAGE_PROCESS_CONFIG="").split()
        assert "-3003" == code
        assert [FILE[:CUT]] == left(downloads)
        file, _ = session.download(resume_from=bytes.fromhex(blob)).result(PATIENCE)
        assert [None, f"bytes={CUT}-"] == server.asked("Range")
    assert FILE == file.read_bytes()


LEAVING = """
import sys
import sessionmock as sm

with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
    try:
        session.download(sys.argv[1]).result(20)
    except sm.URLError as error:
        data = error.download_task_resume_data
if sys.argv[2:]:
    with open(sys.argv[2], "wb") as file:
        file.write(bytes(data))
"""


def test_a_process_takes_its_partial_files_along(session: sm.URLSession, downloads: Path, tmp_path: Path) -> None:
    """When it ends, also where it still holds the resume data; but for those of which it made a copy, which are gone on with in the
    next process."""
    blob = tmp_path / "blob"
    with Server(broken, broken, part(FILE, CUT)) as server:
        run_program(LEAVING, server.url, TMPDIR=str(downloads.parent))
        assert [] == left(downloads)
        run_program(LEAVING, server.url, str(blob), TMPDIR=str(downloads.parent))
        assert FILE == session.download(resume_from=blob.read_bytes()).result(PATIENCE)[0].read_bytes()


@pytest.mark.parametrize("line", ["412 Precondition Failed", "416 Range Not Satisfiable"])
def test_the_delegate_hears_of_starting_over(line: str, session: sm.URLSession, downloads: Path) -> None:
    """A server that takes no range is asked for the whole, encoded as it likes, and the delegate is told of offset 0."""
    resumed = Resumed()
    with Server(broken, status(line), whole(CHANGED, "v2")) as server:
        file, _ = session.download(resume_from=blob_of(session, server.url), delegate=resumed).result(PATIENCE)
        assert [None, f"bytes={CUT}-", None] == server.asked("Range")
        assert [False, True, False] == [coding == "identity" for coding in server.asked("Accept-Encoding")]
    assert [(0, SIZE)] == resumed.offsets
    assert [CHANGED] == left(downloads) == [file.read_bytes()]


def test_two_tasks_do_not_write_into_one_file(session: sm.URLSession, downloads: Path) -> None:
    """Of two tasks with the same resume data the second loads the whole into a file of its own."""
    resumed, go_on = Resumed(), threading.Event()

    def in_two_pieces(peer: Peer) -> None:
        peer.send('\r\n'.join(["HTTP/1.1 206 Partial Content", *FIELDS, "Content-Range: bytes 100-256/257", "Content-Length: 157", "", ""]).encode())
        peer.send(FILE[CUT:200])
        assert go_on.wait(PATIENCE)
        peer.send(FILE[200:])

    with Server(broken, in_two_pieces, part(FILE, CUT), whole(FILE, "v1")) as server:
        blob = blob_of(session, server.url)
        first = session.download(resume_from=blob, delegate=resumed)
        assert resumed.there.wait(PATIENCE)
        second = session.download(resume_from=blob).result(PATIENCE)[0]
        go_on.set()
        assert FILE == first.result(PATIENCE)[0].read_bytes() == second.read_bytes()
    assert [FILE, FILE] == left(downloads)


def test_resume_data_does_not_reach_a_finished_file(session: sm.URLSession, downloads: Path) -> None:
    """The file that resume data led to is the caller's: used again it makes another."""
    with Server(broken, part(FILE, CUT), whole(CHANGED, "v2")) as server:
        blob = blob_of(session, server.url)
        first, _ = session.download(resume_from=blob).result(PATIENCE)
        second, _ = session.download(resume_from=blob).result(PATIENCE)
        assert server.asked("Range")[2] is None
    assert (FILE, CHANGED) == (first.read_bytes(), second.read_bytes())


def test_a_partial_file_cut_short_while_the_task_waits_is_not_used(session: sm.URLSession, downloads: Path) -> None:
    """What counts is the file when the rest comes, not when the task was made."""
    with Server(broken, part(FILE, CUT), whole(FILE, "v1")) as server:
        loading = session.download_task(resume_data=blob_of(session, server.url))
        [partial] = downloads.iterdir()
        partial.write_bytes(FILE[:50])
        told: queue.Queue[bytes] = queue.Queue()
        loading.delegate = type("Reading", (), {
            "download_task_did_finish_downloading": lambda self, session, task, location: told.put(location.read_bytes())})()
        loading.resume()
        assert FILE == told.get(timeout=PATIENCE)


def test_a_finished_download_gives_no_resume_data(session: sm.URLSession, downloads: Path) -> None:
    """Also not where nobody knew its length, and its file is there."""
    answer = "\r\n".join(["HTTP/1.1 200 OK", *FIELDS, "Transfer-Encoding: chunked", "", "4", "body", "0", "", ""]).encode()
    with Server(lambda peer: peer.send(answer)) as server:
        loading = session.download(server.url)
        file, _ = loading.result(PATIENCE)
        assert isinstance(loading.task, sm.URLSessionDownloadTask)
        assert loading.task.cancel_by_producing_resume_data().result(PATIENCE) is None
    assert b"body" == file.read_bytes()


def test_a_part_that_nobody_asked_for_is_not_resumed(session: sm.URLSession, downloads: Path) -> None:
    """A 206 to a request without a range says nothing that a later range could be added to."""
    answer = cut(FILE[50:CUT], "HTTP/1.1 206 Partial Content", *FIELDS, "Content-Range: bytes 50-256/257", "Content-Length: 207")
    with Server(answer) as server:
        assert failure(session.download(server.url)).download_task_resume_data is None
    assert [] == left(downloads)


def test_a_resumed_task_remembers_its_origin_and_keeps_its_secrets(session: sm.URLSession, downloads: Path) -> None:
    """Its original request is that of the download. Fields for the first origin do not follow a redirect of the rest to another
    one, however often it is resumed there."""
    with Server(cut(FILE[CUT:200], "HTTP/1.1 206 Partial Content", *FIELDS, "Content-Range: bytes 100-256/257", "Content-Length: 157"),
                part(FILE, 200)) as away, Server(broken, lambda peer: peer.reply(
                    b"", f"Location: {away.url}/moved", "Connection: close", status="307 Temporary Redirect")) as home:
        request = sm.URLRequest(home.url, all_http_header_fields={"Authorization": "Bearer secret", "X-Mine": "yes"})
        second = session.download(resume_from=blob_of(session, request))
        error = failure(second)
        third = session.download(resume_from=error.download_task_resume_data)
        assert FILE == third.result(PATIENCE)[0].read_bytes()
        for loading in (second, third):
            original = loading.task.original_request
            assert original is not None
            assert (home.url, "yes", None) == (original.url, original.value("X-Mine"), original.value("Range"))
        assert ["Bearer secret"] * 2 == home.asked("Authorization")
        assert [None, None] == away.asked("Authorization")
        assert ["yes", "yes"] == away.asked("X-Mine")
        assert ["bytes=100-", "bytes=200-"] == away.asked("Range")


@pytest.mark.filterwarnings("ignore::sessionmock.SettingWarning")     # Authorization is URLSession's own
def test_resuming_takes_no_secret_of_the_configuration_elsewhere(downloads: Path) -> None:
    """A download that was redirected is gone on with where it went; the configuration's own fields stay behind, and none of them is
    in the resume data."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_additional_headers = {"Authorization": "Bearer secret", "X-Mine": "yes"}
    with Server(broken, part(FILE, CUT)) as away, Server(lambda peer: peer.reply(
            b"", f"Location: {away.url}/moved", "Connection: close", status="302 Found")) as home, sm.URLSession(configuration) as session:
        blob = blob_of(session, home.url)
        assert FILE == session.download(resume_from=blob).result(PATIENCE)[0].read_bytes()
        assert (["Bearer secret"], [None, None], ["yes", "yes"]) == (
            home.asked("Authorization"), away.asked("Authorization"), away.asked("X-Mine"))
    with Server(broken, part(FILE, CUT)) as home, sm.URLSession(configuration) as session:
        blob = blob_of(session, home.url)
        assert b"secret" not in blob
        session.download(resume_from=blob).result(PATIENCE)
        assert ["Bearer secret"] * 2 == home.asked("Authorization")


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_folder_that_is_not_the_users_is_not_used(kind: str, session: sm.URLSession, downloads: Path, tmp_path: Path) -> None:
    """Where something else has the name of the downloads' folder a download fails with -3000 when it runs, and leaves it alone."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Server(broken, whole(FILE, "v1"), whole(FILE, "v1")) as server:
        blob = blob_of(session, server.url)
        downloads.rename(tmp_path / "before")
        if kind == "file":
            downloads.touch()
        else:
            downloads.symlink_to(elsewhere)
        assert -3000 == failure(session.download(server.url)).code
        assert -3000 == failure(session.download(resume_from=blob)).code
    assert [] == list(elsewhere.iterdir())


DROPPING = """
import gc, sys
import sessionmock as sm
from sessionmock.load.partial_files import folder

gc.disable()
with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
    try:
        session.download(sys.argv[1]).result(20)
    except sm.URLError as error:
        print(error.download_task_resume_data is not None)
print(list(folder().iterdir()))
"""


def test_a_failure_that_nobody_keeps_leaves_no_file(downloads: Path) -> None:
    """Not even until the collector comes: an error and the frames that it went through hold each other in no circle."""
    with Server(broken) as server:
        assert ["True", "[]"] == run_program(DROPPING, server.url, TMPDIR=str(downloads.parent)).split()
