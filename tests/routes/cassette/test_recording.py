"""What was recorded, until it stands in its file: order, places of what had grown old, failures to write."""
from __future__ import annotations

from pathlib import Path

import pytest

from sessionmock.errors import CassetteError, Code
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse, Secrets, Tape, files, read_tape
from sessionmock.routes.cassette.interaction import LEFT, Failure
from sessionmock.routes.cassette.matching import MATCH_ON
from sessionmock.routes.cassette.recording import Recording
from sessionmock.routes.cassette.shared_file import SharedFile


def item(name: str, body: bytes = b"") -> Interaction:
    return Interaction(RecordedRequest("GET", f"http://api.test/{name}"), RecordedResponse(200, "OK", [], body))


def opened(path: Path, before: str = "", *, replaces: bool = False, secrets: Secrets | None = None) -> Recording:
    if before:
        files.save(path, Tape([item(name) for name in before]))
    return Recording(SharedFile(path), MATCH_ON, secrets, replaces=replaces)


def written(path: Path) -> str:
    return "".join(interaction.uri.rpartition("/")[2] for interaction in read_tape(path).interactions)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tape.yaml"


def test_answers_stand_in_the_order_of_their_requests(path: Path) -> None:
    """Whichever answer is complete first: what was asked first stands first."""
    recording = opened(path, "a")
    first, second = recording.number(), recording.number()
    assert recording.add(second, None, item("c"))
    assert recording.add(first, None, item("b"))
    assert (2, 3) == (recording.count, len(recording))
    recording.save()
    assert "abc" == written(path)


def test_nothing_new_is_nothing_written(path: Path) -> None:
    """A save without a new answer leaves the file, also the second one."""
    recording = opened(path)
    recording.save()
    assert not path.exists()
    recording.add(recording.number(), None, item("a"))
    recording.save()
    path.write_text(path.read_text() + "\n# by hand\n")
    recording.save()
    assert "# by hand" in path.read_text()


def test_an_answer_takes_the_place_of_one_that_had_grown_old(path: Path) -> None:
    """It is none more; one whose place is no place of the file is."""
    recording = opened(path, "ab")
    assert not recording.has_renewed
    assert not recording.add(recording.number(), 0, item("a", b"new"))
    assert recording.add(recording.number(), 2, item("c"))
    assert recording.has_renewed
    recording.save()
    assert ("abc", b"new") == (written(path), read_tape(path).interactions[0].response.body)


def test_what_is_dropped_is_left_out(path: Path) -> None:
    """Places that nobody wants any more go, even where nothing is new."""
    opened(path, "abc").save(drop={1})
    assert "ac" == written(path)


def test_a_recording_that_replaces_keeps_what_it_did_not_ask(path: Path) -> None:
    """All old answers to a request that was recorded anew go, others stay; where nothing was recorded, all stay."""
    recording = opened(path, "aab", replaces=True)
    recording.save(drop={2})
    assert "aa" == written(path)
    recording = opened(path, "aab", replaces=True)
    recording.add(recording.number(), None, item("a", b"new"))
    recording.save()
    assert "ba" == written(path)


def failed(name: str) -> Interaction:
    return Interaction(RecordedRequest("GET", f"http://api.test/{name}"), RecordedResponse(0), Extra(failure=Failure(Code.CANNOT_CONNECT_TO_HOST)))


def test_a_failure_takes_the_place_of_no_answer(path: Path) -> None:
    """Who records anew while the server is gone keeps what he had; a failure of a request that tried again stands with its answer."""
    recording = opened(path, "ab", replaces=True)
    for one in (failed("a"), failed("b"), item("b", b"new"), failed("c")):
        recording.add(recording.number(), None, one)
    recording.add(recording.number(), 0, failed("a"))
    recording.save()
    assert [("a", 200), ("b", 0), ("b", 200), ("c", 0)] == [
        (one.uri.rpartition("/")[2], one.response.status) for one in read_tape(path).interactions]


def test_what_is_not_whole_is_said_once() -> None:
    """Of which request, and how much there is."""
    recording = opened(Path("tape.yaml"))
    for name in "abc":
        left = Interaction(RecordedRequest("GET", f"http://api.test/{name}"), RecordedResponse(200, body=b"123"), Extra(failure=LEFT))
        recording.add(recording.number(), None, left)
    assert ["kept as far as it came, for its reader left: GET http://api.test/a after 3 bytes, and 2 more"] == list(recording.remarks())
    assert [] == list(recording.remarks())
    recording.orphan()


def test_what_could_not_be_written_can_be_tried_again(tmp_path: Path) -> None:
    """An error of the disk names the file, and the answers are there for the next save."""
    folder = tmp_path / "folder"
    recording = opened(folder / "tape.yaml")
    folder.write_text("a file in the way")
    recording.add(recording.number(), None, item("a"))
    with pytest.raises(CassetteError, match=r"tape\.yaml: cannot be written: "):
        recording.save()
    folder.unlink()
    recording.save()
    assert "a" == written(folder / "tape.yaml")


def test_a_drop_that_failed_makes_nothing_new(tmp_path: Path) -> None:
    """Where only a drop could not be written, the next save without one writes nothing."""
    recording = opened(tmp_path / "tape.yaml", "ab")
    (tmp_path / "tape.yaml").unlink()
    (tmp_path / "tape.yaml").mkdir()
    with pytest.raises(CassetteError):
        recording.save(drop={0})
    recording.save()
    assert (tmp_path / "tape.yaml").is_dir()


def test_secrets_are_taken_out_before_anything_is_written(path: Path) -> None:
    """New and renewed answers alike."""
    recording = opened(path, "a", secrets=Secrets())
    recording.add(recording.number(), 0, item("a?token=a-long-secret-1"))
    recording.add(recording.number(), None, item("b", b'{"password": "a-long-secret-2"}'))
    recording.save()
    assert "a-long-secret" not in path.read_text()
    assert 2 == path.read_text().count("fake-")
