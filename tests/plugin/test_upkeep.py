"""Upkeep of cassettes by the plugin: unplayed interactions, orphans, verify, ages, secrets and hints, over all workers."""
from __future__ import annotations

import json

import pytest

from .conftest import Inner, Server
from .test_routes import BODIES

SUITE = BODIES + """
pytestmark = pytest.mark.sessionmock(route="cassette")

def test_one(url_session): get(url_session(), "/1")

@pytest.mark.sessionmock(cassette="shared", mode="new_episodes")
@pytest.mark.parametrize("path", ["/a", "/b", "/c", "/d"])
def test_shared(url_session, path): get(url_session(), path)
"""


@pytest.fixture
def recorded(inner: Inner, server: Server) -> Inner:
    inner.write(test_api=SUITE)
    inner.run("--sessionmock=record").assert_outcomes(passed=5)
    return inner


@pytest.mark.parametrize("workers", ["0", "2"])
def test_unplayed_and_orphans_are_told_once(recorded: Inner, workers: str):
    """What no test of any worker played, and files that none uses, are told at the end; they fail the run where they are to."""
    folder = recorded.path / "cassettes"
    (folder / "old").mkdir()
    (folder / "shared.yaml").rename(folder / "old" / "gone.yaml")
    text = (folder / "old" / "gone.yaml").read_text()
    (folder / "shared.yaml").write_text(text.replace("/c\n", "/renamed\n"))
    arguments = ("-p", "xdist", "-n", workers, "--sessionmock=cassette")
    run = recorded.run_apart if workers != "0" else recorded.run
    result = run(*arguments, "--deselect", "test_api.py::test_shared[/c]")
    assert 0 == result.ret
    assert "no test" not in result.stdout.str()

    recorded.write(test_api=SUITE.replace(', "/c"', ""))
    result = run(*arguments, "-o", "sessionmock_unplayed=fail")
    result.assert_outcomes(passed=4, errors=1)
    assert 1 == result.ret
    lines = [line for line in result.stdout.lines if line.startswith("cassettes/")]
    assert ["cassettes/shared.yaml: 1 of 4", "cassettes/old/gone.yaml"] == [line.partition(" (")[0] for line in lines]
    if workers == "0":
        assert 0 == run(*arguments).ret
        assert 1 == run(*arguments, "-o", "sessionmock_orphans=fail").ret
        assert "no test" not in run(*arguments, "-o", "sessionmock_unplayed=ignore", "-o", "sessionmock_orphans=ignore").stdout.str()


def test_workers_that_record_one_cassette_merge(recorded: Inner, server: Server):
    """Tests of two workers that record into one cassette at once all find their answers in it afterwards."""
    (recorded.path / "cassettes" / "shared.yaml").unlink()
    recorded.run_apart("-p", "xdist", "-n", "2", "--sessionmock=record").assert_outcomes(passed=5)
    asked = len(server.seen)
    recorded.run("--sessionmock=cassette").assert_outcomes(passed=5)
    assert asked == len(server.seen)


def test_verify_fails_where_the_server_answers_otherwise(recorded: Inner, server: Server):
    """Under --sessionmock=verify tests are live, write nothing, and fail where the cassette has another answer, named."""
    before = (recorded.path / "cassettes" / "shared.yaml").read_bytes()
    result = recorded.run("--sessionmock=verify", "-k", "test_one")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The server's answers are not those of the cassette:", f"*GET {server.url}/1: body.count: the cassette has *"])
    server.seen.clear()
    recorded.run("--sessionmock=verify", "-k", "test_one").assert_outcomes(passed=1)
    assert before == (recorded.path / "cassettes" / "shared.yaml").read_bytes()


def test_a_miss_names_the_command_that_records_it(inner: Inner, server: Server):
    """A miss ends with a command line that records the cassette of this very test."""
    inner.write(test_api=SUITE)
    result = inner.run("--sessionmock=cassette", "-k", "test_shared and a")
    result.stdout.fnmatch_lines(["*to record it: pytest 'test_api.py::test_shared?/a?' --sessionmock=record"])
    inner.write(test_api=BODIES + "def test_unmarked(url_session): get(url_session())")
    result = inner.run("--sessionmock=cassette")
    result.stdout.fnmatch_lines(["*to record it: pytest test_api.py::test_unmarked --sessionmock=record --sessionmock-record-all"])


def test_ages_and_secrets_come_from_the_ini_file(recorded: Inner):
    """sessionmock_max_age and sessionmock_filter hold for every cassette; a value that is none is misuse."""
    path = recorded.path / "cassettes" / "test_api" / "test_one.yaml"
    path.write_text(path.read_text().replace("recorded_at: '2", "recorded_at: '1"))
    old = ("--sessionmock=cassette", "-k", "test_one", "-o", "sessionmock_max_age=30d")
    recorded.run(*old).stdout.fnmatch_lines(["*1 answers are older than 30 days*"])
    result = recorded.run(*old, "-o", "sessionmock_on_expiry=fail")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*expired: GET */1, recorded * days ago"])
    recorded.run("--sessionmock=record", "-k", "test_one", "-o", "sessionmock_filter=path count").assert_outcomes(failed=0, passed=1)
    assert "fake-" in path.read_text()
    assert 4 == recorded.run("-o", "sessionmock_max_age=soon").ret


def test_what_was_played_is_left_for_the_command_line(recorded: Inner):
    """A complete run leaves what it played in pytest's cache; a run of some tests says that it is none."""
    def cached(*arguments: str) -> dict[str, object]:
        recorded.pytester.runpytest_inprocess("-p", "pytest_sessionmock", "--sessionmock=cassette", *arguments)
        return json.loads((recorded.path / ".pytest_cache" / "v" / "sessionmock" / "played").read_text())

    played: dict[str, dict[str, object]] = {
        "cassettes/shared.yaml": {"total": 4, "played": [0, 1, 2, 3]}, "cassettes/test_api/test_one.yaml": {"total": 1, "played": [0]}}
    assert {"complete": True, "cassettes": played} == cached()
    recorded.write(test_api=SUITE + """
@pytest.mark.skip
def test_skipped(url_session): pass

@pytest.mark.skip
@pytest.mark.sessionmock(cassette="shared")
def test_of_another(url_session): pass

@pytest.mark.xfail
def test_expected(): assert False
""")
    played["cassettes/shared.yaml"]["skipped"] = ["test_api.py::test_of_another"]
    assert {"complete": True, "cassettes": played} == cached()
    recorded.write(test_api=SUITE)
    assert not cached("-k", "test_one")["complete"]
    assert not cached("test_api.py")["complete"]


def test_what_was_replaced_is_told_once_and_can_be_kept(inner: Inner, server: Server):
    """At the end of the run that records, and of no other, with every warning an error; the mark's `keep` names what is no secret."""
    inner.write(test_api=BODIES + """
import pytest
pytestmark = pytest.mark.sessionmock(route="cassette", keep=["sid"])

def test_one(url_session): get(url_session(), "/1?api_key=abcdefgh12&sid=abcdefgh34")
""")
    result = inner.run("--sessionmock=record", "-W", "error")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*sessionmock: secrets replaced in cassettes*",
                                 "cassettes/test_api/test_one.yaml: 2 values replaced: body api_key, query api_key"])
    text = (inner.path / "cassettes" / "test_api" / "test_one.yaml").read_text()
    assert (False, True) == ("abcdefgh12" in text, "abcdefgh34" in text)
    result = inner.run("--sessionmock=cassette")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*secrets replaced*")
