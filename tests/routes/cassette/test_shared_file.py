"""One file and many writers: what each added is there in the end, once, and what one took out stays out."""
from __future__ import annotations

from pathlib import Path

import pytest

from sessionmock.errors import CassetteError
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, read_tape
from sessionmock.routes.cassette.matching import MATCH_ON
from sessionmock.routes.cassette.shared_file import SharedFile, merge


def item(name: str, body: bytes = b"") -> Interaction:
    return Interaction(RecordedRequest("GET", f"http://api.test/{name}"), RecordedResponse(200, "OK", [], body))


def names(interactions: list[Interaction]) -> str:
    return "".join(interaction.uri.rpartition("/")[2] for interaction in interactions)


@pytest.mark.parametrize(("kept", "added", "before", "there", "expected"), [
    ("ab", "c", "ab", "ab", ("ab", "", "c")),         # nobody else wrote
    ("ab", "c", "ab", "abd", ("ab", "d", "c")),       # another added one
    ("ab", "c", "ab", "abc", ("ab", "c", "")),        # another recorded the same
    ("ab", "cc", "ab", "abc", ("ab", "c", "c")),      # and we did it twice
    ("ab", "c", "ab", "b", ("b", "", "c")),           # another took one out
    ("b", "c", "ab", "ab", ("b", "", "c")),           # we did
    ("", "c", "", "", ("", "", "c")),                 # the file is gone
])
def test_two_recordings_become_one(kept: str, added: str, before: str, there: str, expected: tuple[str, str, str]) -> None:
    """Of what stood there, what both kept; of what is new, as many of each request as the side that asked more often has."""
    merged = merge([item(n) for n in kept], [item(n) for n in added], [item(n) for n in before], [item(n) for n in there], MATCH_ON, None)
    assert expected == tuple(map(names, merged))


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    """Each opened the file before the other wrote: both find all of it, and what both have stands there once."""
    path = tmp_path / "tape.yaml"
    one, other = SharedFile(path), SharedFile(path)
    assert (False, False) == (one.exists, other.exists)
    assert [] == one.write([], [item("a"), item("b")], MATCH_ON, None)
    gone = other.write([], [item("b"), item("c")], MATCH_ON, None)
    assert ("b", "abc") == (names(gone), names(read_tape(path).interactions))
    assert [] == one.write([], [item("a"), item("b"), item("d")], MATCH_ON, None)
    assert "abdc" == "".join(sorted(names(read_tape(path).interactions), key="abdc".index))
    assert [] == one.write([], [item("a"), item("b"), item("d"), item("e")], MATCH_ON, None)
    assert "abcde" == "".join(sorted(names(read_tape(path).interactions)))


def test_what_others_broke_is_not_written_over(tmp_path: Path) -> None:
    """A file that cannot be read any more is left as it is, and the error says what is lost."""
    path = tmp_path / "tape.yaml"
    file = SharedFile(path)
    path.write_text("interactions: [")
    with pytest.raises(CassetteError, match=r"changed meanwhile and cannot be read, so 1 recorded answers are not saved: .*line 2"):
        file.write([], [item("a")], MATCH_ON, None)
    assert "interactions: [" == path.read_text()


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    """What we keep stood in a file that is gone: somebody took it all out, and only what is new is written."""
    path = tmp_path / "tape.yaml"
    SharedFile(path).write([], [item("a")], MATCH_ON, None)
    file = SharedFile(path)
    path.unlink()
    file.write(file.tape.interactions, [item("b")], MATCH_ON, None)
    assert "b" == names(read_tape(path).interactions)
