"""The line of a user's, beneath libraries, and beneath tasks that a library made."""
from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sessionmock.clients import calling_lines as module
from sessionmock.clients.calling_lines import calling_lines

HERE = "tests/clients/test_calling_lines.py"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that lies in an installed package and calls what it is given; and one that does so in a task."""
    package = tmp_path / "package"
    package.mkdir()
    file = package / "client.py"
    file.write_text("def send(call):\n    return call()\n\nasync def send_later(call):\n    return call()\n\n"
                    "async def send_in_task(call):\n    import asyncio\n    return await asyncio.create_task(send_later(call))\n")
    monkeypatch.setattr(module, "_LIBRARIES", (*module._LIBRARIES, f"{tmp_path}/"))
    monkeypatch.setattr(module, "_INSTALLED", f"{tmp_path}/")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    return names


def lines(call: Any = calling_lines) -> list[str]:
    return [line.strip() for line in call().split("\n")]


def test_a_line_here_is_told_with_its_text() -> None:
    """File, line, function, and what stands there; there is no library between."""
    found = lines()
    assert found[0].startswith(f"at {HERE}:")
    assert found[0].endswith(" in lines")
    assert 2 == len(found)


def test_what_a_library_does_for_it_is_told_too(library: Any) -> None:
    """The line here, and the innermost one of the library, as it lies in its folder."""
    found = library["send"](lambda: calling_lines()).split("\n")
    assert found[0].strip().startswith(f"at {HERE}:")
    assert "calling_lines" in found[1]


def test_a_task_of_a_library_is_traced_to_who_waits_for_it(library: Any) -> None:
    """The line that awaits it, not that which runs the loop."""
    async def mine() -> Any:
        return await library["send_in_task"](calling_lines)

    found = asyncio.run(mine()).split("\n")
    assert found[0].strip().startswith(f"at {HERE}:")
    assert found[0].endswith(" in mine")
    assert "return await library" in found[1]
    assert found[2].strip().startswith("by package/client.py:5 in send_later")


def test_a_line_without_text_is_told_without() -> None:
    """As of code that was made in memory."""
    names: dict[str, Any] = {}
    exec(compile("def made(call):\n    return call()", "/nowhere/made.py", "exec"), names)
    assert ["  at /nowhere/made.py:2 in made"] == names["made"](calling_lines).split("\n")
