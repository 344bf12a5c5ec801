"""Files read for a load: no further than is wanted, and what is wrong with one told by its code."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionmock.errors import Code
from sessionmock.models.message import Request
from sessionmock.routes.local import LocalRoute, file_error

from .doubles import FakeHost, RecordingSink

PIECE = 128 * 1024


class Bench:
    """A file of `size` bytes, asked for."""

    def __init__(self, folder: Path, size: int = 3 * PIECE) -> None:
        (folder / "a.txt").write_bytes(b"x" * size)
        self.host, self.sink = FakeHost(), RecordingSink()
        channel = LocalRoute().bind(None, self.host)    # type: ignore[arg-type]
        self.exchange: Any = channel.open(Request("GET", f"file://{folder}/a.txt", [], None), self.sink)
        assert [] == self.sink.calls


def test_a_file_is_read_on_a_thread_piece_by_piece(tmp_path: Path) -> None:
    """Its head says type and length, and neither status nor headers."""
    bench = Bench(tmp_path)
    bench.host.run()
    response = bench.sink.calls[0][1].given.response
    assert ("text/plain", 3 * PIECE) == (response.mime_type, response.expected_content_length)
    assert (["head", "data", "data", "data", "end"], 3 * PIECE) == (bench.sink.names, len(bench.sink.body))
    empty = Bench(tmp_path, 0)
    empty.host.run()
    assert ["head", "end"] == empty.sink.names


def test_nobody_reads_ahead_of_a_pause(tmp_path: Path) -> None:
    """The thread is given back; after a resume one other goes on."""
    bench = Bench(tmp_path)
    bench.sink.on_data = bench.exchange.pause
    bench.host.run()
    assert PIECE == len(bench.sink.body)
    bench.sink.on_data = lambda: None
    bench.exchange.resume()
    bench.exchange.resume()
    assert 1 == len(bench.host.posted)
    bench.host.run()
    assert "end" == bench.sink.names[-1]


def test_a_pause_that_is_over_again_starts_no_second_reader(tmp_path: Path) -> None:
    """Two would mix the pieces up."""
    bench = Bench(tmp_path)
    bench.sink.on_data = lambda: (bench.exchange.pause(), bench.exchange.resume())    # type: ignore[assignment]
    bench.host.run()
    assert (3, 1) == (bench.sink.names.count("data"), bench.sink.names.count("end"))


def test_a_cancelled_file_is_closed(tmp_path: Path) -> None:
    """A file that were left open would warn."""
    bench = Bench(tmp_path)
    bench.sink.on_data = bench.exchange.cancel
    bench.host.run()
    assert ["head", "data"] == bench.sink.names
    paused = Bench(tmp_path)
    paused.sink.on_data = paused.exchange.pause
    paused.host.run()
    paused.exchange.cancel()
    paused.host.run()
    assert ["head", "data"] == paused.sink.names


@pytest.mark.parametrize(("url", "code"), [
    ("file://{}/nothing", Code.FILE_DOES_NOT_EXIST), ("file://{}", Code.FILE_IS_DIRECTORY), ("file:here", Code.FILE_DOES_NOT_EXIST),
    ("file://elsewhere{}/a.txt", Code.FILE_DOES_NOT_EXIST), ("file://{}/%00", Code.FILE_DOES_NOT_EXIST),
])
def test_what_is_no_file(tmp_path: Path, url: str, code: int) -> None:
    """It fails before there is a head."""
    host, sink = FakeHost(), RecordingSink()
    LocalRoute().bind(None, host).open(Request("GET", url.format(tmp_path), [], None), sink)    # type: ignore[arg-type]
    host.run()
    assert (["fail"], code) == (sink.names, sink.calls[0][1].code)


@pytest.mark.parametrize(("error", "code"), [
    (IsADirectoryError(), Code.FILE_IS_DIRECTORY), (PermissionError(), Code.NO_PERMISSIONS_TO_READ_FILE),
    (FileNotFoundError(), Code.FILE_DOES_NOT_EXIST), (OSError("disk"), Code.FILE_DOES_NOT_EXIST),
])
def test_what_the_disk_says_is_a_code(error: OSError, code: int) -> None:
    """With the error itself under it."""
    found = file_error("file:///a", error)
    assert (code, error) == (found.code, found.underlying_error)
