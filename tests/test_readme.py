"""README.md is true: what it shows runs, what it names exists, what is made from code is as the code is."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

import sessionmock
from sessionmock import ScriptRoute, use_route

from .readme import LAYOUT, MADE, README, ROOT, made

TEXT = README.read_text()
ROUTES = README.parent / "docs" / "routes.md"
FAULTS = README.parent / "docs" / "faults.md"
TIME = README.parent / "docs" / "time.md"
INVARIANTS = README.parent / "docs" / "invariants.md"
BLOCKS, ON_FAULTS, *ON_PAGES = (re.findall(r"```python\n(.*?)```", text, re.DOTALL)
                    for text in (TEXT, FAULTS.read_text(), TIME.read_text(), INVARIANTS.read_text()))
PROGRAMS = [block for block in BLOCKS if "def test_" not in block]
TESTS = [block for block in (*BLOCKS, *ON_FAULTS, *chain(*ON_PAGES)) if "def test_" in block]
ROWS = re.findall(r"^\| (`.*?) \| (there|not yet) \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize("file", MADE, ids=lambda file: file.name)
def test_what_is_made_is_up_to_date(file: Path) -> None:
    """The diagram of states, the plugin's table and the list of modules are those that the code gives (`python -m tests.readme`
    writes them)."""
    assert made(file.read_text()) == file.read_text()


def test_places_to_look_are_there() -> None:
    """Every file that docs/layout.md sends a newcomer to exists."""
    named = set(re.findall(r"`((?:sessionmock|plugins|tests|docs)/[\w/.]+)`", LAYOUT.read_text()))
    assert named
    assert set() == {place for place in named if not (ROOT / place).exists()}


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs_run(program: str) -> None:
    """Every program of the tour runs as it stands, answered by a script in place of api.example.com."""
    script = ScriptRoute()
    script.get("https://api.example.com/me").respond(json={"name": "Ann"})
    script.post("https://api.example.com/me").respond(201)
    script.route(url="https://api.example.com/report").respond(200, content=b"a report")
    script.get("https://api.example.com/events").respond(200, content=b"one\ntwo\n")
    with use_route(script, everywhere=True):
        exec(compile(program, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("program", [block for block in ON_FAULTS if "def test_" not in block])
def test_programs_of_the_page_on_faults_run(program: str) -> None:
    """They need no network."""
    exec(compile(program, str(FAULTS), "exec"), {"__name__": "faults"})


@pytest.mark.parametrize("program", ROUTES.read_text().split("```python\n")[1:], ids=["function", "own", "failing", "counting"])
def test_programs_of_the_page_on_routes_run(program: str) -> None:
    """Each stands by itself, and needs no network."""
    exec(compile(program.partition("```")[0], str(ROUTES), "exec"), {"__name__": "routes"})


def test_tests_pass(tmp_path: Path) -> None:
    """Every test of the tour, and of the pages on faults and on time, passes under the plugin, with the sample cassettes of the repository."""
    for number, block in enumerate(TESTS):
        (tmp_path / f"test_readme_{number}.py").write_text(block)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
         "-o", f"sessionmock_cassette_dir={README.parent / 'cassettes'}", *(() if _installed() else ("-p", "pytest_sessionmock")), str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(README.parent), str(README.parent / "plugins")])})
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{sum(block.count('def test_') for block in TESTS)} passed" in done.stdout


def _installed() -> bool:
    from importlib.metadata import entry_points

    return any(point.value == "pytest_sessionmock" for point in entry_points(group="pytest11"))


@pytest.mark.parametrize(("names", "state"), ROWS, ids=[names.replace("`", "") for names, _ in ROWS])
def test_the_table_of_parts_is_true(names: str, state: str) -> None:
    """What the table says is there can be imported, and what it says is not yet there cannot."""
    found = {name: hasattr(sessionmock, name) for name in re.findall(r"`(\w+)`", names)}
    assert dict.fromkeys(found, state == "there") == found


def test_commands_are_targets_of_the_makefile() -> None:
    """Every `make` command that is shown is a target."""
    targets = set(re.findall(r"^(\w+):", (README.parent / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)\b", TEXT)) - {"and"} <= targets


def test_cassette_commands_run() -> None:
    """Every `sessionmock` command that is shown runs on the sample cassettes, and finds nothing to complain of."""
    commands = re.findall(r"^(sessionmock .*?)(?:  +#.*)?$", TEXT, re.MULTILINE)
    assert commands
    for command in commands:
        done = subprocess.run([sys.executable, "-m", *command.split()], cwd=README.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
