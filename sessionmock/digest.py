"""The hash of a history: the same for whoever runs the same again, in another process, worker or order of tests.

Left out is what only one process knows: addresses, the numbers of its sessions, exchanges and connections (they are counted again, in
the order in which they come), names of temporary files, threads and queues, and times that are real. In real time threads decide too what
comes first, and the network how a body is cut: so each task stands for itself there, what its exchanges brought beside what it was told,
with bodies in one piece.
"""
from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from .errors import URLError

_CODE = re.compile(r"\((-?\d+)\)")
_WIRE = frozenset({"Opened", "Requested", "Sent", "Received", "Closed", "Faulted"})
_COUNTS = frozenset({"task_did_send_body_data", "download_task_did_write_data"})     # the last one has it all
_METRICS = "task_did_finish_collecting_metrics"      # comes before or after the end of a task that is waited for
_LEFT_OUT = frozenset({"number", "time", "task", "queue", "milliseconds", "where", "headers"})


def digest(records: Iterable[Any], *, timed: bool) -> str:
    """The hash of `records`, in hex digits; `timed` where their times are virtual, and so the same every time."""
    normal = _Normal(timed)
    rows = [normal.row(record) for record in records] if timed else _apart(normal, records)
    made = hashlib.sha256()
    for row in rows:
        made.update(f"{row!r}\n".encode("utf-8", "surrogatepass"))
    return made.hexdigest()


def _apart(normal: _Normal, records: Iterable[Any]) -> list[Any]:
    """The rows of each task and session by itself, and what came in pieces as a whole."""
    parts: dict[str, list[Any]] = {}
    whole: dict[tuple[Any, ...], Any] = {}
    for record in records:
        owner, kind, *said = row = normal.row(record)
        name = getattr(record, "name", "")
        if kind == "Returned":
            continue
        if kind == "Sent" or (kind == "Received" and record.status is None):
            key = (owner, kind, said[0])
            whole[key] = whole.get(key, 0) + record.size
        elif kind == "Written":
            whole[owner, kind] = whole.get((owner, kind), 0) + record.size
        elif name == "data_task_did_receive_data":
            whole[owner, name] = whole.get((owner, name), b"") + record.arguments[1]
        elif name in _COUNTS:
            whole[owner, name] = record.arguments[2:]
        else:
            wire = kind in _WIRE or (kind == "Ended" and record.exchange)
            side = "wire" if wire else name if name == _METRICS else "told"
            parts.setdefault(f"{owner} {side}", []).append(row)
    return [*sorted(parts.items()), *sorted((key, normal.value(value)) for key, value in whole.items())]


class _Normal:
    """Values and records without what only this process knows."""

    def __init__(self, timed: bool) -> None:
        self._timed = timed
        self._counted: dict[tuple[str, Any], str] = {}       # names, by what they stand for
        self._next: dict[str, int] = {}
        self._owner = ""                                     # whose record is looked at

    def row(self, record: Any) -> tuple[Any, ...]:
        """Whose `record` is, and what it says."""
        values, task = record._asdict(), record.task
        owner = self._task(task) if task is not None else self._name("session", session) if (session := values.get("session")) else ""
        self._owner = owner
        said = (self._field(name, value) for name, value in values.items() if name not in _LEFT_OUT)
        return (owner, type(record).__name__, *said, *((record.time,) if self._timed else ()))

    def _field(self, name: str, value: Any) -> Any:
        if name == "session":
            return self._name(name, value) if value else 0
        if name == "connection":
            return (self._name(name, value[0]), value[1]) if value and self._timed else None
        if name == "exchange":
            return self._name(f"exchange of {self._owner}", value) if value else 0
        if name == "error":
            return self._error(value)
        return self.value(value)

    def _task(self, task: Any) -> str:
        session = self._name("session", getattr(getattr(task, "_session", None), "_number", 0))
        return f"{session} task {getattr(task, 'task_identifier', 0):04}"

    def _name(self, kind: str, one: Any) -> str:
        known = self._counted.get((kind, one))
        if known is None:
            self._next[kind] = number = self._next.get(kind, 0) + 1
            known = self._counted[kind, one] = f"{kind} {number:04}"
        return known

    @staticmethod
    def _error(error: Any) -> Any:
        if isinstance(error, str):
            found = _CODE.search(error)
            return int(found[1]) if found else bool(error)
        return int(error.code) if isinstance(error, URLError) else type(error).__name__

    def value(self, one: Any) -> Any:
        """`one` as it is hashed."""
        if isinstance(one, enum.Enum):
            return one.name
        if one is None or isinstance(one, bool | int | float | str):
            return one
        if type(one) is bytes:
            return len(one), hashlib.sha256(one).hexdigest()
        if isinstance(one, BaseException):
            return self._error(one)
        if isinstance(one, PurePath):
            return self._name(f"path of {self._owner}", str(one))
        if isinstance(one, dict):
            return tuple((self.value(key), self.value(item)) for key, item in one.items())
        if isinstance(one, tuple | list):
            return tuple(map(self.value, one))
        if hasattr(one, "task_identifier"):
            return self._task(one)
        kind = type(one).__name__
        if hasattr(one, "http_method"):
            return kind, one.http_method, one.url
        return (kind, getattr(one, "status_code", None), one.url) if hasattr(one, "expected_content_length") else kind
