"""Where cassettes lie, and when their files are read."""
from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytest_sessionmock.cassettes import Cassette, path_of, path_of_fixture, sane

from sessionmock import CassetteError, URLError, URLSession, URLSessionConfiguration, use_route

from .conftest import ARGUMENTS, Inner, Server

URL = "http://api.test/a"


@pytest.mark.parametrize("part", ["test_it[a-1]", "@fixture", "Class.test", "a=b,c+d", "x" * 100])
def test_a_plain_part_is_its_own_name(part: str) -> None:
    """What every file system takes stays as it is."""
    assert part == sane(part)


@pytest.mark.parametrize(("part", "begins"), [("a/b", "a_b-"), (".hidden", "_hidden-"), ("é", "_-"), ("x" * 101, "x" * 100 + "-"), ("..", "_.-")])
def test_other_parts_are_changed_and_told_apart(part: str, begins: str) -> None:
    """What is changed or cut gets digits of its own, the same ones each time."""
    assert sane(part).startswith(begins)
    assert len(begins) + 8 == len(sane(part))
    assert sane(part) == sane(part) != sane(part + "!")


def test_the_cassette_of_a_fixture(inner: Inner) -> None:
    """It lies in the folder of the node that it is made for."""
    config = inner.config()
    folder = config.rootpath / "cassettes"
    assert folder / "@login.yaml" == path_of_fixture(config, "", "login")
    assert folder / "deep" / "test_it" / "@login.yaml" == path_of_fixture(config, "deep/test_it.py", "login")
    assert folder / "test_it" / "TestA.TestB.@login[1].yaml" == path_of_fixture(config, "test_it.py::TestA::TestB", "login[1]")


@pytest.mark.parametrize("name", ["", "../a", "a/../..", ".", Path("../a")])
def test_a_name_leads_not_out_of_the_folder(inner: Inner, name: str | Path) -> None:
    """A relative name that names no file below the folder is misuse."""
    inner.write("", test_it="def test_it(): pass")
    item, = inner.items()
    with pytest.raises(pytest.UsageError, match="not in the folder of cassettes"):
        path_of(item, name)


def test_an_absolute_path_is_taken(inner: Inner) -> None:
    """As str and as a Path, outside the folder too; a Path that is relative is one of the folder."""
    inner.write("", test_it="def test_it(): pass")
    item, = inner.items()
    assert Path("/elsewhere/a.yaml") == path_of(item, "/elsewhere/a.yaml") == path_of(item, Path("/elsewhere/a"))
    assert path_of(item, "deep/a") == path_of(item, Path("deep") / "a.yaml")


def test_an_unknown_ending_is_yaml(inner: Inner) -> None:
    """A name with one of the known endings keeps it, any other gets one more."""
    inner.write("", test_it="def test_it(): pass")
    item, = inner.items()
    assert ["a.yaml", "a.json", "a.v2.yaml", "a.HAR"] == [path_of(item, name).name for name in ("a", "a.json", "a.v2", "a.HAR")]


def test_a_file_is_read_with_the_first_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cassette that nobody asks costs nothing, has no misses, and leaves no file; one that is broken fails who asks, and is reported,
    so that a test that looks at no error fails too."""
    reported: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: reported.append(arguments.exc_value))
    path = tmp_path / "broken.yaml"
    path.write_text("{")
    cassette = Cassette(path, "pytest --sessionmock=record", lambda: {"mode": "none"})
    assert ([], [], False) == (cassette.misses, cassette.differences, cassette.opened)
    cassette.close()
    with use_route(cassette), URLSession(URLSessionConfiguration.ephemeral()) as session, pytest.raises(URLError) as failure:
        session.data(URL).result()
    assert isinstance(failure.value.underlying_error, CassetteError)
    assert [failure.value.underlying_error] == reported == cassette.misses


def test_it_answers_as_its_route(tmp_path: Path) -> None:
    """Its misses are those of the route that it opens, with the command that records."""
    cassette = Cassette(tmp_path / "none.yaml", "pytest --sessionmock=record", lambda: {"mode": "none"})
    with use_route(cassette), URLSession(URLSessionConfiguration.ephemeral()) as session, pytest.raises(Exception, match="no recorded answer"):
        session.data(URL).result()
    assert cassette.opened
    assert cassette.misses == cassette.route.misses != []
    assert "to record it: pytest --sessionmock=record" in str(cassette.misses[0])


@pytest.mark.parametrize("way", ["pytest.exit('enough')", "raise KeyboardInterrupt"])
def test_what_an_interrupt_breaks_off_is_gone_on_with(inner: Inner, server: Server, way: str) -> None:
    """By mode "once", which is at its end only when the test is."""
    inner.write(test_it=f"""
import pathlib
@pytest.mark.sessionmock(route="cassette", cassette="a.yaml", mode="once")
def test_it(url_session):
    session = url_session()
    session.data("{server.url}/a").result()
    if not pathlib.Path("again").exists():
        {way}
    session.data("{server.url}/b").result()
""")
    inner.pytester.runpytest_inprocess(*ARGUMENTS, no_reraise_ctrlc=True).assert_outcomes()
    (inner.path / "again").touch()
    for _ in range(2):
        inner.run().assert_outcomes(passed=1)
    assert ["GET /a", "GET /b"] == server.seen
