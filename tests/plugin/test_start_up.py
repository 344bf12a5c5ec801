"""What the plugin costs a run that does not use it."""
from __future__ import annotations

import re
import subprocess
import sys

from tests.readme import plugin

from .conftest import Inner

UNUSED = """
import sys

def test_unused():
    heavy = {"sessionmock", "httpx", "respx", "yaml", "asyncio", "ssl"} & {name.partition(".")[0] for name in sys.modules}
    assert not heavy, heavy
"""


def test_a_run_without_it_imports_nothing(inner: Inner) -> None:
    """A run that uses no part of the plugin imports neither the library nor what that needs, and judges nothing."""
    inner.write("", test_it=UNUSED)
    inner.run_apart().assert_outcomes(passed=1)


def test_fixtures_asked_for_at_run_time(inner: Inner) -> None:
    """A test that asks for a fixture by name, and is the first to need the library, has it and is judged."""
    inner.write("", test_it="""
def test_clean(request):
    assert request.getfixturevalue("url_session")().data("data:,a").result()[0] == b"a"
    assert request.getfixturevalue("sessionmock").trace.exchanges

def test_leaks(request):
    request.getfixturevalue("url_session")().data_task("data:,a")
""")
    inner.run_apart().assert_outcomes(passed=2, errors=1)


def test_its_help_and_marker_are_there(inner: Inner) -> None:
    """`--help` and `--markers` tell the option, the ini names and the mark."""
    text = inner.run("--help").stdout.str()
    for name in ("--sessionmock=", "--sessionmock-record-all", "sessionmock_route", "sessionmock_cassette_dir", "sessionmock_leaks"):
        assert name in text
    marked = inner.run("--markers").stdout.str()
    for part in ("@pytest.mark.sessionmock(route=..., cassette=..., ", "time is real (default) or virtual: ", "leaks is fail (default)"):
        assert part in marked


def test_the_readme_has_every_name(inner: Inner) -> None:
    """The table of the README has each ini name that `--help` tells, and no other."""
    told = re.findall(r"^  (sessionmock_\w+)", inner.run("--help").stdout.str(), re.MULTILINE)
    assert sorted(told) == sorted(re.findall(r"^\| ini `(\w+)`", plugin(), re.MULTILINE))


def test_the_controllers_type_can_be_named(inner: Inner) -> None:
    """A typed suite annotates the fixture by the class that the plugin exports."""
    inner.write(test_it="""
from pytest_sessionmock import Controller

def test_it(sessionmock: Controller) -> None:
    assert type(sessionmock) is Controller
""")
    inner.run().assert_outcomes(passed=1)


def test_loading_takes_little(inner: Inner) -> None:
    """Importing the plugin beside pytest brings itself and a handful of modules of the standard library."""
    code = """import sys, pytest; before = set(sys.modules); import pytest_sessionmock
print(sum(name.partition(".")[0] != "pytest_sessionmock" for name in set(sys.modules) - before))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 4
