"""A pytest run inside a test, with the plugin loaded, and a server for it to talk to."""
from __future__ import annotations

import http.server
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# An inner run in this process forgets the modules that it was the first to import: so import them here, once.
import anyio._backends._asyncio
import anyio._backends._trio  # noqa: F401
import httpcore2  # noqa: F401
import httpx  # noqa: F401
import httpx2  # noqa: F401
import pytest
import respx  # noqa: F401
import trio  # noqa: F401
import yaml  # noqa: F401

import sessionmock.routes.cassette
import sessionmock.routes.httpx.edge
import sessionmock.routes.script.routers  # noqa: F401
from sessionmock import LeakScope

ROOT = Path(__file__).resolve().parents[2]
if importlib.util.find_spec("pytest_sessionmock") is None:     # the project is not installed
    sys.path.insert(0, str(ROOT / "plugins"))

ARGUMENTS = ["-p", "pytest_sessionmock", "-p", "no:cacheprovider"]

PRELUDE = """
import math, threading
import pytest
from sessionmock import *

URL = "http://api.test/thing"
"""


class Inner:
    """A folder of test modules, and runs of pytest over it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def write(self, prelude: str = PRELUDE, /, **modules: str) -> None:
        """Write test modules, each after `prelude`."""
        self.pytester.makepyfile(**{name: prelude + text for name, text in modules.items()})

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess(*ARGUMENTS, *arguments)

    def config(self, *arguments: str) -> pytest.Config:
        """The configuration of a run of this process."""
        return self.pytester.parseconfigure(*ARGUMENTS, *arguments)

    def items(self, *arguments: str) -> list[pytest.Item]:
        """The tests that a run would take."""
        return self.pytester.inline_genitems(*ARGUMENTS, *arguments)[0]

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*ARGUMENTS, *arguments)


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Inner:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")       # an inner run has the plugins that it names
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'plugins'}")
    for name in ("CI", "BUILD_NUMBER"):     # where these are set, pytest's summary repeats whole failures
        monkeypatch.delenv(name, raising=False)
    return Inner(pytester)


@pytest.fixture
def quick_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real leaks never end, however long one waits; so wait less."""
    monkeypatch.setattr(LeakScope.drain, "__defaults__", (0.02,))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1        # one packet an answer

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "method": self.command, "count": len(self.server.seen)}).encode()     # type: ignore[attr-defined]
        self.server.seen.append(f"{self.command} {self.path}")      # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None: ...


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that tells what it was asked; inner runs find it as $SERVER."""
    with Server() as running:
        monkeypatch.setenv("SERVER", running.url)
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()
