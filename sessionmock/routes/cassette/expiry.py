"""How old recorded answers may be, and what happens to one that is older."""
from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from ... import shown
from ...core.dates import http_date
from ...errors import InvalidArgumentException
from ...models.message import header
from .interaction import Interaction
from .modes import in_ci


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


class Expiry:
    """The limit of age of one cassette, and the answers that were older when they were asked for.

    `max_age` is in seconds, None for no limit. `can_ask` says whether there is a server to ask in the place of an old answer.
    """

    def __init__(self, max_age: float | None, on_expiry: str | OnExpiry, *, can_ask: bool) -> None:
        self.max_age, self.on_expiry = max_age, OnExpiry.named(on_expiry)
        self.renews = can_ask and max_age is not None and self.on_expiry is OnExpiry.RERECORD and not in_ci()
        self.expired: list[str] = []

    def refuses(self, found: Interaction, now: datetime) -> bool:
        """Whether `found` is too old to be given. One that is given although it is too old is noted as well."""
        old = age(found, now) if self.max_age is not None else None
        if old is None or self.max_age is None or old.total_seconds() <= self.max_age:
            return False
        ago = f"{old.days} days" if old.days else f"{int(old.total_seconds())} s"
        self.expired.append(f"{found.method} {shown.url(found.uri)}, recorded {ago} ago")
        return self.renews or self.on_expiry is OnExpiry.FAIL

    @property
    def warning(self) -> str:
        """What a user is to be told of answers that were given although they were too old; "" for nothing."""
        if not self.expired or self.on_expiry is OnExpiry.FAIL:
            return ""
        more = ", …" if len(self.expired) > 1 else ""
        return f"{len(self.expired)} answers are older than {timedelta(seconds=self.max_age or 0)}: {self.expired[0]}{more}"


def recorded_at(interaction: Interaction) -> datetime | None:
    """When `interaction` was recorded: as its file says, else by the Date of its answer; None where neither is there."""
    if interaction.extra.recorded_at is not None:
        return interaction.extra.recorded_at
    return http_date(header(interaction.response.headers, "date"))


def age(interaction: Interaction, now: datetime) -> timedelta | None:
    """How old `interaction` is; None where nothing tells."""
    then = recorded_at(interaction)
    return None if then is None else now - then
