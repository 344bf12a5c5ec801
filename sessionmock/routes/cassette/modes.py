"""What is replayed, what is recorded, and what happens to a recording that has grown old."""
from __future__ import annotations

import os
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from ...errors import InvalidArgumentException
from ...models.message import header
from .interaction import Interaction


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


class OnExpiry(Enum):
    """What happens to an answer that is older than `max_age`."""

    WARN = "warn"              # it is given, and closing the cassette warns
    FAIL = "fail"              # it is none: its request is a miss
    RERECORD = "rerecord"      # the server is asked and its answer takes the place; in CI, and with no live route, as "warn"

    @classmethod
    def named(cls, name: str | OnExpiry) -> OnExpiry:
        """Raises InvalidArgumentException."""
        try:
            return cls(name)
        except ValueError:
            raise InvalidArgumentException(f"on_expiry {name!r}: choose from {', '.join(o.value for o in cls)}") from None


def in_ci() -> bool:
    """Whether this runs in continuous integration: the variable CI is set, and not to 0, false or no."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def recorded_at(interaction: Interaction) -> datetime | None:
    """When `interaction` was recorded: as its file says, else by the Date of its answer; None where neither is there."""
    if interaction.extra.recorded_at is not None:
        return interaction.extra.recorded_at
    try:
        found = parsedate_to_datetime(header(interaction.response.headers, "date") or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else None


def age(interaction: Interaction, now: datetime) -> timedelta | None:
    """How old `interaction` is; None where nothing tells."""
    then = recorded_at(interaction)
    return None if then is None else now - then
