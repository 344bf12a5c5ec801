"""What a leak's report says."""
from __future__ import annotations

import os
from pathlib import Path

from sessionmock import Leak, LeakScope, URLSession, URLSessionConfiguration
from sessionmock.registry import Line

EPHEMERAL = URLSessionConfiguration.ephemeral()
LEAK = Leak("task", "a task was left running", "test_it", (Line("/a/b.py", 3, "make", "task.resume()"), Line("/a/c.py", 5, "test_it", "")),
            "", "cancel() it")


def test_a_leak_tells_its_place(scope: LeakScope) -> None:
    """A leak knows the file, line, function and text of its creation, from the inside out."""
    def make() -> URLSession:
        return URLSession(EPHEMERAL)

    make()
    leak, = scope.leaks()
    assert (__file__, "make", "return URLSession(EPHEMERAL)") == (leak.lines[0].file, leak.lines[0].function, leak.lines[0].text)
    assert (__file__, "test_a_leak_tells_its_place", "make()") == (leak.lines[1].file, leak.lines[1].function, leak.lines[1].text)
    assert f"test_report.py:{leak.lines[0].line}" in leak.headline
    assert 2 == len(leak.lines), "what runs the test is not told"


def test_the_whole_report() -> None:
    """What it is, where it was made, line by line, whose it is and how to mend it."""
    assert """\
LEAK: a task was left running
  made at  /a/b.py:3 in make
               task.resume()
  from     /a/c.py:5 in test_it
  owner    test_it
  mend     cancel() it""" == str(LEAK)
    assert "  owner    test_it (thread worker)" in str(LEAK._replace(thread="worker"))
    assert "LEAK: a task was left running; made at /a/b.py:3" == LEAK.headline


def test_a_place_that_nobody_knows() -> None:
    """A leak without lines says that its place is unknown."""
    leak = LEAK._replace(lines=())
    assert leak.headline.endswith("made at an unknown place")
    assert "made at" not in str(leak)


def test_files_are_seen_from_the_working_folder() -> None:
    """A file below it is named from there, another one whole."""
    line = LEAK.lines[0]._replace(file=str(Path.cwd() / "tests" / "a.py"))
    assert f"made at tests{os.sep}a.py:3" in LEAK._replace(lines=(line,)).headline
