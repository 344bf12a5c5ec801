"""Two worlds for the tests of the wire: one in memory and in virtual time, one of loopback sockets. A test body serves both.

A server is a coroutine that gets a `Peer`. In memory it runs as the test waits; over sockets it has a thread, on which
whatever it awaits blocks. So a test waits for what happens (`Event`, `Gate`, `Recorder.wait`), and never for time.
"""
from __future__ import annotations

import ssl
import threading
from abc import abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

import pytest

from sessionmock.models.message import Request
from sessionmock.routes.live import LiveRoute
from sessionmock.routes.live.network.coroutines import Later
from tests.routes import recorder
from tests.routes.doubles import configured

from .peers import Script, simple

# A test that concerns one world alone.
in_memory = pytest.mark.parametrize("world", ["memory"], indirect=True)
over_sockets = pytest.mark.parametrize("world", ["sockets"], indirect=True)


# what tests and servers wait for ----------------------------------------------------------------------------------------
class Event:
    """Something that happens once: awaited by servers, waited for by all others."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._set = threading.Event()
        self._waiting: list[Later[None]] = []

    def set(self) -> None:
        """It has happened."""
        self._set.set()
        waiting, self._waiting = self._waiting, []
        for later in waiting:
            later.set_result(None)

    def is_set(self) -> bool:
        return self._set.is_set()

    def wait(self) -> None:
        """Let things go on until it has happened."""
        self._world.wait(self._set)

    async def reached(self) -> None:
        """`wait`, in a server."""
        await self._world.reached(self._set, self._waiting)


class Gate:
    """Lets through as many as `open` was called for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: list[Event] = []    # given, in this order
        self._taken = self._opened = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        self._ticket(opened=True).set()

    def wait(self) -> None:
        self._ticket(opened=False).wait()

    async def passed(self) -> None:
        """`wait`, in a server."""
        await self._ticket(opened=False).reached()

    def _ticket(self, *, opened: bool) -> Event:
        with self._lock:
            number = self._opened if opened else self._taken
            if opened:
                self._opened += 1
            else:
                self._taken += 1
            if number == len(self._tickets):
                self._tickets.append(Event(self._world))
            return self._tickets[number]


class Recorder(recorder.Recorder):
    """A recorder of a world. `exchange` is set by `Client.open`."""

    exchange: Any

    def __init__(self, world: World, keep: bool = True, **on: Callable[..., Any]) -> None:
        super().__init__(Event(world), Event(world), keep, **on)

    def wait(self) -> Self:
        self.done.wait()
        return self


class Client:
    """A channel on a world's host."""

    def __init__(self, world: World, limit: int = 6, route: LiveRoute | None = None, **configuration: Any) -> None:
        self.world = world
        self.channel: Any = (route or world.route()).bind(configured(limit, **configuration), world.host)

    def open(self, url: str, method: str = "GET", *fields: tuple[str, str], body: Any = None, sink: Any = None) -> Any:
        """An exchange, opened on the engine; its recorder is `.sink`, which knows it before it hears anything."""
        return self.world.call(self.start, Request(method, url, list(fields), body), sink or Recorder(self.world))

    def start(self, request: Request, sink: Any) -> Any:
        """Open `request`, on the engine."""
        sink.exchange = self.channel.open(request, sink)
        return sink.exchange

    def load(self, url: str, method: str = "GET", *fields: tuple[str, str], body: Any = None, sink: Any = None) -> Recorder:
        """The recorder of a request that has ended."""
        recorder: Recorder = self.open(url, method, *fields, body=body, sink=sink).sink.wait()
        return recorder


# the worlds -------------------------------------------------------------------------------------------------------------
class World:
    """Where a test takes place. Channels that it made are closed in the end."""

    in_memory: bool
    host: Any

    def __init__(self) -> None:
        self._clients: list[Client] = []

    @abstractmethod
    def __enter__(self) -> World: ...

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @abstractmethod
    def origin(self, script: Script = simple, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Any:
        """A context manager: a server with `url`, `port`, `heads` and the number of its `connections`."""

    @abstractmethod
    def route(self, *arguments: Any, **options: Any) -> LiveRoute:
        """A route into this world."""

    @abstractmethod
    def silent(self, port: int = 0) -> Any:
        """A context manager: the port on 127.0.0.2 at which nobody ever answers who connects."""

    @abstractmethod
    def wait(self, event: threading.Event) -> None:
        """Let things go on until `event` is set."""

    @abstractmethod
    async def reached(self, event: threading.Event, waiting: list[Later[None]]) -> None:
        """`wait`, in a server."""

    @abstractmethod
    def call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """The result of `call`, made on the engine."""

    @abstractmethod
    def settle(self, passes: int = 5) -> None:
        """Let everything be done that is due."""

    @abstractmethod
    def stop_timers(self) -> None:
        """Let no timer come that is set from now on, however long things take."""

    @abstractmethod
    def shift(self, seconds: float) -> None:
        """Let time go on, with nothing happening meanwhile."""

    @abstractmethod
    def date(self) -> datetime:
        """The date by which certificates are judged."""

    def client(self, limit: int = 6, route: LiveRoute | None = None, **configuration: Any) -> Client:
        self._clients.append(Client(self, limit, route, **configuration))
        return self._clients[-1]

    def event(self) -> Event:
        return Event(self)

    def gate(self) -> Gate:
        return Gate(self)

    def recorder(self, keep: bool = True, **on: Callable[..., Any]) -> Recorder:
        return Recorder(self, keep, **on)

    def until(self, condition: Callable[[], Any]) -> None:
        """Let things go on until `condition` holds on the engine."""
        for _ in range(100_000):
            if self.call(condition):
                return
            self.settle(1)
        raise AssertionError("it never comes true")

    @abstractmethod
    def elsewhere(self, call: Callable[[], None]) -> None:
        """Make `call` off the engine, from within a call on it."""

    @abstractmethod
    def aside(self, call: Callable[[], None]) -> None:
        """Make `call` somewhere else, and return at once."""

    @contextmanager
    def held_work(self) -> Generator[None]:
        """What is to run on worker threads in this block runs when it ends."""
        work, jobs = self.host.work, []
        self.host.work = lambda *job: jobs.append(job)
        try:
            yield
        finally:
            self.host.work = work
            for job in jobs:
                work(*job)

    @abstractmethod
    def finish_work(self) -> None:
        """Wait for what runs on worker threads."""

    @abstractmethod
    def wires(self, client: Client) -> set[Any]:
        """The connections of `client`, standing or not, that have not been let go of."""

    def close_channels(self) -> None:
        for client in self._clients:
            client.channel.close()
        self.settle()
