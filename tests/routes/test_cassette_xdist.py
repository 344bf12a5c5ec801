"""Several writers of one cassette, in one process and in many: they merge, and no reader ever sees a torn file."""
from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import CassetteRoute, Tape, files

from .doubles import FakeLive
from .test_cassette_route import URL, answer, get, item


def recorded(path: Path) -> list[tuple[str, bytes]]:
    return [(interaction.request.uri.removeprefix(URL), interaction.response.body) for interaction in files.read_tape(path).interactions]


def recording(path: Path, *asked: str, mode: str = "once", by: str = "") -> CassetteRoute:
    route = CassetteRoute(path, mode, live=FakeLive(*(answer((by + name).encode()) for name in asked)))
    for name in asked:
        get(route, URL + name)
    return route


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.har"])
def test_two_recordings_merge(tmp_path: Path, name: str):
    """Both recordings of one new cassette are in the file; what both asked stands there as often as one of them asked it."""
    one, other = recording(tmp_path / name, "/1", "/both", "/both", by="one"), recording(tmp_path / name, "/both", "/2", by="other")
    one.close()
    other.close()
    assert [("/1", b"one/1"), ("/both", b"one/both"), ("/both", b"one/both"), ("/2", b"other/2")] == recorded(tmp_path / name)


@pytest.mark.parametrize("mode", ["all", "new_episodes"])
def test_recordings_into_an_old_file_merge(tmp_path: Path, mode: str):
    """Each replaces (mode "all") or adds its own, and keeps what the other wrote."""
    path = tmp_path / "a.yaml"
    files.save(path, Tape([item(b"old", URL + "/1"), item(b"kept", URL + "/kept"), item(b"old", URL + "/2")]))
    one = recording(path, *(["/1"] if mode == "all" else ["/3"]), mode=mode)
    other = recording(path, *(["/2"] if mode == "all" else ["/4"]), mode=mode)
    other.close()
    one.close()
    expected = {"all": [("/kept", b"kept"), ("/2", b"/2"), ("/1", b"/1")],
                "new_episodes": [("/1", b"old"), ("/kept", b"kept"), ("/2", b"old"), ("/4", b"/4"), ("/3", b"/3")]}
    assert expected[mode] == recorded(path)


def test_what_was_merged_stays_at_the_next_save(tmp_path: Path):
    """A route that goes on recording after a merge writes what the other had, once."""
    path = tmp_path / "a.yaml"
    one, other = recording(path, "/1"), recording(path, "/1", "/2")
    other.close()
    one.save()
    one.live.answers.append(answer(b"/3"))    # type: ignore[union-attr]
    get(one, URL + "/3")
    one.close()
    assert [("/1", b"/1"), ("/2", b"/2"), ("/3", b"/3")] == recorded(path)


def test_what_another_took_out_stays_out(tmp_path: Path):
    """An interaction that somebody dropped meanwhile is not brought back."""
    path = tmp_path / "a.yaml"
    files.save(path, Tape([item(b"1", URL + "/1"), item(b"2", URL + "/2")]))
    route = recording(path, "/3", mode="new_episodes")
    files.save(path, Tape([item(b"2", URL + "/2")]))
    route.close()
    assert [("/2", b"2"), ("/3", b"/3")] == recorded(path)


def test_a_file_that_was_broken_meanwhile_is_left_alone(tmp_path: Path):
    """Where the file can no longer be read, saving fails, says why and writes nothing; it can be tried again."""
    path = tmp_path / "a.yaml"
    route = recording(path, "/1")
    path.write_text("[broken")
    with pytest.raises(CassetteError, match=r"1 recorded answers are not saved: .*a.yaml, line 2"):
        route.close()
    assert "[broken" == path.read_text()
    path.unlink()
    route.close()
    assert [("/1", b"/1")] == recorded(path)


def _work(path: Path, worker: int, count: int) -> None:
    for number in range(count):
        recording(path, f"/{worker}-{number}", "/shared", mode="new_episodes").close()


def test_many_processes_record_one_cassette(tmp_path: Path):
    """Four processes that record into one file lose nothing, while a reader always finds a whole file."""
    path = tmp_path / "a.yaml"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_work, args=(path, worker, 5)) for worker in range(4)]
    for worker in workers:
        worker.start()
    sizes = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            tape = files.load(path)
            sizes.append(len(tape.interactions) if tape else 0)

    reader = threading.Thread(target=read)
    reader.start()
    for worker in workers:
        worker.join()
    done.set()
    reader.join()
    assert [0] * 4 == [worker.exitcode for worker in workers]
    found = [name for name, _ in recorded(path)]
    assert {f"/{worker}-{number}" for worker in range(4) for number in range(5)} == set(found) - {"/shared"}
    assert 1 == found.count("/shared")
    assert sorted(sizes) == sizes
    assert ["a.yaml"] == [file.name for file in tmp_path.iterdir()]
