"""Which exceptions of callbacks fail a test: checks that failed, and calls that do not fit what is called."""
from __future__ import annotations

import re
import traceback
from collections.abc import Iterable

import pytest

# As CPython words a call with too many, too few or unknown arguments.
_MISFIT = re.compile(r"missing \d+ required|takes (?:no|exactly|from|at|\d+) .*|expected .*\d+ arguments?, got|unexpected keyword argument")


def is_failed_check(error: BaseException) -> bool:
    """Whether a test has failed that raised `error` where nobody looks."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_failed_check, error.exceptions))
    if isinstance(error, TypeError):
        return _MISFIT.search(str(error)) is not None
    return isinstance(error, AssertionError) or type(error) is pytest.fail.Exception


def told(errors: Iterable[BaseException]) -> list[str]:
    """What to say of each of `errors`: with its lines, and in whose callback it was raised."""
    return ["".join(traceback.format_exception(error)).rstrip() for error in errors]
