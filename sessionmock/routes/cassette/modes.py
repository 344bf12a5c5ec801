"""What is replayed and what is recorded."""
from __future__ import annotations

import os
from enum import Enum

from ...errors import InvalidArgumentException


class Mode(Enum):
    """What is replayed and what is recorded; vcrpy's names, and one more."""

    ONCE = "once"                  # a file: replay it, and what it has not is a miss; no file: record
    NONE = "none"                  # replay alone, never record
    NEW_EPISODES = "new_episodes"  # replay what is there, record what is not
    ALL = "all"                    # replay nothing, record everything
    VERIFY = "verify"              # ask the server, give its answer, and note how it differs from the recorded one

    @classmethod
    def named(cls, mode: str | Mode | None) -> Mode:
        """The mode called `mode`; None: "once", but "none" in CI. Raises InvalidArgumentException."""
        if mode is None:
            return cls.NONE if in_ci() else cls.ONCE
        try:
            return cls(mode)
        except ValueError:
            raise InvalidArgumentException(f"mode {mode!r}: choose from {', '.join(m.value for m in cls)}") from None

    def records(self, *, over_a_file: bool) -> bool:
        """Whether what the cassette does not have is recorded, with a file there or without."""
        return self in (Mode.NEW_EPISODES, Mode.ALL) or (self is Mode.ONCE and not over_a_file)


def in_ci() -> bool:
    """Whether this runs in continuous integration: the variable CI is set, and not to 0, false or no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
