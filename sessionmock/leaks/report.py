"""A leak, and what a report says of it: the lines of the user's own code, innermost first."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..registry import Line, Site

# Folders and files of what runs other people's code: a report ends before the first line of theirs.
_RUNNERS = frozenset({
    "_pytest", "pluggy", "pytest_asyncio", "asyncio", "anyio", "trio", "unittest", "doctest.py", "concurrent",
    "threading.py", "socketserver.py", "hypothesis",
})


class Leak(NamedTuple):
    """Something that outlived its owner. `str()` is the whole report, `headline` its first line.

    `kind` is "session", "task" or "client"; `description` says what it is and in what state it was left, `remedy` how to mend it.
    `owner` is the scope: a test, a fixture, a block. It was made at `lines`, the innermost first, by `thread`, "" for the main one.
    """

    kind: str
    description: str
    owner: str
    lines: tuple[Line, ...]
    thread: str
    remedy: str

    @property
    def place(self) -> str:
        """The line that made it, as "tests/test_a.py:7"."""
        return f"{_near(self.lines[0].file)}:{self.lines[0].line}" if self.lines else "an unknown place"

    @property
    def headline(self) -> str:
        """What leaked and where it was made, on one line."""
        return f"LEAK: {self.description}; made at {self.place}"

    def __str__(self) -> str:
        text = [f"LEAK: {self.description}"]
        for number, line in enumerate(self.lines):
            text.append(f"  {'from   ' if number else 'made at'}  {_near(line.file)}:{line.line} in {line.function}")
            if line.text:
                text.append(f"               {line.text}")
        text.append(f"  owner    {self.owner}{f' (thread {self.thread})' if self.thread else ''}")
        text.append(f"  mend     {self.remedy}")
        return "\n".join(text)


def told_lines(site: Site) -> Iterator[Line]:
    """The lines of `site` that are worth telling: up to the first of what runs the code, without those of an import."""
    for number, line in enumerate(site.lines()):
        if number and not _RUNNERS.isdisjoint(Path(line.file).parts):
            return
        if not line.file.startswith("<frozen importlib"):
            yield line


def _near(file: str) -> str:
    """`file` as seen from the working folder, where it lies in it."""
    return file.removeprefix(os.getcwd() + os.sep)
