"""Tasks: states, counts, requests, their own delegates."""
from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sessionmock as sm
from tests.engine.server import Server

PATIENCE = 20.0
State = sm.TaskState


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server() as running:
        yield running.url


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as made:
        yield made
        made.invalidate_and_cancel()


def wait_for(condition: Callable[[], Any]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)


class Ends:
    """Completion handlers that count."""

    def __init__(self) -> None:
        self.outcomes: list[Any] = []
        self.came = threading.Semaphore(0)

    def __call__(self, *outcome: Any) -> None:
        self.outcomes.append(outcome)
        self.came.release()

    def wait(self) -> Any:
        assert self.came.acquire(timeout=PATIENCE)
        return self.outcomes[-1]


def test_a_task_is_born_suspended_and_touches_nothing(session: sm.URLSession) -> None:
    """Before the first resume there is neither a request nor a callback (I1)."""
    route = sm.ScriptRoute().answer(body=b"x")
    with sm.use_route(route):
        task = session.data_task("http://a.test/")
    assert (State.SUSPENDED, 1, None, None) == (task.state, len(route.waiting), task.response, task.error)


def test_the_numbers_of_the_states() -> None:
    """Apple's (I3)."""
    assert [0, 1, 2, 3] == [int(state) for state in (State.RUNNING, State.SUSPENDED, State.CANCELING, State.COMPLETED)]


def test_suspensions_nest(session: sm.URLSession, server: str) -> None:
    """As many resumes as suspensions; a surplus resume does nothing (I2)."""
    ends = Ends()
    task = session.data_task(f"{server}/fast", ends)
    task.suspend()
    task.resume()
    assert State.SUSPENDED is task.state
    task.resume()
    task.resume()
    assert b"/fast" == ends.wait()[0]
    wait_for(lambda: task.state is State.COMPLETED)
    task.resume()
    task.suspend()
    assert State.COMPLETED is task.state


def test_a_suspended_task_delivers_nothing_and_goes_on_where_it_was(session: sm.URLSession, server: str) -> None:
    """Nothing is lost, nothing comes twice."""
    ends = Ends()
    task = session.data_task(f"{server}/drip/20/0.005", ends)
    task.resume()
    wait_for(lambda: task.count_of_bytes_received)
    task.suspend()
    wait_for(lambda: not task._life.inbox._door.locked())
    before = task.count_of_bytes_received
    time.sleep(0.15)
    assert before == task.count_of_bytes_received and not ends.outcomes
    task.resume()
    assert 20 * 1024 == len(ends.wait()[0])


def test_cancel_is_canceling_at_once_and_completed_with_its_message(server: str) -> None:
    """Between the two the state is canceling; the message carries -999, and comes once (I3, I4)."""
    gate = threading.Event()
    ends = Ends()
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.get_all_tasks(lambda tasks: gate.wait(PATIENCE))      # keeps the queue busy
        task = session.data_task(f"{server}/hang", ends)
        task.resume()
        task.cancel()
        task.cancel()
        assert State.CANCELING is task.state
        gate.set()
        assert (None, None, -999) == (*ends.wait()[:2], int(ends.outcomes[0][2].code))
    task.cancel()
    assert (State.COMPLETED, 1) == (task.state, len(ends.outcomes))


def test_cancel_works_on_a_task_never_resumed(session: sm.URLSession) -> None:
    """It ends with -999 and the URL that was not loaded (I3)."""
    ends = Ends()
    task = session.data_task("http://a.test/path", ends)
    task.cancel()
    error = ends.wait()[2]
    assert (-999, "http://a.test/path") == (int(error.code), error.failing_url)
    task.resume()
    assert 1 == len(ends.outcomes)


def test_cancelling_a_completed_task_changes_nothing(session: sm.URLSession, server: str) -> None:
    """Neither its state nor its error (I3)."""
    loading = session.data(f"{server}/fast")
    loading.result()
    loading.task.cancel()
    assert (State.COMPLETED, None, b"/fast") == (loading.task.state, loading.task.error, loading.result()[0])


def test_the_request_is_copied(session: sm.URLSession, server: str) -> None:
    """Changes after the task was made reach neither the load nor `original_request` (I8)."""
    request = sm.URLRequest(f"{server}/fast/before")
    ends = Ends()
    task = session.data_task(request, ends)
    request.url = f"{server}/fast/after"
    task.original_request.url = f"{server}/fast/after"
    task.resume()
    assert b"/fast/before" == ends.wait()[0]


def test_the_original_request_stays_and_the_current_one_follows(session: sm.URLSession, server: str) -> None:
    """After a redirect they differ, and the response is the last hop's (I22)."""
    loading = session.data(f"{server}/redirect")
    _, response = loading.result()
    assert (f"{server}/redirect", f"{server}/fast/redirected", f"{server}/fast/redirected") == (
        loading.task.original_request.url, loading.task.current_request.url, response.url)


def test_the_counts_of_bytes(session: sm.URLSession, server: str) -> None:
    """What was sent and received, and what was expected of both."""
    loading = session.upload(f"{server}/fast/seven", b"seven b")
    task = loading.task
    assert 0 == task.count_of_bytes_expected_to_receive
    loading.result()
    assert (7, 7, 11, 11) == (task.count_of_bytes_sent, task.count_of_bytes_expected_to_send,
                              task.count_of_bytes_received, task.count_of_bytes_expected_to_receive)


def test_priority_is_cut_to_its_range(session: sm.URLSession) -> None:
    """From 0 to 1, 0.5 at first."""
    task = session.data_task("http://a.test/")
    assert sm.URLSessionTask.DEFAULT_PRIORITY == task.priority
    for given, expected in ((0.75, 0.75), (7, 1.0), (-1, 0.0)):
        task.priority = given
        assert expected == task.priority


def test_a_copy_of_a_task_is_the_task(session: sm.URLSession) -> None:
    """Copies are the same object (I7)."""
    task = session.data_task("http://a.test/")
    assert copy.copy(task) is task and copy.deepcopy(task) is task


def test_a_task_says_what_it_is(session: sm.URLSession) -> None:
    """Its repr has identifier, description, method, URL and state."""
    task = session.data_task("http://a.test/x")
    task.task_description = "avatar"
    assert "<URLSessionDataTask 1 'avatar': GET http://a.test/x, suspended>" == repr(task)


# the task's own delegate ---------------------------------------------------------------------------------------------------

class Noting:
    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls


class Data(Noting):
    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.calls.append(f"{self.name} data")


class All(Data):
    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition:
        self.calls.append(f"{self.name} response")
        return sm.ResponseDisposition.ALLOW

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.calls.append(f"{self.name} complete")


def test_the_tasks_own_delegate_is_asked_first_method_by_method(server: str) -> None:
    """What it has not falls through to the session's (I23); after completion it is let go."""
    calls: list[str] = []
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), All("session", calls)) as session:
        task = session.data_task(f"{server}/fast")
        task.delegate = mine = Data("task", calls)
        assert task.delegate is mine
        task.resume()
    assert ["session response", "task data", "session complete"] == calls
    assert task.delegate is None


def test_the_tasks_own_delegate_is_set_before_the_first_resume(session: sm.URLSession, server: str) -> None:
    """Later raises GenericException at the call (I23)."""
    task = session.data_task(f"{server}/hang")
    task.resume()
    with pytest.raises(sm.GenericException, match="set before the task is resumed, not after"):
        task.delegate = object()


# back-pressure ---------------------------------------------------------------------------------------------------------------

def test_a_delegate_that_sleeps_holds_little_of_a_large_body(server: str) -> None:
    """Of 500 MB at most 256 KB are held here; the rest stays with the server, but for what the sockets take."""
    size = 500_000_000
    gate, began = threading.Event(), threading.Event()
    held: list[int] = []

    class Sleepy:
        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
            began.set()
            gate.wait(PATIENCE)

    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Sleepy()) as session, sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as other:
        task = session.data_task(f"{server}/big/{size}")
        task.resume()
        assert began.wait(PATIENCE)
        flow = task._life.inbox.sink
        assert flow is not None
        sent = settled(lambda: int(other.data(f"{server}/sent").result()[0]))
        held.append(flow.transaction.received - flow.consumed)
        task.cancel()
        gate.set()
    assert 0 < held[0] <= 256 * 1024
    assert held[0] <= sent < 32_000_000        # two socket buffers of the system's


def settled(look: Callable[[], int]) -> int:
    """What `look` gives once it stays the same for a while."""
    value, since = look(), time.monotonic()
    while time.monotonic() - since < 0.3:
        time.sleep(0.02)
        if (now := look()) != value:
            value, since = now, time.monotonic()
    return value


def test_suspending_stops_the_reading(server: str) -> None:
    """A suspended download leaves the body with the server, however long it lasts."""
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session, sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as other:
        task = session.data_task(f"{server}/big/500000000", lambda *_: None)
        task.resume()
        wait_for(lambda: task.count_of_bytes_received)
        task.suspend()
        sent = settled(lambda: int(other.data(f"{server}/sent").result()[0]))
        assert sent < 500_000_000
        received = task.count_of_bytes_received
        assert received <= sent
        task.cancel()


def test_memory_does_not_grow_with_the_body(server: str) -> None:
    """A delegate that drops what it gets loads 200 MB in less than 20 MB; a process of its own measures its peak."""
    from tests.engine.server import run_program

    printed = run_program("""
import sys
import sessionmock as sm
from tests.benchmarks.worker import peak_memory
class Dropping:
    total = 0
    def data_task_did_receive_data(self, session, task, data):
        self.total += len(data)
def load(size):
    delegate = Dropping()
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(f"{sys.argv[1]}/big/{size}").resume()
    assert delegate.total == size
    return peak_memory()
print(load(1_000_000), load(200_000_000))
""", server)
    small, large = map(int, printed.split())
    assert large - small < 20_000_000


@pytest.mark.parametrize("make", [
    lambda session: session.data_task("http://api.example.com/", lambda *_: None), lambda session: session.download_task("http://api.example.com/"),
], ids=["handler", "download"])
def test_only_a_delegate_gets_data_as_it_comes(make: Any) -> None:
    """`prefers_incremental_delivery` is False where nobody gets data piece by piece, and setting it there changes nothing."""
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        task = make(session)
        task.prefers_incremental_delivery = True
        assert not task.prefers_incremental_delivery
        task.cancel()
        delegated = session.data_task("http://api.example.com/")
        assert delegated.prefers_incremental_delivery
        delegated.prefers_incremental_delivery = False
        assert not delegated.prefers_incremental_delivery
        delegated.cancel()


def test_the_progress_of_tasks_adds_up_to_one() -> None:
    """As children of one, which can cancel them all."""
    script = sm.ScriptRoute()
    for body in (b"a body", b"another"):
        script.answer(sm.Answer(200, headers={"Content-Length": str(len(body))}, body=body))
    whole, seen = sm.Progress(100), []
    whole.observe(lambda progress: seen.append(progress.fraction_completed))
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        tasks = [session.data_task("https://api.example.com/"), session.download_task("https://api.example.com/", lambda *_: None)]
        for task, units in zip(tasks, (60, 40), strict=True):
            whole.add_child(task.progress, with_pending_unit_count=units)
            task.resume()
    assert (100, 1.0) == (whole.completed_unit_count, seen[-1])
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        (late := sm.Progress(1)).add_child((task := session.data_task("https://api.example.com/")).progress, 1)
        late.cancel()
    assert task.error is not None and task.error.code == sm.NSURLErrorCancelled
