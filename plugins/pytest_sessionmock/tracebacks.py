"""Tracebacks of requests that nothing answers: the lines of the test and the code under it, and none of those who only carried it."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest

_CARRIERS = ("sessionmock", "httpx", "httpx2")


def hide_carriers(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Take the frames of those who carried a miss out of what pytest shows of it, and of what was raised because of it."""
    folders = tuple(str(Path(module.__file__).parent) for name in _CARRIERS if (module := sys.modules.get(name)) and module.__file__)
    for error in _chain(excinfo.value, set()):
        if _is_miss(error):
            error.__traceback__ = _outside(error.__traceback__, folders)
    if _is_miss(excinfo.value) and (rest := _outside(excinfo.tb, folders)):
        excinfo.traceback = type(excinfo.traceback)(rest)


def _is_miss(error: BaseException) -> bool:
    """Whether `error` is an UnmatchedRequest, which has a headline, or a URLError over one."""
    return hasattr(getattr(error, "underlying_error", error), "headline")


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """`error`, what it holds and what it comes from."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for other in (error.__cause__, error.__context__, *(error.exceptions if isinstance(error, BaseExceptionGroup) else ())):
        yield from _chain(other, seen)


def _outside(traceback: TracebackType | None, folders: tuple[str, ...]) -> TracebackType | None:
    """`traceback` without the frames of files in `folders`."""
    if traceback is None:
        return None
    rest = _outside(traceback.tb_next, folders)
    if traceback.tb_frame.f_code.co_filename.startswith(folders):
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)
