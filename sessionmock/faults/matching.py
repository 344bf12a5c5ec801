"""Which requests a line of a plan is about: by URL, method and task."""
from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from ..errors import InvalidArgumentException
from ..models.host import canonical_host
from ..models.settings import reject
from ..models.url import split_authority, split_reference, split_url, with_canonical_host

URLPattern: TypeAlias = Any
"""What a respx pattern takes for its URL: a str, a compiled pattern, a URL of httpx, a raw tuple, or such a pattern itself (`M(...)`)."""

_TAKES = "a URL as str, with * for any part; a compiled pattern, a URL of httpx, (scheme, host, port, path) in bytes, or a pattern of respx"
_OF_RESPX = frozenset({"url", "scheme", "host", "port", "path", "params", "method"})      # keys of patterns that a URL and a method answer


def given_url(url: URLPattern) -> URLPattern:
    """What `at(url=...)` was given, as it is kept: a URL as text. Raises InvalidArgumentException."""
    if url is None or isinstance(url, re.Pattern):
        if url is not None and not isinstance(url.pattern, str):
            reject("at(url)", url, _TAKES)
        return url
    if isinstance(url, tuple) and len(url) == 4 and all(isinstance(part, bytes) for part in (*url[:2], url[3])):
        scheme, host, port, path = url
        url = f"{scheme.decode()}://{host.decode()}{'' if port is None else f':{port}'}{path.decode()}"
    elif type(url).__name__ == "URL" and type(url).__module__.partition(".")[0] in ("httpx", "httpx2"):
        url = str(url)
    elif _is_of_respx(url):
        if others := sorted({part.key for part in url if part.key not in _OF_RESPX}):
            raise InvalidArgumentException(f"at(url={url!r}): it looks at {', '.join(others)}, and a line knows the URL and the method alone")
        return url
    if not isinstance(url, str):
        reject("at(url)", url, _TAKES)
    _matcher(url)
    return url


def is_about(pattern: URLPattern, method: str, url: str) -> bool:
    """Whether `pattern`, as `given_url` gave it, names `url`."""
    if pattern is None:
        return True
    if isinstance(pattern, re.Pattern):
        return pattern.search(url) is not None
    if isinstance(pattern, str):
        return _matcher(pattern)(url)
    return _matches_respx(pattern, method, url)


def _is_of_respx(pattern: object) -> bool:
    respx = sys.modules.get("respx.patterns")
    return respx is not None and isinstance(pattern, respx.Pattern)


def _matches_respx(pattern: Any, method: str, url: str) -> bool:
    return bool(pattern.match(sys.modules["respx.patterns"].httpx.Request(method, url)))


@lru_cache(maxsize=256)
def _matcher(text: str) -> Callable[[str], bool]:
    """What tells whether a URL is one that `text` names. What `text` does not say is not compared, as with respx: a path alone is that
    of any server, a URL without a query has any. `*` stands for any part, also of several segments. Fragments are nobody's."""
    if text in ("", "all"):
        return lambda url: True
    scheme, authority, path, query, _ = split_reference(text)
    if "*" in text:
        anything = re.compile("".join((
            ".*".join(map(re.escape, text.partition("#")[0].split("*"))),
            "(?:[/?].*)?" if authority is not None and not path and query is None else r"(?:\?.*)?" if query is None else "")), re.DOTALL)
        return lambda url: anything.fullmatch(_canonical(url)) is not None
    host, port = "", None
    if authority:
        _, host, port = split_authority(authority)
        host = canonical_host(host)
    scheme = None if scheme in (None, "all") else scheme.lower()
    wanted_path = unquote(path if path.startswith("/") else f"/{path}") if path else None
    wanted_query = None if not query else sorted(parse_qsl(query, keep_blank_values=True), key=_name)

    def matches(url: str) -> bool:
        try:
            parts = split_url(url)
        except InvalidArgumentException:
            return False
        return ((scheme is None or parts.scheme == scheme) and (not host or parts.host == host) and (port is None or parts.port == port)
                and (wanted_path is None or unquote(parts.path) == wanted_path)
                and (wanted_query is None or sorted(parse_qsl(parts.query, keep_blank_values=True), key=_name) == wanted_query))

    return matches


def _canonical(url: str) -> str:
    try:
        return with_canonical_host(url).partition("#")[0]
    except InvalidArgumentException:
        return url


def _name(field: tuple[str, str]) -> str:
    """Values of one name stay in their order."""
    return field[0]


def check_task(task: Any) -> None:
    """Raises InvalidArgumentException for what `at(task=...)` cannot be given."""
    if not (task is None or isinstance(task, str) or (callable(task) and not isinstance(task, type)) or hasattr(type(task), "task_description")):
        reject("at(task)", task, "a task, its task_description as str, or a function that is given a task and says whether it is meant")


def is_of(wanted: Any, task: Any) -> bool:
    """Whether `task` is the one that a line is about: itself, its description, or one of which a function says so."""
    if wanted is None or wanted is task:
        return True
    if task is None:
        return False
    if isinstance(wanted, str):
        return bool(task.task_description == wanted)
    return callable(wanted) and bool(wanted(task))
