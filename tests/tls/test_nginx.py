"""A real server of passwords and certificates, where it is installed: nginx."""
from __future__ import annotations

import base64
import hashlib
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import trustme

from sessionmock import AuthChallengeDisposition, NSURLAuthenticationMethodClientCertificate, URLCredential, URLRequest
from tests.routes.live.worlds import over_sockets

from .certificates import trusting
from .conftest import PATIENCE, Loader, SessionLevel, TaskLevel, default

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type text/plain; client_max_body_size 10m;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem; ssl_client_certificate {folder}/clients.pem;
  server {{ listen 127.0.0.1:{inner}; location / {{ return 200 "$http_name $content_length"; }} }}
  server {{
    listen 127.0.0.1:{basic}; auth_basic "a garden, walled"; auth_basic_user_file {folder}/users;
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_set_header Name $remote_user; }}
  }}
  server {{ listen 127.0.0.1:{insists} ssl; ssl_verify_client on; location / {{ return 200 "$ssl_client_s_dn"; }} }}
  server {{
    listen 127.0.0.1:{old} ssl; ssl_verify_client on; ssl_protocols TLSv1.2;
    location / {{ return 200 "$ssl_client_s_dn"; }}
  }}
  server {{ listen 127.0.0.1:{http2} ssl http2; ssl_verify_client on; location / {{ return 200 "$ssl_client_s_dn $server_protocol"; }} }}
}}
"""
SERVERS = ("inner", "basic", "insists", "old", "http2")


@pytest.fixture(scope="module")
def clients():
    return trustme.CA()


@pytest.fixture(scope="module")
def nginx(authority, clients, tmp_path_factory):
    """The port of each of its servers."""
    folder: Path = tmp_path_factory.mktemp("nginx")
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in SERVERS]
    ports = {name: listener.getsockname()[1] for name, listener in zip(SERVERS, listeners, strict=True)}
    for listener in listeners:
        listener.close()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    clients.cert_pem.write_to_path(str(folder / "clients.pem"))
    password = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
    (folder / "users").write_text(f"ann:{{SHA}}{password}\n")
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, **ports))
    with subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", ports["http2"]), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)    # nothing tells when nginx listens
            yield ports
        finally:
            process.terminate()


@over_sockets
def test_password(world, nginx, authority):
    """Its Basic lets ann in, with a body of some size too, which is sent again; asked once, then ahead; nobody else gets in."""
    ann = TaskLevel(lambda _: (AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("ann", "secret")))
    url = f"http://localhost:{nginx['basic']}/"
    post = URLRequest(url, http_method="POST", http_body=b"x" * 2_000_000)
    assert Loader(world, trusting(authority))(ann, post, url) == [b"ann 2000000", b"ann "]
    (challenge,) = ann.asked
    assert challenge.protection_space.realm == "a garden, walled"
    eve = TaskLevel(lambda challenge: (AuthChallengeDisposition.USE_CREDENTIAL, None if challenge.previous_failure_count
                                       else URLCredential("eve", "secret")))
    (body,) = Loader(world, trusting(authority))(eve, url)
    assert b"401 Authorization Required" in body
    assert [0, 1] == [challenge.previous_failure_count for challenge in eve.asked]


@over_sockets
@pytest.mark.parametrize("server", ["insists", "old", "http2"])
def test_certificate(world, nginx, authority, clients, tmp_path, server):
    """It completes every handshake and answers 400 where it missed a certificate: the delegate is asked before, for one that it names."""
    clients.issue_cert("ann.example", common_name="ann").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ann.pem"))
    credential = URLCredential.identity(tmp_path / "ann.pem")

    def show(challenge):
        if challenge.protection_space.authentication_method == NSURLAuthenticationMethodClientCertificate:
            return AuthChallengeDisposition.USE_CREDENTIAL, credential
        return default(challenge)

    url = f"https://localhost:{nginx[server]}/"
    delegate = SessionLevel(show)
    bodies = Loader(world, trusting(authority))(delegate, url, url)
    assert all(body.startswith(b"CN=ann,") and body.endswith(b"HTTP/2.0") == (server == "http2") for body in bodies)
    (challenge,) = (one for one in delegate.asked if one.protection_space.authentication_method.endswith("ClientCertificate"))
    assert len(challenge.protection_space.distinguished_names) == 1
    (refused,) = Loader(world, trusting(authority))(SessionLevel(default), url)
    assert b"No required SSL certificate was sent" in refused
