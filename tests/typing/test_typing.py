"""What users write is checked by mypy as they would check it: `make lint` reads this folder, and these tests read it too."""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import pytest_sessionmock

import sessionmock
from sessionmock.models import cookie
from sessionmock.routes.script import answer

from ..readme import README, ROOT

FILES = [Path(__file__).with_name(name) for name in ("uses.py", "objective_c.py")]


def used(module: str, alias: str) -> set[str]:
    """The names of `module` that `FILES` import or take from `alias`."""
    nodes = [node for file in FILES for node in ast.walk(ast.parse(file.read_text()))]
    taken = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == alias}
    return taken | {name.name for node in nodes if isinstance(node, ast.ImportFrom) and node.module == module for name in node.names}


def test_every_public_name_is_used() -> None:
    """A new public name is used in `uses.py` or `objective_c.py`, so that its types are looked at."""
    assert set() == set(sessionmock.__all__) - used("sessionmock", "sm")
    classes = {name for name in pytest_sessionmock.__all__ if isinstance(getattr(pytest_sessionmock, name), type)}
    assert set() == classes - used("pytest_sessionmock", "")


def test_readme_s_first_example_is_typed(tmp_path: Path) -> None:
    """It passes `mypy --strict` as it stands, with what it learns of the installed package."""
    pytest.importorskip("mypy", reason="mypy comes with `make lint`")
    first = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[0]
    example = tmp_path / "example.py"
    example.write_text(first)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={ROOT / '.mypy_cache'}", str(example)],
        cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Success" in done.stdout, done.stdout + done.stderr


def test_typed_keywords_are_those_that_are_taken() -> None:
    """What is taken as `**keywords` is written down once more for type checkers: the same names."""
    assert set(answer.Values.__annotations__) == {field.name for field in fields(sessionmock.Answer)}
    assert set(cookie.Properties.__annotations__) == set(cookie._KEYS)
