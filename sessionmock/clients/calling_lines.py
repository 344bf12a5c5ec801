"""The line of a user's that makes a connection, beneath the libraries that it goes through."""
from __future__ import annotations

import asyncio
import linecache
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import chain
from types import FrameType
from typing import Any

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep      # this package
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep: None for name in ("purelib", "platlib", "stdlib", "platstdlib")})
_INSTALLED = sysconfig.get_path("purelib") + os.sep


def calling_lines() -> str:
    """The innermost line outside Python's library and the installed packages, and the innermost one of all."""
    running = list(_frames(sys._getframe(1)))
    outermost = _of_running_task()
    loop = next((number for number, frame in enumerate(running) if frame.f_code.co_name == "_run_once"), len(running))
    if outermost in running:
        loop = min(loop, running.index(outermost) + 1)
    frames = list(map(_line, running))
    tried = chain(frames[:loop], _awaiting(frames[:loop]), frames[loop:])
    own = next((frame for frame in tried if not frame[0].startswith((*_LIBRARIES, "<"))), frames[0])
    return "\n".join([f"  at {_near(*own)}", *([f"  by {_near(*frames[0])}"] if own is not frames[0] else [])])


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_HERE):
            yield frame
        frame = frame.f_back


def _of_running_task() -> FrameType | None:
    """The frame of the coroutine that the running loop is at: what lies further out is the loop's, which may show no frame of its own."""
    loop = asyncio._get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    return None if task is None else getattr(task.get_coro(), "cr_frame", None)


def _awaiting(running: list[tuple[str, int, str]]) -> Iterator[tuple[str, int, str]]:
    """Lines that tasks of the running loop wait at: a library may have made a task of its own for the connection. Those
    that wait in a library that runs now come first."""
    if asyncio._get_running_loop() is None:
        return
    stacks = []
    for task in asyncio.all_tasks():
        lines = []
        waiting: Any = task.get_coro()
        while (frame := getattr(waiting, "cr_frame", None)) is not None:
            lines.append(_line(frame))
            waiting = waiting.cr_await
        stacks.append(lines[::-1])
    busy = _packages(running)
    yield from chain.from_iterable(sorted(stacks, key=lambda lines: busy.isdisjoint(_packages(lines))))


def _packages(lines: Iterable[tuple[str, int, str]]) -> set[str]:
    """The installed packages that `lines` are of."""
    return {file.removeprefix(_INSTALLED).partition(os.sep)[0] for file, _, _ in lines if file.startswith(_INSTALLED)}


def _line(frame: FrameType) -> tuple[str, int, str]:
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def _near(file: str, line: int, function: str) -> str:
    text = linecache.getline(file, line).strip()
    for folder in (*_LIBRARIES, os.getcwd() + os.sep):
        if file.startswith(folder):
            file = file.removeprefix(folder)
            break
    place = f"{file}:{line} in {function}"
    return f"{place}\n       {text}" if text else place
