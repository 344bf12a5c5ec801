"""V10 and V15: files of downloads that are still there, and exceptions that came out of sessionmock itself. No task is held for it."""
from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ..history import Ended, Escaped, Filed, History, Record
from ..load.partial_files import WHOLE, HeldData, is_held
from ..shown import text
from ..tasks import URLSessionDownloadTask
from .bodies import handed
from .settling import settled
from .violations import BrokenInvariants, Violation

_HERE = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})

Broken = Callable[[str, str, str], None]      # an invariant, what happened, and to what


class Remains:
    """Takes in what a history is told; `judge` says what is left of it."""

    kinds = frozenset({Escaped, Filed, Ended})

    def __init__(self, history: History | None = None) -> None:
        self._files: dict[tuple[int, int], list[Path]] = {}      # of tasks that have not ended, by session and identifier
        self._ended: list[Path] = []
        self._handed: set[Path] = set()                          # given away by a `Loading`
        self._resumable: set[Path] = set()                       # that there is resume data for
        self._escaped: list[tuple[str, str]] = []
        if history is not None:
            history.watch(self.see, self.kinds)

    def see(self, record: Record) -> None:
        """Take in `record`, in which only what is its own is looked at."""
        task: Any = record.task
        if type(record) is Escaped and not record.of_user and not _came_from_outside(record.error):
            self._escaped.append((f"{type(record.error).__name__}: {text(str(record.error))}, raised in {record.where}", record.where))
        elif type(record) is Filed:
            self._files.setdefault((task._session._number, task._identifier), []).append(record.path)
        elif type(record) is Ended and isinstance(task, URLSessionDownloadTask) and not record.exchange:
            self._take_over(task, self._files.pop((task._session._number, task._identifier), []))

    def _take_over(self, task: URLSessionDownloadTask, files: list[Path]) -> None:
        """`task` has ended: who has its files from now on."""
        self._ended += (name for path in files for name in (path, path.with_suffix(WHOLE)))
        if task.error is None:
            if isinstance(path := handed(task), Path):      # which another task may have made
                self._handed.add(path)
        elif isinstance(data := task.error.download_task_resume_data, HeldData):
            self._resumable.add(data.partial.path)

    def judge(self, broken: Broken, keeps: Collection[Path] = ()) -> None:
        """Tell `broken` of what is left. `keeps` are files that the user has."""
        for path in settled(lambda: [one for one in self._ended if one not in keeps and self._is_left(one)]):
            broken("V10", f"{path} is still there", str(path))
        for what, where in self._escaped:
            broken("V15", what, where)

    def _is_left(self, path: Path) -> bool:
        return path not in self._handed and path.exists() and not (path in self._resumable and is_held(path))

    def verify(self) -> None:
        """Raises BrokenInvariants where something is left."""
        found: list[Violation] = []
        self.judge(lambda invariant, what, subject: found.append(Violation(invariant, what, subject, ())))
        if found:
            raise BrokenInvariants(found)


def _came_from_outside(error: BaseException) -> bool:
    """Whether code that is neither sessionmock's nor a library's has raised `error`, as a route of the user's may."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and not frames[-1][0].f_code.co_filename.startswith((_HERE, *_LIBRARIES))
