"""A process that has no descriptors left, for a while."""
from __future__ import annotations

import pytest

from tests.engine.server import run_program

PROGRAM = """
import asyncio, os, resource, sys, threading
import sessionmock as sm
url, way = sys.argv[1:]
configuration = sm.URLSessionConfiguration.ephemeral()
def load():
    if way == "handler":
        told, outcome = threading.Event(), []
        session.data_task(url + "/fast", lambda data, _, error: (outcome.extend((data, error)), told.set())).resume()
        told.wait(20)
        data, error = outcome
        return data if error is None else error.code
    try:
        if way == "awaited":
            return loop.run_until_complete(session.data(url + "/fast").run())[0]
        if way == "download":
            path = session.download(url + "/fast").result(20)[0]
            path.unlink()
            return b"/fast"
        return session.data(url + "/fast").result(20)[0]
    except sm.URLError as error:
        return error.code
loop = asyncio.new_event_loop()
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
with sm.URLSession(configuration) as session:
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    print(int(load()))
    for each in held:
        os.close(each)
    print(load(), load())
loop.close()
"""


@pytest.mark.parametrize("way", ["waited for", "handler", "awaited", "download"])
def test_loads_fail_one_by_one_and_go_on_when_there_are_descriptors_again(server: str, way: str) -> None:
    """-1004 for want of a socket: not an OSError, and not the end of the background thread."""
    assert "-1004\nb'/fast' b'/fast'\n" == run_program(PROGRAM, server, way)
