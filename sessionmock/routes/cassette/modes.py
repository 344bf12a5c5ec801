"""What is replayed and what is recorded."""
from __future__ import annotations

import os
from enum import Enum

from ...documented import documented
from ...errors import InvalidArgumentException


@documented(
    ONCE="a file: replay it, and what it has not is a miss; no file: record",
    NONE="replay alone, never record",
    NEW_EPISODES="replay what is there, record what is not",
    ALL="replay nothing, record everything",
    VERIFY="ask the server, give its answer, and note how it differs from the recorded one",
)
class Mode(Enum):
    """What is replayed and what is recorded; vcrpy's names, and one more."""

    ONCE = "once"
    NONE = "none"
    NEW_EPISODES = "new_episodes"
    ALL = "all"
    VERIFY = "verify"

    @classmethod
    def named(cls, mode: str | Mode | None) -> Mode:
        """The mode called `mode`; None: "once", but "none" in CI. Raises InvalidArgumentException."""
        if mode is None:
            return cls.ONCE.unattended
        try:
            return cls(mode)
        except ValueError:
            raise InvalidArgumentException(f"mode {mode!r}: choose from {', '.join(m.value for m in cls)}") from None

    @property
    def unattended(self) -> Mode:
        """Where nobody asked for it on the command line: in CI, NONE for a mode that records; else this one itself."""
        return Mode.NONE if in_ci() and self.records(over_a_file=False) else self

    def records(self, *, over_a_file: bool) -> bool:
        """Whether what the cassette does not have is recorded, with a file there or without."""
        return self in (Mode.NEW_EPISODES, Mode.ALL) or (self is Mode.ONCE and not over_a_file)


def in_ci() -> bool:
    """Whether this runs in continuous integration: the variable CI is set, and not to 0, false or no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
