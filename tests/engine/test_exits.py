"""Loads and ends of sessions while the interpreter ends: in `atexit` functions and in finalizers, where no thread can be started."""
from __future__ import annotations

import pytest

from tests.engine.server import run_program

START = """
import asyncio, atexit, gc, sys, threading, time
{before}
import sessionmock as sm
from sessionmock.engine import loop, work
loop.LINGER = work.LINGER = {linger}
url = sys.argv[1]
configuration = sm.URLSessionConfiguration.ephemeral()
session = sm.URLSession(configuration)
session.data(url + "/fast").result(10)
def told(*what):
    print(*what, flush=True)
class Delegate:
    async def task_did_complete(self, session, task, error):
        told("completed", error)
    def session_did_become_invalid(self, session, error):
        told("invalid", error)
class Last:
    def __del__(self):
        act()
"""
# Where the end is met: what comes before the library is imported, and after it.
HOOKS = {
    "atexit, registered before": ("atexit.register(lambda: act())", ""),
    "atexit, registered after": ("", "atexit.register(act)"),
    "before the threads are joined": ("", "threading._register_atexit(act)"),
    "a finalizer of the module": ("", "last = Last()"),
    "a finalizer of a class": ("", "class Holder: last = Last()"),
    "a finalizer in a circle": ("", "gc.disable(); last = Last(); last.itself = last; del last"),
}
ENDING = """
def act():
    session.data_task(url + "/fast", lambda data, *_: None).resume()
    told(session.data(url + "/fast/again").result(10)[0], session.upload(url + "/fast/up", bytes(100_000)).result(10)[0])
    told(b"".join(session.bytes(url.replace("127.0.0.1", "localhost") + "/fast/by-name").result(10)[0].chunks()))
    path = session.download(url + "/fast/file").result(10)[0]
    told(path.read_bytes())
    path.unlink()
    with sm.URLSession(configuration, Delegate()) as other:
        other.data_task(url + "/fast").resume()
        other.flush(lambda: None)
        other.get_all_tasks(lambda tasks: None)
    try:
        session.data(url + "/hang").result(0.05)
    except TimeoutError:
        told("late")
    session.reset(lambda: None)
    session.invalidate_and_cancel()
"""
TOLD = ["b'/fast/again' b'/fast/up'", "b'/fast/by-name'", "b'/fast/file'", "completed None", "invalid None", "late"]


def run(program: str, server: str, before: str = "", linger: int = 10**9, **environment: str) -> list[str]:
    return run_program(START.format(before=before, linger=linger) + program, server, **environment).splitlines()


@pytest.mark.parametrize("idle", [False, True], ids=["with a background thread", "without"])
@pytest.mark.parametrize("hook", HOOKS)
def test_everything_works_while_the_interpreter_ends(server: str, hook: str, idle: bool) -> None:
    """Loads of all kinds, waits with a limit, callbacks, and the end of sessions; nothing is said on stderr."""
    before, after = HOOKS[hook]
    ended = "while threading.active_count() > 1: time.sleep(0.005)"
    assert TOLD == run(ENDING + after + "\n" + (ended if idle else ""), server, before, 10**7 if idle else 10**9)


@pytest.mark.parametrize("hook", ["atexit, registered before", "before the threads are joined"])
def test_loads_are_awaited_while_the_interpreter_ends(server: str, hook: str) -> None:
    """On a loop that is run by then, several at once, with a delegate's coroutine."""
    before, after = HOOKS[hook]
    assert ["[b'/fast', b'/slow/0.02', b'/fast']", "completed None", "invalid None"] == run("""
def act():
    async def main():
        paths = ("/fast", "/slow/0.02", "/fast")
        told([answer[0] for answer in await asyncio.gather(*(session.data(url + path).run() for path in paths))])
        async with sm.URLSession(configuration, Delegate()) as other:
            other.data_task(url + "/fast").resume()
        await session.flush(lambda: None)
        session.invalidate_and_cancel()
    asyncio.run(main())
""" + after + "\nwhile threading.active_count() > 1: time.sleep(0.005)", server, before, 10**7)


def test_threads_that_load_at_the_end_hold_nobody_up(server: str) -> None:
    """Daemon threads are cut off wherever they are: with a lock in hand, as the owner of the loop, in a job."""
    assert ["b'/fast/again'"] == run("""
@atexit.register
def act():
    told(session.data(url + "/fast/again").result(10)[0])
def go_on():
    try:
        while True:
            session.data_task(url + "/fast", lambda *_: None).resume()
            session.data(url + "/fast").result(10)
    except Exception:
        pass
for _ in range(3):
    threading.Thread(target=go_on, daemon=True).start()
time.sleep(0.05)
""", server, PYTHONWARNINGS="error,ignore::ResourceWarning")
