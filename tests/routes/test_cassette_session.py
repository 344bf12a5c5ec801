"""A session over a cassette: what a real server answered once, the file answers again with the server gone."""
from __future__ import annotations

import gzip
import http.server
import json
import math
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from sessionmock import (
    Answer,
    AuthChallengeDisposition,
    LiveRoute,
    ScriptRoute,
    UnmatchedRequest,
    URLCredential,
    URLError,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    transport,
    use_route,
    virtual_time,
)
from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.base import UnconnectedChannel, Unmeasured
from sessionmock.routes.cassette import CassetteRoute, read_tape, write_tape
from sessionmock.routes.cassette.interaction import STEPS

BIG = bytes(range(256)) * 2000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = {"/gzip": gzip.compress(b"hello", mtime=0), "/big": BIG}.get(self.path, asked or b"text")
        self.send_response(200)
        if self.path == "/gzip":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-Twice", "1")
        self.send_header("X-Twice", "2")
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_HEAD = do_GET

    def log_message(self, *arguments: object) -> None:
        """Stay quiet."""


def ask(url: str, route: CassetteRoute) -> list[tuple[bytes, int, dict[str, str]]]:
    """What a session gets over `route` for requests of all kinds."""
    asked = [URLRequest(f"{url}{path}") for path in ("/text?a=1", "/gzip", "/big", "/chunked")]
    asked += [URLRequest(f"{url}/", http_method="POST", http_body=body) for body in (b"one", b"\xff")]
    asked.append(URLRequest(f"{url}/text", http_method="HEAD"))
    with use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session:
        answers = [session.data(request).result() for request in asked]
    return [(data, response.status_code, dict(response.all_header_fields)) for data, response in answers]


@pytest.mark.parametrize("name", ["tape.yaml", "nested/folder/tape.yml"])
def test_a_session_gets_from_the_file_what_the_server_gave(tmp_path: Path, name: str):
    """Every answer of a live run, decoded, chunked, large or bodiless, comes from the cassette alike; another is a miss."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with CassetteRoute(tmp_path / name, live=LiveRoute()) as recording:
            live = ask(url, recording)
        server.shutdown()
        thread.join()
    assert [b"text", b"hello", BIG, b"abcdefg", b"one", b"\xff", b""] == [data for data, _, _ in live]
    route = CassetteRoute(tmp_path / name)
    assert live == ask(url, route)
    for one in read_tape(tmp_path / name).interactions:
        steps = [one.extra.metrics[step] for step in STEPS if step in one.extra.metrics]
        assert {"request_start", "request_end", "response_start", "response_end"} <= one.extra.metrics.keys()
        assert sorted(steps) == steps
        assert one.extra.metrics["response_header_bytes"] > 50
    write_tape(tmp_path / "tape.har", read_tape(tmp_path / name))
    timings = json.loads((tmp_path / "tape.har").read_text())["log"]["entries"][0]["timings"]
    assert timings["connect"] >= 0 == min(0, timings["send"], timings["wait"], timings["receive"])
    with pytest.raises(URLError) as caught:
        ask(url + "/else", route)
    assert isinstance(caught.value.underlying_error, UnmatchedRequest)
    assert [caught.value.underlying_error] == route.misses


def test_a_challenge_whose_body_was_given_up_is_recorded(tmp_path: Path) -> None:
    """A 401 that the load does not read to its end is on the tape: without it a replay would not ask for a credential."""

    class Delegate:
        def __init__(self) -> None:
            self.asked = 0

        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
            self.asked += 1
            return AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("ann", "pw")

    class Slow(UnconnectedChannel, Unmeasured):
        """A live route whose 401 never ends."""

        source = "live"
        is_live = True

        def bind(self, configuration: Any, host: Any) -> Any:
            return self

        def open(self, request: Request, sink: Any) -> Any:
            authorised = any(name == "Authorization" for name, _ in request.headers)
            sink.head(ResponseHead(200 if authorised else 401, [("WWW-Authenticate", 'Basic realm="r"')][:not authorised]))
            if authorised:
                sink.end([])
            return self

        def pause(self) -> None: ...

        resume = cancel = pause

    asked = []
    for mode, live in (("all", Slow()), ("none", None)):
        delegate = Delegate()
        with CassetteRoute(tmp_path / "tape.yaml", mode, live=live) as route, use_route(route), \
                URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
            assert 200 == session.data("https://api.example/").result()[1].status_code
        asked.append(delegate.asked)

    assert [1, 1] == asked


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("begins", [False, True])
def test_a_silent_server_is_silent_in_the_replay(tmp_path: Path, plain: bool, begins: bool):
    """A limit of time that a task or a plain client reached is reached again, with what had come by then, and without the wait."""
    path, times = tmp_path / "a.yaml", []
    silent = ScriptRoute()
    silent.answer(Answer(body=[(b"part", 0), (b"rest", 1000)]) if begins else Answer(delay=math.inf))
    for mode, live in (("all", silent), ("none", None)):
        with virtual_time() as clock, CassetteRoute(path, mode, live=live) as route:
            if plain:
                with httpx.Client(transport=transport(route)) as client, pytest.raises(httpx.ReadTimeout):
                    client.get("http://api.test/")
            else:
                with use_route(route), URLSession(URLSessionConfiguration.ephemeral()) as session, pytest.raises(URLError) as failure:
                    session.data("http://api.test/").result()
                assert URLError.Code.TIMED_OUT == failure.value.code
            times.append(clock.now())
            bodies = [one.response.body for one in route.file.tape.interactions]
    assert times[0] > times[1] == 0
    assert [b"part" if begins else b""] == bodies
