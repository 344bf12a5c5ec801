"""A download of 257 bytes, cut at every byte, against servers that honour, ignore, change or break ranges: 1,032 cases."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sessionmock as sm
from tests.tasks.ranges import BREAKS, CHANGED, FILE, SIZE, FileServer

PATIENCE = 20.0
CUTS = [range(130), range(130, SIZE + 1)]       # halves, for two workers


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def interrupted(session: sm.URLSession, url: str) -> bytes | sm.URLError:
    """What the first try gave: the whole file, or the error that it was cut with."""
    return finished(session.download(url))


def finished(loading: sm.Loading) -> bytes | sm.URLError:
    try:
        file, _ = loading.result(PATIENCE)
    except sm.URLError as error:
        return error
    data: bytes = file.read_bytes()
    file.unlink()
    return data


def resumed(session: sm.URLSession, server: FileServer, path: str) -> list[bytes | sm.URLError]:
    """The outcomes of a download that is cut and gone on with, as long as there is something to go on with, three times at most."""
    outcomes = [interrupted(session, server.url + path)]
    while len(outcomes) < 4 and isinstance(error := outcomes[-1], sm.URLError) and error.download_task_resume_data is not None:
        outcomes.append(finished(session.download(resume_from=error.download_task_resume_data)))
    return outcomes


def left(downloads: Path) -> list[str]:
    return [file.name for file in downloads.iterdir()] if downloads.exists() else []


def check_first(size: int, outcome: bytes | sm.URLError) -> bool:
    """Whether the first try left something to go on with, as it must where it was cut within the body."""
    if size == SIZE:
        assert FILE == outcome
        return False
    assert isinstance(outcome, sm.URLError)
    assert sm.URLError.Code.NETWORK_CONNECTION_LOST == outcome.code
    assert (size > 0) == (outcome.download_task_resume_data is not None)
    return size > 0


@pytest.mark.parametrize("cuts", CUTS, ids=["early", "late"])
@pytest.mark.parametrize("kind", ["honours", "ignores", "changes"])
def test_file_is_byte_exact_wherever_it_was_cut(
    kind: str, cuts: range, server: FileServer, session: sm.URLSession, downloads: Path,
) -> None:
    """Whether the server honours the range, ignores it or has another file by now: the file is the server's, byte for byte."""
    for size in cuts:
        outcomes = resumed(session, server, f"/{size}/{kind}/0")
        if check_first(size, outcomes[0]):
            assert [CHANGED if kind == "changes" else FILE] == outcomes[1:], size
            assert (f"/{size}/{kind}/0", f"bytes={size}-") == server.asked[-1]
        assert [] == left(downloads), size


@pytest.mark.parametrize("cuts", CUTS, ids=["early", "late"])
def test_file_is_never_put_together_wrongly(cuts: range, server: FileServer, session: sm.URLSession, downloads: Path) -> None:
    """A server that breaks ranges in whichever way gives the right file or an error, for a cut at every byte."""
    for size in cuts:
        path = f"/{size}/breaks/{size % len(BREAKS)}"
        outcomes = resumed(session, server, path)
        if check_first(size, outcomes[0]):
            last = outcomes[-1]
            assert last == FILE or isinstance(last, sm.URLError), (path, outcomes)
    assert cuts[-1] < SIZE or len(BREAKS) <= len(cuts)


@pytest.mark.parametrize("variant", range(len(BREAKS)))
def test_each_broken_answer_is_seen_through(variant: int, server: FileServer, session: sm.URLSession, downloads: Path) -> None:
    """Near either end and in the middle, each broken answer ends in the right file or in an error that keeps what was there."""
    for size in (1, 2, 128, 255, 256):
        outcomes = resumed(session, server, f"/{size}/breaks/{variant}")
        assert check_first(size, outcomes[0])
        last = outcomes[-1]
        if isinstance(last, sm.URLError):
            assert last.code in (sm.URLError.Code.BAD_SERVER_RESPONSE, sm.URLError.Code.NETWORK_CONNECTION_LOST), (size, last)
            assert (last.download_task_resume_data is not None) == (len(left(downloads)) > 0), size
        else:
            assert FILE == last, size
        for file in left(downloads):
            assert FILE.startswith((downloads / file).read_bytes()), size
            (downloads / file).unlink()
