"""The file of a cookie storage, which several processes may share: the cookies that outlast a session, with when each was made."""
from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from ..models.cookie import HTTPCookie
from ..regular import open_regular
from .files import replace_file

FORMAT = "sessionmock cookies 1"
FILE_LIMIT = 64 << 20       # characters; a longer file is not read


def read(path: str) -> list[tuple[HTTPCookie, datetime]]:
    """The cookies in the file at `path`. Raises any exception for what is no cookie file, or is not there."""
    with open(path, encoding="utf-8", opener=open_regular) as file:
        tree = json.loads(file.read(FILE_LIMIT))
    if tree["format"] != FORMAT:
        raise ValueError(f"its format is {tree['format']!r}, not {FORMAT!r}")
    return [
        (HTTPCookie({**cookie, "Expires": _moment(cookie["Expires"])}), _moment(created))
        for cookie in tree["cookies"] if (created := cookie.pop("Created"))
    ]


def write(path: str, lasting: Iterable[tuple[HTTPCookie, datetime]]) -> None:
    """Replace the file at `path`. Raises OSError."""
    cookies = [cookie.properties | {"Created": created.isoformat()} for cookie, created in lasting]
    tree = {"format": FORMAT, "cookies": cookies}
    replace_file(path, [json.dumps(tree, indent=1, default=datetime.isoformat).encode()])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
