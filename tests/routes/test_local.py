"""data: and file: URLs."""
from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionmock import URLError, URLSession, URLSessionConfiguration
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes import local
from sessionmock.routes.local import LocalRoute

Code = URLError.Code


@pytest.fixture
def session() -> Iterator[URLSession]:
    with URLSession(URLSessionConfiguration.ephemeral()) as made:
        yield made


@pytest.mark.parametrize(("url", "data", "kind", "charset"), [
    ("data:,a%20b", b"a b", "text/plain", "us-ascii"),
    ("DATA:,x", b"x", "text/plain", "us-ascii"),
    ("data:text/HTML;charset=UTF-8,%3Ci%3E", b"<i>", "text/html", "utf-8"),
    ('data:text/plain;charset="utf-8",x', b"x", "text/plain", "utf-8"),
    ("data:;charset=utf-8;base64,aGk", b"hi", "text/plain", "utf-8"),
    ("data:image/png;BASE64,aGk%3D", b"hi", "image/png", None),
    ("data:;base64,a%20G%6B%3D%0A", b"hi", "text/plain", "us-ascii"),
    ("data:;base64,#", b"", "text/plain", "us-ascii"),
    ("data:,a,b?c#d", b"a,b?c", "text/plain", "us-ascii"),
])
def test_data_urls(session: URLSession, url: str, data: bytes, kind: str, charset: str | None) -> None:
    """A data: URL is its own response (RFC 2397): bytes, type, length and charset."""
    found, response = session.data(url).result()
    assert (data, kind, charset, len(data)) == (found, response.mime_type, response.text_encoding_name, response.expected_content_length)


@pytest.mark.parametrize("url", ["data:text/plain", "data:;base64,a!"])
def test_what_is_no_data_url(session: URLSession, url: str) -> None:
    """Without a comma, or with what is no base64, it is -1000."""
    with pytest.raises(URLError) as failure:
        session.data(url).result()
    assert Code.BAD_URL == failure.value.code


@pytest.mark.parametrize("form", ["file://{}", "FILE://localhost{}", "file:{}"])
def test_file_urls(session: URLSession, tmp_path: Path, form: str) -> None:
    """A file: URL names a file of this machine by its whole path, percent-encoded (RFC 8089)."""
    (tmp_path / "a b.json").write_bytes(b"{}")
    data, response = session.data(form.format(tmp_path / "a%20b.json")).result()
    assert (b"{}", "application/json", "a b.json") == (data, response.mime_type, response.suggested_filename)


@pytest.mark.parametrize(("url", "code"), [
    ("file://{}/nothing", Code.FILE_DOES_NOT_EXIST), ("file://{}", Code.FILE_IS_DIRECTORY), ("file:here", Code.FILE_DOES_NOT_EXIST),
    ("file://elsewhere{}/here", Code.FILE_DOES_NOT_EXIST), ("file://{}/%00", Code.FILE_DOES_NOT_EXIST),
    ("file://{}/pipe", Code.NO_PERMISSIONS_TO_READ_FILE), ("file:///dev/zero", Code.NO_PERMISSIONS_TO_READ_FILE),
])
def test_files_that_are_none(session: URLSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, code: int) -> None:
    """A missing file, a name that no file can have, a folder, a path that is not whole, another machine's file, a pipe and a device
    have their errors."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "here").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(URLError) as failure:
        session.data(url.format(tmp_path)).result(20)
    assert code == failure.value.code


class Pooled:
    """A host whose pooled threads run when they are told to."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def work(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def run(self) -> None:
        while self.calls:
            self.calls.pop(0)()


class Taking:
    """A sink that pauses its exchange after each piece."""

    exchange: Any = None

    def __init__(self, *, pausing: bool = True) -> None:
        self.pausing = pausing
        self.body = b""
        self.ended: Any = None

    def head(self, head: ResponseHead) -> None:
        assert head.given is not None

    def data(self, data: bytes) -> None:
        self.body += data
        if self.pausing:
            self.exchange.pause()

    def end(self, trailers: Any) -> None:
        self.ended = True

    def fail(self, error: URLError) -> None:
        self.ended = error.code


@pytest.fixture
def host() -> Pooled:
    return Pooled()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[io.FileIO]:
    """The files that were opened. Reading a second piece fails of one that is called torn."""
    files: list[io.FileIO] = []

    class Watched(io.FileIO):
        def __init__(self, path: str, mode: str, *, opener: Any) -> None:
            super().__init__(path, mode, opener=opener)
            self.torn = path.endswith("torn")
            files.append(self)

        def read(self, size: int | None = -1) -> bytes:
            if self.torn and self.tell():
                raise OSError("the disk is gone")
            return super().read(size) or b""
    monkeypatch.setattr(local, "open", Watched, raising=False)
    return files


def _opened(host: Any, sink: Any, path: str) -> Any:
    channel = LocalRoute().bind(URLSessionConfiguration.ephemeral(), host)
    sink.exchange = channel.open(Request("GET", f"file://{path}", []), sink)
    host.run()
    return sink.exchange


def test_a_file_is_read_no_further_than_is_wanted(host: Pooled, tmp_path: Path) -> None:
    """A piece at a time where its taker pauses, and on when it resumes."""
    content = bytes(range(256)) * 2000
    (tmp_path / "large").write_bytes(content)
    sink = Taking()
    exchange = _opened(host, sink, f"{tmp_path}/large")
    read = [len(sink.body)]
    while not sink.ended:
        exchange.resume()
        host.run()
        read.append(len(sink.body))
    assert sink.body == content
    assert 0 < read[0] < len(content)
    assert read == sorted(set(read)) or read[-2] == read[-1]      # the last piece is followed by the end alone


def test_a_file_is_closed_where_its_load_is_cancelled(host: Pooled, tmp_path: Path, opened: list[io.FileIO]) -> None:
    """Also while it is paused; nothing more of it comes."""
    (tmp_path / "large").write_bytes(bytes(500_000))
    sink = Taking()
    exchange = _opened(host, sink, f"{tmp_path}/large")
    before = len(sink.body)
    exchange.cancel()
    host.run()
    assert [True] == [file.closed for file in opened]
    assert (None, before) == (sink.ended, len(sink.body))


def test_a_file_that_cannot_be_read_on(host: Pooled, tmp_path: Path, opened: list[io.FileIO]) -> None:
    """What was read was delivered; then it fails, and the file is closed."""
    (tmp_path / "torn").write_bytes(bytes(500_000))
    sink = Taking(pausing=False)
    _opened(host, sink, f"{tmp_path}/torn")
    assert Code.FILE_DOES_NOT_EXIST == sink.ended
    assert 0 < len(sink.body) < 500_000
    assert [True] == [file.closed for file in opened]


def test_a_file_that_may_not_be_read() -> None:
    """Is -1102."""
    assert Code.NO_PERMISSIONS_TO_READ_FILE == local.file_error("file:///a", PermissionError()).code


def test_a_pause_that_is_over_again_starts_no_second_reader(host: Pooled, tmp_path: Path) -> None:
    """Two would mix the pieces up: who pauses and resumes within a piece goes on with the same one."""
    class Undecided(Taking):
        def data(self, data: bytes) -> None:
            super().data(data)
            self.exchange.resume()
            assert [] == host.calls

    (tmp_path / "large").write_bytes(bytes(500_000))
    sink = Undecided()
    channel = LocalRoute().bind(URLSessionConfiguration.ephemeral(), host)    # type: ignore[arg-type]
    sink.exchange = channel.open(Request("GET", f"file://{tmp_path}/large", []), sink)
    host.run()
    assert (True, 500_000) == (sink.ended, len(sink.body))


def test_a_file_with_nothing_in_it(host: Pooled, tmp_path: Path) -> None:
    """Has a response and an end."""
    (tmp_path / "empty").touch()
    sink = Taking()
    _opened(host, sink, f"{tmp_path}/empty")
    assert (True, b"") == (sink.ended, sink.body)
