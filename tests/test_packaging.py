"""The wheel that `python -m pip install sessionmock` would bring."""
from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SUITE = '''
import pytest_sessionmock
import sessionmock


def test_where_the_packages_come_from():
    assert sessionmock.__file__.startswith({target!r})
    assert pytest_sessionmock.__file__.startswith({target!r})


def test_session(url_session):
    assert url_session().delegate is None


def test_run_within_a_run(pytester):
    pytester.makepyfile("def test_session(url_session): url_session()")
    pytester.runpytest_inprocess("-W", "error", "-p", "no:cacheprovider").assert_outcomes(passed=1)
'''


def run(*arguments: str, cwd: Path, **environment: str) -> str:
    """What a child interpreter printed; its failure is this test's."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment})
    if done.returncode:
        pytest.fail(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


def test_wheel_holds_both_packages_and_works_alone(tmp_path: Path) -> None:
    """The built wheel holds two typed packages and no tests; unpacked elsewhere, its plugin serves a pytest run, which rewrites none
    of the library's modules."""
    run("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), ".", cwd=ROOT)
    wheel, = tmp_path.glob("sessionmock-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"sessionmock", "pytest_sessionmock"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert {"sessionmock/py.typed", "pytest_sessionmock/py.typed"} <= set(names)

    target = tmp_path / "target"
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel), cwd=tmp_path)
    suite = tmp_path / "suite" / "test_wheel.py"
    suite.parent.mkdir()
    suite.write_text(SUITE.format(target=str(target)))
    printed = run(
        "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "pytester", "-q", suite.name, cwd=suite.parent,
        PYTHONPATH=str(target), PYTHONDONTWRITEBYTECODE="")
    assert "3 passed" in printed
    compiled = [file.name for file in (target / "sessionmock" / "__pycache__").glob("session.*.pyc")]
    assert len(compiled) == 1 and "pytest" not in compiled[0]
