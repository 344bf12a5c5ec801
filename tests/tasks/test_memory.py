"""Large bodies pass through, and stay on disk."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.server import run_program
from tests.routes.origin import Origin, Peer

SIZE = 500_000_000
MEGABYTE = 1 << 20
MOST = 10 * MEGABYTE     # above what loading one byte takes

PROGRAM = """
import sys
import sessionmock as sm
from tests.benchmarks.worker import peak_memory

class Delegate:
    def download_task_did_write_data(self, session, task, written, total, expected):
        self.total = total
    def download_task_did_finish_downloading(self, session, task, location):
        assert self.total == location.stat().st_size
    def task_did_send_body_data(self, session, task, sent, total, expected):
        self.total = total

kind, url, large, small, size = sys.argv[1:]

def play(size, path, delegate):
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        if kind == "delegate":
            session.download_task(f"{url}/{size}").resume()
        elif kind == "download":
            file, _ = session.download(f"{url}/{size}").result()
            assert file.stat().st_size == size
            file.unlink()
        else:
            request = sm.URLRequest(url, "PUT")
            if kind == "stream":
                request.http_body_stream = sm.InputStream(path=path)
                loading = session.data(request)
            else:
                loading = session.upload(request, from_file=path)
            assert int(loading.result()[0]) == size
    assert kind == "download" or delegate.total == size
    return peak_memory()

print(play(1, small, Delegate()), play(int(size), large, Delegate()))
"""


def serve(peer: Peer) -> None:
    """`/SIZE` gives so many bytes; a PUT is answered with how many came, of which nothing is kept."""
    piece = bytes(MEGABYTE)
    while head := peer.read_head():
        if head.startswith(b"GET"):
            size = int(head.split(b" ")[1][1:])
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for start in range(0, size, MEGABYTE):
                peer.send(piece[:size - start])
        else:
            count = 0
            if length := peer.field("content-length"):
                count = peer.discard(int(length))
            else:
                while size := int(peer.read_line(), 16):
                    count += peer.discard(size)
                    peer.read_line()
                peer.read_line()
            peer.reply(str(count).encode())


@pytest.mark.parametrize("kind", ["download", "delegate", "upload", "stream"])
def test_memory_does_not_grow_with_a_file(kind: str, tmp_path: Path, downloads: Path) -> None:
    """A download of 500 MB to a file, and an upload from one, whole or as a stream, takes less than 10 MB above one of a byte."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    with large.open("wb") as made:
        made.truncate(SIZE)
    with Origin(serve) as server:
        one, many = map(int, run_program(PROGRAM, kind, server.url, os.fspath(large), os.fspath(small), str(SIZE)).split())
    assert many - one < MOST
