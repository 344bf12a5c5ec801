"""Where cases play: servers on loopback sockets, misbehaving and honest ones, and whoever loads from them."""
from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import trustme

import sessionmock as sm
from sessionmock.history import Asked, Called
from tests.contract.players import NAMES
from tests.routes.live.h2server import Server, h2_origin
from tests.routes.live.peers import Peer
from tests.routes.live.proxies import HTTPProxy
from tests.routes.live.socket_world import SocketOrigin, SocketWorld
from tests.tls.certificates import between, serving, trusting

from .misbehaviour import ANSWERS, SENT, SOON, Case, Verdict, honest, honest_frames

PATIENCE = 20.0
NAME = "localhost"


class Stage:
    """Servers for all cases, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.trust = trusting(self.authority)
        self.folder = folder
        self.over = self.spoilt = threading.Event()
        self.case: Case | None = None
        self.ports: dict[str, int] = {}
        self._held = ExitStack()

    def __enter__(self) -> Stage:
        good = self.authority.issue_cert(NAME, "127.0.0.1")
        now = datetime.datetime.now(datetime.UTC)

        def days(first: int, last: int) -> Path:
            return between(self.authority, now + datetime.timedelta(first), now + datetime.timedelta(last), self.folder)

        contexts: dict[str, ssl.SSLContext | None] = {
            "http": None, "https": serving(good), "expired": serving(days(-9, -2)), "not yet valid": serving(days(2, 9)),
            "wrong host": serving(self.authority.issue_cert("other.example")), "untrusted": serving(trustme.CA().issue_cert(NAME)),
        }
        for door, context in contexts.items():
            self._open(door, SocketOrigin(self._honest, context, "127.0.0.1"))
        self._open("misbehaving", SocketOrigin(self._misbehave, None, "127.0.0.1"))
        self._open("raw", SocketOrigin(self._raw, None, "127.0.0.1"))
        http2 = serving(good)
        http2.set_alpn_protocols(["h2"])
        world: Any = SimpleNamespace(origin=SocketOrigin)
        self._open("proxy", HTTPProxy(world))
        self._open("h2", h2_origin(world, self._honest_frames, http2))
        self._open("misbehaving h2", h2_origin(world, self._misbehave_in_frames, http2))
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.ports["closed"] = self.ports["broadcast"] = self.ports["nowhere"] = closed.getsockname()[1]
        self.ports["silent"] = self._held.enter_context(SocketWorld().silent())
        return self

    def _open(self, door: str, origin: Any) -> None:
        origin.stage = self
        self._held.enter_context(origin)
        self.ports[door] = origin.port

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self._held.__exit__(*error)

    @contextmanager
    def playing(self, case: Case) -> Iterator[None]:
        self.case, self.over, self.spoilt = case, threading.Event(), threading.Event()
        try:
            yield
        finally:
            self.over.set()

    # the servers
    async def _honest(self, peer: Peer) -> None:
        while head := await peer.read_head():
            await honest(peer, ANSWERS[head.split(b"/")[1].decode()])

    async def _misbehave(self, peer: Peer) -> None:
        case = self.case
        assert case is not None and case.real is not None
        while head := await peer.read_head():
            _, answer, name = head.split(b" ")[1].decode().split("/")
            await (case.real if name == case.name or (case.hop and name == "landed") else honest)(peer, ANSWERS[answer])

    async def _raw(self, peer: Peer) -> None:
        assert self.case is not None
        await self.case.real(peer, None)

    async def _honest_frames(self, server: Server) -> None:
        async for stream in server.requests():
            await honest_frames(server, stream, ANSWERS[server.heads[stream][":path"].split("/")[1]])

    async def _misbehave_in_frames(self, server: Server) -> None:
        server.greedy = False      # windows stay as they are
        async for stream in server.requests():
            assert self.case is not None
            await self.case.real(server, stream, ANSWERS[self.case.answer])

    # the loads
    def address(self, case: Case, *, misbehaving: bool) -> str:
        """The case's URL: at the server that misbehaves, or at the honest one of the same kind."""
        secure = case.door not in ("http", "closed", "broadcast", "silent", "nowhere")
        door = "h2" if case.door == "h2" else "https" if secure else "http"
        if misbehaving and case.door != "proxy":
            door = {"http": "misbehaving", "h2": "misbehaving h2", "handshake": "raw"}.get(case.door, case.door)
        secure_or_named = secure or (case.door == "nowhere" and not misbehaving)
        host = {"broadcast": "127.255.255.255", "silent": "127.0.0.2", "nowhere": "nowhere.test"}.get(door, NAME if secure_or_named else "127.0.0.1")
        return f"{'https' if secure else 'http'}://{host}:{self.ports[door]}/{case.answer}/{case.name}"

    def proxy(self, case: Case, *, misbehaving: bool) -> int | None:
        """The port of the case's proxy."""
        if case.door != "proxy":
            return None
        return self.ports["proxy" if not misbehaving else "closed" if case.real is None else "raw"]

    def live(self) -> sm.LiveRoute:
        return sm.LiveRoute(self.trust, _resolve, trust_env=False)

    def script(self) -> sm.ScriptRoute:
        return sm.ScriptRoute().answer(lambda request: ANSWERS[request.url.split("/")[3]])

    def cassette(self, case: Case, url: str) -> sm.CassetteRoute:
        """One that has recorded what the case asks for."""
        file = self.folder / f"{case.name}.yaml"
        with sm.CassetteRoute(file, "all", live=self.script(), filter=False) as recorder, sm.virtual_time():
            play(case, recorder, url)
        return sm.CassetteRoute(file, "none", filter=False)


def _resolve(host: str) -> list[str]:
    if host != NAME:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return ["127.0.0.1"]


class Untrusting:
    """Has every method that a load may call but that for challenges."""

    def session_did_create_task(self, session: Any, task: Any) -> None: ...

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None: ...

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None: ...

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None: ...

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        return request

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        return sm.ResponseDisposition.ALLOW

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None: ...

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None: ...

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.error = error


class Delegate(Untrusting):
    """Has every method that a load may call, and answers each question by default handling."""

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        return sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING


class Names:
    """The short names of callbacks, each once where it comes several times in a row."""

    def __init__(self) -> None:
        self.list: list[str] = []

    def watch(self, record: Any) -> None:
        if isinstance(record, Called | Asked) and self.list[-1:] != [NAMES[record.name]]:
            self.list.append(NAMES[record.name])


def patience(case: Case) -> float:
    """Seconds that a request of the case waits: longer where much has to come in time before there is silence."""
    if any(word in case.name for word in ("silent-at", "deaf", "window")):
        return 5 * SOON
    return SOON if "never" in case.name or "silent" in case.name else PATIENCE


def play(case: Case, route: Any, url: str, proxy: int | None = None) -> Verdict:
    """What a load of `url` comes to over `route`, through the proxy at that port."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = None
    configuration.timeout_interval_for_request = patience(case)
    if proxy is not None:
        configuration.proxy_configurations = [sm.ProxyConfiguration.http_connect("127.0.0.1", proxy)]
    names, delegate = Names(), Untrusting() if case.door == "h2" else Delegate()     # of trust a script has nothing to ask
    with sm.use_route(route), sm.URLSession(configuration, delegate) as session:
        if case.warm:
            session.data(url.replace(case.name, "warm")).result(PATIENCE)
        request = sm.URLRequest(url, case.method, http_body=b"x" if case.method == "POST" and case.kind != "upload" else None)
        trace = sm.Trace()
        trace.history.watch(names.watch)
        before = sm.set_trace(trace)
        try:
            task = (session.download_task(request) if case.kind == "download" else session.upload_task(request, from_data=SENT)
                    if case.kind == "upload" else session.data_task(request))
        finally:
            sm.set_trace(before)
        task.resume()
    return Verdict.of(delegate.error, " ".join(names.list[1:]))
