"""HTTP/2 on the live route against real servers: hypercorn, and nginx where it is installed."""
from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config

from sessionmock import URLRequest, URLSession, URLSessionConfiguration, use_route
from sessionmock.routes.live import LiveRoute
from tests.routes.origin import PATIENCE, Client, LoopHost, Stream

BIG = bytes(range(256)) * 8000
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority, tmp_path_factory):
    """The files of a certificate and of its key."""
    folder, made = tmp_path_factory.mktemp("certificate"), authority.issue_cert("localhost", "127.0.0.1")
    made.private_key_pem.write_to_path(folder / "key.pem")
    for part in made.cert_chain_pems:
        part.write_to_path(folder / "chain.pem", append=True)
    return folder / "chain.pem", folder / "key.pem"


@pytest.fixture
def route(authority):
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return LiveRoute(trusting)


@pytest.fixture
def client(route):
    with LoopHost() as host:
        made = Client(host, route=route)
        yield made
        made.channel.close()


# hypercorn ----------------------------------------------------------------------------------------------------------
class Gate:
    """Lets requests in when `count` of them are there."""

    def __init__(self) -> None:
        self.count = self.here = 0
        self.opened = asyncio.Event()


async def application(scope, receive, send) -> None:
    """/echo gives the body back, /big two megabytes, /early a 103 and trailers, /gate waits for fifty at once, else the path."""
    if scope["type"] != "http":
        return
    body, path = b"", scope["path"]
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if path == "/early":
        await send({"type": "http.response.early_hint", "links": [b"</a.css>"]})
    if path == "/gate":
        GATE.here += 1
        if GATE.here == GATE.count:
            GATE.opened.set()
        await GATE.opened.wait()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-version", scope["http_version"].encode())],
                "trailers": path == "/early"})
    answer = {"/echo": body, "/big": BIG}.get(path, path.encode())
    await send({"type": "http.response.body", "body": answer})
    if path == "/early":
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]})


GATE = Gate()


@pytest.fixture(scope="module")
def hypercorn(certificate):
    """The base URL of a hypercorn on a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config, loop, stop = Config(), asyncio.new_event_loop(), asyncio.Event()
    config.bind = [f"fd://{listener.detach()}"]
    config.certfile, config.keyfile = map(str, certificate)
    config.errorlog = config.accesslog = None
    config.graceful_timeout = 0.1
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(application, config, shutdown_trigger=stop.wait),))
    thread.start()
    yield f"https://127.0.0.1:{port}"
    loop.call_soon_threadsafe(stop.set)
    thread.join(PATIENCE)
    loop.close()


def test_hypercorn(client, hypercorn):
    """Bodies both ways, 103 and trailers, all on one connection."""
    assert client.load(hypercorn + "/a?b").succeed().body == b"/a"
    assert client.load(hypercorn + "/echo", "POST", body=BIG).succeed().body == BIG
    assert client.load(hypercorn + "/echo", "PUT", body=Stream([b"ab", b"c"])).succeed().body == b"abc"
    early = client.load(hypercorn + "/early", "GET", ("TE", "trailers")).succeed()
    assert [(head.status, dict(head.headers)["link"]) for head in early.early] == [(103, "</a.css>")]
    assert early.trailers == [("x-sum", "1")]
    last = client.load(hypercorn + "/big").succeed()
    assert last.body == BIG
    assert dict(last.heads[0].headers)["x-version"] == "2"
    assert last.heads[0].timing.reused


def test_hypercorn_fifty_at_once(client, hypercorn):
    """Fifty requests that the server holds until all are there share one connection; a paused one stops none."""
    GATE.count, GATE.here = 50, 0
    paused = client.open(hypercorn + "/big")
    paused.pause()
    exchanges = [client.open(hypercorn + "/gate") for _ in range(50)]
    heads = [exchange.sink.succeed().heads[0] for exchange in exchanges]
    assert len({head.timing.facts.local_address for head in heads}) == 1
    assert paused.sink.events == []
    paused.resume()
    assert paused.sink.succeed().body == BIG


def test_session(route, hypercorn):
    """A session's metrics say h2, tell the making of the connection once, and the bytes of heads."""
    found = []

    class Delegate:
        def task_did_finish_collecting_metrics(self, session, task, metrics):
            found.extend(metrics.transaction_metrics)

    with use_route(route), URLSession(URLSessionConfiguration.ephemeral(), Delegate()) as session:
        request = URLRequest(hypercorn + "/echo", "POST", b"body")
        for _ in range(2):
            assert session.data(request).result(PATIENCE)[0] == b"body"
    first, second = found
    assert [each.network_protocol_name for each in found] == ["h2", "h2"]
    assert [each.is_reused_connection for each in found] == [False, True]
    assert first.connect_start_date <= first.secure_connection_end_date <= first.request_start_date <= first.request_end_date
    assert first.request_end_date <= first.response_start_date <= first.response_end_date
    assert (second.connect_start_date, second.secure_connection_start_date) == (None, None)
    for each in found:
        assert (each.count_of_request_body_bytes_sent, each.count_of_response_body_bytes_received) == (4, 4)
        assert each.count_of_request_header_bytes_sent > 9
        assert each.count_of_response_header_bytes_received > 9
        assert (each.remote_address, each.negotiated_tls_protocol_version) == ("127.0.0.1", 0x0304)
    assert second.count_of_request_header_bytes_sent < first.count_of_request_header_bytes_sent


# nginx --------------------------------------------------------------------------------------------------------------
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type text/plain; keepalive_requests {requests};
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; client_max_body_size 100k;
  server {{
    listen 127.0.0.1:{port} ssl http2; ssl_certificate {chain}; ssl_certificate_key {key}; root {folder};
    location / {{ return 200 "$server_protocol $connection"; }}
    location /big {{ }}
  }}
}}
"""


@contextmanager
def running_nginx(folder: Path, certificate: tuple[Path, Path], requests: int = 1000):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, chain=certificate[0], key=certificate[1], requests=requests))
    (folder / "big").write_bytes(BIG)
    with subprocess.Popen([NGINX, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)    # nothing tells when nginx listens
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx(client, certificate, tmp_path):
    """Fifty at once share nginx's connection; files and refused uploads go over it."""
    with running_nginx(tmp_path, certificate) as base:
        exchanges = [client.open(base) for _ in range(50)]
        assert len({exchange.sink.succeed().body for exchange in exchanges}) == 1
        assert exchanges[0].sink.body.startswith(b"HTTP/2.0 ")
        assert client.load(base + "/big").succeed().body == BIG
        assert client.load(base + "/big", "POST", body=BIG).succeed().status == 413
        assert client.load(base, "HEAD").succeed().status == 200


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_says_goodbye(client, certificate, tmp_path):
    """nginx ends a connection after so many requests, by GOAWAY: those beyond are answered on the next, even POSTs."""
    with running_nginx(tmp_path, certificate, requests=30) as base:
        exchanges = [client.open(base, "POST", body=b"x") for _ in range(45)]
        bodies = [exchange.sink.succeed().body for exchange in exchanges]
    assert len(set(bodies)) == 2
