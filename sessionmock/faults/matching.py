"""Which requests a line of a plan is about: by URL, method and task."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..errors import InvalidArgumentException
from ..models.url import with_canonical_host

Pattern = str | re.Pattern[str] | Any     # what a respx pattern takes for its url: a URL, with * for any part, a compiled pattern, a URL of httpx


def given_url(url: Any) -> str | re.Pattern[str] | None:
    """What `at(url=...)` was given, as it is compared. Raises InvalidArgumentException."""
    if url is None or isinstance(url, re.Pattern):
        return url
    text = str(url)
    if not isinstance(url, str) and type(url).__name__ != "URL":
        raise InvalidArgumentException(f"at(url={url!r}): give a URL, one with * for any part, or a compiled pattern")
    return text


@lru_cache(maxsize=256)
def _compiled(url: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, with_canonical_host(url).split("*"))))


def is_about(pattern: str | re.Pattern[str] | None, url: str) -> bool:
    """Whether `url` is one that `pattern` names."""
    if pattern is None:
        return True
    if isinstance(pattern, re.Pattern):
        return pattern.search(url) is not None
    return _compiled(pattern).fullmatch(url) is not None


def is_of(wanted: Any, task: Any) -> bool:
    """Whether `task` is the one that a line is about: itself, its description, or whatever a function says."""
    if wanted is None:
        return True
    if task is None:
        return False
    if isinstance(wanted, str):
        return bool(task.task_description == wanted)
    if isinstance(wanted, Callable) and wanted is not task:  # type: ignore[arg-type]
        return bool(wanted(task))
    return wanted is task
