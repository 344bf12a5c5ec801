"""Recordings that outlast their process: journals beside cassettes, who merges them, and who leaves them alone."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionmock.engine.interrupts import Harmless
from sessionmock.errors import RecordingWarning
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import CassetteRoute, Interaction, RecordedRequest, RecordedResponse, Secrets, Tape, files
from sessionmock.routes.cassette.journal import How, Journal, Written, folder_of
from sessionmock.routes.cassette.locking import HAS_LOCKS

from ..doubles import FakeHost, FakeLive, RecordingSink

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="journals need locks of files")


def item(name: str, body: bytes = b"") -> Interaction:
    return Interaction(RecordedRequest("GET", f"http://api.test/{name}"), RecordedResponse(200, "OK", [], body))


def names(route: CassetteRoute) -> str:
    return "".join(interaction.uri.rpartition("/")[2] for interaction in route.file.tape.interactions)


def answers(*bodies: bytes) -> FakeLive:
    return FakeLive(*([("head", ResponseHead(200, [("Content-Length", str(len(body)))])), ("data", body), ("end", [])] for body in bodies))


def get(route: CassetteRoute, name: str, headers: Any = ()) -> RecordingSink:
    sink = RecordingSink()
    route.bind(None, FakeHost()).open(Request("GET", f"http://api.test/{name}", list(headers)), sink)
    return sink


def journaled(path: Path) -> str:
    folder = folder_of(path)
    return "".join(file.read_text() for file in sorted(folder.iterdir())) if folder.exists() else ""


def dies(path: Path, *written: Written, before: int = 0, replaces: bool = False) -> None:
    """A process writes a journal and is killed."""
    journal = Journal(path, How(before, replaces))
    journal.append(written)
    journal.leave()


@pytest.fixture(params=["a.yaml", "a.json", "a.har"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / str(request.param)


@pytest.fixture(autouse=True)
def no_handler() -> Iterator[None]:
    """Each test finds the handler of SIGTERM as it was, and leaves it so."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_what_a_dead_process_recorded_is_merged_at_the_next_open(path: Path) -> None:
    """In the order of its requests, binary bodies too, in whatever mode; nothing else is left behind."""
    dies(path, Written(1, None, item("b", b"\xff\x00")), Written(0, None, item("a")))
    route = CassetteRoute(path, "none")
    assert ("ab", b"\xff\x00", True) == (names(route), route.file.tape.interactions[1].response.body, route.file.unfinished)
    assert [path] == list(path.parent.iterdir())


def test_once_goes_on_with_a_recording_that_was_broken_off(path: Path) -> None:
    """What is there is replayed and what is not is recorded, until a run closes its route; from then on the file is whole."""
    dies(path, Written(0, None, item("a", b"first")))
    with CassetteRoute(path, "once", live=answers(b"second")) as route:
        assert [b"first", b"second"] == [get(route, "a").body, get(route, "b").body]
    with CassetteRoute(path, "once", live=answers(b"third")) as route:
        assert ("ab", False) == (names(route), route.file.unfinished)
        assert get(route, "c").missed


def test_a_recording_that_an_interrupt_ends_is_not_whole(path: Path) -> None:
    """Ctrl-C in the block, unlike an exception of a test."""
    for error, unfinished in ((KeyboardInterrupt, True), (ValueError, False)):
        path.unlink(missing_ok=True)
        with pytest.raises(error), CassetteRoute(path, "once", live=answers(b"1")) as route:
            get(route, "a")
            raise error
        assert CassetteRoute(path, "none").file.unfinished is unfinished


@pytest.mark.parametrize(("replaces", "written", "expected"), [
    (False, [Written(0, None, item("c"))], "abc"),                                     # one more
    (False, [Written(0, None, item("b"))], "ab"),                                      # another process has saved it meanwhile
    (False, [Written(0, None, item("b")), Written(1, None, item("b"))], "abb"),        # and this one asked twice
    (True, [Written(0, None, item("a"))], "ba"),                                       # mode "all"
    (False, [Written(0, 0, item("a", b"renewed"))], "ab"),                             # an answer that had grown old
    (False, [Written(0, 7, item("c"))], "abc"),
])
def test_a_merge_minds_how_it_was_recorded(tmp_path: Path, replaces: bool, written: list[Written], expected: str) -> None:
    """What the file held at first is another process's own matter; what came since is shared."""
    path = tmp_path / "a.yaml"
    files.save(path, Tape([item("a"), item("b")]))
    dies(path, *written, before=1, replaces=replaces)
    route = CassetteRoute(path, "none")
    assert expected == names(route)
    renewed = written[0].place == 0
    assert (b"renewed" if renewed else b"") == route.file.tape.interactions[0].response.body


def test_the_journal_of_a_live_process_is_left_alone(path: Path) -> None:
    """Who opens the cassette meanwhile sees the file as it is, also within the same process; two that record have one each."""
    routes = [CassetteRoute(path, "once", live=answers(b"x")) for _ in "ab"]
    for route, name in zip(routes, "ab", strict=True):
        get(route, name)
        route.recording.flush()
    assert 2 == len(list(folder_of(path).iterdir()))
    assert "" == names(CassetteRoute(path, "none"))
    for route in routes:
        route.close()
    assert [path] == list(path.parent.iterdir())
    assert "ab" == names(CassetteRoute(path, "none"))


def test_half_a_line_is_left_out(tmp_path: Path) -> None:
    """A process may be killed while it writes: all that is whole counts, whatever else stands there."""
    path = tmp_path / "a.yaml"
    dies(path, Written(0, None, item("a")), Written(1, None, item("b")))
    file = next(folder_of(path).iterdir())
    file.write_bytes(file.read_bytes()[:-9])
    with file.open("ab") as more:
        more.write(b"\n[1]\n{}\n{\"number\": 3, \"place\": null, \"item\": 1}\n")
    assert "a" == names(CassetteRoute(path, "none"))


def test_an_empty_journal_makes_no_cassette(tmp_path: Path) -> None:
    """A process that died before its first answer leaves nothing."""
    dies(tmp_path / "a.yaml")
    journal = Journal(tmp_path / "a.yaml", How(0, False))
    journal.append([])
    journal.leave()
    assert not CassetteRoute(tmp_path / "a.yaml", "none").found
    assert [] == list(tmp_path.iterdir())


def test_a_merge_that_fails_loses_nothing(tmp_path: Path) -> None:
    """The journal stays, and a warning says where."""
    path = tmp_path / "a.yaml"
    path.write_text('[{"request": {"method": "GET", "url": "http://api.test/"}, "response": {"status": 200, "body": ""}}]')
    dies(path, Written(0, None, item("a")))
    path.write_text("interactions: [")
    with pytest.warns(RecordingWarning, match=r"broken off stays in .*\.a\.yaml\.journal: .*line 2"), pytest.raises(Exception, match="line 2"):
        CassetteRoute(path, "none")
    assert journaled(path)


def test_no_secret_reaches_a_journal(tmp_path: Path) -> None:
    """Those that show at once, and those that show only later what they are."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, "once", live=answers(b'{"note": "Plain5ecretPlain77"}', b"{}"), filter=Secrets())
    get(route, "a?access_token=Sup3rSecretQueryTok")
    route.recording.flush()
    assert "Plain5ecret" in journaled(path)        # nobody can know
    get(route, "b", [("Authorization", "Bearer Plain5ecretPlain77")])
    route.recording.flush()
    text = journaled(path)
    assert (3, []) == (text.count("\n"), [secret for secret in ("Plain5ecretPlain77", "Sup3rSecretQueryTok") if secret in text])
    route.close()
    assert "Plain5ecret" not in path.read_text()


def test_a_thread_journals_what_is_recorded(tmp_path: Path) -> None:
    """Nobody has to do anything for it; it ends when there is nothing left."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, "once", live=answers(b"x"))
    get(route, "a")
    for thread in threading.enumerate():
        if thread.name == "sessionmock-journal":
            thread.join()
    assert "/a" in journaled(path)
    route.close()
    assert [path] == list(tmp_path.iterdir())


def test_what_is_saved_is_not_journaled(tmp_path: Path) -> None:
    """Whoever comes to do it finds nothing to do."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, "once", live=answers(b"x"))
    get(route, "a")
    route.close()
    route.recording.flush()
    assert [path] == list(tmp_path.iterdir())


def test_a_forked_child_leaves_the_recording_to_its_parent(tmp_path: Path) -> None:
    """Neither its journal nor its file; what it records itself is its own."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, "once", live=answers(b"x", b"y"))
    get(route, "a")
    route.recording.flush()
    child = os.fork()
    if not child:
        failed = 1
        try:
            route.close()
            failed = 2 * path.exists() + 4 * (len(list(folder_of(path).iterdir())) != 1)
            get(route, "b")
            route.close()
            failed += 8 * ("b" != names(CassetteRoute(path, "none")))
        finally:
            os._exit(failed)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    route.close()
    assert "ab" == "".join(sorted(names(CassetteRoute(path, "none"))))


ENDED = """
import os, signal, sys
from sessionmock import CassetteRoute
from tests.routes.cassette.test_journal import answers, get
route = CassetteRoute(sys.argv[1], "once", live=answers(b"x"))
get(route, "a")
{end}
"""


@pytest.mark.parametrize(("end", "status", "unfinished", "said"), [
    ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, True, ""),
    ("route.recording.flush(); os._exit(3)", 3, True, ""),
    ("", 0, False, "saved only now (1 recorded)"),
    ("raise KeyboardInterrupt", -signal.SIGINT, True, "saved only now (1 recorded)"),
])
def test_a_recording_outlasts_its_process(tmp_path: Path, end: str, status: int, unfinished: bool, said: str) -> None:
    """However that ends; a SIGTERM still ends it as it would. What nobody closed is said."""
    path = tmp_path / "a.yaml"
    done = subprocess.run([sys.executable, "-c", ENDED.format(end=end), str(path)], capture_output=True, text=True, check=False,
                          cwd=Path(__file__).parents[3])
    assert status == done.returncode, done.stderr
    assert said in done.stderr
    route = CassetteRoute(path, "none")
    assert ("a", unfinished) == (names(route), route.file.unfinished)


def test_a_route_that_is_forgotten_is_saved_and_said(tmp_path: Path) -> None:
    """When nobody has it any more; one that was closed is not told of."""
    path = tmp_path / "a.yaml"
    route = CassetteRoute(path, "once", live=answers(b"x", b"y"))
    get(route, "a")
    with pytest.warns(RecordingWarning, match=r"a\.yaml: saved only now \(1 recorded\), for nobody closed"):
        del route
    with CassetteRoute(path, "new_episodes", live=answers(b"x")) as route:
        get(route, "b")
    del route
    assert "ab" == names(CassetteRoute(path, "none"))


def test_a_handler_of_sigterm_that_is_there_stays(tmp_path: Path) -> None:
    """Who has one ends the program his own way."""
    def handler(number: int, frame: Any) -> None: ...

    signal.signal(signal.SIGTERM, handler)
    CassetteRoute(tmp_path / "a.yaml", "once", live=answers())
    assert handler is signal.getsignal(signal.SIGTERM)


def test_the_handler_of_sigterm_keeps_the_main_thread_from_nothing(tmp_path: Path) -> None:
    """It raises nothing, so whoever waits drives the engine as ever."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    CassetteRoute(tmp_path / "a.yaml", "once", live=answers())
    assert Harmless is type(signal.getsignal(signal.SIGTERM))
