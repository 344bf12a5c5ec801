"""Each invariant has a check that fires: a bug is planted in sessionmock for each of them, and the same run without it breaks none."""
from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.core.machine import Effect
from sessionmock.engine.queues import OperationQueue
from sessionmock.invariants import BrokenInvariants, Violation, repeat, watched
from sessionmock.load.callbacks import Callbacks
from sessionmock.load.consumers import ToDelegate, ToHandler
from sessionmock.load.context import Context
from sessionmock.load.download import ToFile
from sessionmock.load.ending import Ending
from sessionmock.load.load import Load
from sessionmock.load.responses import Responses
from sessionmock.load.timeouts import Timeouts
from sessionmock.routes.live.http1.connection import Connection
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer
from sessionmock.routes.live.route import LiveChannel

# What is planted is seen by the test's own watch too, and may leave a task behind.
pytestmark = pytest.mark.sessionmock(invariants="off", leaks="allow")

URL = "http://a.test/"
BODY = b"0123456789" * 20
WHOLE = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nAccept-Ranges: bytes\r\nContent-Length: 200\r\n\r\n"
REST = b"HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes 100-199/200\r\nContent-Length: 100\r\n\r\n"


class Delegate:
    """Hears of all that these runs have."""

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    def session_did_become_invalid(self, session: Any, error: Any) -> None: ...


async def serve(peer: Peer) -> None:
    """A range is the rest; `/half` breaks in the middle, `/bad` answers what is no HTTP and stays; all else is the body."""
    while head := await peer.receive():
        if b"Range:" in head:
            await peer.send(REST + BODY[100:])
        elif b"/half" in head:
            await peer.send(WHOLE + BODY[:100])
            peer.reset()
        elif b"/bad" in head:
            await peer.send(b"what?\r\n\r\n")
        else:
            await peer.send(WHOLE + BODY)


def session() -> sm.URLSession:
    return sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate())


# runs -----------------------------------------------------------------------------------------------------------------------
def loads() -> None:
    """A task of each kind to a handler and to the delegate, and one that is never resumed and cancelled."""
    with session() as made:
        made.data_task(URL, lambda *_: None).resume()
        made.data_task(URL).resume()
        made.upload_task(URL, BODY).resume()
        made.download_task(URL, lambda *_: None).resume()
        made.data_task(URL).cancel()


def sends_nothing() -> None:
    """A task that nobody resumes is there while others load."""
    with session() as made:
        idle = made.data_task(URL)
        made.data(URL).result()
        idle.cancel()


def fails() -> None:
    """The answer is no HTTP, twice."""
    with session() as made:
        for _ in range(2):
            made.data_task(f"{URL}bad", lambda *_: None).resume()


def resumes() -> None:
    """A download breaks, and goes on."""
    with session() as made:
        with pytest.raises(sm.URLError) as broken:
            made.download(f"{URL}half").result()
        data = broken.value.download_task_resume_data
        assert data is not None
        made.download_task(resume_data=data, completion_handler=lambda *_: None).resume()
        made.download_task(URL, lambda *_: None).resume()


def one_after_the_other() -> None:
    """A request that fails, and one that may go over a kept connection."""
    with session() as made:
        for path in ("bad", ""):
            try:
                made.data(URL + path).result()
            except sm.URLError:
                assert path


def makes_one_late() -> None:
    """A task is made after the session was invalidated, which is refused."""
    made = session()
    made.data_task(URL).resume()
    made.finish_tasks_and_invalidate()
    with pytest.raises(sm.GenericException):
        made.data_task(URL)
    with made:
        """Its end is waited for."""


def shared() -> None:
    """A session that is the shared one, as far as anybody can tell, is invalidated, and goes on."""
    made = sm.URLSession(sm.URLSessionConfiguration.ephemeral())
    made._is_shared = True
    made.finish_tasks_and_invalidate()
    made.invalidate_and_cancel()
    made._is_shared = False
    made.invalidate_and_cancel()


def waits() -> None:
    """A server that never answers."""
    with sm.use_route(sm.LiveRoute(network=MemoryNetwork(silent), trust_env=False)), session() as made:
        made.data_task(URL).resume()


async def silent(peer: Peer) -> None:
    await peer.receive()
    await peer.receive()


# bugs -----------------------------------------------------------------------------------------------------------------------
Plant = Callable[[pytest.MonkeyPatch], None]


def instead(owner: Any, name: str, make: Callable[[Any], Any]) -> Plant:
    """Plant what `make` makes of `owner.name`."""
    return lambda patch: patch.setattr(owner, name, make(getattr(owner, name)))


def nothing(original: Any) -> Any:
    return lambda *_, **__: None


def told_its_end_twice(patch: pytest.MonkeyPatch) -> None:
    original: Any = sm.URLSession._tell_invalid
    patch.setattr(Context, "close", lambda self: None)
    patch.setattr(sm.URLSession, "_tell_invalid", lambda self: original(self) or original(self))


def told_twice(original: Any) -> Any:
    def tell(self: Any, task: Any, name: str, call: Any, arguments: Any, over: Any = None) -> Any:
        original(self, task, name, call, arguments)
        return original(self, task, name, call, arguments, over)

    return tell


def told_late(original: Any) -> Any:
    """A callback more, after the terminal one."""
    def end(self: Ending) -> None:
        if (task := self._callbacks.task) is not None:
            self._callbacks.tell(task, "data_task_did_receive_data", lambda *_: None, (self._context.session, task, b""))
        original(self)

    return end


def resumed_by_itself(original: Any) -> Any:
    def make(self: Any, *arguments: Any, **options: Any) -> Any:
        task = original(self, *arguments, **options)
        task._life.inbox.resume()
        return task

    return make


def at_once(original: Any) -> Any:
    return lambda self, operation, engine: operation()


def let_in(original: Any) -> Any:
    """An invalidated session takes another task, which ends at once."""
    def make(self: Any, *arguments: Any, **options: Any) -> Any:
        was, self._invalid.asked = self._invalid.asked, False
        task = original(self, *arguments, **options)
        self._invalid.asked = was
        if was:
            task.cancel()
            raise sm.GenericException("too late")
        return task

    return make


def holding(original: Any) -> Any:
    def close(self: Context) -> None:
        delegate = self.delegate
        original(self)
        self.delegate = delegate

    return close


def doubled(original: Any) -> Any:
    return lambda self, load, data: original(self, load, data + data)


def one_back(original: Any) -> Any:
    """A download that goes on writes one byte too early."""
    def reopen(self: ToFile, offset: int) -> bool:
        found: bool = original(self, offset)
        if found and offset:
            import os
            os.lseek(self._file, offset - 1, os.SEEK_SET)       # type: ignore[arg-type]
        return found

    return reopen


def counted_twice(patch: pytest.MonkeyPatch) -> None:
    original = Load.effects[Effect.TELL_SENT]

    def tell(load: Load, count: int) -> None:
        load.transfer.sent += count
        original(load, count)

    patch.setitem(cast(Any, Load.effects), Effect.TELL_SENT, tell)


def kept(original: Any) -> Any:
    """A connection that failed goes back to its pool."""
    def fail(self: Connection, error: Any) -> None:
        exchange = self._detach()
        self.pool.release(self)
        exchange.fail(error)

    return fail


def bare(original: Any) -> Any:
    """A handler gets what the system said."""
    def finished(self: ToHandler, load: Any, error: Any) -> Any:
        name, handler, (data, response, error) = original(self, load, error)
        return name, handler, (data, response, error and OSError(5, "what the system said"))

    return finished


def a_month_late(original: Any) -> Any:
    return lambda self: original(self) + 30 * 86400 * SECOND


def raising(original: Any) -> Any:
    """A head that nobody thought of."""
    return lambda *_: sm.URLError(cast(Any, "no code"))


BUGS: list[tuple[str, str, Callable[[], None], Plant]] = [
    ("V1", "a completion is dropped", loads, instead(ToHandler, "finished", nothing)),
    ("V1", "a delegate's completion is dropped", loads, instead(ToDelegate, "finished", nothing)),
    ("V1", "a task completes twice", loads, instead(Callbacks, "tell", told_twice)),
    ("V2", "a task sends before it is resumed", sends_nothing, instead(sm.URLSession, "_make", resumed_by_itself)),
    ("V3", "a callback comes after the completion", loads, instead(Ending, "end", told_late)),
    ("V4", "callbacks are made on the thread of the caller", loads, instead(OperationQueue, "submit", at_once)),
    ("V5", "a session becomes invalid twice", loads, told_its_end_twice),
    ("V6", "a session makes a task after it was invalidated", makes_one_late, instead(sm.URLSession, "_make", let_in)),
    ("V6", "a session holds its delegate", loads, instead(Context, "close", holding)),
    ("V7", "the shared session is invalidated", shared,
     instead(sm.URLSession, "invalidate_and_cancel", lambda _: lambda self: (self._stop_taking(), self._settle()))),
    ("V8", "a piece of a body is doubled", loads, instead(ToDelegate, "data", doubled)),
    ("V8", "a download goes on a byte too early", resumes, instead(ToFile, "_reopen", one_back)),
    ("V9", "what was sent is counted twice", loads, counted_twice),
    ("V10", "the file of a download is not removed", loads, instead(ToFile, "_remove", nothing)),
    ("V11", "the connections of a session stay open", loads, instead(LiveChannel, "close", nothing)),
    ("V12", "a connection that failed is used again", one_after_the_other, instead(Connection, "fail", kept)),
    ("V13", "a task fails with an OSError", fails, instead(ToHandler, "finished", bare)),
    ("V14", "a time-out comes a month late", waits, instead(Timeouts, "_deadline", a_month_late)),
    ("V15", "a head of a peer raises", loads, instead(Responses, "read", raising)),
]


def broken(run: Callable[[], None]) -> list[Violation]:
    """What does not hold of `run`, over the network in memory and in virtual time."""
    route = sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)
    with watched() as watch, sm.virtual_time(), sm.use_route(route):
        run()
    try:
        watch.verify(true_body=BODY)
    except BrokenInvariants as found:
        return list(found.violations)
    return []


@pytest.mark.parametrize(("invariant", "run", "plant"), [(name, run, plant) for name, _, run, plant in BUGS],
                         ids=[f"{name}: {what}" for name, what, _, _ in BUGS])
def test_a_planted_bug_is_found(invariant: str, run: Callable[[], None], plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as sessionmock's own, with what happened; and the same run without it breaks nothing."""
    assert [] == broken(run)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    plant(monkeypatch)
    found = [violation for violation in broken(run) if violation.invariant == invariant]
    assert found
    assert found[0].is_ours
    assert str(found[0]).startswith(f"INVARIANT {invariant} does not hold: ")
    assert str(found[0]).endswith("This is a bug of sessionmock: please report it, with these lines.")


def test_every_invariant_has_a_bug_here() -> None:
    """The last one has no run of its own."""
    assert {f"V{number}" for number in range(1, 16)} == {name for name, _, _, _ in BUGS}


def test_runs_that_differ_are_told() -> None:
    """Chance that no seed decides."""
    def run() -> None:
        with sm.virtual_time(), sm.use_route(sm.ScriptRoute().answer(body=random.randbytes(8))), session() as made:
            made.data_task(URL).resume()

    with pytest.raises(BrokenInvariants, match="INVARIANT V16"):
        repeat(run)


# hangs ----------------------------------------------------------------------------------------------------------------------
def test_a_wait_that_would_never_end_is_ended_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In real time: time-outs that do not come. Its sessions are cancelled, and everybody learns where the threads stood."""
    monkeypatch.setattr(Timeouts, "_follow_engine", nothing(None))
    route = sm.LiveRoute(network=MemoryNetwork(silent), trust_env=False)
    with watched(limit=0.05, settles=False) as watch, sm.use_route(route), session() as made, pytest.raises(sm.URLError) as cancelled:
        made.data(URL).result()
    assert sm.URLError.Code.CANCELLED == cancelled.value.code
    with pytest.raises(BrokenInvariants, match=r"(?s)V14 .*it has not completed after 0.05 s.*thread MainThread") as found:
        watch.verify()
    assert {"V14"} == {violation.invariant for violation in found.value.violations}
