"""Fixtures of the tests of the wire."""
from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
import trustme

from .memory_world import MemoryWorld
from .socket_world import SocketWorld
from .worlds import Client, World


@pytest.fixture(params=["memory", "sockets"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Where the test takes place: once in memory and once over loopback sockets."""
    with (MemoryWorld() if request.param == "memory" else SocketWorld()) as made:
        yield made


@pytest.fixture
def client(world: World) -> Client:
    """A channel in that world."""
    return world.client()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Whoever signs the certificates of servers."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> ssl.SSLContext:
    """Trusts `authority`."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
