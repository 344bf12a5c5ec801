"""What faults do in the same way to whatever flows: over HTTP/1.1 and HTTP/2, to what comes and to what is sent."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from functools import partial

from ...errors import URLError
from ...faults.acts import act, failure
from ...faults.armed import ExchangeFaults, Shot
from ...faults.kinds import os_error
from ...faults.table import ACTS, needs_http2
from ..live.network.ends import reset_error
from .flow import Flow, Note

BREAKS = frozenset({"reset", "end", "oserror"})
"""Kinds that end a connection."""


class Hits:
    """Puts what faults do into flows; who derives says what becomes of the connection and of the exchange."""

    faults: ExchangeFaults
    incoming: Flow

    def passing(self, point: str) -> Iterable[Shot]:
        """What is to go wrong at `point`."""
        return self.faults.passing(point, replaces=False)

    def hit(self, flow: Flow, shot: Shot) -> bool:
        """Put what `shot` does into `flow`, where that is the same for whatever flows there; whether it is."""
        name, kind = shot.kind.name, shot.kind
        if name == "delay":
            flow.put(Note(shot.fire), float(kind["seconds"]))
        elif name == "never":
            flow.put(partial(self._fire, shot, flow.freeze))
        elif needs_http2(kind):
            return self.hit_in_frames(flow, shot)
        elif name == "end" and flow is self.incoming:
            flow.put(partial(self._fire, shot, self.end))
        elif name in BREAKS:       # who closes what it has not read, resets it
            flow.put(partial(self._fire, shot, partial(self.break_off, reset_error() if name == "end" else os_error(kind))))
        elif name == "fail":
            flow.put(partial(self._fire, shot, partial(self.fail, failure(shot))))
        elif name in ACTS:
            flow.put(partial(flow.settle, partial(self._act, shot)))
        else:
            return False
        return True

    def hit_in_frames(self, flow: Flow, shot: Shot) -> bool:
        """`hit`, by what HTTP/2 alone can show: elsewhere nothing comes of it."""
        return True

    def _fire(self, shot: Shot, call: Callable[[], object]) -> None:
        shot.fire()
        call()

    def _act(self, shot: Shot) -> None:
        try:
            act(shot)
        except URLError as error:      # there is no task
            self.fail(error)

    @abstractmethod
    def break_off(self, error: OSError) -> None:
        """The connection is gone."""

    @abstractmethod
    def end(self) -> None:
        """The peer sends no more."""

    @abstractmethod
    def fail(self, error: URLError) -> None:
        """The exchange cannot go on."""
