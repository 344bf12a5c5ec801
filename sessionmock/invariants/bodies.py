"""V8: the bytes that were delivered, held against the true body."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..history import Called, Ended, Record
from ..models.response import HTTPURLResponse

TrueBody: TypeAlias = bytes | Mapping[str, bytes] | Callable[[Any], bytes | None]
"""The true body: of all answers, by the URL of the task's original request, or by the task. None, or no such URL: nobody knows."""

_WHOLE = frozenset({200, 203, 206})       # of other answers the body is not what was asked for


class Delivered:
    """What one task has delivered, and whether it succeeded."""

    def __init__(self, task: Any) -> None:
        self.task = task
        self.pieces: list[bytes] = []
        self.whole: bytes | None = None      # at the end, in one piece or a file
        self.succeeded = False


class Bodies:
    """What the tasks of a history have delivered, by any of the ways that there are."""

    def __init__(self) -> None:
        self._of: dict[int, Delivered] = {}       # by the id of tasks that are held here

    def see(self, record: Record) -> None:
        """Take in what `record` delivers. A file is read where it is lent."""
        if type(record) is Called and record.task is not None:
            self._called(record)
        elif type(record) is Ended and not record.exchange and record.task is not None:
            self._ended(record.task)

    def wrong(self, true_body: TrueBody) -> list[tuple[Any, str]]:
        """The tasks that have delivered anything else than `true_body`, and how."""
        found = ((one.task, _difference(one, body)) for one in self._of.values() if (body := _of(true_body, one.task)) is not None)
        return [(task, difference) for task, difference in found if difference]

    def _delivered(self, task: Any) -> Delivered:
        return self._of.setdefault(id(task), Delivered(task))

    def _called(self, record: Called) -> None:
        name, given = record.name, record.arguments
        if name == "data_task_did_receive_data":
            self._delivered(record.task).pieces.append(given[1])
        elif name == "download_task_did_finish_downloading":
            self._delivered(record.task).whole = _content(given[1])
        elif name == "completion_handler" and given[2] is None:
            self._delivered(record.task).whole = _content(given[0])

    def _ended(self, task: Any) -> None:
        one = self._delivered(task)
        one.succeeded = task.error is None
        if one.succeeded and one.whole is None:
            one.whole = _content(handed(task))


def handed(task: Any) -> bytes | Path | None:
    """What the `Loading` of `task` gives, which has succeeded; None where it has none, or one that is read piece by piece."""
    outcome = getattr(task._life.consumer, "outcome", None)
    value = None if outcome is None else outcome()[0]
    return None if value is None else value[0]


def _content(given: bytes | Path | None) -> bytes | None:
    """What was delivered; None where it is a file that is gone, for this comes after that."""
    if not isinstance(given, Path):
        return given
    try:
        return given.read_bytes()
    except OSError:
        return None


def _of(true_body: TrueBody, task: Any) -> bytes | None:
    response = task.response
    if not isinstance(response, HTTPURLResponse) or response.status_code not in _WHOLE or task.original_request.http_method == "HEAD":
        return None
    if isinstance(true_body, bytes):
        return true_body
    return true_body.get(task.original_request.url) if isinstance(true_body, Mapping) else true_body(task)


def _difference(one: Delivered, body: bytes) -> str:
    delivered = b"".join(one.pieces) if one.pieces or one.whole is None else one.whole
    if not one.pieces and one.whole is None:
        return ""           # read by an iterator, or nothing came
    if not body.startswith(delivered):
        at = next((at for at, (a, b) in enumerate(zip(delivered, body, strict=False)) if a != b), len(body))
        return f"what it delivered is not the true body from byte {at} on: {delivered[at:at + 20]!r} for {body[at:at + 20]!r}"
    if one.succeeded and len(delivered) < len(body):
        return f"it succeeded with {len(delivered)} of {len(body)} bytes"
    return ""
