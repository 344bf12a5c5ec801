"""Acts on tasks: cancelled, suspended, invalidated, wherever the load is."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import JumpingClock
from sessionmock.faults.acts import act, failure
from sessionmock.faults.armed import About, Faults, Shot
from sessionmock.faults.current import use_faults
from sessionmock.faults.lines import FaultLine, Place

URL = "http://a.test/"
MAKERS: dict[str, Callable[[Place[FaultLine]], FaultLine]] = {
    "cancel": lambda place: place.cancel(),
    "cancel_by_producing_resume_data": lambda place: place.cancel_by_producing_resume_data(),
    "suspend": lambda place: place.suspend(30),
    "invalidate": lambda place: place.invalidate(),
}


class Acting:
    """A delegate that lets a shot act in its callback `at`, and counts how tasks end."""

    def __init__(self, clock: sm.VirtualClock, make: Callable[[Place[FaultLine]], FaultLine], at: str = "") -> None:
        self.clock, self.faults, self.at = clock, Faults(), at
        make(self.faults.at("body", url=URL, first=1))
        self.ends: list[tuple[int, float]] = []
        self.invalid = 0

    def shot(self, task: Any) -> Shot:
        [shot] = self.faults.passing("body", About(JumpingClock(), None, task, "GET", URL))
        return shot

    def _act(self, name: str, task: Any) -> None:
        if name == self.at and not self.faults.fired:
            act(self.shot(task))

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> None:
        self._act("response", task)

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self._act("data", task)

    def download_task_did_write_data(self, session: Any, task: Any, count: int, written: int, expected: int) -> None:
        self._act("written", task)

    def download_task_did_finish_downloading(self, session: Any, task: Any, path: Any) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: sm.URLError | None) -> None:
        self.ends.append((0 if error is None else error.code, self.clock.now()))

    def session_did_become_invalid(self, session: Any, error: Any) -> None:
        self.invalid += 1


@pytest.fixture
def clock() -> Iterator[sm.VirtualClock]:
    with sm.virtual_time() as clock, sm.use_route(sm.ScriptRoute().answer(body=[(b"first", 1.0), (b"second", 1.0)])):
        yield clock


@pytest.mark.parametrize(("name", "end", "at"), [
    *((name, -999, at) for name in ("cancel", "invalidate") for at in ("before", "response", "data")),
    ("suspend", 0, "response"), ("suspend", 0, "data"),
])
def test_a_task_is_acted_on_at_any_moment_and_ends_once(clock: sm.VirtualClock, name: str, end: int, at: str) -> None:
    """Before its first resume and in its callbacks; it ends once, one that was suspended as if nothing had been."""
    delegate = Acting(clock, MAKERS[name], at)
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        if at == "before":
            act(delegate.shot(task))
        task.resume()
    assert [end] == [code for code, _ in delegate.ends]
    assert (name == "suspend") == (delegate.ends[0][1] >= 30)
    assert [f"body of GET {URL}: {name}({30 if name == 'suspend' else ''})"] == [str(fired) for fired in delegate.faults.fired]
    assert 1 == delegate.invalid


def test_what_a_cancelled_download_leaves_is_kept_and_goes_on(clock: sm.VirtualClock) -> None:
    """Its resume data is that of its error, and another task goes on with it."""
    delegate = Acting(clock, MAKERS["cancel_by_producing_resume_data"], "written")
    fields = {"ETag": '"1"', "Accept-Ranges": "bytes", "Content-Length": "11"}
    rest = {"ETag": '"1"', "Content-Range": "bytes 5-10/11"}
    route = sm.ScriptRoute().answer(headers=fields, body=[(b"first", 1.0), (b"second", 1.0)]).answer(status=206, headers=rest, body=b"second")
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.download_task(URL)
        task.resume()
        session._context.engine.wait(task._life.latch)
        [fired] = delegate.faults.fired
        assert task.error is not None
        assert fired.resume_data is not None
        assert fired.resume_data == task.error.download_task_resume_data
        whole: list[bytes] = []
        session.download_task(resume_data=fired.resume_data, completion_handler=lambda path, *_: whole.append(path.read_bytes())).resume()
    assert [b"firstsecond"] == whole
    assert [-999] == [code for code, _ in delegate.ends]


def test_a_suspended_task_that_is_cancelled_leaves_no_timer(clock: sm.VirtualClock) -> None:
    """Nothing is left to wait for: the end comes when it was cancelled."""
    delegate = Acting(clock, MAKERS["suspend"], "response")
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        task.resume()
        clock.advance(5)
        task.cancel()
    assert [(-999, 5.0)] == delegate.ends
    assert clock.now() == 5


def test_a_suspended_task_goes_on_in_real_time_too() -> None:
    """The engine is kept running for it where nobody waits."""
    delegate = Acting(sm.VirtualClock(), lambda place: place.suspend(0.01), "response")
    with sm.use_route(sm.ScriptRoute().answer(body=b"x")), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        task.resume()
        session._context.engine.wait(task._life.latch)
    assert [0] == [code for code, _ in delegate.ends]


@pytest.mark.parametrize("name", MAKERS)
def test_a_plain_client_is_no_task(clock: sm.VirtualClock, name: str) -> None:
    """The line says so, and has not fired."""
    delegate = Acting(clock, MAKERS[name])
    with pytest.raises(sm.URLError) as failure:
        act(delegate.shot(None))
    assert isinstance(failure.value.underlying_error, sm.InvalidArgumentException)
    assert re.match(rf"at\('body'\)\.{name}\(.*\): GET {URL} is a plain client's request", str(failure.value.underlying_error))
    assert [] == delegate.faults.fired


def test_a_data_task_is_cancelled_without_resume_data(clock: sm.VirtualClock) -> None:
    """Only downloads and uploads give any."""
    delegate = Acting(clock, MAKERS["cancel_by_producing_resume_data"], "response")
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(URL).resume()
    assert [-999] == [code for code, _ in delegate.ends]
    assert [None] == [fired.resume_data for fired in delegate.faults.fired]


def test_the_error_of_fail_names_the_url() -> None:
    """Where it does not name one itself; what it knows beside stays."""
    faults = Faults()
    under = OSError(5, "Input/output error")
    faults.at("body").fail(sm.URLError(-1005, {"NSUnderlyingErrorKey": under}))
    faults.at("body").fail(sm.URLError(-1005, {"NSErrorFailingURLKey": "http://b.test/"}))
    first, second = (failure(shot) for shot in faults.passing("body", About(JumpingClock(), None, None, "GET", URL)))
    assert (-1005, URL, under) == (first.code, first.failing_url, first.underlying_error)
    assert "http://b.test/" == second.failing_url


# on the wire -------------------------------------------------------------------------------------------------------------------
MOMENTS: dict[str, int | None] = {"resolve": None, "connect": None, "tls": None, "write.head": None, "write.body": 2, "informational": None,
                                  "head": None, "body": 3, "trailers": None}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("point", MOMENTS)
def test_a_task_is_acted_on_at_any_moment_of_its_way(point: str, name: str) -> None:
    """Before there is a connection, in the upload, at a byte of the answer: the task ends once, and one that was suspended as if nothing
    had been."""
    with sm.virtual_time() as clock:
        delegate = Acting(clock, MAKERS[name])
        faults = Faults()
        MAKERS[name](faults.at(point, first=1, byte=MOMENTS[point]))
        answer = sm.Answer(headers=[("Trailer", "T")], body=b"answer", informational=[103], trailers=[("T", "t")])
        with use_faults(faults), sm.use_route(sm.ScriptRoute().answer(answer)), \
                sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
            session.upload_task(sm.URLRequest("https://a.test/", "POST"), from_data=b"body").resume()
        assert [0 if name == "suspend" else -999] == [code for code, _ in delegate.ends]
        assert (30 if name == "suspend" else 0) == pytest.approx(clock.now(), abs=0.001)      # the network in memory takes nanoseconds
        assert ([point], 1) == ([fired.point for fired in faults.fired], delegate.invalid)
