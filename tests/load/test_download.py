"""The consumer of a download: its file, what becomes of it, and how it is gone on with."""
from __future__ import annotations

import os
import stat
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Phase
from sessionmock.core.resume_data import DownloadResumeData, decode
from sessionmock.errors import DOWNLOAD_RESUME_DATA, Code, URLError
from sessionmock.history import History, Written
from sessionmock.load import download
from sessionmock.load.download import ToFile
from sessionmock.load.partial_files import HeldData, folder
from sessionmock.stores.files import try_lock

from .doubles import URL, Consumed, head

LOST = URLError(Code.NETWORK_CONNECTION_LOST)
TAG = ("ETag", '"1"')
RANGES = [("Content-Length", "6"), ("Accept-Ranges", "bytes"), TAG]
DATE, LATER = "Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:01 GMT"
REST = [("Content-Range", "bytes 2-5/6"), ("Content-Length", "4"), TAG]


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of downloads of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


class Made:
    """A load whose response goes to a file."""

    def __init__(self, delegate: object | None = None, consumer: ToFile | None = None, request: Any = URL, *, history: History | None = None) -> None:
        self.load = Consumed(delegate, request, history=history)
        self.load.parts.runs(Phase.RECEIVING)
        self.consumer = consumer or ToFile()

    def begin(self, status: int = 200, headers: Any = tuple(RANGES)) -> Made:
        """The response comes."""
        final = head(status, list(headers))
        self.load.transfer.response = sm.HTTPURLResponse.from_head(URL, final)
        self.load.transfer.begin(self.load.transfer.request, 0).head = final
        self.consumer.begin(self.load, self.load.transfer.response)
        return self

    def data(self, *pieces: bytes) -> Made:
        for piece in pieces:
            self.consumer.data(self.load, piece)
            self.load.parts.queue.run()
        return self

    def end(self) -> Made:
        self.consumer.end(self.load)
        return self

    @property
    def file(self) -> bytes:
        assert self.consumer.path is not None
        return self.consumer.path.read_bytes()

    @property
    def error(self) -> Any:
        [(_, error)] = [note for note in self.load.notes if note[0] == "end with"]
        return error

    def finished(self, error: URLError | None = None) -> Any:
        return self.consumer.finished(self.load, error)


def left() -> list[str]:
    """The files in the folder of downloads."""
    return sorted(os.listdir(folder()))


# the folder -----------------------------------------------------------------------------------------------------------------
def test_downloads_lie_in_a_folder_of_the_users_own() -> None:
    """The same for every process, and nobody else's to look into."""
    made = folder()
    assert (folder(), 0o700) == (made, stat.S_IMODE(made.stat().st_mode))


@pytest.mark.parametrize("kind", ["a file", "a link", "another's"])
def test_a_folder_that_is_not_the_users_own_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a shared /tmp anybody may take its name: the download fails with -3000."""
    place = tmp_path / f"sessionmock-downloads-{os.getuid()}"
    if kind == "a file":
        place.touch()
    elif kind == "a link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    else:
        another = os.getuid() + 1
        (tmp_path / f"sessionmock-downloads-{another}").mkdir()
        monkeypatch.setattr(os, "getuid", lambda: another)
    made = Made().begin()
    assert (Code.CANNOT_CREATE_FILE, OSError) == (made.error.code, type(made.error.underlying_error).__mro__[1])


# writing -------------------------------------------------------------------------------------------------------------------
def test_bytes_are_written_as_they_come() -> None:
    """A process that is killed leaves what it had."""
    made = Made().begin().data(b"da")
    assert b"da" == made.file
    made.data(b"ta")
    assert (b"data", 4, 6, 0o600) == (made.file, made.consumer.written, made.consumer.expected, stat.S_IMODE(made.consumer.path.stat().st_mode))      # type: ignore[union-attr]
    made.consumer.orphan()


class Told:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def download_task_did_write_data(self, session: Any, task: Any, count: int, written: int, expected: int) -> None:
        self.told.append((count, written, expected))

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
        self.told.append(location.read_bytes())

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None:
        self.told.append(("resumed", offset, expected))


def test_the_delegate_hears_of_each_piece_and_has_the_file() -> None:
    """While its method runs; then it is removed, and the load goes on (I18)."""
    made = Made(delegate := Told()).begin().data(b"dat", b"a").end()
    assert (1, []) == (len(left()), made.load.notes)
    made.load.parts.queue.run()
    assert ([(3, 3, 6), (1, 4, 6), b"data"], [("stored", None)], []) == (delegate.told, made.load.notes, left())
    assert made.finished() is None


def test_a_handler_has_the_file_until_it_is_over() -> None:
    """The delegate hears of nothing then."""
    def handler(path: Any, response: Any, error: Any) -> None: ...

    made = Made(delegate := Told(), ToFile(handler)).begin().data(b"data").end()
    assert (False, [], [("stored", None)]) == (made.consumer.loses(made.load), delegate.told, made.load.notes)
    name, call, (path, response, error) = made.finished()
    assert ("completion_handler", handler, b"data", made.load.transfer.response, None) == (name, call, path.read_bytes(), response, error)
    made.consumer.told()
    assert [] == left()


def test_a_loading_keeps_the_file() -> None:
    """It is its caller's from then on, and nobody's message."""
    made = Made(Told(), ToFile(keeps=True)).begin().data(b"data").end()
    assert (None, [("stored", None)]) == (made.finished(), made.load.notes)
    made.consumer.told()
    (path, response), error = made.consumer.outcome()
    assert (b"data", made.load.transfer.response, None) == (path.read_bytes(), response, error)


def test_a_file_that_nobody_takes_is_removed() -> None:
    """At once; the task says beforehand that it will be."""
    made = Made(object()).begin().data(b"data")
    assert made.consumer.loses(made.load)
    made.end()
    assert ([], [("stored", None)]) == (left(), made.load.notes)


def test_what_is_written_is_written_down() -> None:
    """By a history that wants it."""
    wanting, other = History([Written]), History([])
    made = Made(history=wanting).begin().data(b"data")
    Made(history=other).begin().data(b"data").consumer.orphan()
    assert ([Written(1, 0, made.load.task, made.consumer.path, 4)], 0) == (list(wanting), len(other))
    made.consumer.orphan()


def test_a_disk_that_is_full_ends_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """-3003, over what the system says."""
    def full(*_: Any) -> int:
        raise OSError("no space left")

    made = Made().begin()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        made.data(b"data")
    assert (Code.CANNOT_WRITE_TO_FILE, "no space left") == (made.error.code, str(made.error.underlying_error))
    made.finished(made.error)


def test_a_piece_may_take_several_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system writes what it likes of each."""
    write = os.write
    made = Made(delegate := Told()).begin()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:1]))
        made.data(b"data")
    assert (b"data", [(4, 4, 6)]) == (made.file, delegate.told)
    made.consumer.orphan()


# what is left of one that failed -----------------------------------------------------------------------------------------------
def resume_data(error: URLError) -> DownloadResumeData | None:
    blob = error.user_info.get(DOWNLOAD_RESUME_DATA)
    return None if blob is None else decode(blob, DownloadResumeData)


def test_what_came_can_be_gone_on_with() -> None:
    """The error says how, and the file stays (I19, I20)."""
    request = sm.URLRequest(URL)
    request.set_value("x", "Authorization")
    made = Made(request=request).begin().data(b"da")
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    made.finished(error)
    found = resume_data(error)
    assert found is not None
    assert (URL, "GET", [("Authorization", "x")], 2, 6, '"1"', left()) == (
        found.current_url, found.method, found.headers, found.offset, found.expected, found.tag, [found.partial])


def nothing(path: Any, response: Any, error: Any) -> None: ...


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("consumer", [ToFile, partial(ToFile, nothing), partial(ToFile, keeps=True)], ids=["delegate", "handler", "loading"])
def test_whoever_takes_the_file_it_can_be_gone_on_with(consumer: Any, asked: bool) -> None:
    """By the error, or by what was asked for before the load was cancelled; as long as somebody holds that."""
    made = Made(Told(), consumer()).begin().data(b"da")
    error = URLError(Code.CANCELLED if asked else Code.NETWORK_CONNECTION_LOST)
    blob = made.consumer.resume_data(made.load) if asked else None
    made.finished(error)
    made.consumer.told()
    blob = blob or error.user_info[DOWNLOAD_RESUME_DATA]
    [name] = left()
    assert (name, b"da") == (decode(blob, DownloadResumeData).partial, (folder() / name).read_bytes())
    error.user_info.clear()
    del blob
    assert [] == left()


def test_what_went_on_is_held_by_its_own_resume_data_too() -> None:
    """The file stays until neither the first nor the second is there."""
    made = Made().begin().data(b"da")
    first = made.consumer.resume_data(made.load)
    made.finished(URLError(Code.CANCELLED))
    assert isinstance(first, HeldData)
    second = going_on(ToFile(resumed=decode(first, DownloadResumeData), partial=first.partial)).begin(206, REST).data(b"t")
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    second.finished(error)
    del first, second
    assert 1 == len(left())
    error.user_info.clear()
    assert [] == left()


@pytest.mark.parametrize(("kept", "later"), [
    ([TAG, ("Last-Modified", "yesterday")], [TAG, ("Last-Modified", "yesterday")]),
    ([TAG], [TAG]), ([("Last-Modified", DATE), ("Date", LATER)], [("Last-Modified", DATE)])])
def test_a_rest_that_was_cut_can_be_gone_on_with_too(kept: Any, later: Any) -> None:
    """By the validators of the first part: that of the rest may lack what made them strong (RFC 9110, section 15.3.7)."""
    made = Made().begin(200, [*RANGES[:2], *kept]).data(b"d")
    first = made.consumer.resume_data(made.load)
    assert isinstance(first, HeldData)
    made.consumer._close()
    again = going_on(ToFile(resumed=decode(first, DownloadResumeData), partial=first.partial))
    again.begin(206, [("Content-Range", "bytes 1-5/6"), *later]).data(b"a")
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    again.finished(error)
    found = resume_data(error)
    assert found is not None
    assert (2, decode(first, DownloadResumeData).validators) == (found.offset, found.validators)


def test_a_cancelled_download_leaves_nothing_by_itself() -> None:
    """Unless its resume data was asked for before."""
    made, asked = Made().begin().data(b"da"), Made().begin().data(b"da")
    blob = asked.consumer.resume_data(asked.load)
    assert blob is not None
    assert blob == asked.consumer.resume_data(asked.load)
    for each in (made, asked):
        error = URLError(Code.CANCELLED)
        each.finished(error)
        assert {} == error.user_info
    assert [decode(blob, DownloadResumeData).partial] == left()


@pytest.mark.parametrize(("status", "headers", "method", "pieces"), [
    (200, [("Content-Length", "6"), TAG], "GET", [b"da"]),                 # a server without ranges
    (200, [("Accept-Ranges", "bytes")], "GET", [b"da"]),                   # nothing to tell the file by
    (200, RANGES, "POST", [b"da"]), (200, RANGES, "GET", []), (206, REST, "GET", [b"da"])])
def test_what_cannot_be_gone_on_with_is_removed(status: int, headers: Any, method: str, pieces: list[bytes]) -> None:
    """By what it is, or because a part of it is no whole."""
    made = Made(request=sm.URLRequest(URL, method)).begin(status, headers).data(*pieces)
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    made.finished(error)
    assert (None, []) == (resume_data(error), left())


def test_a_file_that_somebody_removed_cannot_be_gone_on_with() -> None:
    """Nor one of a load that failed before its response."""
    made = Made().begin().data(b"da")
    assert made.consumer.path is not None
    made.consumer.path.unlink()
    early = Made()
    assert (None, None) == (made.consumer.resume_data(made.load), early.consumer.resume_data(early.load))
    for each in (made, early):
        each.finished(LOST)
    assert [] == left()


def test_a_handler_of_one_that_failed_gets_no_file() -> None:
    """But the error."""
    made = Made(consumer=ToFile(print)).begin(headers=[]).data(b"da")
    assert (None, made.load.transfer.response, LOST) == made.finished(LOST)[2]
    made.consumer.told()
    assert [] == left()


# resuming --------------------------------------------------------------------------------------------------------------------
def resumed(partial: bytes | None = b"da", *, expected: int = 6, offset: int = 2, current: str = f"{URL}moved") -> ToFile:
    """A consumer that goes on with a file of which `partial` is there."""
    if partial is not None:
        (folder() / "partial").write_bytes(partial)
    return ToFile(resumed=DownloadResumeData(
        original_url=URL, current_url=current, method="GET", headers=[("Authorization", "x")], offset=offset, expected=expected,
        tag='"1"', modified=None, partial="partial", created=datetime.now(UTC)))


def going_on(consumer: ToFile, delegate: object | None = None) -> Made:
    """The load of a resumed download, whose request is on its way."""
    request, original = consumer.resuming()
    made = Made(delegate, consumer, request)
    made.load.transfer.original_request = original
    return made


def test_the_rest_is_asked_for() -> None:
    """Of the resource where it was found last, if it is still the same."""
    request, original = resumed().resuming()
    assert (f"{URL}moved", URL) == (request.url, original.url)
    assert [("Authorization", "x"), ("Range", "bytes=2-"), ("If-Range", '"1"')] == request.header_pairs()
    assert [("Authorization", "x")] == original.header_pairs()


@pytest.mark.parametrize("partial", [None, b"d"])
def test_the_whole_is_asked_for_where_the_part_is_not_there(partial: bytes | None) -> None:
    """It was removed, or cut short; then only the whole will do."""
    made = going_on(resumed(partial))
    assert [("Authorization", "x")] == made.load.transfer.request.header_pairs()
    made.begin(206, REST)
    assert Code.BAD_SERVER_RESPONSE is made.error.code
    whole = going_on(resumed(partial)).begin().data(b"whole!")
    assert b"whole!" == whole.file
    whole.consumer.orphan()


def test_the_rest_is_appended() -> None:
    """The delegate hears of it; the file that is whole then has a name that no resume data knows."""
    made = going_on(resumed(b"da, and more than was told"), delegate := Told()).begin(206, REST)
    made.load.parts.queue.run()
    made.data(b"ta", b"!!").end()
    assert ["partial.tmp"] == left()
    made.load.parts.queue.run()
    assert ([("resumed", 2, 6), (2, 4, 6), (2, 6, 6), b"data!!"], []) == (delegate.told, left())


def test_what_changed_is_loaded_whole() -> None:
    """Into another file, from its start: whoever has the same resume data finds none of these bytes where the part was."""
    made = going_on(resumed(), delegate := Told()).begin(200, RANGES)
    made.load.parts.queue.run()
    assert (("resumed", 0, 6), b"other") == (delegate.told[0], made.data(b"other").file)
    assert made.consumer.path is not None
    assert [made.consumer.path.name] == left() != ["partial"]
    made.consumer.orphan()


@pytest.mark.parametrize(("status", "headers"), [
    (416, []), (206, REST[:2]), (206, [("Content-Range", "bytes 1-5/6"), TAG])])
def test_what_has_no_such_range_is_asked_for_whole(status: int, headers: Any) -> None:
    """Nor has a part that does not say its version, and one that begins too early. Without what resuming
    adds; after that a part is no answer any more."""
    made = going_on(resumed()).begin(status, headers)
    [(_, request)] = made.load.notes
    assert [("Authorization", "x")] == request.header_pairs()
    made.load.notes.clear()
    made.begin(206, REST)
    assert Code.BAD_SERVER_RESPONSE is made.error.code


@pytest.mark.parametrize(("status", "headers"), [(206, [("Content-Range", "bytes 3-5/6"), TAG]), (500, []), (206, [*REST[:2], ("ETag", '"2"')])])
def test_an_answer_that_is_neither_the_rest_nor_the_whole(status: int, headers: Any) -> None:
    """-1011: nothing is put together that may not belong together, and the part stays as it was."""
    made = going_on(resumed()).begin(status, headers)
    error = made.error
    made.finished(error)
    found = resume_data(error)
    assert found is not None
    assert (Code.BAD_SERVER_RESPONSE, 2, ["partial"]) == (error.code, found.offset, left())


def test_a_part_that_another_task_writes_is_left_to_it() -> None:
    """Two tasks have the same resume data: the second asks for the whole."""
    made = going_on(resumed())
    other = os.open(folder() / "partial", os.O_RDWR)
    assert try_lock(other)
    made.begin(206, REST)
    os.close(other)
    assert ["start over"] == [note[0] for note in made.load.notes]


@pytest.mark.parametrize("how", ["gone", "shorter", "swept", "cannot be cut"])
def test_a_part_that_is_lost_on_the_way(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the request and its answer: the whole is asked for."""
    def refuse(*_: Any) -> None:
        raise OSError("read-only")

    made = going_on(resumed())
    if how == "gone":
        (folder() / "partial").unlink()
    elif how == "shorter":
        (folder() / "partial").write_bytes(b"d")
    elif how == "swept":
        monkeypatch.setattr(download, "try_lock", lambda file: (folder() / "partial").unlink() is None)
    else:
        monkeypatch.setattr(os, "ftruncate", refuse)
    made.begin(206, REST)
    assert ["start over"] == [note[0] for note in made.load.notes]


def test_a_whole_that_finds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the part's file nor in one of its own: -3000."""
    made = going_on(resumed())
    (folder() / "partial").unlink()

    def refuse(**_: Any) -> Any:
        raise OSError("no space left")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    made.begin(200, RANGES)
    assert Code.CANNOT_CREATE_FILE is made.error.code


def test_more_than_the_rest_is_not_to_be_trusted() -> None:
    """-1011; what was there before is."""
    made = going_on(resumed()).begin(206, REST).data(b"ta!!!")
    error = made.error
    made.finished(error)
    found = resume_data(error)
    assert found is not None
    assert (Code.BAD_SERVER_RESPONSE, 2) == (error.code, found.offset)


def test_less_than_the_rest_is_a_loss() -> None:
    """Whatever the end said; what came can be gone on with."""
    made = going_on(resumed()).begin(206, REST).data(b"ta").end()
    error = made.error
    made.finished(error)
    found = resume_data(error)
    assert found is not None
    assert (Code.NETWORK_CONNECTION_LOST, 4, [("Authorization", "x")]) == (error.code, found.offset, found.headers)


def test_a_file_that_cannot_be_named_anew_ends_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """-3005: under its old name another task could go on with it."""
    def refuse(*_: Any) -> Any:
        raise OSError("read-only")

    made = going_on(resumed()).begin(206, REST).data(b"ta!!")
    monkeypatch.setattr(os, "rename", refuse)
    made.end()
    assert (Code.CANNOT_MOVE_FILE, "read-only") == (made.error.code, str(made.error.underlying_error))
    made.finished(made.error)


# a forked child ----------------------------------------------------------------------------------------------------------------
def test_a_forked_child_leaves_the_parents_file_alone() -> None:
    """It closes its copy, without letting go of the lock, and forgets the file."""
    made = going_on(resumed()).begin(206, REST)
    parents = os.dup(made.consumer._file)      # type: ignore[arg-type]
    made.consumer.orphan()
    made.consumer.orphan()
    made.consumer.finished(made.load, LOST)
    other = os.open(folder() / "partial", os.O_RDWR)
    assert (False, ["partial"]) == (try_lock(other), left())
    os.close(other)
    os.close(parents)
