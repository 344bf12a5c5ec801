"""What the tests of TLS share: authorities, and delegates that answer challenges."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from sessionmock import AuthChallengeDisposition, URLSession, URLSessionConfiguration, use_route
from sessionmock.errors import URLError
from tests.routes.live.memory_world import MemoryWorld
from tests.routes.live.socket_world import SocketWorld
from tests.routes.live.worlds import World

PATIENCE = 20


@pytest.fixture(params=["memory", "sockets"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Where the test takes place: once in memory and once over loopback sockets."""
    with (MemoryWorld() if request.param == "memory" else SocketWorld()) as made:
        yield made


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


class SessionLevel:
    """Answers challenges of the session by what `answer` says; remembers them."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def session_did_receive_challenge(self, session, challenge):
        self.asked.append(challenge)
        return self.answer(challenge)


class TaskLevel:
    """The same for challenges of a task."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def task_did_receive_challenge(self, session, task, challenge):
        self.asked.append(challenge)
        return self.answer(challenge)


def default(challenge):
    return AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING


def reject(challenge):
    return AuthChallengeDisposition.REJECT_PROTECTION_SPACE


def cancel(challenge):
    return AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE


def load(session: URLSession, *requests: Any) -> list[Any]:
    """For each request, sent one after the other: the body, or the URLError."""
    outcomes = []
    for request in requests:
        try:
            outcomes.append(session.data(request).result(PATIENCE)[0])
        except URLError as error:
            outcomes.append(error)
    return outcomes


class Loader:
    """Sessions on a live route that trusts `context` and finds every name on loopback."""

    def __init__(self, world: World, context: Any, **route: Any) -> None:
        self.route = world.route(context, lambda _: ["127.0.0.1"], trust_env=False, **route)

    def __call__(self, delegate: Any, *requests: Any, configuration: URLSessionConfiguration | None = None) -> list[Any]:
        with use_route(self.route), URLSession(configuration or URLSessionConfiguration.ephemeral(), delegate) as session:
            return load(session, *requests)
