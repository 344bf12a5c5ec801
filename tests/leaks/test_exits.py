"""What a program that ends says of what it leaves behind."""
from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from sessionmock.leaks import exits

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import atexit
{before}
import sessionmock as sm
configuration = sm.URLSessionConfiguration.ephemeral()
script = sm.ScriptRoute()
def made():
    with sm.use_route(script):
        return sm.URLSession(configuration)
{program}
"""


def said(program: str, option: str = "default", before: str = "") -> list[str]:
    """The lines on stderr of a program that ends so, without those that quote its source."""
    code = PROGRAM.format(program=program, before=before)
    done = subprocess.run([sys.executable, "-W", option, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_a_session_and_a_handler_are_told_by_the_lines_that_made_them() -> None:
    """A session that was never invalidated, and a task of the shared one whose handler did not come to run."""
    lines = said("session = made()\ntask = sm.URLSession.shared.data_task('data:,x', print)\nended = made()\nended.invalidate_and_cancel()")
    assert 2 == len(lines)
    assert lines[0].startswith("<string>:11: ResourceWarning: URLSessionDataTask 1 of the shared session: GET data:,x was never resumed: ")
    assert lines[1].startswith("<string>:9: ResourceWarning: URLSession 1 was never invalidated: ")


def test_an_error_of_a_warning_tells_each() -> None:
    """Nothing can be raised into a program that has ended; Python says so of every one."""
    lines = said("sessions = made(), made()", "error")
    assert 2 == sum(line.startswith("ResourceWarning: URLSession ") for line in lines)


def test_what_is_ended_in_the_last_moment_is_not_told() -> None:
    """By a function that was registered before this library was imported, or by a finalizer."""
    assert [] == said("session = made()", before="atexit.register(lambda: session.invalidate_and_cancel())")
    assert [] == said("class Client:\n    session = made()\n    def __del__(self): self.session.invalidate_and_cancel()\nclient = Client()")


def test_nothing_is_told_where_resource_warnings_are_off() -> None:
    """As they are without an option."""
    assert [] == said("session = made()", "ignore::ResourceWarning")


def test_a_forked_child_answers_for_what_it_has_made_itself() -> None:
    """What it has of its parent's the parent tells."""
    lines = said("""
import os
session = made()
if not os.fork():
    mine = made()
else:
    os.wait()
""")
    assert ["URLSession 1 was", "URLSession 2 was"] == sorted(line.split(": ", 3)[2][:16] for line in lines)


@pytest.mark.parametrize(("filters", "told"), [
    ([("ignore", None, Warning, None, 0)], False), ([("default", None, ResourceWarning, None, 0)], True), ([], True),
    ([("ignore", None, DeprecationWarning, None, 0), ("error", None, Warning, None, 0)], True),
    ([("ignore", None, ResourceWarning, None, 7), ("ignore", None, ResourceWarning, None, 0)], False),
])
def test_filters_tell_whether_it_is_worth_a_look(monkeypatch: pytest.MonkeyPatch, filters: list[object], told: bool) -> None:
    """The first that means ResourceWarnings wherever they come from decides."""
    monkeypatch.setattr(warnings, "filters", filters)
    assert told == exits._is_told()
